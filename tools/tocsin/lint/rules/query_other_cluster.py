"""KQL014."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.query_check import (
    nodes,
)


class QueryOtherCluster(DetectionCheck):
    """A rule reads another cluster: ``adx()`` or ``cluster()``.

    Why: analytics rules have no queries across to Azure Data Explorer
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        query: adx("https://help.kusto.windows.net/Samples").StormEvents

    Right::

        query: StormEvents_CL

    Fine to ignore: never; the rule cannot be saved. Bring the data into the workspace, or into a watchlist.
    """

    code, slug, level = "KQL014", "query.other-cluster", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        query = detection.query
        for call in nodes(query, tree.FunctionCall):
            if call.name.text in ("adx", "cluster"):
                message = f"the service takes no {call.name.text}() in a rule"
                help = "bring the data into the workspace, or into a watchlist"
                length = call.end - call.start
                yield self.finding_in_text(query.document, query.path, call.start, length, message, help)
