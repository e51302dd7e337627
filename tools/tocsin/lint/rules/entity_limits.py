"""ENT005."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


class EntityLimits(DetectionCheck):
    """A rule has more entity mappings or identifiers than the service takes, a mapping without any, or a bad column.

    Why: the service refuses the rule: at most 10 mappings, each with 1 to 3 identifiers
    (https://learn.microsoft.com/azure/sentinel/map-data-fields-to-entities), and columns whose names are letters,
    digits and ``_`` and do not start with a digit (the rule template checks in https://github.com/Azure/Azure-Sentinel).

    Fails::

        entityMappings:
          - entityType: IP
            fieldMappings: []

    Right::

        entityMappings:
          - entityType: IP
            fieldMappings: [{identifier: Address, columnName: SenderIP}]

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "ENT005", "entity.limits", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        mappings = detection.model.entity_mappings
        if len(mappings) > limits.MAPPINGS:
            message = f"the rule has {len(mappings)} entity mappings, the service takes {limits.MAPPINGS}"
            path = ("entityMappings", limits.MAPPINGS)
            yield self.finding(detection.document, path, message, "keep the entities an analyst starts from")
        for i, mapping in enumerate(mappings):
            count = len(mapping.field_mappings)
            if not 1 <= count <= limits.IDENTIFIERS_PER_MAPPING:
                most = limits.IDENTIFIERS_PER_MAPPING
                message = f"{mapping.entity_type} is mapped by {count} identifiers, the service takes 1 to {most}"
                path_ = ("entityMappings", i, "fieldMappings")
                yield self.finding(detection.document, path_, message, "keep the ones that identify it best")
            for j, field in enumerate(mapping.field_mappings):
                if not limits.takes_column(field.column_name):
                    message = f'the service takes no column named "{field.column_name}" in a mapping'
                    help = "rename it in the query, to letters, digits and _"
                    at = ("entityMappings", i, "fieldMappings", j, "columnName")
                    yield self.finding(detection.document, at, message, help)
