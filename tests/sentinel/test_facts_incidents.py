"""Creation, grouping, reopening and the size of incidents, in Sentinel on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from alert_builders import MINUTE, NOW, PER_RESULT, RULE_ID, mapping, raised

from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.incidents import ChangeKind, Closing, IncidentBook
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.security_alert import RaisedAlert
from tocsin.sentinel.security_incident import IncidentRecorder, security_incident_rows

TYPES = {"A": "string", "U": "string"}
HOUR = 60 * MINUTE
MAPPINGS = [mapping("IP", Address="A"), mapping("Account", FullName="U")]


def grouped(method: str = "AllEntities", **fields: Any) -> dict[str, Any]:
    grouping = {"enabled": True, "matchingMethod": method, "lookbackDuration": "5h", **fields}
    return {
        "entityMappings": MAPPINGS,
        "incidentConfiguration": {"createIncident": True, "groupingConfiguration": grouping},
        **PER_RESULT,
    }


def run(rows: Sequence[tuple[str, str]], at: int = 0, **changes: Any) -> tuple[RaisedAlert, ...]:
    """The alerts of a run that is ``at`` ticks after the first."""
    return raised(rows, TYPES, run=NOW + at, **changes)


def sizes(book: IncidentBook) -> list[int]:
    return [len(incident.alerts) for incident in book.incidents]


def kinds(book: IncidentBook, alerts: Sequence[RaisedAlert]) -> list[ChangeKind]:
    return [change.kind for change in book.take(alerts)]


def close(book: IncidentBook, at: int, **fields: Any) -> None:
    book.close(1, Closing(NOW + 5 * MINUTE + at, **fields))


def test_by_default_every_alert_becomes_an_incident() -> None:
    book = IncidentBook()
    changes = book.take(run([("a", "x"), ("a", "x")], entityMappings=MAPPINGS, **PER_RESULT))
    assert [change.kind for change in changes] == [ChangeKind.CREATED] * 2
    assert sizes(book) == [1, 1]


def test_grouping_that_is_not_enabled_leaves_one_incident_for_each_alert() -> None:
    book = IncidentBook()
    book.take(run([("a", "x"), ("a", "x")], **grouped(enabled=False)))
    assert sizes(book) == [1, 1]


def test_a_rule_that_creates_no_incidents_has_alerts_only() -> None:
    book = IncidentBook()
    assert book.take(run([("a", "x")], incidentConfiguration={"createIncident": False})) == ()
    assert book.incidents == ()


def test_without_incident_configuration_creation_is_a_setting() -> None:
    book = IncidentBook(Behaviour(incident_without_configuration=False))
    assert book.take(run([("a", "x")])) == ()


def test_the_incident_is_created_once_all_alerts_of_the_run_exist_and_gets_them_at_once() -> None:
    (change,) = IncidentBook().take(run([("a", "x")] * 3, **grouped("AnyAlert")))
    assert (change.kind, len(change.added), len(change.incident.alerts)) == (ChangeKind.CREATED, 3, 3)
    assert change.time == NOW + 5 * MINUTE


def test_all_entities_groups_alerts_whose_mapped_entities_are_all_equal() -> None:
    book = IncidentBook()
    book.take(run([("a", "x"), ("a", "y"), ("a", "x"), ("b", "x")], **grouped()))
    assert sizes(book) == [2, 1, 1]


def test_any_alert_groups_all_alerts_of_the_rule() -> None:
    book = IncidentBook()
    book.take(run([("a", "x"), ("b", "y")], **grouped("AnyAlert")))
    book.take(run([("c", "")], HOUR, **grouped("AnyAlert")))
    assert sizes(book) == [3]


def test_alerts_of_different_rules_are_never_grouped() -> None:
    book = IncidentBook()
    book.take(run([("a", "x")], **grouped("AnyAlert")))
    book.take(run([("a", "x")], **grouped("AnyAlert"), id=RULE_ID.replace("1", "2")))
    assert sizes(book) == [1, 1]


@pytest.mark.parametrize(("selection", "expected"), [
    ({"groupByEntities": ["IP"]}, [3, 1]),
    ({"groupByEntities": ["IP", "Account"]}, [2, 1, 1]),
    ({"groupByAlertDetails": ["DisplayName"]}, [2, 2]),
    ({"groupByAlertDetails": ["Severity"]}, [4]),
    ({"groupByCustomDetails": ["Who"]}, [3, 1]),
    ({"groupByEntities": ["IP"], "groupByCustomDetails": ["Who"], "groupByAlertDetails": ["DisplayName"]}, [2, 1, 1]),
])  # fmt: skip
def test_selected_groups_by_the_chosen_entities_alert_details_and_custom_details(
    selection: dict[str, list[str]], expected: list[int]
) -> None:
    book = IncidentBook()
    rows = [("a", "x", "t"), ("a", "y", "u"), ("a", "x", "t"), ("b", "x", "u")]
    changes = {"customDetails": {"Who": "U"}, "alertDetailsOverride": {"alertDisplayNameFormat": "{{T}}"}}
    book.take(raised(rows, {**TYPES, "T": "string"}, **grouped("Selected", **selection), **changes))
    assert sizes(book) == expected


def test_alerts_up_to_the_lookback_after_the_first_alert_join_then_a_new_incident_is_made() -> None:
    book = IncidentBook()
    book.take(run([("a", "x")], **grouped()))
    assert kinds(book, run([("a", "x")], 3 * HOUR, **grouped())) == [ChangeKind.ALERTS_ADDED]
    assert kinds(book, run([("a", "x")], 5 * HOUR, **grouped())) == [ChangeKind.ALERTS_ADDED]
    assert kinds(book, run([("a", "x")], 5 * HOUR + 1, **grouped())) == [ChangeKind.CREATED]
    assert kinds(book, run([("a", "x")], 10 * HOUR, **grouped())) == [ChangeKind.ALERTS_ADDED]
    assert sizes(book) == [3, 2]


def test_a_matching_alert_reopens_the_closed_incident_when_the_rule_says_so() -> None:
    book = IncidentBook()
    book.take(run([("a", "x")], **grouped(reopenClosedIncident=True)))
    close(book, HOUR, classification="FalsePositive", reason="InaccurateData", comment="a test")
    assert (book.incidents[0].status, book.incidents[0].classification) == ("Closed", "FalsePositive")
    assert kinds(book, run([("a", "x")], 2 * HOUR, **grouped(reopenClosedIncident=True))) == [ChangeKind.REOPENED]
    (incident,) = book.incidents
    assert (incident.status, incident.closed, incident.classification, len(incident.alerts)) == ("New", None, "", 2)


def test_a_closed_incident_stays_closed_and_a_new_one_is_made_when_the_rule_does_not_reopen() -> None:
    book = IncidentBook()
    book.take(run([("a", "x")], **grouped()))
    close(book, HOUR)
    assert kinds(book, run([("a", "x")], 2 * HOUR, **grouped())) == [ChangeKind.CREATED]
    assert kinds(book, run([("a", "x")], 3 * HOUR, **grouped())) == [ChangeKind.ALERTS_ADDED]
    assert [(one.status, len(one.alerts)) for one in book.incidents] == [("Closed", 1), ("New", 2)]


def test_a_closed_incident_is_not_reopened_after_its_time_frame() -> None:
    book = IncidentBook()
    book.take(run([("a", "x")], **grouped(reopenClosedIncident=True)))
    close(book, HOUR)
    assert kinds(book, run([("a", "x")], 6 * HOUR, **grouped(reopenClosedIncident=True))) == [ChangeKind.CREATED]


def test_an_incident_holds_150_alerts_and_the_rest_goes_to_a_further_one_with_the_same_details() -> None:
    book = IncidentBook()
    title = {"alertDetailsOverride": {"alertDisplayNameFormat": "From {{A}}"}}
    book.take(run([("a", "x")] * 150, **grouped("AnyAlert"), **title))
    changes = book.take(run([("b", "x")] * 2, HOUR, **grouped("AnyAlert"), **title))
    assert [(change.kind, change.incident.overflow_of) for change in changes] == [(ChangeKind.CREATED, 1)]
    assert [(one.title, len(one.alerts)) for one in book.incidents] == [("From a", 150), ("From a", 2)]


def test_one_run_can_fill_an_incident_and_begin_the_next() -> None:
    book = IncidentBook()
    book.take(run([("a", "x")] * 100, **grouped("AnyAlert")))
    changes = book.take(run([("a", "x")] * 100, HOUR, **grouped("AnyAlert")))
    assert [(change.kind, len(change.added)) for change in changes] == [
        (ChangeKind.ALERTS_ADDED, 50), (ChangeKind.CREATED, 50),
    ]  # fmt: skip


@pytest.mark.parametrize(("window", "expected"), [("own", [150, 2]), ("original", [150, 1, 1])])
def test_the_time_frame_of_an_overflow_is_a_setting(window: Any, expected: list[int]) -> None:
    book = IncidentBook(Behaviour(overflow_window=window))
    book.take(run([("a", "x")] * 150, **grouped("AnyAlert")))
    book.take(run([("a", "x")], 4 * HOUR, **grouped("AnyAlert")))
    book.take(run([("a", "x")], 6 * HOUR, **grouped("AnyAlert")))
    assert sizes(book) == expected


@pytest.mark.parametrize(("setting", "expected"), [("apart", [1, 1, 1]), ("together", [2, 1])])
def test_whether_alerts_without_entities_are_equal_is_a_setting(setting: Any, expected: list[int]) -> None:
    book = IncidentBook(Behaviour(alerts_without_entities=setting))
    book.take(run([("", ""), ("", ""), ("a", "")], **grouped()))
    assert sizes(book) == expected


def test_incidents_inherit_title_description_severity_and_tactics_of_the_alert() -> None:
    override = {
        "alertDisplayNameFormat": "From {{A}}", "alertDescriptionFormat": "By {{U}}", "alertSeverityColumnName": "S",
    }  # fmt: skip
    rows = [("a", "x", "Low"), ("a", "x", "High")]
    alerts = raised(rows, {**TYPES, "S": "string"}, alertDetailsOverride=override, **grouped(), tactics=["Impact"])
    (first,) = (change.incident for change in IncidentBook().take(alerts))
    assert (first.title, first.description, first.severity, first.tactics) == ("From a", "By x", "Low", ("Impact",))
    (highest,) = (change.incident for change in IncidentBook(Behaviour(incident_severity="highest")).take(alerts))
    assert highest.severity == "High"


def test_scripted_closings_happen_in_their_time_before_the_alerts_of_that_moment() -> None:
    at = NOW + 5 * MINUTE + HOUR
    book = IncidentBook(closings=[Closing(at, rule="folder/rule"), Closing(at, title="another title")])
    book.take(run([("a", "x")], **grouped()))
    assert kinds(book, run([("a", "x")], HOUR, **grouped())) == [ChangeKind.CLOSED, ChangeKind.CREATED]
    assert book.advance(at + HOUR) == ()


def test_a_closing_leaves_incidents_alone_that_do_not_fit_or_are_closed() -> None:
    at = NOW + 5 * MINUTE
    closings = [
        Closing(at + 1, number=1), Closing(at + 2, number=1, rule="folder/rule"), Closing(at + 3, rule="another"),
        Closing(at + 4, number=2, title="no such title"),
    ]  # fmt: skip
    book = IncidentBook(closings=closings)
    book.take(run([("a", "x"), ("b", "x")], entityMappings=MAPPINGS, **PER_RESULT))
    assert [(one.time, one.incident.number) for one in book.advance(at + HOUR)] == [(at + 1, 1)]
    assert [one.status for one in book.incidents] == ["Closed", "New"]


def test_time_does_not_run_backwards() -> None:
    book = IncidentBook()
    book.take(run([("a", "x")], HOUR))
    with pytest.raises(ValueError, match="in the order of time"):
        book.take(run([("a", "x")]))
    mixed = run([("a", "x"), ("b", "x")], 2 * HOUR, **PER_RESULT)
    with pytest.raises(ValueError, match="published at one time"):
        book.take((mixed[0], replace(mixed[1], published=0)))


def test_closing_twice_changes_nothing_and_an_unknown_number_is_refused() -> None:
    book = IncidentBook()
    book.take(run([("a", "x")]))
    close(book, HOUR)
    assert book.close(1, Closing(NOW + 3 * HOUR)) == ()
    with pytest.raises(KeyError):
        book.close(2, Closing(NOW + 3 * HOUR))


def rows_of(changes: Sequence[Any], **settings: Any) -> list[dict[str, Any]]:
    table = security_incident_rows(changes, behaviour=Behaviour(**settings))
    assert table.columns == packaged_tables("sentinel")["SecurityIncident"]
    return [dict(zip([column.name for column in table.columns], row, strict=True)) for row in table.rows()]


def test_security_incident_has_a_row_for_each_change() -> None:
    book = IncidentBook()
    changes = [*book.take(run([("a", "x")], **grouped(reopenClosedIncident=True)))]
    changes += book.take(run([("a", "x")], HOUR, **grouped(reopenClosedIncident=True)))
    changes += book.close(1, Closing(NOW + 2 * HOUR, classification="TruePositive", reason="SuspiciousActivity"))
    changes += book.take(run([("a", "x")], 3 * HOUR, **grouped(reopenClosedIncident=True)))
    rows = rows_of(changes)
    assert [(row["IncidentNumber"], row["Status"], row["AdditionalData"]["alertsCount"]) for row in rows] == [
        (1, "New", 1), (1, "New", 2), (1, "Closed", 2), (1, "New", 3),
    ]  # fmt: skip
    assert [row["LastModifiedTime"] for row in rows] == sorted(row["TimeGenerated"] for row in rows)
    assert len({row["CreatedTime"] for row in rows}) == len({row["IncidentName"] for row in rows}) == 1
    assert [row["FirstModifiedTime"] for row in rows] == [None, *[NOW + HOUR + 5 * MINUTE] * 3]
    assert (rows[2]["ClosedTime"], rows[2]["Classification"]) == (NOW + 2 * HOUR, "TruePositive")


def test_an_incident_row_points_to_its_rule_and_alerts() -> None:
    alerts = raised(
        [(NOW - 5, "a"), (NOW - 9, "b")], {"TimeGenerated": "datetime", "A": "string"}, **grouped("AnyAlert")
    )
    (row,) = rows_of(IncidentBook().take(alerts))
    assert (row["Title"], row["Severity"], row["Status"]) == ("The rule", "Medium", "New")
    assert row["AlertIds"] == [one.system_alert_id for one in alerts]
    assert row["RelatedAnalyticRuleIds"] == [RULE_ID]
    assert (row["FirstActivityTime"], row["LastActivityTime"]) == (NOW - 9, NOW - 5)
    assert (row["ProviderName"], row["ProviderIncidentId"]) == ("Azure Sentinel", "1")
    assert row["IncidentUrl"].endswith(row["IncidentName"])


def test_a_recorder_gives_the_rows_of_each_run_and_keeps_the_changes() -> None:
    at = NOW + 5 * MINUTE + HOUR
    recorder = IncidentRecorder(closings=[Closing(at)])
    first = recorder.take(run([("a", "x"), ("b", "y")], entityMappings=MAPPINGS, **PER_RESULT))
    assert (first.row_count, recorder.take(()).row_count, recorder.advance(at).row_count) == (2, 0, 2)
    assert [change.kind.value for change in recorder.changes] == ["created", "created", "closed", "closed"]
    assert {one.status for one in recorder.incidents} == {"Closed"}
