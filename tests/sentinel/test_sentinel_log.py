"""What runs see of a log, against going through all records; when records arrive."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import EVENTS, alerted, at, history, log, records, rule

from tocsin.kql import ColumnSchema, ScalarType, Table
from tocsin.kql.types import TICKS_PER_SECOND
from tocsin.sentinel.alert_coverage import alerts_of_events
from tocsin.sentinel.arrival import Arrival, ConstantDelay, ExponentialDelay, UniformDelay
from tocsin.sentinel.coverage import coverage
from tocsin.sentinel.log import Log, PublishedTable, TimedTable, view
from tocsin.sentinel.schedule_effect import schedule_effect
from tocsin.sentinel.window import Window, ticks_of

START = at("10:00")
MINUTE = ticks_of(timedelta(minutes=1))
HOUR = 60 * MINUTE

moments = st.integers(0, 300).map(lambda minutes: START + minutes * MINUTE)
times = st.lists(st.tuples(moments, st.integers(0, 200).map(lambda minutes: minutes * MINUTE)), max_size=60)


def _table(rows: list[tuple[int, int]]) -> Table:
    """Records with a TimeGenerated and a delay."""
    generated = [time for time, _ in rows]
    data = (generated, list(range(len(rows))), [f"name {i}" for i in range(len(rows))])
    return Table(EVENTS, data, len(rows), [time + delay for time, delay in rows])


@given(times, moments, st.integers(0, 120), st.integers(0, 60))
def test_a_view_by_time_holds_what_lies_in_the_window_and_has_arrived(
    rows: list[tuple[int, int]], end: int, period: int, delay: int
) -> None:
    window, executed = Window(end - period * MINUTE, end), end + delay * MINUTE
    seen = view([TimedTable("Events", _table(rows))], window, executed, None)
    expected = [i for i, (time, late) in enumerate(rows) if window.holds(time) and time + late <= executed]
    assert sorted(seen.column("Id")) == expected
    arrived = sorted(each for each in seen.ingested or () if each is not None)
    assert arrived == sorted(sum(rows[i]) for i in expected)
    assert seen.column("TimeGenerated") == sorted(seen.column("TimeGenerated"))


@given(times, moments, st.integers(0, 120))
def test_a_view_by_arrival_holds_what_arrived_in_the_window(rows: list[tuple[int, int]], end: int, period: int) -> None:
    window = Window(end - period * MINUTE, end, by_ingestion=True)
    limit = 60 * MINUTE
    seen = view([TimedTable("Events", _table(rows))], window, end, limit)
    expected = [i for i, (time, late) in enumerate(rows) if window.holds(time + late) and late <= limit]
    assert sorted(seen.column("Id")) == expected


@given(
    times.map(lambda rows: [(time, 0) for time, _ in rows[:20]]),
    st.sampled_from([5, 10, 20, 60]),
    st.integers(1, 4),
    st.integers(0, 3),
)
def test_every_row_that_meets_the_query_is_alerted_when_the_frequency_is_at_most_the_period_and_nothing_is_late(
    rows: list[tuple[int, int]], frequency: int, times_longer: int, wanted: int
) -> None:
    hourly = rule(
        query=f"Events | where Id % 4 == {wanted}",
        queryFrequency=f"{frequency}m",
        queryPeriod=f"{frequency * times_longer}m",
        eventGroupingSettings={"aggregationKind": "AlertPerResult"},
    )
    held = log(Events=_table(rows))
    past = history(hourly, held, start="10:00", end="20:00")
    meets = {i for i in range(len(rows)) if i % 4 == wanted}
    covered = alerts_of_events(past, held, "rule")
    assert {event.row for event in covered} == meets
    effect = schedule_effect(hourly.detection)
    for event, alerts in covered.items():
        assert effect.runs_least <= len({each.run for each in alerts}) <= effect.runs_most
        assert effect.soonest < alerts[0].published - rows[event.row][0] <= effect.latest


@given(times, st.sampled_from([20, 60]), st.sampled_from([15, 20, 50, 60, 90]))
def test_coverage_counts_what_the_runs_counted(rows: list[tuple[int, int]], frequency: int, period: int) -> None:
    held = log(Events=_table(rows))
    rules = [rule(queryFrequency=f"{frequency}m", queryPeriod=f"{period}m"), rule("near", kind="NRT")]
    past = history(rules, held)
    for name in ("rule", "near"):
        (table,) = coverage(past, held, name).tables
        assert sum(times * events for times, events in table.times_seen.items()) == sum(
            run.seen for run in past.runs_of(name)
        )
        assert sum(table.times_seen.values()) == len(rows)
        assert len(table.unseen) == table.times_seen.get(0, 0)


@given(times, st.sampled_from([20, 60]), st.sampled_from([15, 20, 50, 60, 90]))
def test_lateness_that_is_safe_is_never_missed(rows: list[tuple[int, int]], frequency: int, period: int) -> None:
    late = rule(queryFrequency=f"{frequency}m", queryPeriod=f"{period}m")
    held = log(Events=_table(rows))
    effect = schedule_effect(late.detection)
    (table,) = coverage(history(late, held, end="18:00"), held, "rule").tables
    missed = {each.event.row: each.arrived - each.time for each in table.missed}
    assert effect.lateness_safe is None or all(delay > effect.lateness_safe for delay in missed.values())
    assert effect.lateness_possible is not None
    for row, (_, delay) in enumerate(rows):
        assert delay <= effect.lateness_possible or row in missed


def test_records_without_a_time_are_in_no_window() -> None:
    base = records("10:30", "10:40")
    held = TimedTable("Events", Table(EVENTS, ([None, base.data[0][1]], *base.data[1:]), 2))
    assert (held.count, held.untimed, held.origin) == (1, 1, [1])
    assert alerted(history(rule(), Log({"Events": held}))) == {"11:00": 1}


def test_records_of_many_blocks_are_found() -> None:
    rows = [(START + i * TICKS_PER_SECOND, (HOUR if i % 1500 == 7 else 0)) for i in range(5000)]
    held = TimedTable("Events", _table(rows))
    window = Window(START, START + 5000 * TICKS_PER_SECOND)
    executed = window.end
    missing = [i for i, (time, late) in enumerate(rows) if time + late > executed]
    assert held.later(window, executed) == missing
    assert len(missing) == 3
    assert len(held.seen(window, executed)) == 5000 - 3


def test_nothing_is_copied_before_a_column_is_asked_for() -> None:
    held = TimedTable("Events", records("10:30", "10:10"))
    seen = view([held], Window(START, START + HOUR), START + HOUR, None)
    assert seen.row_count == 2
    assert held.values(1) == [2, 1]
    assert seen.column("Id") == [2, 1]
    assert seen.column("Id") is seen.column("Id")
    assert list(seen.rows()) == [(at("10:10"), 2, "name 2"), (at("10:30"), 1, "name 1")]
    assert seen.data[1:] == [[2, 1], ["name 2", "name 1"]]


def test_published_rows_are_there_once_they_have_arrived() -> None:
    table = PublishedTable(EVENTS)
    table.append(records("10:30", "10:30"), 2 * MINUTE)
    table.append(records("10:40"), 2 * MINUTE)
    assert list(table.seen(Window(START, START + HOUR), at("10:41"))) == [0, 1]
    assert list(table.seen(Window(START, START + HOUR), at("10:42"))) == [0, 1, 2]
    assert list(table.seen(Window(at("10:35"), START + HOUR), at("10:45"))) == [2]
    assert list(table.seen(Window(at("10:42"), at("10:43"), by_ingestion=True), at("10:45"))) == [2]
    assert table.table().ingested == [at("10:32"), at("10:32"), at("10:42")]


# ------------------------------------------------------------------------------------------------- arrival


def test_a_record_s_own_time_of_ingestion_goes_before_the_model() -> None:
    arrival = Arrival(ConstantDelay(timedelta(minutes=3)))
    assert arrival.times("T", [0, 10, None], [None, 7, None]) == [3 * MINUTE, 7, None]


def test_a_table_has_its_own_delay() -> None:
    arrival = Arrival(by_table={"Slow": ConstantDelay(timedelta(hours=1))})
    assert arrival.times("Slow", [0]) == [HOUR]
    assert arrival.times("Fast", [0]) == [0]


@pytest.mark.parametrize(
    "delay",
    [
        UniformDelay(timedelta(minutes=1), timedelta(minutes=9)),
        ExponentialDelay(timedelta(minutes=5), least=timedelta(minutes=1), most=timedelta(minutes=9)),
    ],
)
def test_drawn_delays_keep_their_bounds_and_the_seed_repeats_them(delay: UniformDelay | ExponentialDelay) -> None:
    zeros: list[int | None] = [0] * 500
    drawn = Arrival(delay, seed=1).times("T", zeros)
    assert min(each or 0 for each in drawn) >= MINUTE
    assert max(each or 0 for each in drawn) <= 9 * MINUTE
    assert len(set(drawn)) > 100
    assert Arrival(delay, seed=1).times("T", zeros) == drawn
    assert Arrival(delay, seed=2).times("T", zeros) != drawn
    assert Arrival(delay, seed=1).times("U", zeros) != drawn


def test_impossible_delays_are_refused() -> None:
    minute = timedelta(minutes=1)
    for make in (
        lambda: ConstantDelay(-minute),
        lambda: UniformDelay(2 * minute, minute),
        lambda: UniformDelay(-minute, minute),
        lambda: ExponentialDelay(timedelta(0)),
        lambda: ExponentialDelay(minute, least=2 * minute, most=minute),
    ):
        with pytest.raises(ValueError, match=r"delay|generated"):
            make()


def test_tables_without_time_generated_show_what_has_arrived() -> None:
    columns = (ColumnSchema("Id", ScalarType.LONG),)
    held = TimedTable("Plain", Table(columns, ([1, 2],), 2, [at("10:30"), None]))
    assert list(held.seen(Window(0, START), START)) == [1]
    assert list(held.seen(Window(0, START), at("10:30"))) == [0, 1]
