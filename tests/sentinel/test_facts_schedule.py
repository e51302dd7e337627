"""Each fact about runs that Microsoft's documentation states has a test of that name.

Pages: https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview, near-real-time-rules, ingestion-delay,
troubleshoot-analytics-rules, monitor-analytics-rule-integrity, watchlists-queries, create-analytics-rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from simulated import alerted, at, clock, column, history, log, outcomes, records, rule, seen

from tocsin.kql import Table
from tocsin.kql.types import ColumnSchema, ScalarType
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR
from tocsin.sentinel.history import SimulatedRule
from tocsin.sentinel.log import Log
from tocsin.sentinel.schedule import Failure, Try, disabled_description, disabled_name

QUIET = records()


def failing(*times: str, permanent: bool = False, tries: int = 99) -> Callable[[SimulatedRule, Try], Failure | None]:
    """Runs with these nominal times fail, the first ``tries`` tries of each."""
    when = {at(time) for time in times}

    def fails(_: SimulatedRule, attempt: Try) -> Failure | None:
        return Failure("no answer", permanent) if attempt.nominal in when and attempt.number < tries else None

    return fails


# ------------------------------------------------------------------------------------------------- scheduled rules


def test_the_first_run_is_right_after_the_rule_is_enabled_and_then_every_frequency() -> None:
    past = history(rule(queryFrequency="90m", queryPeriod="2h"), QUIET)
    assert [clock(run.nominal) for run in past.runs] == ["10:00", "11:30", "13:00"]


def test_a_start_time_sets_the_first_run() -> None:
    later = history(rule(startTimeUtc="2025-07-15T10:20:00Z"), QUIET)
    assert [clock(run.nominal) for run in later.runs] == ["10:20", "11:20", "12:20", "13:20"]


def test_a_start_time_that_is_past_sets_the_minute_of_the_runs() -> None:
    earlier = history(rule(startTimeUtc="2025-07-01T03:20:00Z"), QUIET)
    assert [clock(run.nominal) for run in earlier.runs] == ["10:20", "11:20", "12:20", "13:20"]
    same = history(rule(startTimeUtc="2025-07-15T08:00:00Z"), QUIET, end="11:00")
    assert [clock(run.nominal) for run in same.runs] == ["10:00", "11:00"]


def test_a_run_is_executed_five_minutes_after_its_nominal_time() -> None:
    past = history(rule(), records("10:30"))
    assert column(past.runs, lambda run: clock(run.executed)) == {
        "10:00": "10:05", "11:00": "11:05", "12:00": "12:05", "13:00": "13:05", "14:00": "14:05",
    }  # fmt: skip
    assert [clock(alert.published) for alert in past.alerts] == ["11:05"]


def test_the_delay_lets_late_records_arrive() -> None:
    given = records(("10:59", "11:05"), ("10:58", "11:05:01"))
    assert seen(history(rule(query="Events | where Id == 1"), given)) == {"11:00": 1}
    assert seen(history(rule(query="Events | where Id == 2"), given)) == {}


def test_the_nominal_time_is_what_the_query_sees_as_now() -> None:
    past = history(rule(query="print Time = now() | where Time == datetime(2025-07-15 12:00)"), QUIET)
    assert seen(past) == {"12:00": 1}


def test_the_look_back_counts_on_time_generated() -> None:
    given = records(("09:59:59", "10:30"), ("10:00", "10:30"), ("10:59:59", "10:59:59"), ("11:00", "11:00"))
    past = history(rule(query="Events | where Id in (1, 2, 3, 4) | project Id"), given, start="11:00", end="11:00")
    assert seen(past) == {"11:00": 2}


def test_the_scope_holds_for_every_table_with_time_generated() -> None:
    inside = rule(query="Events | join kind=inner (Others | where Id == 1) on Id")
    assert seen(history(inside, log(Events=records("10:30"), Others=records("10:40")))) == {"11:00": 1}
    assert seen(history(inside, log(Events=records("10:30"), Others=records("11:40")))) == {}


def test_a_table_without_time_generated_has_no_window() -> None:
    plain = Table((ColumnSchema("Id", ScalarType.LONG),), ([1, 2],), 2)
    assert seen(history(rule(query="Plain"), log(Plain=plain), end="11:00")) == {"10:00": 2, "11:00": 2}


def test_the_window_does_not_hold_for_watchlists() -> None:
    columns = (ColumnSchema("TimeGenerated", ScalarType.DATETIME), ColumnSchema("SearchKey", ScalarType.STRING))
    listed = Table(columns, ([at("2020-01-01")], ["name 1"]), 1)
    query = "Events | where Name in ((_GetWatchlist('Names') | project SearchKey))"
    recorded = Log.of({"Events": records("10:30")}, watchlists={"Names": listed})
    assert seen(history(rule(query=query), recorded)) == {"11:00": 1}


def test_windows_overlap_when_the_period_is_longer_and_the_event_fires_in_each() -> None:
    past = history(rule(queryFrequency="5m", queryPeriod="1h"), records("10:32"), end="12:00")
    assert len(alerted(past)) == 12
    assert [min(alerted(past)), max(alerted(past))] == ["10:35", "11:30"]


def test_an_event_that_arrives_after_the_run_of_its_window_is_missed() -> None:
    assert alerted(history(rule(), records(("10:58", "11:06")))) == {}


def test_a_longer_period_and_the_ingestion_time_catch_late_events_once() -> None:
    cure = rule(query="Events | where ingestion_time() > ago(1h)", queryPeriod="70m")
    assert alerted(history(cure, records(("10:58", "11:06")))) == {"12:00": 1}
    assert alerted(history(cure, records(("10:58", "10:59")))) == {"11:00": 1}
    without = rule(queryPeriod="70m")
    assert alerted(history(without, records(("10:58", "10:59")))) == {"11:00": 1, "12:00": 1}


def test_the_threshold_is_compared_with_the_rows_of_a_single_run() -> None:
    three = rule(triggerOperator="gt", triggerThreshold=2)
    assert alerted(history(three, records("10:10", "10:20", "11:10"))) == {}
    assert alerted(history(three, records("10:10", "10:20", "10:30"))) == {"11:00": 1}
    assert seen(history(three, records("10:10", "10:20", "11:10"))) == {"11:00": 2, "12:00": 1}


def test_a_rule_for_less_alerts_on_an_empty_result() -> None:
    fewer = rule(triggerOperator="lt", triggerThreshold=1)
    past = history(fewer, records("10:30", "12:30"))
    assert alerted(past) == {"10:00": 1, "12:00": 1, "14:00": 1}
    (first, *_) = past.alerts
    assert (clock(first.alert.start), clock(first.alert.end)) == ("09:00", "10:00")


def test_a_failed_run_is_tried_five_more_times_on_the_same_window() -> None:
    past = history(rule(), records("10:30", "11:30"), failures=failing("11:00", tries=5))
    assert outcomes(past)["11:00"] == "ran"
    assert alerted(past) == {"11:00": 1, "12:00": 1}
    (run,) = [each for each in past.runs if clock(each.nominal) == "11:00"]
    assert (run.tries, clock(run.window.start), clock(run.window.end)) == (6, "10:00", "11:00")


def test_after_six_failures_the_window_is_skipped() -> None:
    past = history(rule(), records("10:30", "11:30"), failures=failing("11:00"))
    assert outcomes(past) == {"10:00": "ran", "11:00": "failed", "12:00": "ran", "13:00": "ran", "14:00": "ran"}
    assert alerted(past) == {"12:00": 1}
    (run,) = [each for each in past.runs if clock(each.nominal) == "11:00"]
    assert (run.tries, run.reason) == (6, "no answer")


def test_a_later_try_sees_what_has_arrived_by_then() -> None:
    given = records(("10:58", "11:06"))
    assert alerted(history(rule(), given, failures=failing("11:00", tries=1))) == {"11:00": 1}


def test_transient_failures_never_disable_a_rule() -> None:
    always = failing(*(f"{hour}:00" for hour in range(10, 24)))
    past = history(rule(), QUIET, end="23:00", failures=always)
    assert set(outcomes(past).values()) == {"failed"}
    assert not past.disabled


def test_permanent_failures_in_a_row_disable_the_rule() -> None:
    always = failing(*(f"{hour}:00" for hour in range(10, 24)), permanent=True)
    past = history(rule(), QUIET, end="17:00", failures=always)
    assert list(outcomes(past).values()) == ["failed"] * 5 + ["skipped"] * 3
    (disabling,) = past.disabled
    assert (disabling.rule, clock(disabling.at), disabling.failure.reason) == ("rule", "14:10", "no answer")


@pytest.mark.parametrize("most", [1, 2, 3])
def test_how_many_permanent_failures_disable_a_rule_is_a_setting(most: int) -> None:
    always = failing(*(f"{hour}:00" for hour in range(10, 24)), permanent=True)
    behaviour = replace(DEFAULT_BEHAVIOUR, permanent_failures_to_disable=most)
    past = history(rule(), QUIET, behaviour=behaviour, failures=always)
    assert list(outcomes(past).values()) == ["failed"] * most + ["skipped"] * (5 - most)
    never = replace(DEFAULT_BEHAVIOUR, permanent_failures_to_disable=None)
    assert set(outcomes(history(rule(), QUIET, behaviour=never, failures=always)).values()) == {"failed"}


def test_a_run_that_succeeds_ends_the_row_of_permanent_failures() -> None:
    now_and_then = failing(*(f"{hour}:00" for hour in (10, 11, 12, 13, 15, 16, 17, 18)), permanent=True)
    past = history(rule(), QUIET, end="19:00", failures=now_and_then)
    assert "skipped" not in outcomes(past).values()


def test_a_disabled_rule_has_auto_disabled_in_front_of_its_name_and_the_reason_in_its_description() -> None:
    detection = rule("Forwarding", description="Finds it.").detection
    assert disabled_name(detection) == "AUTO DISABLED Forwarding"
    reason = Failure("The table Events does not exist.", permanent=True)
    assert disabled_description(detection, reason) == "Finds it.\nThe table Events does not exist."


def test_after_an_alert_the_rule_stops_running_for_the_suppression_duration() -> None:
    quiet = rule(suppressionEnabled=True, suppressionDuration="2h")
    past = history(quiet, records("10:30", "11:30", "12:30", "13:30"), end="15:00")
    # Both the alert and the run two hours later come five minutes after their nominal times.
    stopped = [time for time, outcome in outcomes(past).items() if outcome == "suppressed"]
    assert stopped == ["12:00", "14:00"]
    assert list(outcomes(past)) == ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]
    assert alerted(past) == {"11:00": 1, "13:00": 1}


def test_runs_without_an_alert_suppress_nothing() -> None:
    quiet = rule(suppressionEnabled=True, suppressionDuration="5h")
    assert set(outcomes(history(quiet, QUIET)).values()) == {"ran"}
    off = rule(suppressionEnabled=False, suppressionDuration="5h")
    assert set(outcomes(history(off, records("10:30"))).values()) == {"ran"}


def test_suppressed_runs_are_not_made_up() -> None:
    given = records("10:30", "11:30")
    quiet = rule(suppressionEnabled=True, suppressionDuration="90m")
    assert alerted(history(quiet, given)) == {"11:00": 1}
    wide = rule(suppressionEnabled=True, suppressionDuration="90m", queryPeriod="2h")
    assert alerted(history(wide, given)) == {"11:00": 1, "13:00": 1}


def test_whether_suppressed_runs_are_made_up_is_a_setting() -> None:
    made_up = replace(DEFAULT_BEHAVIOUR, suppressed_runs_made_up=True)
    quiet = rule(suppressionEnabled=True, suppressionDuration="90m")
    past = history(quiet, records("10:30", "11:30"), behaviour=made_up)
    assert alerted(past) == {"11:00": 1, "13:00": 1}


def test_from_which_moment_suppression_counts_is_a_setting() -> None:
    quiet = rule(suppressionEnabled=True, suppressionDuration="1h", queryFrequency="30m", queryPeriod="30m")
    given = records("10:10", "10:40", "11:10", "11:40")
    late = failing("10:30", tries=3)
    # The alert of 10:30 is published after three failures, at 10:38, and holds off the run executed at 11:35.
    assert alerted(history(quiet, given, end="12:00", failures=late)) == {"10:30": 1, "12:00": 1}
    nominal = replace(DEFAULT_BEHAVIOUR, suppression_from_nominal_time=True)
    assert alerted(history(quiet, given, end="12:00", behaviour=nominal, failures=late)) == {"10:30": 1, "11:30": 1}


def test_the_time_between_two_tries_is_a_setting() -> None:
    behaviour = replace(DEFAULT_BEHAVIOUR, retry_interval=timedelta(minutes=4), retries=2)
    past = history(rule(), QUIET, end="11:00", behaviour=behaviour, failures=failing("11:00"))
    assert [(clock(run.executed), run.tries) for run in past.runs] == [("10:05", 1), ("11:13", 3)]


# ------------------------------------------------------------------------------------------------- NRT rules

NRT = rule(kind="NRT")


def test_an_nrt_rule_runs_every_minute() -> None:
    past = history(NRT, QUIET, end="10:05")
    assert [clock(run.nominal) for run in past.runs] == ["10:00", "10:01", "10:02", "10:03", "10:04", "10:05"]


def test_an_nrt_run_looks_at_what_was_ingested_in_the_minute_before() -> None:
    given = records(("07:00", "10:01:59"), ("10:01", "10:02"), ("10:01", "10:02:59"), ("10:02:30", "10:03"))
    assert seen(history(NRT, given, end="10:10")) == {"10:02": 1, "10:03": 2, "10:04": 1}


def test_an_nrt_run_is_two_minutes_delayed() -> None:
    (alert,) = history(NRT, records(("10:01", "10:01:30")), end="10:10").alerts
    assert (clock(alert.run), clock(alert.published)) == ("10:02", "10:04")


def test_an_nrt_rule_uses_the_ingestion_time_not_time_generated() -> None:
    given = records(("10:01:30", "10:07:30"))
    assert seen(history(NRT, given, end="10:10")) == {"10:08": 1}
    assert seen(history(NRT, log(timedelta(minutes=3), Events=records("10:01:30")), end="10:10")) == {"10:05": 1}


def test_nrt_runs_keep_no_state() -> None:
    failures = rule(kind="NRT", query="Events | summarize n = count() by bin(TimeGenerated, 1h) | where n >= 3")
    spread = records("10:01:10", "10:02:10", "10:03:10", "10:04:10")
    assert alerted(history(failures, spread, end="10:10")) == {}
    assert alerted(history(failures, records("10:01:10", "10:01:20", "10:01:30"), end="10:10")) == {"10:02": 1}


def test_an_nrt_rule_has_no_threshold_any_row_alerts() -> None:
    assert alerted(history(NRT, records("10:01:30"), end="10:10")) == {"10:02": 1}


def test_an_nrt_rule_needs_an_ingestion_delay_below_twelve_hours() -> None:
    given = records(("2025-07-14T22:02:00Z", "10:01:30"), ("2025-07-14T21:00:00Z", "10:01:30"))
    assert seen(history(NRT, given, end="10:10")) == {"10:02": 1}
    patient = replace(DEFAULT_BEHAVIOUR, nrt_lateness_limit=None)
    assert seen(history(NRT, given, end="10:10", behaviour=patient)) == {"10:02": 2}


def test_an_nrt_rule_may_read_several_tables_and_watchlists() -> None:
    listed = Table((ColumnSchema("SearchKey", ScalarType.STRING),), (["name 1"],), 1)
    both = rule(
        kind="NRT",
        query="Events | join kind=inner Others on Id | where Name in ((_GetWatchlist('Names') | project SearchKey))",
    )
    tables = {"Events": records("10:01:10"), "Others": records("10:01:50")}
    assert seen(history(both, Log.of(tables, watchlists={"Names": listed}), end="10:10")) == {"10:02": 1}


def test_a_failed_nrt_minute_is_added_to_the_next_window() -> None:
    given = records("10:01:30", "10:02:30", "10:03:30")
    past = history(NRT, given, end="10:10", failures=failing("10:02", "10:03"))
    assert seen(past) == {"10:04": 3}
    assert outcomes(past)["10:02"] == outcomes(past)["10:03"] == "failed"
    (run,) = [each for each in past.runs if each.rows]
    assert (clock(run.window.start), clock(run.window.end)) == ("10:01", "10:04")


def test_up_to_sixty_failed_nrt_minutes_are_added() -> None:
    minutes = [clock(at("10:00") + minute * 600_000_000) for minute in range(1, 63)]
    given = records("10:00:30", "10:01:30", "10:02:30", "11:01:30")
    past = history(NRT, given, end="11:10", failures=failing(*minutes))
    assert seen(past) == {"11:03": 2}
    (run,) = [each for each in past.runs if each.rows]
    assert (clock(run.window.start), clock(run.window.end)) == ("10:02", "11:03")
