"""What Sentinel makes of a result: threshold, event grouping, overrides, entities, custom details."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tocsin.content.models import Detection
from tocsin.kql.literals import parse_datetime
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, ScalarType
from tocsin.sentinel.alerts import Alert, predict

NOW = parse_datetime("2025-07-15T10:00:00Z") or 0


def rule(**changes: Any) -> Detection:
    fields = {
        "id": "11111111-2222-4333-8444-555555555555",
        "name": "The rule",
        "description": "Its description",
        "severity": "Medium",
        "queryFrequency": "1h",
        "queryPeriod": "2h",
        "triggerOperator": "gt",
        "triggerThreshold": 0,
        "tactics": ["InitialAccess"],
        "relevantTechniques": ["T1566"],
        "query": "T",
    }
    return Detection.model_validate({**fields, **changes})


def table(rows: Sequence[Sequence[Any]], **types: str) -> Table:
    return Table.from_rows([ColumnSchema(name, ScalarType(type_)) for name, type_ in types.items()], rows)


def alerts(rows: Sequence[Sequence[Any]], types: dict[str, str], **changes: Any) -> tuple[Alert, ...]:
    return predict(rule(**changes), table(rows, **types), NOW)


PER_RESULT = {"eventGroupingSettings": {"aggregationKind": "AlertPerResult"}}


@pytest.mark.parametrize(
    ("operator", "threshold", "rows", "fires"),
    [
        ("gt", 0, 0, False),
        ("gt", 0, 1, True),
        ("gt", 5, 5, False),
        ("lt", 1, 0, True),
        ("lt", 1, 1, False),
        ("eq", 2, 2, True),
        ("eq", 2, 3, False),
        ("ne", 2, 2, False),
        ("ne", 2, 0, True),
    ],
)
def test_the_threshold_compares_the_number_of_rows(operator: str, threshold: int, rows: int, fires: bool) -> None:
    found = alerts([("x",)] * rows, {"A": "string"}, triggerOperator=operator, triggerThreshold=threshold)
    assert bool(found) is fires


def test_a_near_real_time_rule_needs_no_threshold() -> None:
    schedule = dict.fromkeys(("queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"))
    assert len(alerts([("x",)], {"A": "string"}, kind="NRT", **schedule)) == 1
    assert alerts([], {"A": "string"}, kind="NRT", **schedule) == ()


@pytest.mark.parametrize(("kind", "rows", "count", "last"), [
    ("Scheduled", 150, 150, 1), ("Scheduled", 151, 150, 151), ("NRT", 30, 30, 1), ("NRT", 40, 30, 40),
])  # fmt: skip
def test_alert_per_result_ends_in_a_summary(kind: str, rows: int, count: int, last: int) -> None:
    found = alerts([(i,) for i in range(rows)], {"A": "long"}, kind=kind, **PER_RESULT)
    assert len(found) == count
    assert [len(alert.rows) for alert in found[:-1]] == [1] * (count - 1)
    assert len(found[-1].rows) == last


def test_an_alert_without_rows_has_the_rules_texts_and_the_window() -> None:
    override = {"alertDisplayNameFormat": "From {{A}}"}
    (alert,) = alerts([], {"A": "string"}, triggerOperator="eq", alertDetailsOverride=override, **PER_RESULT)
    assert (alert.title, alert.severity, alert.rows) == ("The rule", "Medium", ())
    assert (NOW - alert.start, alert.end) == (2 * 3600 * 10**7, NOW)


def test_start_and_end_are_the_lowest_and_highest_time_of_the_rows() -> None:
    rows = [(NOW - 5,), (None,), (NOW - 9,)]
    (alert,) = alerts(rows, {"TimeGenerated": "datetime"})
    assert (alert.start, alert.end) == (NOW - 9, NOW - 5)


@pytest.mark.parametrize(
    ("type_", "value", "title"),
    [
        ("string", "hr@contoso.com", "From hr@contoso.com."),
        ("string", "", "The rule"),
        ("string", "x" * 250, "From " + "x" * 250 + "."),
        ("string", "x" * 251, "The rule"),
        ("string", "ü" * 126, "The rule"),
        ("long", 0, "From 0."),
        ("long", None, "The rule"),
        ("bool", False, "From false."),
        ("datetime", NOW, "From 2025-07-15T10:00:00Z."),
        ("datetime", NOW + 1_230_000, "From 2025-07-15T10:00:00.123Z."),
        ("timespan", 36_000_000_000, "From 01:00:00."),
        ("dynamic", ["a", 1], 'From ["a",1].'),
        ("dynamic", "a", "From a."),
    ],
)
def test_the_title_shows_the_column(type_: str, value: Any, title: str) -> None:
    override = {"alertDisplayNameFormat": "From {{A}}."}
    (alert,) = alerts([(value,)], {"A": type_}, alertDetailsOverride=override)
    assert alert.title == title


def test_more_than_fifty_titles_in_a_run_are_all_dropped() -> None:
    override = {"alertDisplayNameFormat": "{{A}}", "alertDescriptionFormat": "{{B}}"}
    rows = [(f"a{i}", f"b{i % 50}") for i in range(51)]
    found = alerts(rows, {"A": "string", "B": "string"}, alertDetailsOverride=override, **PER_RESULT)
    assert {alert.title for alert in found} == {"The rule"}
    assert found[1].description == "b1"
    assert "51 different values" in found[0].notes[0]


def test_differing_rows_of_one_alert_leave_a_note() -> None:
    override = {"alertDisplayNameFormat": "{{A}}"}
    (alert,) = alerts([("a",), ("b",)], {"A": "string"}, alertDetailsOverride=override)
    assert alert.title == "a"
    assert alert.notes[0].startswith("title: the rows differ")
    (alike,) = alerts([("a",), ("a",)], {"A": "string"}, alertDetailsOverride=override)
    assert alike.notes == ()


@pytest.mark.parametrize(
    ("value", "severity"), [("High", "High"), ("high", "Medium"), ("", "Medium"), ("P1", "Medium")]
)
def test_the_severity_column_counts_only_with_a_valid_value(value: str, severity: str) -> None:
    (alert,) = alerts([(value,)], {"S": "string"}, alertDetailsOverride={"alertSeverityColumnName": "S"})
    assert alert.severity == severity


@pytest.mark.parametrize(("type_", "value", "tactics"), [
    ("string", "Collection", ("Collection",)),
    ("string", "Collecting", ("InitialAccess",)),
    ("dynamic", ["Collection", "Impact"], ("Collection", "Impact")),
    ("dynamic", ["Collection", "x"], ("InitialAccess",)),
    ("dynamic", [], ("InitialAccess",)),
])  # fmt: skip
def test_the_tactics_column(type_: str, value: Any, tactics: tuple[str, ...]) -> None:
    (alert,) = alerts([(value,)], {"T": type_}, alertDetailsOverride={"alertTacticsColumnName": "T"})
    assert alert.tactics == tactics


def test_dynamic_properties_keep_to_their_kind() -> None:
    override = {"alertDynamicProperties": [
        {"alertProperty": "AlertLink", "value": "L"},
        {"alertProperty": "ConfidenceLevel", "value": "C"},
        {"alertProperty": "ConfidenceScore", "value": "N"},
        {"alertProperty": "Techniques", "value": "T"},
    ]}  # fmt: skip
    types = {"L": "string", "C": "string", "N": "real", "T": "string"}
    (good,) = alerts([("https://x", "High", 0.5, "T1114")], types, alertDetailsOverride=override)
    assert dict(good.properties) == {"AlertLink": "https://x", "ConfidenceLevel": "High", "ConfidenceScore": "0.5"}
    assert good.techniques == ("T1114",)
    (bad,) = alerts([("x" * 257, "Sure", 2.0, "T1114.003")], types, alertDetailsOverride=override)
    assert (bad.properties, bad.techniques) == ((), ("T1566",))


def mapping(type_: str, **fields: str) -> dict[str, Any]:
    return {"entityType": type_, "fieldMappings": [{"identifier": i, "columnName": c} for i, c in fields.items()]}


@pytest.mark.parametrize(("mapped", "values", "entities"), [
    (mapping("IP", Address="A"), ["203.0.113.7"], [{"Address": "203.0.113.7"}]),
    (mapping("IP", Address="A"), ["a", "", "a", "b"], [{"Address": "a"}, {"Address": "b"}]),
    (mapping("Account", FullName="A"), ["hr@contoso.com"],
     [{"FullName": "hr@contoso.com", "Name": "hr", "UPNSuffix": "contoso.com"}]),
    (mapping("Account", Name="A"), ["hr@contoso.com"], [{"Name": "hr", "UPNSuffix": "contoso.com"}]),
    (mapping("Account", Name="A"), ["CONTOSO\\hr"], [{"Name": "hr", "NTDomain": "CONTOSO"}]),
    (mapping("Account", Name="A"), ["system", "Root", "mia"], [{"Name": "mia"}]),
    (mapping("Account", Name="A", Sid="A"), ["SYSTEM"], [{"Name": "SYSTEM", "Sid": "SYSTEM"}]),
    (mapping("MailMessage", Subject="A"), ["x"], []),
])  # fmt: skip
def test_entities(mapped: dict[str, Any], values: list[str], entities: list[dict[str, str]]) -> None:
    (alert,) = alerts([(value,) for value in values], {"A": "string"}, entityMappings=[mapped])
    assert [entity.as_dict() for entity in alert.entities] == entities


def test_equal_entities_of_two_mappings_are_one() -> None:
    both = [mapping("IP", Address="A"), mapping("IP", Address="B")]
    (alert,) = alerts([("x", "y"), ("y", "x")], {"A": "string", "B": "string"}, entityMappings=both)
    assert [entity.as_dict()["Address"] for entity in alert.entities] == ["x", "y"]


def test_entities_share_the_limit_of_five_hundred() -> None:
    both = [mapping("IP", Address="A"), mapping("URL", Url="A")]
    (alert,) = alerts([(f"v{i}",) for i in range(400)], {"A": "string"}, entityMappings=both)
    assert [e.type for e in alert.entities].count("IP") == 250
    assert len(alert.entities) == 500
    assert alert.notes == tuple(f"{t}: entities beyond the mapping's share of 250 are dropped" for t in ("IP", "URL"))


def test_entities_stop_at_their_size() -> None:
    rows = [(f"{i:04}" + "x" * 996,) for i in range(100)]
    (alert,) = alerts(rows, {"A": "string"}, entityMappings=[mapping("URL", Url="A")])
    assert 60 <= len(alert.entities) < 66
    assert alert.notes == ("URL: entities beyond 65536 bytes are dropped",)


def test_custom_details_are_lists_of_different_values() -> None:
    rows = [("a", 1), ("", 2), ("a", 3)]
    (alert,) = alerts(rows, {"A": "string", "N": "long"}, customDetails={"Who": "A", "Count": "N"})
    assert alert.custom_details == (("Who", ("a",)), ("Count", ("1", "2", "3")))


def test_custom_details_keep_to_fifty_values_and_two_kilobytes() -> None:
    rows = [(f"{i:02}", "x" * 1000 + str(i)) for i in range(60)]
    (alert,) = alerts(rows, {"A": "string", "B": "string"}, customDetails={"Short": "A", "Long": "B"})
    short, long = (values for _, values in alert.custom_details)
    assert (len(short), len(long)) == (50, 1)
    assert alert.notes == (
        "custom detail Short: 10 of 60 values exceed the limits",
        "custom detail Long: 59 of 60 values exceed the limits",
    )
