"""ENT002."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.content.editing import set_value
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel.entities import entity_types


class EntityIdentifier(DetectionCheck):
    """An entity mapping names an identifier that the entity type does not have, or one twice.

    Why: the service refuses the rule. Identifiers count with their case
    (https://learn.microsoft.com/azure/sentinel/entities-reference).

    Fails::

        entityMappings:
          - entityType: IP
            fieldMappings: [{identifier: IPAddress, columnName: SenderIP}]

    Right::

        entityMappings:
          - entityType: IP
            fieldMappings: [{identifier: Address, columnName: SenderIP}]

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "ENT002", "entity.identifier", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        for i, mapping in enumerate(detection.model.entity_mappings):
            known = entity_types()[mapping.entity_type].identifiers
            seen = set()
            for j, field in enumerate(mapping.field_mappings):
                path = ("entityMappings", i, "fieldMappings", j, "identifier")
                name = field.identifier
                if name not in known:
                    near = _nearest(name, known)
                    message = f"{mapping.entity_type} has no identifier {name}"
                    help = f"did you mean {near}?" if near else f"use one of: {', '.join(known)}"
                    # Only the case is wrong: nothing else can have been meant.
                    same = near is not None and near.lower() == name.lower()
                    fix = set_value(detection.document, path, near) if near is not None and same else None
                    yield self.finding(detection.document, path, message, help, fix=fix)
                elif name in seen:
                    message = f"{mapping.entity_type}.{name} is mapped twice in one mapping"
                    yield self.finding(detection.document, path, message, "map the second in an entity of its own")
                seen.add(name)


def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    """The identifier meant: one spelt alike whatever its case, else one that is part of the name (``IPAddress``)."""
    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.75)
    parts = sorted((one for one in by_lower if one in name.lower()), key=len)
    found = near[0] if near else parts[-1] if parts else None
    return by_lower[found] if found is not None else None
