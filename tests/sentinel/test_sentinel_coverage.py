"""Events that no run saw, that were alerted twice, and how long alerts took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from simulated import at, clock, history, log, records, rule

from tocsin.kql import PreparedQuery, Table
from tocsin.sentinel.alert_coverage import (
    TooManyTrials,
    alert_latency,
    alerted_twice,
    alerts_of_events,
    latency,
)
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR
from tocsin.sentinel.coverage import Event, TableCoverage, coverage, never_seen
from tocsin.sentinel.history import History
from tocsin.sentinel.log import Log
from tocsin.sentinel.schedule import Failure
from tocsin.sentinel.schedule_effect import schedule_effect
from tocsin.sentinel.window import ticks_of

MINUTE = ticks_of(timedelta(minutes=1))


def _table(past: History, held: Log) -> TableCoverage:
    (table,) = coverage(past, held, "rule").tables
    return table


def _reasons(table: TableCoverage) -> dict[int, str]:
    """Why each event that was not seen was not, by its number."""
    return {each.event.row + 1: each.reason.name for each in table.unseen}


def test_every_event_is_seen_once_when_nothing_is_late() -> None:
    held = log(Events=records("10:00", "10:59", "11:00", "12:30", "13:59:59"))
    table = _table(history(rule(), held), held)
    assert dict(table.times_seen) == {1: 5}
    assert not table.unseen


def test_an_event_is_seen_by_as_many_runs_as_windows_overlap() -> None:
    held = log(Events=records("10:00", "12:30"))
    table = _table(history(rule(queryPeriod="3h"), held, start="09:00", end="18:00"), held)
    assert dict(table.times_seen) == {3: 2}


def test_events_before_the_first_window_and_at_the_end_are_not_missed() -> None:
    held = log(Events=records("08:30", "13:30", "14:00", "14:30"))
    table = _table(history(rule(), held), held)
    assert _reasons(table) == {1: "BEFORE", 3: "PENDING", 4: "PENDING"}
    assert not table.missed


def test_an_event_that_arrives_after_its_runs_is_missed() -> None:
    held = log(Events=records(("10:58", "11:06"), ("10:58", "11:04"), ("13:30", "14:06"), ("13:30", "15:06")))
    table = _table(history(rule(), held), held)
    assert _reasons(table) == {1: "LATE", 3: "LATE", 4: "LATE"}
    assert [each.event for each in table.missed] == [Event("Events", 0), Event("Events", 2), Event("Events", 3)]
    overlapping = _table(history(rule(queryPeriod="2h"), held), held)
    assert _reasons(overlapping) == {3: "PENDING", 4: "LATE"}


def test_an_event_between_windows_is_missed() -> None:
    held = log(Events=records("10:10", "10:40"))
    assert _reasons(_table(history(rule(queryFrequency="1h", queryPeriod="30m"), held), held)) == {1: "GAP"}


def test_an_event_whose_run_was_suppressed_or_failed_is_missed() -> None:
    held = log(Events=records("10:30", "11:30", "13:30"))
    quiet = rule(suppressionEnabled=True, suppressionDuration="90m")

    def fails(_: Any, attempt: Any) -> Failure | None:
        return Failure("no answer") if clock(attempt.nominal) == "14:00" else None

    table = _table(history(quiet, held, failures=fails), held)
    assert [(each.event.row, each.reason.name, each.outcome and each.outcome.value) for each in table.unseen] == [
        (1, "NOT_RUN", "suppressed"),
        (2, "NOT_RUN", "failed"),
    ]


def test_nrt_rules_see_by_arrival() -> None:
    held = log(Events=records(("08:00", "10:01:30"), ("2025-07-14T20:00:00Z", "10:01:30"), ("10:02", "10:59:30"),
                              ("10:03", "11:00"), ("10:03", "09:00")))  # fmt: skip
    table = _table(history(rule(kind="NRT"), held, end="11:00"), held)
    assert dict(table.times_seen) == {0: 3, 1: 2}
    assert _reasons(table) == {2: "LATE", 4: "PENDING", 5: "BEFORE"}


def test_nrt_minutes_that_failed_and_were_carried_are_seen() -> None:
    held = log(Events=records("10:01:30", "10:02:30"))

    def fails(_: Any, attempt: Any) -> Failure | None:
        return Failure("no answer") if clock(attempt.nominal) == "10:02" else None

    assert not _table(history(rule(kind="NRT"), held, end="10:30", failures=fails), held).missed
    none = replace(DEFAULT_BEHAVIOUR, nrt_failures_carried=0)
    table = _table(history(rule(kind="NRT"), held, end="10:30", behaviour=none, failures=fails), held)
    assert _reasons(table) == {1: "NOT_RUN"}


def test_rows_are_those_of_the_table_that_was_given() -> None:
    held = log(Events=records("12:30", ("10:58", "11:06"), "11:30"))
    assert [each.event.row for each in _table(history(rule(), held), held).missed] == [1]


def test_events_that_no_rule_saw() -> None:
    held = log(Events=records(("10:58", "11:06"), ("10:58", "11:06"), "15:00"), Others=records("08:00", "10:30"))
    hourly, wide = rule(), rule("wide", "Events | where Id > 1", queryPeriod="65m")
    others = rule("others", "Others")
    past = history([hourly, wide, others], held)
    told = [coverage(past, held, name) for name in ("rule", "others")]
    assert never_seen(told) == (Event("Events", 0), Event("Events", 1), Event("Others", 0))
    assert never_seen([coverage(past, held, name) for name in ("rule", "wide")]) == ()


# ------------------------------------------------------------------------------------------- what alerts cover


def _covered(past: History, held: Log, **more: Any) -> Mapping[int, list[str]]:
    """The nominal times of the alerts that cover each event, by the event's number."""
    covered = alerts_of_events(past, held, "rule", **more)
    return {event.row + 1: [clock(alert.run) for alert in alerts] for event, alerts in covered.items()}


def test_an_event_without_which_the_alert_would_be_another_is_covered() -> None:
    held = log(Events=records("10:10", "10:20", "10:30", "11:10"))
    some = rule(query="Events | where Id in (1, 3, 4)")
    assert _covered(history(some, held), held) == {1: ["11:00"], 3: ["11:00"], 4: ["12:00"]}


def test_events_of_a_group_are_covered_by_its_alert() -> None:
    base = records("10:10", "10:11", "10:12", "10:13")
    given = Table(base.columns, (base.data[0], base.data[1], ["a", "a", "b", "a"]), 4)
    held = log(Events=given)
    grouped = rule(query="Events | summarize n = count() by Name | where n >= 2")
    assert _covered(history(grouped, held), held) == {1: ["11:00"], 2: ["11:00"], 4: ["11:00"]}


def test_each_of_two_events_that_say_the_same_is_covered() -> None:
    base = records("10:10", "10:10")
    held = log(Events=Table(base.columns, (base.data[0], [7, 7], ["a", "a"]), 2))
    once = rule(query="Events | distinct Name")
    assert _covered(history(once, held), held) == {1: ["11:00"], 2: ["11:00"]}
    each = rule(query="Events | project Name", eventGroupingSettings={"aggregationKind": "AlertPerResult"})
    assert _covered(history(each, held), held) == {1: ["11:00", "11:00"], 2: ["11:00", "11:00"]}


def test_per_event_alerts_cover_their_event() -> None:
    held = log(Events=records("10:10", "10:20"))
    each = rule(eventGroupingSettings={"aggregationKind": "AlertPerResult"})
    past = history(each, held)
    covered = alerts_of_events(past, held, "rule")
    assert [[alert.alert.rows for alert in alerts] for alerts in covered.values()] == [[(0,)], [(1,)]]


def test_overlapping_windows_alert_an_event_twice() -> None:
    held = log(Events=records("10:30", "10:50"))
    overlapping = rule(queryPeriod="100m")
    covered = alerts_of_events(history(overlapping, held), held, "rule")
    assert {event.row: len(alerts) for event, alerts in covered.items()} == {0: 2, 1: 2}
    assert list(alerted_twice(covered)) == [Event("Events", 0), Event("Events", 1)]
    assert not alerted_twice(alerts_of_events(history(rule(), held), held, "rule"))


def test_only_the_events_in_question_are_tried() -> None:
    held = log(Events=records("10:10", "10:20", "10:30"))
    past = history(rule(), held)
    assert _covered(past, held, events=[Event("Events", 1), Event("Events", 9)]) == {2: ["11:00"], 10: []}
    assert _covered(past, held, events=[Event("Events", 1)], most=1) == {2: ["11:00"]}
    with pytest.raises(TooManyTrials, match="3 trials are needed"):
        alerts_of_events(past, held, "rule", most=2)


def test_provenance_takes_the_place_of_trials() -> None:
    held = log(Events=records("10:10", "10:20"))
    past = history(rule(), held)
    assert _covered(past, held, covers=lambda alert: [Event("Events", 1)], most=0) == {2: ["11:00"]}


def _traced(past: History, held: Log, **more: Any) -> Mapping[int, list[str]]:
    query = past.rule("rule").query
    assert isinstance(query, PreparedQuery)
    return _covered(past, held, traced=partial(query.run, trace=True), **more)


def test_the_engine_says_what_an_alert_covers_without_a_trial() -> None:
    base = records("10:10", "10:11", "10:12", "10:13")
    held = log(Events=Table(base.columns, (base.data[0], base.data[1], ["a", "a", "b", "a"]), 4))
    grouped = rule(query="Events | summarize n = count() by Name | where n >= 2")
    assert _traced(history(grouped, held), held, most=0) == {1: ["11:00"], 2: ["11:00"], 4: ["11:00"]}


def test_the_engine_tells_alerts_apart_that_a_trial_cannot() -> None:
    base = records("10:10", "10:10")
    held = log(Events=Table(base.columns, (base.data[0], [7, 7], ["a", "a"]), 2))
    each = rule(query="Events | project Name", eventGroupingSettings={"aggregationKind": "AlertPerResult"})
    assert _traced(history(each, held), held, most=0) == {1: ["11:00"], 2: ["11:00"]}


def test_where_the_engine_cannot_say_a_trial_says_it() -> None:
    held = log(Events=records("10:10", "10:20", "10:30"))
    graph = "make-graph Name --> Key | graph-match (a)-[e]->(b) where e.Id != 2 project Id = e.Id"
    past = history(rule(query=f"Events | extend Key = tostring(Id) | {graph}"), held)
    assert _traced(past, held) == {1: ["11:00"], 3: ["11:00"]}
    with pytest.raises(TooManyTrials):
        _traced(past, held, most=2)


def test_time_from_event_to_first_alert() -> None:
    held = log(Events=records("10:10", "10:20", "10:55", "11:59"))
    past = history(rule(queryPeriod="2h"), held)
    took = latency(alerts_of_events(past, held, "rule"), held)
    assert took is not None
    assert (took.count, took.best, took.median, took.worst) == (4, 6 * MINUTE, round(27.5 * MINUTE), 55 * MINUTE)
    by_alert = alert_latency(past, "rule")
    assert by_alert is not None
    assert (by_alert.count, by_alert.best) == (3, 55 * MINUTE)
    assert latency({}, held) is None


# ------------------------------------------------------------------------------------------- worked out beforehand


def _effect(behaviour: Any = DEFAULT_BEHAVIOUR, **fields: Any) -> tuple[Any, ...]:
    effect = schedule_effect(rule(**fields).detection, behaviour)
    spans = (effect.gap, effect.overlap, effect.soonest, effect.latest, effect.lateness_safe, effect.lateness_possible)
    return (effect.runs_least, effect.runs_most, *(None if span is None else span / MINUTE for span in spans))


def test_the_effect_of_frequency_and_period() -> None:
    assert _effect(queryFrequency="1h", queryPeriod="1h") == (1, 1, 0, 0, 5, 65, 5, 65)
    assert _effect(queryFrequency="1h", queryPeriod="70m") == (1, 2, 0, 10, 5, 65, 15, 75)
    assert _effect(queryFrequency="5m", queryPeriod="1h") == (12, 12, 0, 0, 5, 10, 60, 65)
    assert _effect(queryFrequency="1h", queryPeriod="20m") == (0, 1, 40, 0, 5, 25, None, 25)
    assert _effect(kind="NRT") == (1, 1, 0, 0, 2, 3, 720, 720)
    fast = replace(DEFAULT_BEHAVIOUR, scheduled_delay=timedelta(0), nrt_lateness_limit=None)
    assert _effect(fast, queryFrequency="1h", queryPeriod="1h") == (1, 1, 0, 0, 0, 60, 0, 60)
    assert _effect(fast, kind="NRT") == (1, 1, 0, 0, 2, 3, None, None)


def test_the_effect_stands_with_the_coverage() -> None:
    held = log(Events=records("10:30"))
    told = coverage(history(rule(), held), held, "rule")
    assert told.effect == schedule_effect(rule().detection)
    assert at("10:00") + told.effect.delay == at("10:05")
