"""JSON lines on standard input and output: one request a line, one answer a line, flushed after each."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, TextIO

from tocsin.cli.terminal import Progress, count_of, progress_bar

_BLOCK = 1 << 20
"""Bytes that are looked at at once for the ends of lines."""


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
    """Answer standard input on standard output until it ends or nobody reads.

    What takes over a second shows how far it is on standard error, unless the answers themselves go to a terminal.
    """
    for stream in (sys.stdin, sys.stdout):
        _as_utf8(stream)
    shown = sys.stderr.isatty() and not sys.stdout.isatty()
    total = _lines_ahead(sys.stdin) if shown else 0
    try:
        with progress_bar("answering") if shown else nullcontext(_silent) as progress:
            for line in answers(sys.stdin, answer, progress, total):
                sys.stdout.write(line)
                sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()  # else the interpreter complains of the same at its end


def _silent(name: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


def answers(lines: Iterable[str], answer: Answer, progress: Progress = _silent, total: int = 0) -> Iterator[str]:
    """The answers to ``lines`` as JSON texts, each as soon as its line is there; empty lines have none.

    ``progress`` is told after each of the ``total`` lines, 0 when their number is unknown.
    """
    refused = 0
    for number, line in enumerate(lines, start=1):
        if line.strip():
            answered = answer_line(line, answer)
            refused += "error" in answered
            yield json.dumps(answered, ensure_ascii=False) + "\n"
        progress(count_of(refused, "error") if refused else "", number, total)


def _lines_ahead(stream: TextIO) -> int:
    """How many lines a file holds; 0 for what cannot be read twice, such as a pipe."""
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return 0
    start = stream.buffer.tell()
    last, count = b"\n", 0
    while block := stream.buffer.read(_BLOCK):
        count += block.count(b"\n")
        last = block[-1:]
    stream.buffer.seek(start)
    return count + (last != b"\n")


def _as_utf8(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace", newline="\n")
