"""Microsoft's Kusto language service as a subprocess: installed from npm beside this file, asked by JSON lines."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGE = HERE / "node_modules" / "@kusto" / "language-service-next" / "package.json"

Answer = dict[str, Any]


class Unavailable(Exception):
    """The language service cannot be had on this machine; the text says why."""


def program(name: str) -> str:
    """The path of ``node`` or ``npm``. Raises Unavailable."""
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"there is no {name} on this machine; install Node.js 20 or newer (it brings npm)")
    return found


def installed_version() -> str:
    """The version of the service beside this file; the empty text when there is none."""
    try:
        return str(json.loads(PACKAGE.read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return ""


def wanted_version() -> str:
    """The version that ``package.json`` pins."""
    wanted = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    return str(wanted["dependencies"]["@kusto/language-service-next"])


def install() -> None:
    """Install the pinned version into ``node_modules`` here, unless it is there. Raises Unavailable."""
    program("node")
    if installed_version() == wanted_version():
        return
    command = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, encoding="utf-8", errors="replace", timeout=300)
    except subprocess.TimeoutExpired:
        raise Unavailable("npm ci in tests/oracle did not end within five minutes") from None
    if done.returncode or installed_version() != wanted_version():
        raise Unavailable(f"npm ci in tests/oracle failed: {done.stderr.strip()[:600] or done.stdout.strip()[:600]}")


@dataclass(frozen=True, slots=True)
class Service:
    """The language service with a catalogue file and, maybe, a file of workspace functions."""

    catalogue: Path
    functions: Path | None = None

    def ask(self, requests: Iterable[Mapping[str, Any]], seconds: float = 1800) -> list[Answer]:
        """The answers in the order of the requests. Raises Unavailable when the process fails."""
        command = [program("node"), str(HERE / "service.mjs"), str(self.catalogue)]
        if self.functions is not None:
            command.append(str(self.functions))
        lines = [json.dumps(request) for request in requests]
        done = subprocess.run(
            command,
            input="\n".join(lines) + "\n",
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
        )
        if done.returncode:
            raise Unavailable(f"the language service ended with {done.returncode}: {done.stderr.strip()[-600:]}")
        answers = [json.loads(line) for line in done.stdout.split("\n") if line]
        if len(answers) != len(lines):
            raise Unavailable(f"the language service gave {len(answers)} answers to {len(lines)} requests")
        return answers
