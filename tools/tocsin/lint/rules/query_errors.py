"""KQL001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import QueryCheck
from tocsin.lint.context import QueryContext
from tocsin.lint.diagnostics import as_finding, errors


class QueryErrors(QueryCheck):
    """The query of a detection or parser is not valid KQL, or uses a name that does not exist.

    Findings carry the code of the KQL language service (``KS142``: an unknown name), at their line in the YAML file.

    Why: Sentinel binds the query when the rule is saved and refuses it; a rule that was valid once and is no more is
    disabled with "AUTO DISABLED" in its name.

    Fails::

        query: EmailEvents | where SenderFromAdress has "contoso"

    Right::

        query: EmailEvents | where SenderFromAddress has "contoso"

    Fine to ignore: when the name exists in your workspace but not here. Better describe a custom table in
    ``parsers/tables``, a function in ``parsers``. Tables and parsers that are like none known here are KQL036.
    """

    code, slug, level = "KQL001", "query.error", Level.ERROR
    forwards = True

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for diagnostic, certain in errors(query):
            if certain:
                yield as_finding(query, diagnostic, self.slug, self.level)
