"""KQL002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin import kql
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.diagnostics import as_finding


class QueryWarnings(Check):
    """The query is valid, but the KQL language service warns that it may not do what is meant.

    Why: a comparison of different types, or a name that hides another, binds without error and matches nothing.

    Fails::

        query: SigninLogs | where tostring(ResultType) == 50126

    Right::

        query: SigninLogs | where ResultType == "50126"

    Fine to ignore: when the warning was read and the query means exactly that.
    """

    code, slug, level = "KQL002", "query.warning", Level.WARNING
    forwards = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        for query in context.queries:
            for diagnostic in query.analysis.diagnostics:
                if diagnostic.severity is kql.Severity.WARNING:
                    yield as_finding(query, diagnostic, self.slug, self.level)
