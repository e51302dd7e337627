"""The closed lists and numbers that a rule is held to: what the service's pages and API definition say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest
from alert_builders import mapping, rule
from pydantic import ValidationError

from tocsin.content.detections import AlertProperty, EntityType, Severity, Tactic
from tocsin.sentinel import limits
from tocsin.sentinel.entities import entity_types
from tocsin.sentinel.schemas import packaged_tables


def grouping(**fields: Any) -> dict[str, Any]:
    return {"incidentConfiguration": {"createIncident": True, "groupingConfiguration": fields}}


WHOLE = {"enabled": True, "reopenClosedIncident": False, "lookbackDuration": "PT5H", "matchingMethod": "AllEntities"}


def test_formats_hold_256_and_5000_characters_and_three_parameters() -> None:
    assert (limits.NAME_FORMAT_CHARS, limits.DESCRIPTION_FORMAT_CHARS, limits.FORMAT_PARAMETERS) == (256, 5_000, 3)


def test_the_alert_properties_that_can_be_customised() -> None:
    assert set(get_args(AlertProperty)) == {
        "AlertLink", "ConfidenceLevel", "ConfidenceScore", "ExtendedLinks", "ProductName", "ProviderName",
        "ProductComponentName", "RemediationSteps", "Techniques", "SubTechniques",
    }  # fmt: skip
    assert set(limits.CONFIDENCE_LEVELS) == {"Low", "High", "Unknown"}
    assert get_args(Severity) == limits.SEVERITIES == ("High", "Medium", "Low", "Informational")
    assert len(get_args(Tactic)) == 17


def test_create_incident_is_required_inside_incident_configuration() -> None:
    with pytest.raises(ValidationError, match="createIncident"):
        rule(incidentConfiguration={})


@pytest.mark.parametrize("missing", ["enabled", "lookbackDuration", "matchingMethod"])
def test_grouping_configuration_needs_its_members(missing: str) -> None:
    rule(**grouping(**WHOLE))
    with pytest.raises(ValidationError, match=missing):
        rule(**grouping(**{name: value for name, value in WHOLE.items() if name != missing}))


@pytest.mark.parametrize("wrong", [
    {"matchingMethod": "None"}, {"groupByAlertDetails": ["Title"]}, {"groupByEntities": ["User"]},
])  # fmt: skip
def test_matching_method_and_what_it_groups_by_are_closed_lists(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**grouping(**WHOLE | wrong))


def test_the_grouping_time_frame_is_five_minutes_to_seven_days() -> None:
    assert timedelta(minutes=5) == limits.GROUPING_LOOKBACK_MIN
    assert timedelta(days=7) == limits.GROUPING_LOOKBACK_MAX


def test_the_eighteen_entity_types() -> None:
    assert set(get_args(EntityType)) == set(entity_types())
    assert len(entity_types()) == 18
    with pytest.raises(ValidationError):
        rule(entityMappings=[mapping("User", Name="A")])


def test_ten_mappings_of_three_identifiers() -> None:
    assert (limits.MAPPINGS, limits.IDENTIFIERS_PER_MAPPING) == (10, 3)


@pytest.mark.parametrize(("name", "fine"), [
    ("_A1", True), ("A" * 500, True), ("A" * 501, False), ("1A", False), ("A-B", False), ("", False), ("Ä", False),
])  # fmt: skip
def test_a_mapped_column_has_500_characters_and_a_plain_name(name: str, fine: bool) -> None:
    assert limits.takes_column(name) is fine


def test_limits_of_one_run_and_one_incident() -> None:
    assert (limits.ALERTS_PER_RUN, limits.ALERTS_PER_NRT_RUN, limits.ALERTS_PER_INCIDENT) == (150, 30, 150)
    assert (limits.ENTITIES_PER_ALERT, limits.ENTITIES_BYTES) == (500, 65_536)
    assert (limits.CUSTOM_DETAILS, limits.CUSTOM_DETAIL_VALUES, limits.CUSTOM_DETAILS_BYTES) == (20, 50, 2_048)
    assert (limits.PROPERTY_BYTES, limits.DESCRIPTION_BYTES, limits.OVERRIDE_VALUES) == (256, 5_120, 50)
    assert limits.ALERT_EVENT_BYTES == 10_240


def test_the_columns_of_security_incident() -> None:
    names = {column.name for column in packaged_tables("sentinel")["SecurityIncident"]}
    assert names >= {
        "TenantId", "TimeGenerated", "IncidentName", "Title", "Description", "Severity", "Status", "Classification",
        "ClassificationComment", "ClassificationReason", "Owner", "ProviderName", "ProviderIncidentId",
        "FirstActivityTime", "LastActivityTime", "FirstModifiedTime", "LastModifiedTime", "CreatedTime", "ClosedTime",
        "IncidentNumber", "RelatedAnalyticRuleIds", "AlertIds", "BookmarkIds", "Comments", "Tasks", "Labels",
        "IncidentUrl", "AdditionalData", "ModifiedBy", "SourceSystem", "Type",
    }  # fmt: skip


def test_the_columns_of_security_alert() -> None:
    names = {column.name for column in packaged_tables("sentinel")["SecurityAlert"]}
    assert names >= {
        "TenantId", "TimeGenerated", "DisplayName", "AlertName", "AlertSeverity", "Description", "ProviderName",
        "VendorName", "VendorOriginalId", "SystemAlertId", "ResourceId", "SourceComputerId", "AlertType",
        "ConfidenceLevel", "ConfidenceScore", "IsIncident", "StartTime", "EndTime", "ProcessingEndTime",
        "RemediationSteps", "ExtendedProperties", "Entities", "WorkspaceSubscriptionId", "WorkspaceResourceGroup",
        "ExtendedLinks", "ProductName", "ProductComponentName", "AlertLink", "Status", "CompromisedEntity", "Tactics",
        "Techniques", "SubTechniques", "Type",
    }  # fmt: skip
