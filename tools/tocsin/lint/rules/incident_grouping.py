"""INC001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext

_GROUPING = ("incidentConfiguration", "groupingConfiguration")


class IncidentGrouping(DetectionCheck):
    """Incidents are grouped by an entity or custom detail that the rule does not map, or by nothing.

    Why: the service refuses a groupBy of what the rule does not map, and matchingMethod Selected without any groupBy.

    Fails::

        incidentConfiguration:
          createIncident: true
          groupingConfiguration:
            {enabled: true, lookbackDuration: 5h, matchingMethod: Selected, groupByEntities: [Host]}
        entityMappings: [{entityType: IP, fieldMappings: [{identifier: Address, columnName: SenderIP}]}]

    Right::

        incidentConfiguration:
          createIncident: true
          groupingConfiguration:
            {enabled: true, lookbackDuration: 5h, matchingMethod: Selected, groupByEntities: [IP]}

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "INC001", "incident.grouping", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        rule = detection.model
        grouping = rule.incident_configuration.grouping_configuration if rule.incident_configuration else None
        if grouping is None:
            return
        mapped = list(dict.fromkeys(mapping.entity_type for mapping in rule.entity_mappings))
        for field, noun, names, known in (
            ("groupByEntities", "entity", grouping.group_by_entities, mapped),
            ("groupByCustomDetails", "custom detail", grouping.group_by_custom_details, list(rule.custom_details)),
        ):
            for i, name in enumerate(names):
                if name not in known:
                    message = f"incidents are grouped by the {noun} {name}, which the rule does not map"
                    help = f"name one of: {', '.join(known)}" if known else f"map the {noun} {name}, or remove it here"
                    yield self.finding(detection.document, (*_GROUPING, field, i), message, help)
        chosen = (grouping.group_by_entities, grouping.group_by_alert_details, grouping.group_by_custom_details)
        if grouping.matching_method == "Selected" and not any(chosen):
            message = "matchingMethod is Selected, and nothing is selected"
            help = "add groupByEntities, groupByAlertDetails or groupByCustomDetails"
            yield self.finding(detection.document, (*_GROUPING, "matchingMethod"), message, help)
