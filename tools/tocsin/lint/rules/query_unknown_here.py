"""KQL036."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import QueryCheck
from tocsin.lint.context import QueryContext
from tocsin.lint.diagnostics import as_finding, errors


class QueryUnknownHere(QueryCheck):
    """A query names a table, parser or column that is not known here, but may be in the workspace.

    Findings carry the code of the KQL language service (``KS204``: an unknown table).

    Why: custom tables and parsers of others are in no reference. If the workspace does not have it either, the service
    refuses the rule; and until it is described, nothing behind it can be checked.

    Fails::

        query: Okta_CL | where eventType_s == "user.session.start"

    Right::

        # parsers/tables/Okta_CL.yaml describes the table
        query: Okta_CL | where eventType_s == "user.session.start"

    Fine to ignore: when every workspace the rule goes to has it.
    """

    code, slug, level = "KQL036", "query.unknown-here", Level.WARNING
    forwards = True

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for diagnostic, certain in errors(query):
            if not certain:
                # A name that is only a little like this one is no advice.
                yield as_finding(query, replace(diagnostic, suggestion=None), self.slug, self.level)
