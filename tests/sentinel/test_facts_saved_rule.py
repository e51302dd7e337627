"""What the service takes when a rule is saved: the linter holds each rule to it, at the limit and one beyond."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.content.repository import load_repository
from tocsin.content.settings import Settings
from tocsin.lint.context import LintContext
from tocsin.lint.registry import all_checks

RULE: dict[str, Any] = {
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "The rule",
    "severity": "Medium",
    "queryFrequency": "1h",
    "queryPeriod": "1h",
    "triggerOperator": "gt",
    "triggerThreshold": 0,
    "query": "EmailEvents | project SenderIP = SenderIPv4, Recipient = RecipientEmailAddress",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"

_LIMITS = {
    "ALT003", "DET002", "ENT002", "ENT003", "ENT005", "INC001", "KQL004", "KQL015",
    "SCH001", "SCH002", "SCH003", "SCH004", "SCH005", "TXT001",
}  # fmt: skip

Refused = Callable[..., set[str]]


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """The codes of what loading and the linter's checks of limits find in the rule with these fields; None: without."""

    def codes(**fields: Any) -> set[str]:
        path = tmp_path / "detections/family/rule.yaml"
        held = {name: value for name, value in {**RULE, **fields}.items() if value is not None}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(held), encoding="utf-8")
        repository = load_repository(tmp_path)
        context = LintContext(repository, Settings(), None)
        checks = [one for one in all_checks() if one.code in _LIMITS]
        found = [*repository.findings, *(each for check in checks for each in check.check(context))]
        return {one.code for one in found}

    return codes


def grouping(**fields: Any) -> dict[str, Any]:
    whole = {"enabled": True, "reopenClosedIncident": False, "lookbackDuration": "5h", "matchingMethod": "AllEntities"}
    return {"incidentConfiguration": {"createIncident": True, "groupingConfiguration": whole | fields}}


def mapped(count: int) -> list[dict[str, Any]]:
    return [{"entityType": "IP", "fieldMappings": [{"identifier": "Address", "columnName": "SenderIP"}]}] * count


def account(*identifiers: str) -> dict[str, Any]:
    fields = [{"identifier": name, "columnName": "Recipient"} for name in identifiers]
    return {"entityMappings": [{"entityType": "Account", "fieldMappings": fields}]}


def test_frequency_and_period_are_five_minutes_to_fourteen_days(refused: Refused) -> None:
    assert refused(queryFrequency="5m", queryPeriod="5m") == set()
    assert refused(queryFrequency="14d", queryPeriod="14d") == set()
    assert refused(queryFrequency="4m", queryPeriod="5m") == {"SCH001"}
    assert refused(queryFrequency="1h", queryPeriod="15d") == {"SCH001"}


def test_the_period_is_at_least_the_frequency(refused: Refused) -> None:
    assert refused(queryFrequency="2h", queryPeriod="2h") == set()
    assert refused(queryFrequency="2h", queryPeriod="1h") == {"SCH002"}


def test_a_period_of_two_days_needs_a_frequency_of_an_hour(refused: Refused) -> None:
    assert refused(queryFrequency="59m", queryPeriod="47h") == set()
    assert refused(queryFrequency="1h", queryPeriod="2d") == set()
    assert refused(queryFrequency="59m", queryPeriod="2d") == {"SCH002"}


def test_the_threshold_is_0_to_10000(refused: Refused) -> None:
    assert refused(triggerThreshold=10_000) == set()
    assert refused(triggerThreshold=10_001) == {"SCH003"}
    assert refused(triggerThreshold=-1)


def test_the_trigger_operator_is_one_of_four(refused: Refused) -> None:
    for operator in ("GreaterThan", "LessThan", "Equal", "NotEqual"):
        assert refused(triggerOperator=operator, triggerThreshold=1) == set()
    assert refused(triggerOperator="AtLeast")


def test_suppression_lasts_24_hours_at_most(refused: Refused) -> None:
    assert refused(suppressionEnabled=True, suppressionDuration="24h") == set()
    assert refused(suppressionEnabled=True, suppressionDuration="25h") == {"SCH001"}


def test_a_rule_has_a_severity_of_the_list(refused: Refused) -> None:
    for severity in ("High", "Medium", "Low", "Informational"):
        assert refused(severity=severity) == set()
    assert refused(severity="Critical")


def test_a_name_holds_256_characters_and_a_description_5000(refused: Refused) -> None:
    assert refused(name="x" * 256, description="y" * 5_000) == set()
    assert refused(name="x" * 257) == {"TXT001"}
    assert refused(description="y" * 5_001) == {"TXT001"}


def test_a_query_holds_10000_characters(refused: Refused) -> None:
    query = f"{RULE['query']} // "
    assert refused(query=query.ljust(10_000, "x")) == set()
    assert refused(query=query.ljust(10_001, "x")) == {"KQL004"}


def test_a_query_reads_twenty_workspaces(refused: Refused) -> None:
    def over(count: int) -> dict[str, str]:
        others = ", ".join(f"workspace('w{number}').EmailEvents" for number in range(count))
        return {"query": f"union {others} | project SenderIP = SenderIPv4, Recipient = RecipientEmailAddress"}

    assert refused(**over(20)) == set()
    assert refused(**over(21)) == {"KQL015"}


def test_ten_entity_mappings(refused: Refused) -> None:
    assert refused(entityMappings=mapped(10)) == set()
    assert refused(entityMappings=mapped(11)) == {"ENT005"}


def test_a_mapping_has_one_to_three_identifiers_none_twice(refused: Refused) -> None:
    assert refused(**account("Name", "UPNSuffix", "NTDomain")) == set()
    assert refused(**account("Name", "UPNSuffix", "NTDomain", "DisplayName")) == {"ENT005"}
    assert "ENT005" in refused(**account())
    assert refused(**account("Name", "Name")) == {"ENT002"}


@pytest.mark.parametrize("identifier", ["FullName", "Sid", "Name", "AadUserId", "PUID", "ObjectGuid"])
def test_an_account_is_told_by_one_of_six_identifiers(refused: Refused, identifier: str) -> None:
    assert refused(**account(identifier)) == set()


def test_a_mapping_without_a_required_set_of_identifiers_is_refused(refused: Refused) -> None:
    assert refused(**account("UPNSuffix")) == {"ENT003"}
    hash_ = {"entityType": "FileHash", "fieldMappings": [{"identifier": "Value", "columnName": "Recipient"}]}
    assert refused(entityMappings=[hash_]) == {"ENT003"}
    hash_["fieldMappings"] = [*hash_["fieldMappings"], {"identifier": "Algorithm", "columnName": "Recipient"}]
    assert refused(entityMappings=[hash_]) == set()


def test_an_identifier_that_the_type_does_not_have_is_refused(refused: Refused) -> None:
    assert refused(**account("Name", "Address")) == {"ENT002"}


def test_twenty_custom_details(refused: Refused) -> None:
    assert refused(customDetails=dict.fromkeys(LETTERS[:20], "SenderIP")) == set()
    assert refused(customDetails=dict.fromkeys(LETTERS[:21], "SenderIP")) == {"DET002"}


def test_a_custom_detail_has_a_name_of_20_plain_characters(refused: Refused) -> None:
    assert refused(customDetails={"A" * 20: "SenderIP", "a_1": "SenderIP"}) == set()
    for name in ("A" * 21, "1A", "A B", "_A"):
        assert refused(customDetails={name: "SenderIP"}) == {"DET002"}


@pytest.mark.parametrize("field", ["alertDisplayNameFormat", "alertDescriptionFormat"])
def test_a_format_with_four_parameters_is_refused(refused: Refused, field: str) -> None:
    shown = "{{SenderIP}} {{Recipient}} {{SenderIP}} "
    assert refused(alertDetailsOverride={field: shown}) == set()
    query = "EmailEvents | project A = Subject, B = Subject, C = Subject, D = Subject"
    assert refused(query=query, alertDetailsOverride={field: "{{A}} {{B}} {{C}}"}) == set()
    assert refused(query=query, alertDetailsOverride={field: "{{A}} {{B}} {{C}} {{D}}"}) == {"ALT003"}


@pytest.mark.parametrize(("field", "most"), [("alertDisplayNameFormat", 256), ("alertDescriptionFormat", 5_000)])
def test_a_format_that_is_empty_or_too_long_is_refused(refused: Refused, field: str, most: int) -> None:
    assert refused(alertDetailsOverride={field: "x" * most}) == set()
    assert refused(alertDetailsOverride={field: "x" * (most + 1)}) == {"ALT003"}
    assert refused(alertDetailsOverride={field: ""}) == {"ALT003"}


def test_incidents_are_grouped_for_five_minutes_to_seven_days(refused: Refused) -> None:
    assert refused(**grouping(lookbackDuration="5m")) == refused(**grouping(lookbackDuration="7d")) == set()
    assert refused(**grouping(lookbackDuration="4m")) == refused(**grouping(lookbackDuration="8d")) == {"SCH001"}


def test_selected_needs_something_to_group_by(refused: Refused) -> None:
    assert refused(**grouping(matchingMethod="Selected")) == {"INC001"}
    assert refused(**grouping(matchingMethod="Selected", groupByAlertDetails=["DisplayName"])) == set()
    assert refused(**grouping(matchingMethod="Selected", groupByAlertDetails=["Severity"])) == set()
    assert refused(**grouping(matchingMethod="Selected", groupByEntities=["IP"]), entityMappings=mapped(1)) == set()


def test_grouping_names_only_what_the_rule_maps(refused: Refused) -> None:
    entity, detail = grouping(groupByEntities=["IP"]), grouping(groupByCustomDetails=["From"])
    assert refused(**entity) == refused(**detail) == {"INC001"}
    assert refused(**entity, entityMappings=mapped(1)) == set()
    assert refused(**detail, customDetails={"From": "SenderIP"}) == set()


@pytest.mark.parametrize("field", ["queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"])
def test_an_nrt_rule_has_no_schedule_and_no_threshold(refused: Refused, field: str) -> None:
    none = dict.fromkeys(("queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"))
    assert refused(kind="NRT", **none) == set()
    assert refused(kind="NRT", **none | {field: RULE[field]}) == {"SCH004"}


@pytest.mark.parametrize("property_", [
    "AlertLink", "ConfidenceLevel", "ConfidenceScore", "ExtendedLinks", "ProductName", "ProviderName",
    "ProductComponentName", "RemediationSteps", "Techniques", "SubTechniques",
])  # fmt: skip
def test_a_dynamic_property_is_one_of_ten(refused: Refused, property_: str) -> None:
    of = [{"alertProperty": property_, "value": "Recipient"}]
    assert refused(alertDetailsOverride={"alertDynamicProperties": of}) == set()
    assert refused(alertDetailsOverride={"alertDynamicProperties": [{**of[0], "alertProperty": "Owner"}]})
