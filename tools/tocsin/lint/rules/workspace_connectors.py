"""WSP007."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import DetectionContext, LintContext
from tocsin.sentinel.connectors import connectors_of_tables, table_of


class WorkspaceConnectors(Check):
    """The connectors and dataTypes of a rule are not those of the tables that its query reads, through parsers, too.

    Why: requiredDataConnectors says what has to be there for the rule to find anything. Whoever sets up the workspace
    connects what stands there and believes that the rule works.

    Fails::

        requiredDataConnectors: [{connectorId: AzureActivity, dataTypes: [AuditLogs]}]
        query: SigninLogs | where ResultType == "50126"

    Right::

        requiredDataConnectors: [{connectorId: AzureActiveDirectory, dataTypes: [SigninLogs]}]
        query: SigninLogs | where ResultType == "50126"

    Fine to ignore: when a table is read only if it is there. Which connector fills a table is checked only where
    nothing else can; a rule without requiredDataConnectors is CNT014's, a query with an error is not looked at.
    """

    code, slug, level = "WSP007", "workspace.connectors", Level.INFO

    def check(self, context: LintContext) -> Iterator[Finding]:
        for detection in context.detections:
            reads = detection.query.reads
            connectors = detection.model.required_data_connectors
            if reads.ok and reads.tables and any(one.data_types for one in connectors):
                yield from self._types(detection, reads.tables)
                yield from self._connectors(detection, reads.tables)

    def _types(self, detection: DetectionContext, read: tuple[str, ...]) -> Iterator[Finding]:
        connectors = detection.model.required_data_connectors
        named = {table_of(one) for connector in connectors for one in connector.data_types}
        for i, connector in enumerate(connectors):
            for j, type_ in enumerate(connector.data_types):
                table = table_of(type_)
                if table and table not in read and table not in detection.query.reads.functions:
                    near = get_close_matches(table, set(read) - named, n=1, cutoff=0.7)
                    message = f"the query does not read {table}"
                    help = f"did you mean {near[0]}?" if near else f"remove it; the query reads {_listed(read)}"
                    place = ("requiredDataConnectors", i, "dataTypes", j)
                    yield self.finding(detection.document, place, message, help)
        lacking = [one for one in read if one not in named and one != "Watchlist"]
        # A type may name a parser instead of what lies under it.
        if lacking and not named & set(detection.query.reads.functions):
            message = f"the query reads {_listed(lacking)}, which no dataTypes names"
            path = ("requiredDataConnectors",)
            yield self.finding(detection.document, path, message, "add it with the connector that fills it", key=True)

    def _connectors(self, detection: DetectionContext, read: tuple[str, ...]) -> Iterator[Finding]:
        known = connectors_of_tables()
        for i, connector in enumerate(detection.model.required_data_connectors):
            for type_ in connector.data_types:
                table = table_of(type_)
                fillers = known.get(table)
                if fillers is not None and table in read and connector.connector_id not in (None, *fillers):
                    message = f"the connector {connector.connector_id} does not fill {table}"
                    help = f"write {' or '.join(fillers)}"
                    path = ("requiredDataConnectors", i, "connectorId")
                    yield self.finding(detection.document, path, message, help)


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
