"""The limits of alertDetailsOverride and custom details when a rule runs."""

from __future__ import annotations

from typing import Any

import pytest
from alert_builders import PER_RESULT, alerts

from tocsin.sentinel import limits
from tocsin.sentinel.behaviour import Behaviour

TEXT = {"A": "string"}
FORMATS = {"title": "alertDisplayNameFormat", "description": "alertDescriptionFormat"}
OWN = {"title": "The rule", "description": "Its description"}


def formatted(field: str, template: str) -> dict[str, Any]:
    return {"alertDetailsOverride": {FORMATS[field]: template}}


def dynamic(**columns: str) -> dict[str, Any]:
    properties = [{"alertProperty": name, "value": column} for name, column in columns.items()]
    return {"alertDetailsOverride": {"alertDynamicProperties": properties}}


@pytest.mark.parametrize("field", FORMATS)
def test_a_format_takes_three_parameters_at_most(field: str) -> None:
    (three,) = alerts([("x",)], TEXT, **formatted(field, "{{A}} {{ A }} {{A}}"))
    assert getattr(three, field) == "x x x"
    (four,) = alerts([("x",)], TEXT, **formatted(field, "{{A}} {{A}} {{A}} {{A}}"))
    assert getattr(four, field) == OWN[field]
    assert four.notes == (f"{field}: 4 parameters, the service takes 3: the rule's own stands",)


@pytest.mark.parametrize("field", FORMATS)
def test_an_empty_value_falls_back_to_the_rule_for_that_alert_only(field: str) -> None:
    found = alerts([("x",), ("",), ("y",)], TEXT, **formatted(field, "From {{A}}"), **PER_RESULT)
    assert [getattr(one, field) for one in found] == ["From x", OWN[field], "From y"]


@pytest.mark.parametrize("field", FORMATS)
def test_more_than_fifty_different_values_of_a_field_are_all_dropped(field: str) -> None:
    fifty = alerts([(str(i % 50),) for i in range(100)], TEXT, **formatted(field, "{{A}}"), **PER_RESULT)
    assert {getattr(one, field) for one in fifty} == {str(i) for i in range(50)}
    more = alerts([(str(i % 51),) for i in range(100)], TEXT, **formatted(field, "{{A}}"), **PER_RESULT)
    assert {getattr(one, field) for one in more} == {OWN[field]}


def test_the_fifty_values_are_counted_for_each_field_by_itself() -> None:
    rows = [(str(i), "High") for i in range(60)]
    override = {**formatted("title", "{{A}}")["alertDetailsOverride"], "alertSeverityColumnName": "S"}
    found = alerts(rows, {"A": "string", "S": "string"}, alertDetailsOverride=override, **PER_RESULT)
    assert {(one.title, one.severity) for one in found} == {("The rule", "High")}


@pytest.mark.parametrize(("field", "most"), [("title", 256), ("description", 5 * 1024)])
@pytest.mark.parametrize("letter", ["x", "ü", "🚨"])
def test_a_title_holds_256_bytes_and_a_description_5_kb(field: str, most: int, letter: str) -> None:
    size = len(letter.encode("utf-8"))
    (fits,) = alerts([(letter * (most // size),)], TEXT, **formatted(field, "{{A}}"))
    assert getattr(fits, field) == letter * (most // size)
    (larger,) = alerts([(letter * (most // size + 1),)], TEXT, **formatted(field, "{{A}}"))
    assert getattr(larger, field) == OWN[field]


@pytest.mark.parametrize(
    ("name", "most"), [("AlertLink", 256), ("RemediationSteps", 5 * 1024), ("ExtendedLinks", 5 * 1024)]
)
def test_dynamic_properties_hold_256_bytes_and_collections_5_kb(name: str, most: int) -> None:
    found = alerts([("x" * most,), ("x" * (most + 1),)], TEXT, **dynamic(**{name: "A"}), **PER_RESULT)
    assert [dict(one.properties) for one in found] == [{name: "x" * most}, {}]


@pytest.mark.parametrize("value", ["Critical", "HIGH", "", "4"])
def test_a_severity_outside_the_list_leaves_the_rules_own(value: str) -> None:
    (one,) = alerts([(value,)], TEXT, alertDetailsOverride={"alertSeverityColumnName": "A"})
    assert one.severity == "Medium"


@pytest.mark.parametrize("severity", limits.SEVERITIES)
def test_the_severity_column_takes_the_four_severities(severity: str) -> None:
    (one,) = alerts([(severity,)], TEXT, alertDetailsOverride={"alertSeverityColumnName": "A"})
    assert one.severity == severity


@pytest.mark.parametrize("value", ["Stealth", "initialaccess", ""])
def test_tactics_outside_the_list_leave_the_rules_own(value: str) -> None:
    (one,) = alerts([(value,)], TEXT, alertDetailsOverride={"alertTacticsColumnName": "A"})
    assert one.tactics == ("InitialAccess",)


@pytest.mark.parametrize(("name", "good", "bad"), [
    ("ConfidenceLevel", ["Low", "High", "Unknown"], ["Medium", ""]),
    ("ConfidenceScore", ["0", "1", "0.5"], ["-1", "1.5", "high", "nan", "inf"]),
    ("SubTechniques", ["T1566.001"], ["T1566", "x"]),
])  # fmt: skip
def test_dynamic_properties_take_only_values_of_their_kind(name: str, good: list[str], bad: list[str]) -> None:
    found = alerts([(value,) for value in good + bad], TEXT, **dynamic(**{name: "A"}), **PER_RESULT)
    assert [dict(one.properties).get(name) for one in found] == [*good, *[None] * len(bad)]


@pytest.mark.parametrize(("value", "techniques"), [("T1114", ("T1114",)), ("T1114.003", ("T1566",)), ("x", ("T1566",))])
def test_the_techniques_property_takes_parent_techniques_only(value: str, techniques: tuple[str, ...]) -> None:
    (one,) = alerts([(value,)], TEXT, **dynamic(Techniques="A"))
    assert one.techniques == techniques


def test_a_custom_detail_holds_fifty_values() -> None:
    (one,) = alerts([(str(i),) for i in range(60)], TEXT, customDetails={"Key": "A"})
    assert one.custom_details == (("Key", tuple(str(i) for i in range(50))),)
    assert one.notes == ("custom detail Key: 10 of 60 values exceed the limits",)


def test_twenty_custom_details_are_kept() -> None:
    (one,) = alerts([("x",)], TEXT, customDetails={f"Key{i:02}": "A" for i in range(21)})
    assert [key for key, _ in one.custom_details] == [f"Key{i:02}" for i in range(20)]
    assert one.notes == ("custom detail Key20: beyond 20 details",)


@pytest.mark.parametrize(("keys_count", "fits"), [(True, 2045), (False, 2048)])
def test_custom_details_hold_2_kb_in_all(keys_count: bool, fits: int) -> None:
    behaviour = Behaviour(custom_details_count_keys=keys_count)
    (kept,) = alerts([("x" * fits,)], TEXT, behaviour, customDetails={"Key": "A"})
    assert kept.custom_details == (("Key", ("x" * fits,)),)
    (dropped,) = alerts([("x" * (fits + 1),)], TEXT, behaviour, customDetails={"Key": "A"})
    assert dropped.custom_details == (("Key", ()),)


@pytest.mark.parametrize(("setting", "title"), [("first", "a"), ("rule", "The rule")])
def test_which_value_an_alert_of_differing_rows_takes_is_a_setting(setting: Any, title: str) -> None:
    (one,) = alerts([("a",), ("b",)], TEXT, Behaviour(differing_rows=setting), **formatted("title", "{{A}}"))
    assert one.title == title
    assert one.notes[0].startswith("title: the rows differ")
    (alike,) = alerts([("a",), ("a",)], TEXT, Behaviour(differing_rows=setting), **formatted("title", "{{A}}"))
    assert (alike.title, alike.notes) == ("a", ())
