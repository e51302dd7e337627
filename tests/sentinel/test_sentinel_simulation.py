"""Several rules over one stretch of time: order, what runs publish, what they cost."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from simulated import EVENTS, alerted, at, clock, history, log, outcomes, records, rule, seen

from tocsin import kql
from tocsin.kql import Table
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR
from tocsin.sentinel.history import Outcome, Progress, Run, cost_by_rule
from tocsin.sentinel.incidents import ChangeKind, Closing
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.simulation import Simulation

QUIET = records()


def test_runs_of_all_rules_come_in_the_order_of_their_execution() -> None:
    fast = rule("fast", queryFrequency="20m")
    near = rule("near", kind="NRT")
    past = history([rule("slow"), fast, near], QUIET, end="11:00")
    moments = [run.executed for run in past.runs]
    assert moments == sorted(moments)
    first = [(run.rule, clock(run.executed)) for run in past.runs if clock(run.nominal) == "10:00"]
    assert first == [("near", "10:02"), ("slow", "10:05"), ("fast", "10:05")]


def test_a_later_rule_reads_the_alerts_of_an_earlier_one() -> None:
    first = rule("first")
    reader = rule("reader", "SecurityAlert | where AlertName == 'first' | project TimeGenerated, AlertName")
    past = history([reader, first], records("10:30"))
    # Published at 11:05, so within the window that ends at 12:00.
    assert alerted(past, "first") == {"11:00": 1}
    assert alerted(past, "reader") == {"12:00": 1}
    (own,) = past.alerts[1:]
    assert clock(own.alert.start) == "11:05"


def test_an_alert_can_be_read_as_soon_as_it_has_arrived() -> None:
    reader = rule("reader", "SecurityAlert | where AlertName == 'first'", kind="NRT")
    past = history([rule("first"), reader], records("10:30"), end="11:30")
    assert alerted(past, "reader") == {"11:06": 1}
    late = replace(DEFAULT_BEHAVIOUR, alert_arrival=timedelta(minutes=4))
    past = history([rule("first"), reader], records("10:30"), end="11:30", behaviour=late)
    assert alerted(past, "reader") == {"11:10": 1}


def test_recorded_alerts_stand_beside_those_of_the_replay() -> None:
    columns = packaged_tables("sentinel")["SecurityAlert"]
    recorded = Table.from_records(columns, [{"TimeGenerated": at("11:30"), "AlertName": "another product's"}])
    reader = rule("reader", "SecurityAlert | where AlertName != 'reader' | project AlertName")
    past = history([rule("first"), reader], log(Events=records("10:30"), SecurityAlert=recorded))
    assert seen(past, "reader") == {"12:00": 2}
    assert past.published["SecurityAlert"].column("AlertName") == ["first", "reader"]


WITH_INCIDENTS: dict[str, Any] = {"incidentConfiguration": {"createIncident": True}}
WITHOUT: dict[str, Any] = {"incidentConfiguration": {"createIncident": False}}


def test_a_later_rule_reads_the_incidents() -> None:
    reader = rule("reader", "SecurityIncident | where Title == 'first'", **WITHOUT)
    past = history([rule("first", **WITH_INCIDENTS), reader], records("10:30"))
    assert alerted(past, "reader") == {"12:00": 1}
    assert past.published["SecurityIncident"].column("Title") == ["first"]
    assert [(each.title, len(each.alerts)) for each in past.incidents] == [("first", 1)]
    assert [(each.kind, clock(each.time)) for each in past.changes] == [(ChangeKind.CREATED, "11:05")]


def test_incidents_are_closed_when_their_time_has_come() -> None:
    closed = rule("closed", "SecurityIncident | where Status == 'Closed'", **WITHOUT)
    past = history(
        [rule("first", **WITH_INCIDENTS), closed], records("10:30"), closings=[Closing(at("11:50"), rule="first")]
    )
    assert alerted(past, "closed") == {"12:00": 1}
    assert [clock(each.time) for each in past.changes] == ["11:05", "11:50"]


def test_incidents_reach_the_workspace_later_when_defender_makes_them() -> None:
    reader = rule(
        "reader",
        "SecurityIncident | where Title == 'first'",
        kind="NRT",
        **WITHOUT,
    )
    first = rule("first", **WITH_INCIDENTS)
    assert alerted(history([first, reader], records("10:30"), end="11:30"), "reader") == {"11:06": 1}
    onboarded = replace(DEFAULT_BEHAVIOUR, portal="defender")
    past = history([first, reader], records("10:30"), end="11:30", behaviour=onboarded)
    assert alerted(past, "reader") == {"11:11": 1}


def test_a_query_that_fails_fails_its_runs_and_no_others() -> None:
    wrong = rule("wrong", "Events | where 'a' matches regex strcat('(', Name)")
    past = history([wrong, rule()], records("10:30"), end="11:00")
    assert outcomes(past, "wrong") == {"10:00": "ran", "11:00": "failed"}
    assert alerted(past) == {"11:00": 1}
    (failed,) = [run for run in past.runs if run.reason]
    assert failed.tries == 6
    assert "ENG" in failed.reason
    assert not past.disabled


def test_a_run_that_needs_more_than_it_may_use_is_not_tried_again() -> None:
    past = history(rule(query="Events | extend x = strcat(Name, Name)"), records("10:30"), end="11:00",
                   limits=kql.Limits(characters=3))  # fmt: skip
    failed = past.runs[-1]
    assert (failed.outcome, clock(failed.executed), failed.tries) == (Outcome.FAILED, "11:05", 1)
    assert "characters" in failed.reason


def test_runs_over_quiet_tables_do_not_ask_the_engine() -> None:
    class Counting:
        columns = EVENTS
        runs = 0

        def run(self, *args: object, **more: object) -> kql.QueryResult:
            self.runs += 1
            return kql.QueryResult(Table.empty(EVENTS))

    counting = Counting()
    quiet = replace(rule(), query=counting)  # type: ignore[arg-type]  # stands for a prepared query
    past = history(quiet, records("10:30"))
    assert len(past.runs) == 5
    assert counting.runs == 1


@pytest.mark.parametrize(
    "query",
    ["print x = 1", "Events | count", "Events | summarize n = count()", "union Events, (print Id = 1)"],
)
def test_a_query_that_may_give_rows_without_records_is_run(query: str) -> None:
    assert set(seen(history(rule(query=query), QUIET))) == {"10:00", "11:00", "12:00", "13:00", "14:00"}


def test_rules_can_be_replayed_apart_and_put_together() -> None:
    given = records("10:30", "11:30", "11:31", "13:30")
    first = rule("first", queryFrequency="20m", **WITH_INCIDENTS)
    second = rule("second", "Events | where Id == 1", kind="NRT", suppressionEnabled=True, suppressionDuration="1h")
    reader = rule("reader", "SecurityAlert | where AlertName != 'reader'", queryPeriod="2h")
    whole = history([first, second, reader], given)
    assert [each.reads_alerts for each in whole.rules] == [False, False, True]
    apart: list[Run] = pickle.loads(pickle.dumps([*history(first, given).runs, *history(second, given).runs]))
    together = history(reader, given, worked_out=apart)
    assert together.runs_of("reader") == whole.runs_of("reader")
    assert alerted(together, "reader")
    assert sorted(map(repr, together.runs)) == sorted(map(repr, (*apart, *together.runs_of("reader"))))
    assert [run.executed for run in together.runs] == [run.executed for run in whole.runs]
    assert together.incidents == whole.incidents
    assert together.published["SecurityAlert"].data == whole.published["SecurityAlert"].data


def test_two_replays_are_the_same() -> None:
    rules = [rule("first", queryFrequency="20m"), rule("reader", "SecurityAlert")]
    given = records("10:30", "11:30", "11:31")
    one, other = history(rules, given), history(rules, given)
    assert one.runs == other.runs
    assert one.published["SecurityAlert"].data == other.published["SecurityAlert"].data


def test_progress_counts_every_run() -> None:
    told: list[Progress] = []
    rules = [rule(), rule("near", kind="NRT")]
    Simulation(rules, log(Events=QUIET), at("10:00"), at("11:00")).run(told.append)
    assert [each.done for each in told] == list(range(1, 64))
    assert {each.of for each in told} == {63}


def test_cost_is_told_for_every_rule() -> None:
    costs = cost_by_rule(history([rule("busy"), rule("quiet", "Others")], records("10:30")))
    assert list(costs) == ["busy", "quiet"]
    assert costs["busy"] > 0


def test_a_phase_moves_the_runs_of_one_rule() -> None:
    moved = replace(rule("moved"), phase=timedelta(minutes=7))
    past = history([rule(), moved], QUIET, end="11:00")
    assert [(run.rule, clock(run.nominal)) for run in past.runs] == [
        ("rule", "10:00"),
        ("moved", "10:07"),
        ("rule", "11:00"),
    ]


def test_runs_say_what_they_saw() -> None:
    past = history(rule(query="Events | where Id == 1"), records("10:10", "10:20", "11:10"))
    assert [(run.seen, run.rows) for run in past.runs] == [(0, 0), (2, 1), (1, 0), (0, 0), (0, 0)]
    assert past.runs_of("rule") == past.runs
    assert past.rule("rule").name == "rule"
    with pytest.raises(KeyError):
        past.rule("another")
