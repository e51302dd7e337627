"""ENT003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel.entities import entity_types


class EntityNotIdentified(DetectionCheck):
    """An entity mapping lacks the identifiers that its type needs at least.

    Why: the service refuses the rule ("Missing required identifiers in 'EntityMappings'").

    Fails::

        entityMappings:
          - entityType: FileHash
            fieldMappings: [{identifier: Value, columnName: SHA256}]

    Right::

        entityMappings:
          - entityType: FileHash
            fieldMappings:
              - {identifier: Algorithm, columnName: HashAlgorithm}
              - {identifier: Value, columnName: SHA256}

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "ENT003", "entity.not-identified", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        for i, mapping in enumerate(detection.model.entity_mappings):
            type_ = entity_types()[mapping.entity_type]
            names = [field.identifier for field in mapping.field_mappings]
            # Unknown identifiers are ENT002's to report; one mistake gives one finding.
            if all(name in type_.identifiers for name in names) and not type_.is_identified_by(names):
                needed = "; or ".join(" and ".join(sorted(group)) for group in type_.required)
                message = f"{type_.name} is mapped without what identifies it"
                yield self.finding(detection.document, ("entityMappings", i), message, f"map {needed}")
