"""Rules and records for the tests of replays: short to write, times as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tocsin import kql
from tocsin.content.models import Detection
from tocsin.kql import ColumnSchema, ScalarType, Table
from tocsin.kql.literals import format_datetime, parse_datetime
from tocsin.sentinel.arrival import Arrival, ConstantDelay
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.history import History, Run, SimulatedRule
from tocsin.sentinel.log import Log
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.simulation import Simulation

DAY = "2025-07-15"
EVENTS = (
    ColumnSchema("TimeGenerated", ScalarType.DATETIME),
    ColumnSchema("Id", ScalarType.LONG),
    ColumnSchema("Name", ScalarType.STRING),
)
CATALOG = kql.Catalog(
    tables={
        "Events": EVENTS,
        "Others": EVENTS,
        "Plain": (ColumnSchema("Id", ScalarType.LONG),),
        "SecurityAlert": packaged_tables("sentinel")["SecurityAlert"],
        "SecurityIncident": packaged_tables("sentinel")["SecurityIncident"],
    }
)


def at(text: str) -> int:
    """``10:05`` or ``10:05:30`` of the day, or a whole datetime, in ticks."""
    ticks = parse_datetime(text if "-" in text else f"{DAY}T{text}Z")
    assert ticks is not None, text
    return ticks


def clock(ticks: int) -> str:
    """``10:05`` or, where seconds matter, ``10:05:30``."""
    text = format_datetime(ticks)[11:19]
    return text.removesuffix(":00") if text.count(":") == 2 else text


def rule(name: str = "rule", query: str = "Events", **fields: Any) -> SimulatedRule:
    """A scheduled rule, hourly over an hour unless ``fields`` (as in YAML) say otherwise; ``kind="NRT"`` for NRT."""
    schedule = {"queryFrequency": "1h", "queryPeriod": "1h", "triggerOperator": "gt", "triggerThreshold": 0}
    if fields.get("kind") == "NRT":
        schedule = {}
    document = {
        "id": "11111111-1111-4111-8111-111111111111",
        "name": name,
        "severity": "Medium",
        "query": query,
        **schedule,
        **fields,
    }
    analysis = kql.analyze(query, CATALOG)
    assert not analysis.errors, analysis.errors
    return SimulatedRule.of(name, Detection.model_validate(document), analysis)


def records(*times: str | tuple[str, str]) -> Table:
    """Records of ``Events`` numbered from 1; a pair is (TimeGenerated, time of ingestion)."""
    generated = [at(time if isinstance(time, str) else time[0]) for time in times]
    ingested = [None if isinstance(time, str) else at(time[1]) for time in times]
    rows = [(time, number, f"name {number}") for number, time in enumerate(generated, start=1)]
    table = Table.from_rows(EVENTS, rows)
    return table if ingested.count(None) == len(ingested) else Table(EVENTS, table.data, len(rows), ingested)


def log(delay: timedelta | None = None, **tables: Table) -> Log:
    """The log of these tables; ``delay`` is that of the records that do not say when they arrived."""
    return Log.of(tables, Arrival(ConstantDelay(delay)) if delay else Arrival())


def history(
    rules: SimulatedRule | Sequence[SimulatedRule],
    recorded: Log | Table,
    start: str = "10:00",
    end: str = "14:00",
    behaviour: Behaviour = DEFAULT_BEHAVIOUR,
    **more: Any,
) -> History:
    """The replay from ``start`` to ``end``."""
    given = [rules] if isinstance(rules, SimulatedRule) else rules
    held = log(Events=recorded) if isinstance(recorded, Table) else recorded
    return Simulation(given, held, at(start), at(end), behaviour, **more).run()


def column(runs: Iterable[Run], show: Callable[[Run], Any]) -> dict[str, Any]:
    """What ``show`` says of each run, by nominal time."""
    return {clock(run.nominal): show(run) for run in runs}


def alerted(past: History, rule_name: str = "rule") -> Mapping[str, int]:
    """How many alerts each run raised, by nominal time; runs without any are left out."""
    return {
        time: count for time, count in column(past.runs_of(rule_name), lambda run: len(run.alerts)).items() if count
    }


def outcomes(past: History, rule_name: str = "rule") -> Mapping[str, str]:
    """What became of each run, by nominal time."""
    return column(past.runs_of(rule_name), lambda run: run.outcome.value)


def seen(past: History, rule_name: str = "rule") -> Mapping[str, int]:
    """How many rows each run had, by nominal time; runs without any are left out."""
    return {time: count for time, count in column(past.runs_of(rule_name), lambda run: run.rows).items() if count}
