"""Cases as text: where the case is written, expected against actual, and the explanation.

::

    FAILED direct_send/unauthorised_source: the same over IPv6
     --> tests/detections/direct_send/unauthorised_source.test.yaml:41:11
    tests/detections/direct_send/unauthorised_source.test.yaml:44:15: alerts: expected 1, got none
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from tocsin.report.results import CaseReport, Outcome
from tocsin.report.text import fitted, visible

_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "FAILED",
    Outcome.ERROR: "NOT RUN",
    Outcome.SKIPPED: "skipped",
}
_NOT_TESTABLE = "NOT TESTABLE"
_STYLES = {Outcome.PASSED: "\x1b[32m", Outcome.SKIPPED: "\x1b[33m"}
_BAD = "\x1b[1;31m"


def render(cases: Iterable[CaseReport], *, color: bool = False, columns: int | None = None) -> str:
    """The cases in the given order, a blank line after each; empty text for none.

    ``columns`` is the width of the terminal: longer lines of an explanation go on below, indented.

    Neighbours that could not be run for one and the same reason are one entry: the reason is what has to be mended.
    """
    groups = groupby(cases, key=lambda case: (case.detection, case.outcome, case.details))
    entries: list[str] = []
    for (_, outcome, _), members in groups:
        together = list(members)
        if outcome is Outcome.ERROR and len(together) > 1:
            entries.append(_entry(together[0], f"{len(together)} cases", color, columns))
        else:
            entries.extend(_entry(case, case.name, color, columns) for case in together)
    return "".join(entry + "\n" for entry in entries)


def _entry(case: CaseReport, title: str, color: bool, columns: int | None) -> str:
    word = _NOT_TESTABLE if case.not_testable else _WORDS[case.outcome]
    if color:
        word = f"{_STYLES.get(case.outcome, _BAD)}{word}\x1b[0m"
    parts = [f"{word} {visible(case.detection)}: {visible(title)}", f" --> {visible(str(case.location))}"]
    parts.extend(visible(line) for line in case.details.splitlines())
    if case.explanation:
        parts.extend(("", *fitted(case.explanation, columns).splitlines()))
    return "\n".join(line.rstrip() for line in parts) + "\n"
