"""CNT014."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext


class ContentMissingField(DetectionCheck):
    """A rule lacks a field that the service can do without and people cannot.

    These are version, entityMappings and requiredDataConnectors.

    Why: without a version nobody can tell which rule runs; without entities an incident has nothing to pivot on and
    is never grouped; without connectors nobody knows what has to be there for the rule to find anything.

    Fails::

        name: Direct Send from an unauthorised source

    Right::

        name: Direct Send from an unauthorised source
        version: 1.0.0
        requiredDataConnectors:
          - {connectorId: OfficeATP, dataTypes: [EmailEvents]}
        entityMappings:
          - entityType: IP
            fieldMappings: [{identifier: Address, columnName: SenderIP}]

    Fine to ignore: when the rule reads the workspace's own health, which no connector fills and no entity is part of.
    """

    code, slug, level = "CNT014", "rule.missing-field", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        model = detection.model
        lacking = [
            name
            for name, value in (
                ("version", model.version),
                ("requiredDataConnectors", model.required_data_connectors),
                ("entityMappings", model.entity_mappings or model.sentinel_entities_mappings),
            )
            if not value
        ]
        if lacking:
            message = f"the rule has no {' and no '.join(lacking)}"
            yield self.finding(detection.document, ("name",), message, f"add {' and '.join(lacking)}")
