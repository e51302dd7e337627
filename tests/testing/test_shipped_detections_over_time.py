"""Each shipped detection tells a record in exactly one of its runs, however the record came."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.content.repository import load_repository
from tocsin.kql.literals import parse_datetime
from tocsin.kql.table import Table
from tocsin.sentinel.alerts import predict
from tocsin.sentinel.schedule import delay
from tocsin.sentinel.window import SCOPE_COLUMN, in_window, query_window, ticks_of
from tocsin.testing.execution import execute
from tocsin.testing.runner import Bench, PreparedDetection
from tocsin.testing.scenario import Scenario

ROOT = Path(__file__).parents[2]
TESTS = (
    "anonymous_authas/anonymous_internal_sender",
    "auto_forward/external_inbox_rule",
    "direct_send/unauthorised_source",
)
HOUR, MINUTE = 36_000_000_000, 600_000_000
START = parse_datetime("2026-09-14T06:00:00Z") or 0

# The edges lie on the hour, five minutes behind it, and a tick to either side.
AROUND_THE_HOUR = st.builds(
    lambda hours, minutes, ticks: hours * HOUR + minutes * MINUTE + ticks,
    st.integers(0, 20),
    st.sampled_from([0, 0, 5, 30]),
    st.sampled_from([-1, 0, 0, 1]),
)


@cache
def alerting(name: str) -> tuple[PreparedDetection, Scenario]:
    """The detection, and the records of the first case of its tests."""
    repository = load_repository(ROOT)
    bench = Bench(repository)
    prepared = bench.detection(name)
    assert prepared is not None
    return prepared, bench.builder(repository.tests[name]).scenario(0, prepared.analysis)


def alerts_at(name: str, now: int, generated: int, ingested: int | None) -> int:
    """How many alerts the run at ``now`` raises of the records, had they all come so."""
    prepared, scenario = alerting(name)
    rule = prepared.loaded.model
    assert prepared.query is not None
    tables = {}
    for table_name, table in scenario.tables.items():
        times = [generated if column.name == SCOPE_COLUMN else None for column in table.columns]
        data = [[time] * table.row_count if time else values for time, values in zip(times, table.data, strict=True)]
        there = ingested is None or ingested <= now + delay(rule, scenario.behaviour)
        moved = Table(table.columns, tuple(data), table.row_count, [ingested] * table.row_count)
        tables[table_name] = in_window(moved, query_window(rule, now)) if there else Table.empty(table.columns)
    result = execute(prepared.query, tables, scenario.watchlists, now).table
    return len(predict(rule, result, now, behaviour=scenario.behaviour))


@pytest.mark.parametrize("name", TESTS)
@given(after=AROUND_THE_HOUR, late=st.none() | AROUND_THE_HOUR | st.just(-MINUTE))
@example(after=3 * HOUR, late=0)
@example(after=3 * HOUR, late=None)
@example(after=3 * HOUR, late=-MINUTE)
@settings(max_examples=8, deadline=None)
def test_a_record_is_told_by_exactly_one_run(name: str, after: int, late: int | None) -> None:
    rule = alerting(name)[0].loaded.model
    assert rule.query_frequency is not None
    assert rule.query_period is not None
    step, period = ticks_of(rule.query_frequency), ticks_of(rule.query_period)
    generated = START + after
    ingested = None if late is None else generated + late
    edges = (generated, ingested or generated, generated + period)
    runs = {START + ((edge - START) // step + near) * step for edge in edges for near in (-1, 0, 1, 2)}
    assert sum(alerts_at(name, run, generated, ingested) for run in runs) == 1
