"""KQL002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin import kql
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import QueryCheck
from tocsin.lint.context import QueryContext
from tocsin.lint.diagnostics import as_finding


class QueryWarnings(QueryCheck):
    """The query is valid, but the KQL language service warns that it may not do what is meant.

    Findings carry the code of the KQL language service (``KS205``: a name in a fuzzy union that is not known).

    Why: what the service accepts with a warning may still match nothing: a fuzzy union reads a table that is not
    there as no rows.

    Fails::

        query: union isfuzzy=true SigninLogs, AADNonInteractiveUserSigninLogs   # SignIn, with a capital I

    Right::

        query: union isfuzzy=true SigninLogs, AADNonInteractiveUserSignInLogs

    Fine to ignore: when the warning was read and the query means exactly that.
    """

    code, slug, level = "KQL002", "query.warning", Level.WARNING
    forwards = True

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for diagnostic in query.analysis.diagnostics:
            if diagnostic.severity is kql.Severity.WARNING:
                yield as_finding(query, diagnostic, self.slug, self.level)
