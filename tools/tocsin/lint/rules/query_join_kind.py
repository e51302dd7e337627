"""KQL028."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    nodes,
    rewriting,
)


class QueryJoinKind(QueryCheck):
    """A ``join`` does not say its kind.

    Why: without a kind it is innerunique: of the rows on the left that share a key, any one is kept and the others are
    gone. Who reads inner into it counts too little (https://learn.microsoft.com/kusto/query/join-operator).

    Fails::

        query: SigninLogs | join (AuditLogs) on CorrelationId

    Right::

        query: SigninLogs | join kind=inner (AuditLogs) on CorrelationId

    Fine to ignore: when the left side has each key once. Better write kind=innerunique.
    """

    code, slug, level = "KQL028", "query.join-kind", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for join in nodes(query, tree.Join):
            if join.hint("kind") is None:
                message = "a join without kind keeps any one row of the left side for each key (innerunique)"
                help = "write kind=inner, or kind=innerunique where one row is meant"
                fix = rewriting(query, join.keyword_end, join.keyword_end, " kind=innerunique", safe=True)
                yield self.within(query, join.start, join.keyword_end, message, help, fix=fix)
