"""KQL021."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.context import QueryContext
from tocsin.lint.contradictions import certainties
from tocsin.lint.query_check import (
    QueryCheck,
)


class QueryConstantCondition(QueryCheck):
    """A condition is true for every row, or for none.

    Why: it does not do what it was written for. A filter that no row passes makes a rule that never alerts, one that
    every row passes makes one that filters nothing.

    Fails::

        query: SigninLogs | where ResultType != "0" or ResultType != "50125"

    Right::

        query: SigninLogs | where ResultType !in ("0", "50125")

    Fine to ignore: when the condition is a switch that is turned by hand.
    """

    code, slug, level = "KQL021", "query.constant-condition", Level.WARNING

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for one in certainties(query):
            message = f"this is always {'true' if one.always else 'false'}: {one.reason}"
            yield self.at(query, one.node, message, one.help)
