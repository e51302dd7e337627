"""KQL019."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import lineage
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    column_of,
    nodes,
    step_before,
)
from tocsin.sentinel.retired import COLUMNS


class QueryRetiredColumn(QueryCheck):
    """A query reads a column that Microsoft has replaced.

    Why: new records may leave it empty, so that a filter on it finds old ones only.

    Fails::

        query: AzureActivity | where OperationName == "Delete resource lock"

    Right::

        query: AzureActivity | where OperationNameValue =~ "Microsoft.Authorization/locks/delete"

    Fine to ignore: when your data still fill the column, with a day on which the waiver ends.
    """

    code, slug, level = "KQL019", "query.retired-column", Level.WARNING

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        told: set[tuple[str, str]] = set()
        names = {column for _, column in COLUMNS}
        for reference in nodes(query, tree.NameReference):
            column = column_of(query, reference) if reference.name.text in names else None
            before = step_before(query, reference.start) if column is not None else None
            if column is None or before is None:
                continue
            for place in sorted(lineage.scanned(before, column) & COLUMNS.keys() - told):
                told.add(place)
                entry = COLUMNS[place]
                message = f"{'.'.join(place)} is replaced: {entry.reason}"
                yield self.at(query, reference, message, f"use {entry.successor}")
