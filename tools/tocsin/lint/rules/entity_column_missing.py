"""ENT001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.columns import missing_columns
from tocsin.lint.context import DetectionContext
from tocsin.lint.mapped_columns import entity_columns


class EntityColumnMissing(DetectionCheck):
    """An entity mapping names a column that the query does not return.

    Why: Sentinel refuses the rule ("The given column ... does not exist"). Column names count with their case.

    Fails::

        query: SigninLogs | summarize n = count() by IPAddress
        entityMappings:
          - entityType: Account
            fieldMappings: [{identifier: FullName, columnName: UserPrincipalName}]

    Right::

        query: SigninLogs | summarize n = count() by IPAddress, UserPrincipalName

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "ENT001", "entity.column-missing", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        yield from missing_columns(self, detection, entity_columns(detection))
