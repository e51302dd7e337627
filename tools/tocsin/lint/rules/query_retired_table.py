"""KQL018."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    nodes,
)
from tocsin.sentinel.retired import TABLES


class QueryRetiredTable(QueryCheck):
    """A query reads a table that Microsoft has retired or is about to.

    Why: nothing is written to it any more, or will not be for long: the rule goes on running and never alerts.

    Fails::

        query: ThreatIntelligenceIndicator | where NetworkIP == "203.0.113.7"

    Right::

        query: ThreatIntelIndicators | where ObservableValue == "203.0.113.7"

    Fine to ignore: until the successor is in your workspace, with a day on which the waiver ends.
    """

    code, slug, level = "KQL018", "query.retired-table", Level.WARNING

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        declared = {statement.name.text for statement in nodes(query, tree.LetStatement)}
        told = set()
        for reference in nodes(query, tree.NameReference):
            name = reference.name.text
            entry = TABLES.get(name)
            if entry is None or name in told or name in declared or reference in query.analysis.values:
                continue
            told.add(name)
            help = f"use {entry.successor}"
            yield self.at(query, reference, f"the table {name} is retired: {entry.reason}", help)
