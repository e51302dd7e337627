"""How rows become alerts: threshold, event grouping, the caps of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from alert_builders import NRT, PER_RESULT, alerts, mapping

from tocsin.sentinel.behaviour import Behaviour

TYPES = {"A": "string", "TimeGenerated": "datetime"}
ENRICHED: dict[str, Any] = {
    "entityMappings": [mapping("IP", Address="A")],
    "customDetails": {"Who": "A"},
    "alertDetailsOverride": {"alertDescriptionFormat": "See {{A}}"},
}


def rows(count: int) -> list[tuple[str, int]]:
    return [(str(i % 40), i) for i in range(count)]


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_single_alert_raises_one_alert_for_all_rows_of_a_run(count: int) -> None:
    (one,) = alerts(rows(count), TYPES)
    assert (len(one.rows), one.summary) == (count, True)


def test_single_alert_is_the_default() -> None:
    assert alerts(rows(9), TYPES) == alerts(
        rows(9), TYPES, eventGroupingSettings={"aggregationKind": "SingleAlert"}
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "most"), [({}, 150), (NRT, 30)])
def test_an_alert_for_each_row_up_to_150_or_30_for_near_real_time(kind: dict[str, Any], most: int) -> None:
    found = alerts(rows(most), TYPES, **PER_RESULT, **kind)
    assert [one.rows for one in found] == [(i,) for i in range(most)]
    assert not any(one.summary for one in found)


@pytest.mark.parametrize(("kind", "most"), [({}, 150), (NRT, 30)])
@pytest.mark.parametrize("beyond", [1, 500])
def test_the_last_alert_of_a_full_run_equals_the_single_alert(kind: dict[str, Any], most: int, beyond: int) -> None:
    found = alerts(rows(most + beyond), TYPES, **PER_RESULT, **kind, **ENRICHED)
    (single,) = alerts(rows(most + beyond), TYPES, **kind, **ENRICHED)
    assert len(found) == most
    assert [one.rows for one in found[:-1]] == [(i,) for i in range(most - 1)]
    assert found[-1] == single
    assert replace(found[0], rows=()) != replace(single, rows=())


@pytest.mark.parametrize(("before", "count"), [(True, 0), (False, 3)])
def test_whether_the_threshold_holds_for_the_whole_result_of_an_alert_per_result_is_a_setting(
    before: bool, count: int
) -> None:
    behaviour = Behaviour(threshold_before_grouping=before)
    assert len(alerts(rows(3), TYPES, behaviour, triggerThreshold=5, **PER_RESULT)) == count
    assert len(alerts(rows(6), TYPES, behaviour, triggerThreshold=5, **PER_RESULT)) == 6
    assert alerts(rows(3), TYPES, behaviour, triggerThreshold=5) == ()


def test_a_rule_with_an_alert_per_result_that_fires_on_nothing_raises_one_alert() -> None:
    (one,) = alerts([], TYPES, triggerOperator="eq", **PER_RESULT)
    assert (one.rows, one.summary) == ((), True)
