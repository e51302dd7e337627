"""KQL006."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import plan
from tocsin.lint.check import QueryCheck
from tocsin.lint.context import QueryContext
from tocsin.sentinel.catalog import is_streamed_to_workspaces


class QueryDefenderTable(QueryCheck):
    """A query reads a table that Defender's advanced hunting has, but a Sentinel workspace has not.

    Why: analytics rules see what is in the workspace. Tables of Defender that the connector does not stream make the
    rule fail to save (https://learn.microsoft.com/azure/sentinel/compare-analytics-rules-custom-detections).

    Fails::

        query: DeviceTvmBrowserExtensions | where RiskLevel == "High"

    Right::

        query: DeviceTvmSoftwareVulnerabilities | where VulnerabilitySeverityLevel == "High"

    Fine to ignore: when the query is only deployed as a custom detection of Defender.
    """

    code, slug, level = "KQL006", "query.defender-table", Level.WARNING

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        told: set[str] = set()
        for each in query.relations:
            # What a parser reads is found in the parser's own text.
            if isinstance(each, plan.Scan) and each.origin is None and each.table not in told:
                told.add(each.table)
                if not is_streamed_to_workspaces(each.table, query.catalog):
                    message = f"{each.table} is a table of Defender that is not streamed into workspaces"
                    help = "use a table of the workspace, or deploy the query as a custom detection"
                    start, length = each.start, len(each.table)
                    yield self.finding_in_text(query.document, query.path, start, length, message, help)
