"""KQL007."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.support import DIFFERENCES, UNPUBLISHED
from tocsin.kql.syntax.tree import FunctionCall, MakeSeries, Operator
from tocsin.lint.check import QueryCheck
from tocsin.lint.context import QueryContext


class QueryUnpublishedMethod(QueryCheck):
    """The query uses a function, plugin or operator that Kusto computes in a way nobody published.

    Why: the local engine follows the reference as far as it goes; a case that passes here may come out otherwise in
    the service.

    Fails::

        query: >-
          SigninLogs | make-series n = count() on TimeGenerated step 1h
          | extend Odd = series_decompose_anomalies(n)

    Right::

        query: SigninLogs | summarize n = count() by bin(TimeGenerated, 1h) | where n > 100

    Fine to ignore: when the rule is also tried on real data in a workspace.
    """

    code, slug, level = "KQL007", "query.unpublished-method", Level.WARNING

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for node in query.nodes:
            name = node.name.text if isinstance(node, FunctionCall) else ""
            if isinstance(node, Operator):
                name = node.keyword
            if name in UNPUBLISHED or (isinstance(node, MakeSeries) and node.range_form):
                note = DIFFERENCES[name].partition(";")[0]
                message = f"{name} may give another result in the service (here: {note})"
                help = "try the rule on real data in a workspace, or use a function whose method is documented"
                yield self.finding_in_text(query.document, query.path, node.start, len(name), message, help)
