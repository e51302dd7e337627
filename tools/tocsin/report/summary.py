"""The closing summary: what was looked at and how it went, to read in five seconds.

Every number is counted from the results themselves.

::

    content    3 detections, 3 parsers, 4 watchlists, 1 table
    findings   1 error, 2 warnings
    tests      31 cases: 30 passed, 1 failed
    compiled   12 files
    FAILED in 4.2 s: 1 error, 1 case failed
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from typing import Protocol

from tocsin.content.finding import Finding, Level
from tocsin.report.results import CaseReport, Outcome


class ContentCount(Protocol):
    """The parts of a repository that the summary counts; :class:`tocsin.content.repository.Repository` fits."""

    @property
    def detections(self) -> Sized: ...
    @property
    def parsers(self) -> Sized: ...
    @property
    def watchlists(self) -> Sized: ...
    @property
    def tables(self) -> Sized: ...


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. None for a stage that did not run."""

    content: ContentCount | None = None
    findings: tuple[Finding, ...] | None = None
    cases: tuple[CaseReport, ...] | None = None
    compiled: tuple[str, ...] | None = None
    """Paths of the files that compiling made."""
    seconds: float = 0.0
    strict: bool = field(default=False)
    """Whether warnings and skipped cases fail the run, too."""

    @property
    def failures(self) -> tuple[str, ...]:
        """Why the run failed, such as ``2 errors``; empty when it did not."""
        levels = [finding.level for finding in self.findings or ()]
        outcomes = [case.outcome for case in self.cases or ()]
        refused = sum(case.not_testable for case in self.cases or ())
        reasons = [
            (levels.count(Level.ERROR), "error", "errors"),
            (levels.count(Level.WARNING) if self.strict else 0, "warning", "warnings"),
            (outcomes.count(Outcome.FAILED), "case failed", "cases failed"),
            (outcomes.count(Outcome.ERROR) - refused, "case not run", "cases not run"),
            (refused, "case not testable", "cases not testable"),
            (outcomes.count(Outcome.SKIPPED) if self.strict else 0, "case skipped", "cases skipped"),
        ]
        return tuple(_count(*reason) for reason in reasons if reason[0])

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.failures


_PASSED, _FAILED, _RESET = "\x1b[1;32m", "\x1b[1;31m", "\x1b[0m"


def render(summary: Summary, *, color: bool = False) -> str:
    """The summary as text, ending in a newline; ``color`` paints the verdict."""
    rows: list[tuple[str, str]] = []
    if summary.content is not None:
        rows.append(("content", _content(summary.content)))
    if summary.findings is not None:
        rows.append(("findings", _findings(summary.findings)))
    if summary.cases is not None:
        rows.append(("tests", _cases(summary.cases)))
    if summary.compiled is not None:
        rows.append(("compiled", _count(len(summary.compiled), "file", "files")))
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"{name:<{width}}   {text}" for name, text in rows]
    seconds = f"{summary.seconds:.1f} s"
    verdict = f"FAILED in {seconds}: {', '.join(summary.failures)}" if summary.failures else f"passed in {seconds}"
    if color:
        verdict = f"{_FAILED if summary.failures else _PASSED}{verdict}{_RESET}"
    return "\n".join([*lines, verdict]) + "\n"


def _content(content: ContentCount) -> str:
    parts = (
        (len(content.detections), "detection", "detections"),
        (len(content.parsers), "parser", "parsers"),
        (len(content.watchlists), "watchlist", "watchlists"),
        (len(content.tables), "table", "tables"),
    )
    return ", ".join(_count(*part) for part in parts)


def _findings(findings: Iterable[Finding]) -> str:
    levels = [finding.level for finding in findings]
    names = ((Level.ERROR, "error", "errors"), (Level.WARNING, "warning", "warnings"), (Level.INFO, "hint", "hints"))
    parts = [_count(levels.count(level), one, many) for level, one, many in names if level in levels]
    return ", ".join(parts) or "none"


def _cases(cases: tuple[CaseReport, ...]) -> str:
    outcomes = [case.outcome for case in cases]
    refused = sum(case.not_testable for case in cases)
    counts = (
        (outcomes.count(Outcome.PASSED), "passed"),
        (outcomes.count(Outcome.FAILED), "failed"),
        (outcomes.count(Outcome.ERROR) - refused, "not run"),
        (refused, "not testable"),
        (outcomes.count(Outcome.SKIPPED), "skipped"),
    )
    parts = [f"{count} {word}" for count, word in counts if count]
    return _count(len(cases), "case", "cases") + (f": {', '.join(parts)}" if parts else "")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
