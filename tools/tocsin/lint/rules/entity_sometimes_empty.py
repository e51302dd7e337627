"""ENT008."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.content.finding import Finding, Level
from tocsin.kql import lineage, plan
from tocsin.lint.check import DetectionCheck
from tocsin.lint.columns import step_place
from tocsin.lint.context import DetectionContext
from tocsin.lint.empty_columns import Empty, emptiness


class EntitySometimesEmpty(DetectionCheck):
    """An entity is empty for a whole class of rows: those of one table of a union, or of one branch of a condition.

    Why: the alerts that come from these rows lack the entity, and nobody sees it in a test of the others.

    Fails::

        query: |
          union (SigninLogs | project UserPrincipalName, IPAddress), (OfficeActivity | project IPAddress = ClientIP)
        entityMappings:
          - entityType: Account
            fieldMappings: [{identifier: FullName, columnName: UserPrincipalName}]

    Right::

        query: |
          union (SigninLogs | project UserPrincipalName, IPAddress),
                (OfficeActivity | project UserPrincipalName = UserId, IPAddress = ClientIP)

    Fine to ignore: when these rows have no such entity. Others of the rule then tell who and what.
    """

    code, slug, level = "ENT008", "entity.sometimes-empty", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        relation = detection.query.analysis.relation
        known = {column.name: column for column in relation.columns} if relation is not None else {}
        for i, mapping in enumerate(detection.model.entity_mappings):
            names = [field.column_name for field in mapping.field_mappings]
            if relation is None or not names or any(name not in known for name in names):
                continue
            ways = [_classes(emptiness(relation, known[name])) for name in names]
            # Only what empties every identifier of the mapping leaves rows without the entity.
            shared = sorted(set.intersection(*(set(way) for way in ways)), key=lambda each: each[0])
            if shared:
                where, *others = (_where(detection, ways[0][key]) for key in shared)
                message = f"{mapping.entity_type} is empty in the rows {where}"
                help = f"fill {' or '.join(names)} there, or accept that these alerts have no {mapping.entity_type}"
                notes = tuple(f"also in those {other}" for other in others)
                yield self.finding(detection.document, ("entityMappings", i), message, help, notes=notes)


def _classes(found: Sequence[Empty]) -> dict[tuple[int, int], Empty]:
    """The classes of rows, by the place in the text that makes them."""
    return {(one.step.start, id(one.leg)): one for one in found if one.leg is not None or one.branch}


def _where(detection: DetectionContext, one: Empty) -> str:
    if one.leg is not None:
        return f"that come from {_source(one.leg)} ({step_place(detection.query, one.leg)})"
    return f"that take one branch in {step_place(detection.query, one.step)}"


def _source(leg: plan.Relation) -> str:
    tables = [each.table for each in lineage.relations(leg) if isinstance(each, plan.Scan)]
    return tables[0] if tables else "one part of the union"
