"""KQL006."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
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
        for table in query.analysis.tables:
            found = re.search(rf"\b{re.escape(table)}\b", query.text)
            if found and not is_streamed_to_workspaces(table, query.catalog):
                message = f"{table} is a table of Defender that is not streamed into workspaces"
                help = "use a table of the workspace, or deploy the query as a custom detection"
                yield self.finding_in_text(query.document, query.path, found.start(), len(table), message, help)
