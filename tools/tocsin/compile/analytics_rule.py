"""A detection as the body of an alert rule.

Names and operators of the community schema become those of the API; what the community schema leaves out gets the
portal's default, because the API requires it. Source: AlertRules API 2025-09-01 and 2025-10-01-preview.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tocsin.compile.triage import description_with_triage
from tocsin.content.durations import iso8601
from tocsin.content.models import AlertDetailsOverride, Detection, EntityMapping, GroupingConfiguration

DEFAULT_SUPPRESSION = timedelta(hours=5)
"""The portal's default; the API requires a duration even while suppression is off."""

YAML_FIELDS = {"displayName": "name", "techniques": "relevantTechniques", "subTechniques": "relevantTechniques"}
"""API property: field of the YAML file, where the two differ."""


def analytics_rule_body(rule: Detection) -> dict[str, Any]:
    """PUT body of a rule: ``kind`` and ``properties``. Optional properties that are not used are left out."""
    properties: dict[str, Any] = {
        "displayName": rule.name,
        "description": description_with_triage(rule.description, rule.extension.triage)[0],
        "enabled": rule.enabled,
        "severity": rule.severity,
        "query": rule.query.rstrip(),
        "suppressionEnabled": rule.suppression_enabled,
        "suppressionDuration": iso8601(rule.suppression_duration or DEFAULT_SUPPRESSION),
        "tactics": list(dict.fromkeys(rule.tactics)),
        "techniques": list(dict.fromkeys(technique.partition(".")[0] for technique in rule.relevant_techniques)),
        "subTechniques": list(dict.fromkeys(name for name in rule.relevant_techniques if "." in name)),
        "entityMappings": [_entity_mapping(mapping) for mapping in rule.entity_mappings],
        "sentinelEntitiesMappings": [{"columnName": item.column_name} for item in rule.sentinel_entities_mappings],
        "customDetails": dict(rule.custom_details),
        "alertDetailsOverride": _alert_details(rule.alert_details_override),
        "eventGroupingSettings": (
            {"aggregationKind": rule.event_grouping_settings.aggregation_kind} if rule.event_grouping_settings else {}
        ),
        "incidentConfiguration": _incident_configuration(rule),
        "alertRuleTemplateName": rule.alert_rule_template_name,
        # The service refuses a template version without the template.
        "templateVersion": rule.template_version if rule.alert_rule_template_name else None,
    }
    if rule.kind == "Scheduled":
        properties |= _schedule(rule)
    return {"kind": rule.kind, "properties": _used(properties)}


def _schedule(rule: Detection) -> dict[str, Any]:
    return {
        "queryFrequency": iso8601(rule.query_frequency) if rule.query_frequency is not None else None,
        "queryPeriod": iso8601(rule.query_period) if rule.query_period is not None else None,
        "triggerOperator": rule.trigger_operator,
        "triggerThreshold": rule.trigger_threshold,
        "startTimeUtc": rule.start_time_utc,
    }


def _entity_mapping(mapping: EntityMapping) -> dict[str, Any]:
    fields = [{"identifier": field.identifier, "columnName": field.column_name} for field in mapping.field_mappings]
    return {"entityType": mapping.entity_type, "fieldMappings": fields}


def _alert_details(override: AlertDetailsOverride | None) -> dict[str, Any]:
    if override is None:
        return {}
    return _used(
        {
            "alertDisplayNameFormat": override.alert_display_name_format,
            "alertDescriptionFormat": override.alert_description_format,
            "alertSeverityColumnName": override.alert_severity_column_name,
            "alertTacticsColumnName": override.alert_tactics_column_name,
            "alertDynamicProperties": [
                {"alertProperty": item.alert_property, "value": item.value}
                for item in override.alert_dynamic_properties
            ],
        }
    )


def _incident_configuration(rule: Detection) -> dict[str, Any]:
    configuration = rule.incident_configuration
    if configuration is None:
        # What the API does without the object is not documented, so the portal's default is sent.
        return {"createIncident": True}
    grouping = configuration.grouping_configuration
    return _used({"createIncident": configuration.create_incident, "groupingConfiguration": _grouping(grouping)})


def _grouping(grouping: GroupingConfiguration | None) -> dict[str, Any]:
    if grouping is None:
        return {}
    return _used(
        {
            "enabled": grouping.enabled,
            "reopenClosedIncident": grouping.reopen_closed_incident,
            "lookbackDuration": iso8601(grouping.lookback_duration),
            "matchingMethod": grouping.matching_method,
            "groupByEntities": list(grouping.group_by_entities),
            "groupByAlertDetails": list(grouping.group_by_alert_details),
            "groupByCustomDetails": list(grouping.group_by_custom_details),
        }
    )


def _used(properties: dict[str, Any]) -> dict[str, Any]:
    """Without unset and empty ones: the service's checks refuse empty lists."""
    return {name: value for name, value in properties.items() if value is not None and value not in ("", [], {})}
