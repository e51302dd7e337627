"""ENT007."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.columns import step_place
from tocsin.lint.context import DetectionContext
from tocsin.lint.empty_columns import emptiness
from tocsin.lint.mapped_columns import entity_columns


class EntityAlwaysEmpty(DetectionCheck):
    """An entity mapping takes an identifier from a column that is empty in every row.

    Why: the query sets the column to the empty text or a null, so no alert of the rule has the entity.

    Fails::

        query: EmailEvents | extend HostName = ""
        entityMappings:
          - entityType: Host
            fieldMappings: [{identifier: HostName, columnName: HostName}]

    Right::

        query: DeviceEvents | extend HostName = DeviceName

    Fine to ignore: never; delete the mapping, or fill the column.
    """

    code, slug, level = "ENT007", "entity.always-empty", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        relation = detection.query.analysis.relation
        known = {column.name: column for column in relation.columns} if relation is not None else {}
        for use in entity_columns(detection):
            column = known.get(use.column)
            if relation is None or column is None:
                continue
            for one in emptiness(relation, column):
                if one.leg is None and not one.branch:
                    place = step_place(detection.query, one.step)
                    message = f"{use.what} uses {use.column}, which {place} sets to nothing"
                    yield self.finding(detection.document, use.path, message, "fill the column, or delete the mapping")
                    break
