"""What changes when the workspace is onboarded to the Defender portal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from alert_builders import MINUTE, NOW, PER_RESULT, alerts, raised

from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.incidents import CORRELATION, ChangeKind, Closing, IncidentBook
from tocsin.sentinel.security_incident import security_incident_rows

DEFENDER = Behaviour(portal="defender")
TEXT = {"A": "string"}
HOUR = 60 * MINUTE


def grouped(**fields: Any) -> dict[str, Any]:
    grouping = {"enabled": True, "matchingMethod": "AnyAlert", "lookbackDuration": "5h", **fields}
    return {"incidentConfiguration": {"createIncident": True, "groupingConfiguration": grouping}, **PER_RESULT}


def overriding(name: str) -> dict[str, Any]:
    return {"alertDetailsOverride": {"alertDynamicProperties": [{"alertProperty": name, "value": "A"}]}}


def test_defender_creates_the_incidents_and_is_named_as_provider() -> None:
    (change,) = IncidentBook(DEFENDER).take(raised([("x",)], TEXT))
    assert change.incident.provider == "Microsoft XDR"
    rows = security_incident_rows([change], behaviour=DEFENDER)
    assert rows.column("ProviderName") == ["Microsoft XDR"]


def test_a_rule_that_creates_no_incidents_makes_none_in_defender_either() -> None:
    assert IncidentBook(DEFENDER).take(raised([("x",)], TEXT, incidentConfiguration={"createIncident": False})) == ()


def test_titles_are_chosen_by_defender_and_correlation_may_merge_says_the_prediction() -> None:
    (change,) = IncidentBook(DEFENDER).take(raised([("x",)], TEXT))
    assert change.incident.notes == (CORRELATION,)


def test_grouping_acts_only_when_the_incident_is_created() -> None:
    book = IncidentBook(DEFENDER)
    book.take(raised([("x",), ("y",)], TEXT, **grouped()))
    book.take(raised([("x",)], TEXT, run=NOW + HOUR, **grouped()))
    assert [len(one.alerts) for one in book.incidents] == [2, 1]
    book = IncidentBook(Behaviour(portal="defender", defender_grouping="window"))
    book.take(raised([("x",), ("y",)], TEXT, **grouped()))
    book.take(raised([("x",)], TEXT, run=NOW + HOUR, **grouped()))
    assert [len(one.alerts) for one in book.incidents] == [3]


def test_closed_incidents_are_not_reopened() -> None:
    book = IncidentBook(Behaviour(portal="defender", defender_grouping="window"))
    book.take(raised([("x",)], TEXT, **grouped(reopenClosedIncident=True)))
    book.close(1, Closing(NOW + HOUR))
    changes = book.take(raised([("x",)], TEXT, run=NOW + 2 * HOUR, **grouped(reopenClosedIncident=True)))
    assert [change.kind for change in changes] == [ChangeKind.CREATED]


@pytest.mark.parametrize("delay", [timedelta(minutes=5), timedelta(0)])
def test_incidents_reach_sentinel_up_to_five_minutes_later(delay: timedelta) -> None:
    behaviour = Behaviour(portal="defender", defender_delay=delay)
    changes = IncidentBook(behaviour).take(raised([("x",)], TEXT))
    rows = security_incident_rows(changes, behaviour=behaviour)
    assert rows.column("CreatedTime") == [NOW + 5 * MINUTE]
    assert rows.column("TimeGenerated") == [NOW + 5 * MINUTE + delay // timedelta(microseconds=1) * 10]


@pytest.mark.parametrize("name", ["ProductComponentName", "ProviderName"])
def test_product_component_name_and_provider_name_cannot_be_customised(name: str) -> None:
    (alone,) = alerts([("x",)], TEXT, **overriding(name))
    assert (alone.properties, alone.notes) == (((name, "x"),), ())
    (onboarded,) = alerts([("x",)], TEXT, DEFENDER, **overriding(name))
    assert onboarded.properties == ()
    assert onboarded.notes == (f"{name}: cannot be customised in a workspace that is onboarded to Defender",)


def test_a_customised_product_name_makes_defender_drop_the_alert() -> None:
    made = raised([("x",)], TEXT, behaviour=DEFENDER, **overriding("ProductName"))
    assert made[0].alert.notes == (
        "ProductName: Defender drops alerts of Microsoft sources whose ProductName is customised",
    )
    assert IncidentBook(DEFENDER).take(made) == ()
    other_sources = Behaviour(portal="defender", defender_drops_product_name=False)
    assert len(IncidentBook(other_sources).take(made)) == 1
    assert len(IncidentBook().take(made)) == 1
