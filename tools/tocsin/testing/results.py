"""What came of a test case."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.sentinel.alerts import Alert


class Outcome(StrEnum):
    """How a case ended. Everything but PASSED fails the run."""

    PASSED = "passed"
    FAILED = "failed"
    """An expectation does not hold."""
    ERROR = "error"
    """The test itself is wrong (a sample, a name), or the query is."""
    NOT_TESTABLE = "not testable"
    """The query is right KQL, but the local engine refuses a part of it: nothing is known about the rule."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case's result. ``classname`` is the detection; ``file`` and ``line`` are where the case is written.

    ``message`` is empty for a pass, else the text for people; ``alerts`` what the rule raised; ``explanation`` the
    rows after each step of the query, when asked for.
    """

    name: str
    classname: str
    file: str
    line: int
    seconds: float
    outcome: Outcome
    message: str = ""
    alerts: tuple[Alert, ...] = ()
    explanation: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED
