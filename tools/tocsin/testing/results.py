"""What came of a test case."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.content.source import Location
from tocsin.report.results import Outcome
from tocsin.sentinel.alerts import Alert
from tocsin.sentinel.incidents import Incident

__all__ = ["CaseResult", "Outcome"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case's result; everything but ``Outcome.PASSED`` fails a run. It is a ``report.results.CaseReport``.

    ``detection`` is the name of the rule, ``location`` where the case is written. ``message`` is one line and
    ``details`` the text for people, both empty for a pass. ``alerts`` is what the rule raised, ``incidents`` what
    was made of it (of cases that state something of incidents or run several times), ``explanation`` the
    rows after each step of the query, when asked for. ``not_testable``: the query is right KQL, but the local engine
    refuses a part of it, so that nothing is known about the rule (an ERROR).
    """

    name: str
    detection: str
    location: Location
    seconds: float
    outcome: Outcome
    message: str = ""
    details: str = ""
    alerts: tuple[Alert, ...] = ()
    explanation: str = ""
    not_testable: bool = False
    incidents: tuple[Incident, ...] = ()

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED
