"""A case over time: the rule runs by its schedule, or at the moments that the case names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from tocsin import kql
from tocsin.content.finding import Finding
from tocsin.content.models import Detection, TestCase
from tocsin.content.source import Document
from tocsin.kql.literals import format_datetime
from tocsin.kql.plan import Relation
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema
from tocsin.sentinel.alert_coverage import alerts_of_events
from tocsin.sentinel.coverage import Event, Unseen, coverage
from tocsin.sentinel.history import History, Outcome, Run, SimulatedRule
from tocsin.sentinel.incidents import ChangeKind, Closing, IncidentChange
from tocsin.sentinel.log import Log
from tocsin.sentinel.schedule import Failure, Try, interval
from tocsin.sentinel.simulation import FailureModel, Simulation
from tocsin.testing.execution import WatchedQuery
from tocsin.testing.happened import AlertedEvent, Happened, IncidentMade, OverTime
from tocsin.testing.moments import ticks_at
from tocsin.testing.problems import problem
from tocsin.testing.scenario import Scenario

MOST_RUNS = 20_000
"""Runs of one case at most: two weeks of a rule that runs every minute."""
_LINES = 20


@dataclass(frozen=True, slots=True)
class TestedRule:
    """The rule of a test, or another whose alerts it reads, ready to run."""

    name: str
    detection: Detection
    query: WatchedQuery
    tables: tuple[str, ...]
    plan: Relation | None = None

    __test__ = False

    @classmethod
    def of(cls, name: str, detection: Detection, query: WatchedQuery, analysis: kql.Analysis) -> TestedRule:
        """The rule whose query ``analysis`` is of."""
        plan = None if analysis.pending else analysis.plan
        return cls(name, detection, query, analysis.tables, plan)

    def simulated(self, times: tuple[int, ...] | None = None) -> SimulatedRule:
        """The rule in a simulation; ``times`` are its runs when they do not follow from its schedule."""
        return SimulatedRule(self.name, self.detection, self.query, self.tables, self.plan, times=times)


@dataclass(frozen=True, slots=True)
class SeveralRuns:
    """What happened to a case over time, or ``findings`` of what cannot be."""

    happened: Happened | None
    findings: tuple[Finding, ...] = ()


def run_over_time(
    case: TestCase, scenario: Scenario, rule: TestedRule, others: Sequence[TestedRule], document: Document, index: int
) -> SeveralRuns:
    """The case at ``index``, over its period or at its moments. Raises QueryFailed."""
    path = ("cases", index)
    start, end, times = _stretch(case, scenario)
    field = "moments" if times is not None else "period"
    if end < start:
        message, help = "the period ends before it starts", "exchange from and to"
        return SeveralRuns(None, (problem("TST109", message, help, document.location(*path, field)),))
    step = interval(rule.detection, scenario.behaviour)
    runs = (end - start) // step + 1 if times is None else len(times)
    if runs > MOST_RUNS:
        message = f"the rule would run {runs:,} times, a case takes at most {MOST_RUNS:,} runs"
        return SeveralRuns(None, (problem("TST109", message, "shorten it", document.location(*path, field)),))
    log = Log.of(scenario.tables, scenario.arrival, scenario.watchlists)
    simulation = Simulation(
        [rule.simulated(times), *(other.simulated() for other in others)],
        log,
        start,
        end,
        scenario.behaviour,
        closings=[
            Closing(ticks_at(one.at, scenario.now), number=one.incident, classification=one.classification)
            for one in case.close
        ],
        failures=_failures(case, scenario, rule.name),
    )
    history = simulation.run()
    rule.query.watching = False
    for other in others:
        other.query.watching = False
    findings = tuple(_impossible(case, scenario, history, rule, document, index))
    if findings:
        return SeveralRuns(None, findings)
    return SeveralRuns(_happened(history, log, scenario, rule))


def _stretch(case: TestCase, scenario: Scenario) -> tuple[int, int, tuple[int, ...] | None]:
    if case.moments is not None:
        times = tuple(ticks_at(one, scenario.now) for one in case.moments)
        return times[0], times[-1], times
    assert case.period is not None, "a case over time has one of both"
    return scenario.now, ticks_at(case.period.to, scenario.now), None


def _failures(case: TestCase, scenario: Scenario, own: str) -> FailureModel | None:
    if not case.failures:
        return None
    failing = {ticks_at(one.run, scenario.now): one for one in case.failures}

    def fails(rule: SimulatedRule, attempt: Try) -> Failure | None:
        stated = failing.get(attempt.nominal) if rule.name == own else None
        if stated is None or (stated.tries is not None and attempt.number >= stated.tries):
            return None
        return Failure("the test lets it fail", stated.permanent)

    return fails


def _impossible(
    case: TestCase, scenario: Scenario, history: History, rule: TestedRule, document: Document, index: int
) -> Sequence[Finding]:
    """What the case says of the stretch of time that is not so: runs that are not there, incidents not open."""
    found = []
    nominal = {run.nominal for run in history.runs_of(rule.name)}
    if not nominal:
        where = document.location("cases", index, "period")
        found.append(problem("TST109", "the rule never runs in this period", "start it before a time of a run", where))
    for number, one in enumerate(case.failures):
        if ticks_at(one.run, scenario.now) not in nominal:
            where = document.location("cases", index, "failures", number, "run")
            times = ", ".join(format_datetime(time)[:19] + "Z" for time in sorted(nominal)[:3])
            found.append(problem("TST109", "there is no run at this time", f"runs: {times}, …", where))
    closed = {(one.incident.number, one.time) for one in history.changes if one.kind is ChangeKind.CLOSED}
    for number, closing in enumerate(case.close):
        if (closing.incident, ticks_at(closing.at, scenario.now)) not in closed:
            where = document.location("cases", index, "close", number)
            message = f"incident {closing.incident} is not open at this time"
            found.append(problem("TST109", message, _incidents_help(history), where))
    return found


def _incidents_help(history: History) -> str:
    made = [f"{one.number} made {format_datetime(one.created)[:19]}Z" for one in history.incidents[:3]]
    return f"incidents: {', '.join(made)}" if made else "no incident is made"


def _happened(history: History, log: Log, scenario: Scenario, rule: TestedRule) -> Happened:
    runs = history.runs_of(rule.name)
    raised = [alert for run in runs for alert in run.alerts]
    numbers = {alert.system_alert_id: number for number, alert in enumerate(raised, start=1)}
    reopened = {one.incident.number for one in history.changes if one.kind is ChangeKind.REOPENED}
    incidents = tuple(
        IncidentMade(one, tuple(numbers[alert.system_alert_id] for alert in one.alerts), one.number in reopened)
        for one in history.incidents
        if one.rule == rule.name
    )
    missed: tuple[Unseen, ...] = tuple(
        each for table in coverage(history, log, rule.name).tables for each in table.missed
    )
    events = {Event(event.table, event.row): event for event in scenario.events()}

    @cache
    def alerted() -> Sequence[AlertedEvent]:
        read = [event for event in events if event.table in rule.tables]
        covered = alerts_of_events(history, log, rule.name, read, traced=rule.query.traced)
        found = []
        for event in read:
            by_run = {alert.run: alert.published for alert in covered[event]}
            found.append(AlertedEvent(events[event], tuple(sorted(by_run.items()))))
        return found

    return Happened(
        alerts=tuple(one.alert for one in raised),
        result=_together(rule.query.columns, rule.query.results),
        time=scenario.now,
        runs=tuple(one.run for one in raised),
        incidents=incidents,
        over_time=OverTime(
            outcomes=Counter(run.outcome.value for run in runs),
            unseen=missed,
            alerted=alerted,
            timeline=lambda: timeline(history, rule.name),
            name_of=lambda one: f"{events[one.event]} of {format_datetime(one.time)[:19]}Z",
        ),
        notes=tuple(dict.fromkeys(note for one in raised for note in one.alert.notes)),
    )


def _together(columns: Sequence[ColumnSchema], results: Sequence[Table]) -> Table:
    """The rows of all runs, one after the other. Runs of a query whose columns depend on data may differ in them."""
    if not results:
        return Table.empty(columns)
    schemas: Mapping[str, ColumnSchema] = {one.name: one for table in results for one in table.columns}
    if len(results) == 1:
        return results[0]
    names = [column.name for column in results[0].columns]
    if all([column.name for column in table.columns] == names for table in results):
        data = tuple([value for table in results for value in table.data[place]] for place in range(len(names)))
        return Table(results[0].columns, data, sum(table.row_count for table in results))
    records = [
        dict(zip((c.name for c in table.columns), row, strict=True)) for table in results for row in table.rows()
    ]
    return Table.from_records(tuple(schemas.values()), records)


def timeline(history: History, rule: str) -> tuple[str, ...]:
    """The runs of the rule in lines, quiet ones together, with the alerts and what became of incidents."""
    lines: list[str] = []
    changes = [one for one in history.changes if one.incident.rule == rule]
    told = 0
    for quiet, group in groupby(history.runs_of(rule), key=lambda run: not run.alerts and run.outcome is Outcome.RAN):
        runs = list(group)
        if quiet:
            lines.append(_quiet(runs))
            continue
        for run in runs:
            while told < len(changes) and changes[told].time < run.executed:
                lines.append(_change(changes[told]))
                told += 1
            lines.append(f"{_clock(run.nominal)}  {_outcome(run)}")
            lines += (f"{'':21}[{alert.alert.severity}] {alert.alert.title}" for alert in run.alerts)
            while told < len(changes) and changes[told].time <= run.executed:
                lines.append(_change(changes[told]))
                told += 1
    lines += (_change(one) for one in changes[told:])
    if len(lines) > _LINES:
        lines = [*lines[:_LINES], f"… and {len(lines) - _LINES} lines more"]
    return ("timeline (UTC; nominal times of the runs)", *(f"  {line}" for line in lines))


def _quiet(runs: Sequence[Run]) -> str:
    seen = sum(run.seen for run in runs)
    if len(runs) == 1:
        return f"{_clock(runs[0].nominal)}  ran over {_records(seen)}, no alert"
    until = _clock(runs[-1].nominal)
    return f"{_clock(runs[0].nominal)}  {len(runs)} runs until {until}, no alert ({_records(seen)} seen)"


def _outcome(run: Run) -> str:
    if run.outcome is not Outcome.RAN:
        return f"{run.outcome.value}: {run.reason}" if run.reason else str(run.outcome.value)
    count = len(run.alerts)
    return f"ran over {_records(run.seen)}: {count} alert{'' if count == 1 else 's'}"


def _change(change: IncidentChange) -> str:
    added = f", alerts now {len(change.incident.alerts)}" if change.kind is ChangeKind.ALERTS_ADDED else ""
    return f"{_clock(change.time)}  incident {change.incident.number} {change.kind.value}{added}"


def _records(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"


def _clock(time: int) -> str:
    return format_datetime(time)[:19].replace("T", " ")
