"""A case at one time: the rule runs once, over what is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin import kql
from tocsin.content.models import Detection
from tocsin.kql.table import Table
from tocsin.kql.types import ScalarType
from tocsin.sentinel.alerts import predict
from tocsin.sentinel.arrival import Arrival
from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.incidents import IncidentBook
from tocsin.sentinel.log import Log
from tocsin.sentinel.schedule import delay, interval
from tocsin.sentinel.security_alert import TABLE as ALERTS
from tocsin.sentinel.security_alert import RaisedAlert, publish
from tocsin.sentinel.simulation import Simulation
from tocsin.sentinel.window import SCOPE_COLUMN, in_window, query_window
from tocsin.testing.execution import execute
from tocsin.testing.happened import Happened, IncidentMade
from tocsin.testing.scenario import Scenario
from tocsin.testing.several_runs import TestedRule


@dataclass(frozen=True, slots=True)
class OneRun:
    """What happened, what the query gave, and the tables as the run saw them."""

    happened: Happened
    result: kql.QueryResult
    seen: Mapping[str, Table]


def run_once(
    name: str,
    detection: Detection,
    query: kql.PreparedQuery,
    scenario: Scenario,
    tables: Mapping[str, Table],
    *,
    incidents: bool,
    trace: bool,
) -> OneRun:
    """The rule's run at the scenario's time over ``tables``. ``incidents``: say what is made of the alerts.

    Raises QueryFailed.
    """
    executed = scenario.now + delay(detection, scenario.behaviour)
    window = query_window(detection, scenario.now)
    seen = {
        name: _ingested_now(in_window(_arrived(name, table, scenario, executed), window), scenario.now)
        for name, table in tables.items()
    }
    result = execute(
        query,
        seen,
        scenario.watchlists,
        scenario.now,
        trace=trace,
        external=scenario.external,
        places=scenario.places,
        limits=scenario.limits,
    )
    alerts = predict(detection, result.table, scenario.now, behaviour=scenario.behaviour)
    made: tuple[IncidentMade, ...] = ()
    if incidents:
        raised = publish(detection, name, alerts, result.table, run=scenario.now, published=executed, window=window)
        made = _incidents(raised, scenario.behaviour)
    happened = Happened(
        alerts=alerts,
        result=result.table,
        time=scenario.now,
        runs=(scenario.now,) * len(alerts),
        incidents=made,
        notes=tuple(dict.fromkeys(note for one in alerts for note in one.notes)),
    )
    return OneRun(happened, result, seen)


def _incidents(raised: Sequence[RaisedAlert], behaviour: Behaviour) -> tuple[IncidentMade, ...]:
    book = IncidentBook(behaviour)
    book.take(raised)
    numbers = {one.system_alert_id: number for number, one in enumerate(raised, start=1)}
    return tuple(
        IncidentMade(one, tuple(numbers[alert.system_alert_id] for alert in one.alerts), False)
        for one in book.incidents
    )


def _arrived(name: str, table: Table, scenario: Scenario, executed: int) -> Table:
    """The records that are there when the run is executed, with their times of ingestion as far as the case says
    something of them."""
    times: list[int | None] | None = table.ingested
    if scenario.arrival != Arrival() and table.types().get(SCOPE_COLUMN) is ScalarType.DATETIME:
        times = scenario.arrival.times(name, table.column(SCOPE_COLUMN), table.ingested)
    if times is None:
        return table
    kept = [i for i, time in enumerate(times) if time is None or time <= executed]
    data = tuple([values[i] for i in kept] for values in table.data)
    return Table(table.columns, data, len(kept), [times[i] for i in kept])


def _ingested_now(table: Table, now: int) -> Table:
    """The records with the time of the run for those that do not say when they were ingested: as where none says it."""
    if table.ingested is None or None not in table.ingested:
        return table
    return Table(table.columns, table.data, table.row_count, [now if time is None else time for time in table.ingested])


def with_alerts_of(others: Sequence[TestedRule], scenario: Scenario, detection: Detection) -> Mapping[str, Table]:
    """The scenario's tables, with the alerts that other rules raised while they ran over the look-back of this one.

    Raises QueryFailed.
    """
    window = query_window(detection, scenario.now)
    log = Log.of(scenario.tables, scenario.arrival, scenario.watchlists)
    made: list[Table] = []
    for other in others:
        step = interval(other.detection, scenario.behaviour)
        first = scenario.now - (scenario.now - window.start) // step * step
        times = tuple(range(first, scenario.now + 1, step))
        history = Simulation([other.simulated(times)], log, first, scenario.now, scenario.behaviour).run()
        if ALERTS in history.published:
            made.append(history.published[ALERTS])
    if not made:
        return scenario.tables
    given = scenario.tables.get(ALERTS)
    parts = made if given is None else [given, *made]
    records = [
        dict(zip((column.name for column in one.columns), row, strict=True)) for one in parts for row in one.rows()
    ]
    ingested = [time for one in parts for time in (one.ingested or [None] * one.row_count)]
    table = Table.from_records(parts[0].columns, records)
    return {**scenario.tables, ALERTS: Table(table.columns, table.data, table.row_count, ingested)}
