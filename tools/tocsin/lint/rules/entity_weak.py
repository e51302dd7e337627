"""ENT004."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel.entities import EntityType, entity_types


class EntityWeak(DetectionCheck):
    """An entity is mapped only by identifiers that do not tell it apart from others of its type.

    Why: weak entities are not joined with the same entity of other alerts, so incidents correlate less and the
    entity page stays empty (https://learn.microsoft.com/azure/sentinel/entities#strong-and-weak-identifiers).

    Fails::

        entityMappings:
          - entityType: Host
            fieldMappings: [{identifier: HostName, columnName: Computer}]

    Right::

        entityMappings:
          - entityType: Host
            fieldMappings:
              - {identifier: HostName, columnName: HostName}
              - {identifier: DnsDomain, columnName: DnsDomain}

    Fine to ignore: when the log has no more than the weak identifier.
    """

    code, slug, level = "ENT004", "entity.weak", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        for i, mapping in enumerate(detection.model.entity_mappings):
            type_ = entity_types()[mapping.entity_type]
            names = {field.identifier for field in mapping.field_mappings}
            if type_.strong and type_.is_identified_by(names) and not self._is_strong(type_, names):
                better = "; or ".join(" and ".join(sorted(group)) for group in type_.strong)
                message = f"{type_.name} is mapped by {', '.join(sorted(names))} only, which is a weak identification"
                yield self.finding(detection.document, ("entityMappings", i), message, f"map {better}")

    @staticmethod
    def _is_strong(type_: EntityType, names: set[str]) -> bool:
        # A full name holds a name and its domain: the service takes it apart.
        return type_.is_strongly_identified_by(names) or "FullName" in names
