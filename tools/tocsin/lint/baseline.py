"""Findings that are known and not shown: what an old repository starts with, until somebody gets to them.

The file is JSON, one entry a line, sorted, so that a change of it can be read. An entry names file, code and message;
a finding is known whatever line it has moved to. Line numbers inside messages do not count.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tocsin.content.finding import Finding, FindingKind, Level
from tocsin.content.source import Location

STALE = FindingKind(
    "LNT004", "baseline.stale", Level.WARNING, "The baseline holds a finding that is not there any more."
)
KINDS = (STALE,)

_VERSION = 1
_LINE_NUMBER = re.compile(r"\bline [0-9]+")


class BaselineProblem(Exception):
    """The text is no baseline."""


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """What identifies a finding wherever it stands in its file."""

    file: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """How often each finding is known, and the line of the file that says so."""

    counts: dict[Known, int]
    lines: dict[Known, int]
    path: str

    def unknown(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings that are not known; of more than are known, those further down."""
        left = Counter(self.counts)
        for one in findings:
            known = identity(one)
            if left[known] > 0:
                left[known] -= 1
            else:
                yield one

    def stale(self, findings: Iterable[Finding], judged: Callable[[Known], bool]) -> Iterator[Finding]:
        """A finding for each entry that there is less of than it says. ``judged``: whether that was looked for."""
        there = Counter(identity(one) for one in findings)
        for known, count in self.counts.items():
            if there[known] < count and judged(known):
                gone = "is not there any more" if not there[known] else f"is there {there[known]} of {count} times"
                message = f"{known.code} in {known.file} {gone}: {known.message}"
                help = "tocsin lint --update-baseline writes what there is"
                place = Location(self.path, self.lines[known], 1)
                yield Finding(STALE.code, STALE.slug, STALE.level, message, help, place)


def identity(finding: Finding) -> Known:
    """What a finding is known by."""
    return Known(finding.location.file, finding.code, _LINE_NUMBER.sub("line N", finding.message))


def read_baseline(text: str, path: str) -> Baseline:
    """The baseline that a text holds; raises BaselineProblem. ``path`` is the file's path in findings."""
    try:
        held = json.loads(text)
        entries = held["findings"]
        counts = {_known(entry): int(entry.get("count", 1)) for entry in entries}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BaselineProblem("it is no baseline that tocsin wrote") from None
    if held.get("version") != _VERSION:
        raise BaselineProblem(f"it has the version {held.get('version')}, not {_VERSION}")
    lines = {}
    for number, line in enumerate(text.splitlines(), start=1):
        known = _entry_of_line(line)
        if known is not None:
            lines[known] = number
    return Baseline(counts, {known: lines.get(known, 1) for known in counts}, path)


def baseline_text(findings: Iterable[Finding]) -> str:
    """The baseline in which all of ``findings`` are known."""
    counts = Counter(identity(one) for one in findings if one.code != STALE.code)
    entries = []
    for known, count in sorted(counts.items()):
        entry: dict[str, Any] = {"file": known.file, "code": known.code, "message": known.message}
        if count > 1:
            entry["count"] = count
        entries.append(json.dumps(entry, ensure_ascii=False))
    body = ",\n".join(f"  {entry}" for entry in entries)
    return (
        f'{{"version": {_VERSION}, "findings": [\n{body}\n]}}\n'
        if entries
        else f'{{"version": {_VERSION}, "findings": []}}\n'
    )


def _known(entry: dict[str, Any]) -> Known:
    known = Known(entry["file"], entry["code"], entry["message"])
    if not all(isinstance(part, str) for part in (known.file, known.code, known.message)):
        raise TypeError
    return known


def _entry_of_line(line: str) -> Known | None:
    try:
        return _known(json.loads(line.strip().rstrip(",")))
    except (ValueError, TypeError, KeyError):
        return None
