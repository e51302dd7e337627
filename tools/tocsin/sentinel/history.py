"""What happened in a replay: runs, alerts, incidents, what they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Protocol

from tocsin import kql
from tocsin.content.models import Detection
from tocsin.kql.interpreter.memo import Memo
from tocsin.kql.plan import Relation
from tocsin.kql.table import Table
from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.incidents import Incident, IncidentChange
from tocsin.sentinel.schedule import Failure
from tocsin.sentinel.security_alert import TABLE as ALERTS
from tocsin.sentinel.security_alert import RaisedAlert
from tocsin.sentinel.security_incident import TABLE as INCIDENTS
from tocsin.sentinel.window import Window


class RunnableQuery(Protocol):
    """What a simulation needs of a query; ``kql.PreparedQuery`` fits."""

    @property
    def columns(self) -> tuple[kql.ColumnSchema, ...]:
        """The result columns."""

    def run(
        self,
        database: Mapping[str, Table],
        *,
        now: int,
        limits: kql.Limits,
        watchlists: Mapping[str, Table],
        memo: Memo | None = None,
    ) -> kql.QueryResult:
        """The result over these tables. Raises EngineError."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedRule:
    """A rule with its query ready to run. ``name`` is its path below ``detections/`` without ``.yaml``.

    ``tables`` are those that the query reads. ``plan``, where it is known, lets runs over quiet tables cost nothing.
    ``phase`` puts the first run so much after the start. ``times`` are the nominal times of its runs (ticks) where they
    are not to follow from its schedule.
    """

    name: str
    detection: Detection
    query: RunnableQuery
    tables: tuple[str, ...]
    plan: Relation | None = None
    phase: timedelta = timedelta(0)
    times: tuple[int, ...] | None = None

    @classmethod
    def of(
        cls,
        name: str,
        detection: Detection,
        analysis: kql.Analysis,
        query: kql.PreparedQuery | None = None,
        phase: timedelta = timedelta(0),
    ) -> SimulatedRule:
        """The rule whose query ``analysis`` is of. Raises NotRunnable when there is no ``query`` and none can be."""
        plan = None if analysis.pending else analysis.plan
        return cls(name, detection, query or kql.prepare(analysis, repeated=True), analysis.tables, plan, phase)

    @property
    def reads_alerts(self) -> bool:
        """Whether what other rules publish can change what this one does."""
        return ALERTS in self.tables or INCIDENTS in self.tables


class Outcome(Enum):
    """What became of a run."""

    RAN = "ran"
    SUPPRESSED = "suppressed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """The rule was disabled."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a rule. Times in ticks; ``executed`` is that of the last try, ``tries`` how many there were.

    ``seen`` counts the records in its tables, ``rows`` those of its result; ``seconds`` is what the query cost here.
    ``reason`` says why it failed or was skipped.
    """

    rule: str
    nominal: int
    executed: int
    window: Window
    outcome: Outcome
    tries: int = 1
    seen: int = 0
    rows: int = 0
    alerts: tuple[RaisedAlert, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Disabling:
    """A rule that the service disabled after permanent failures, at this time (ticks)."""

    rule: str
    at: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is: runs done and runs in all (not counting tries after failures)."""

    done: int
    of: int
    rule: str
    nominal: int


@dataclass(frozen=True, slots=True)
class History:
    """What happened. ``runs`` are in the order in which they ended. ``changes`` are those of the incidents in order of
    time, ``incidents`` the incidents as they were in the end. ``published`` has the rows that the replay wrote to
    SecurityAlert and SecurityIncident."""

    rules: tuple[SimulatedRule, ...]
    start: int
    end: int
    behaviour: Behaviour
    runs: tuple[Run, ...]
    disabled: tuple[Disabling, ...] = ()
    changes: tuple[IncidentChange, ...] = ()
    incidents: tuple[Incident, ...] = ()
    published: Mapping[str, Table] = field(default_factory=dict, compare=False)

    @property
    def alerts(self) -> tuple[RaisedAlert, ...]:
        """All alerts in the order of publishing."""
        return tuple(alert for run in self.runs for alert in run.alerts)

    def runs_of(self, rule: str) -> tuple[Run, ...]:
        """The runs of one rule in order."""
        return tuple(run for run in self.runs if run.rule == rule)

    def rule(self, name: str) -> SimulatedRule:
        """The rule of this name. Raises KeyError."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise KeyError(name)


def cost_by_rule(history: History) -> Mapping[str, float]:
    """Seconds that the queries of each rule took here, in the order of the rules."""
    costs: dict[str, float] = defaultdict(float, {rule.name: 0.0 for rule in history.rules})
    for run in history.runs:
        costs[run.rule] += run.seconds
    return dict(costs)
