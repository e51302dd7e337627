"""ENT006."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import lineage, plan
from tocsin.kql.types import BOOL, DATETIME, DYNAMIC, ScalarType
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.mapped_columns import entity_columns


class EntityColumnType(DetectionCheck):
    """An entity mapping takes an identifier from a column whose type is none for it.

    Why: a list or an object becomes its JSON as one text, a number with a fraction, a duration or a yes and no name
    nobody: the entity is there and cannot be looked up.

    Fails::

        query: SigninLogs | summarize IPs = make_set(IPAddress) by UserPrincipalName
        entityMappings:
          - entityType: IP
            fieldMappings: [{identifier: Address, columnName: IPs}]

    Right::

        query: SigninLogs | summarize n = count() by UserPrincipalName, IPAddress

    Fine to ignore: when each value of a dynamic column is a plain text. Better write tostring(…) in the query. A
    property of a dynamic value (``InitiatedBy.user.userPrincipalName``) is not reported: nobody knows what it holds.
    """

    code, slug, level = "ENT006", "entity.column-type", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        relation = detection.query.analysis.relation
        known = {column.name: column for column in relation.columns} if relation is not None else {}
        for use in entity_columns(detection):
            column = known.get(use.column)
            identifier = use.what.rpartition(".")[2]
            if relation is None or column is None or use.path[0] != "entityMappings" or _fits(column, identifier):
                continue
            # Of a property of a bag nothing is known, and most are texts. A table's dynamic column is a bag or list.
            if column.type is DYNAMIC and column.form is None and not lineage.scanned(relation, column):
                continue
            shown = column.form.shown() if column.form is not None else column.type.value
            message = f"{use.what} uses {use.column}, which is {shown}"
            help = _HELP.get(column.form.form if column.form else "", "map a column of text: tostring(…) in the query")
            yield self.finding(detection.document, use.path, message, help)


_HELP = {
    "array": "map one value: group by it, or mv-expand the list and take tostring(…)",
    "bag": "map one of its properties: tostring(…)",
}
_NAMES_NOBODY = frozenset(
    {ScalarType.BOOL, ScalarType.REAL, ScalarType.DECIMAL, ScalarType.DATETIME, ScalarType.TIMESPAN, DYNAMIC}
)


def _fits(column: plan.Column, identifier: str) -> bool:
    if column.type is BOOL:
        return identifier.startswith("Is")
    if column.type is DATETIME:
        return "Time" in identifier or "Date" in identifier
    if column.form is not None and column.form.form == "scalar":
        return True
    return column.type not in _NAMES_NOBODY
