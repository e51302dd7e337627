"""JSON lines on standard input and output: one request a line, one answer a line, flushed after each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO


@dataclass(frozen=True, slots=True)
class Request:
    """A query to answer. ``environment`` is the schema set it names; the empty text when it names none. ``held``:
    everything that the line holds."""

    query: str
    environment: str
    held: Mapping[str, Any] = field(default_factory=dict)


Answer = Callable[[Request], dict[str, Any]]


class Refused(Exception):
    """A request that has no answer; the text says why."""


def answer_line(line: str, answer: Answer) -> dict[str, Any]:
    """The answer to one line, with the request's ``id``; an object with ``error`` where there is none. Never raises."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"id": None, "error": f"the line is not JSON: {error}"}
    if not isinstance(request, dict):
        return {"id": None, "error": f'a request is an object {{"id", "query"}}, this line holds {line.strip():.40}'}
    id_, query, environment = request.get("id"), request.get("query"), request.get("env")
    if not isinstance(query, str):
        return {"id": id_, "error": 'there is no "query" text'}
    if environment is not None and not isinstance(environment, str):
        return {"id": id_, "error": 'the "env" is no text'}
    try:
        return {"id": id_, **answer(Request(query, environment or "", request))}
    except Refused as refused:
        return {"id": id_, "error": str(refused)}
    except Exception as error:  # noqa: BLE001  # a fault of ours costs this answer, not those that follow
        return {"id": id_, "error": f"ENG999 1:1 the engine failed: {type(error).__name__}: {error}"}


def serve(answer: Answer) -> None:
    """Answer standard input on standard output until it ends or nobody reads."""
    for stream in (sys.stdin, sys.stdout):
        _as_utf8(stream)
    try:
        for line in answers(sys.stdin, answer):
            sys.stdout.write(line)
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()  # else the interpreter complains of the same at its end


def answers(lines: Iterable[str], answer: Answer) -> Iterable[str]:
    """The answers to ``lines`` as JSON texts, each as soon as its line is there; empty lines have none."""
    for line in lines:
        if line.strip():
            yield json.dumps(answer_line(line, answer), ensure_ascii=False) + "\n"


def _as_utf8(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace", newline="\n")
