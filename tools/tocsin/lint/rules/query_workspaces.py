"""KQL015."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.query_check import (
    nodes,
)
from tocsin.sentinel import limits


class QueryWorkspaces(DetectionCheck):
    """A rule reads more than 20 workspaces.

    Why: the service refuses it (https://learn.microsoft.com/azure/sentinel/sentinel-service-limits).

    Fails::

        query: union workspace("w01").SigninLogs, workspace("w02").SigninLogs, ...   # 21 of them

    Right::

        query: union workspace("w01").SigninLogs, workspace("w02").SigninLogs

    Fine to ignore: never; the rule cannot be saved. Deploy it into the workspaces instead.
    """

    code, slug, level = "KQL015", "query.workspaces", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        query = detection.query
        named: dict[str, tree.FunctionCall] = {}
        for call in nodes(query, tree.FunctionCall):
            if call.name.text == "workspace" and call.arguments:
                named.setdefault(query.text[call.arguments[0].start : call.arguments[0].end].strip("'\""), call)
        if len(named) > limits.WORKSPACES:
            extra = list(named.values())[limits.WORKSPACES]
            message = f"the query reads {len(named)} other workspaces, the service takes {limits.WORKSPACES}"
            help = "deploy the rule into the workspaces, or split it"
            length = extra.end - extra.start
            yield self.finding_in_text(query.document, query.path, extra.start, length, message, help)
