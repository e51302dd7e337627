"""KQL023."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import lineage, plan
from tocsin.kql.types import STRING
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    Comparison,
    QueryCheck,
    column_of,
    comparisons,
    rewriting,
    step_before,
    texts_of,
    value_of,
)
from tocsin.sentinel.column_facts import ignores_case


class QueryCaseSensitive(QueryCheck):
    """A mail address, user or host name is compared so that case counts.

    Why: these names have no case, the logs write them as they come: ``Admin@contoso.com`` in one record,
    ``admin@contoso.com`` in the next. The comparison finds one and misses the other.

    Fails::

        query: SigninLogs | where UserPrincipalName == "admin@contoso.com"

    Right::

        query: SigninLogs | where UserPrincipalName =~ "admin@contoso.com"

    Fine to ignore: when the log certainly writes the name in one case.
    """

    code, slug, level = "KQL023", "query.case-sensitive", Level.WARNING

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for comparison in comparisons(query):
            better = _BETTER.get(comparison.operator)
            column = column_of(query, comparison.left) if better is not None else None
            if better is None or column is None or column.type is not STRING:
                continue
            texts = [text for item in comparison.items for text in texts_of(query, item)]
            listed = _is_watchlist(query, comparison) and ignores_case(column.name, "anybody@contoso.com")
            if (listed or any(ignores_case(column.name, text) for text in texts)) and not _is_folded(
                query, comparison, column
            ):
                message = (
                    f"{comparison.operator} on {column.name} counts the case of letters, which the log does not keep"
                )
                fix = rewriting(query, comparison.start, comparison.end, better, safe=False)
                yield self.within(query, comparison.start, comparison.end, message, f"write {better}", fix=fix)


_BETTER = {
    "==": "=~",
    "!=": "!~",
    "in": "in~",
    "!in": "!in~",
    "has_cs": "has",
    "!has_cs": "!has",
    "contains_cs": "contains",
    "!contains_cs": "!contains",
    "startswith_cs": "startswith",
    "!startswith_cs": "!startswith",
    "endswith_cs": "endswith",
    "!endswith_cs": "!endswith",
}


def _is_watchlist(query: QueryContext, comparison: Comparison) -> bool:
    """Whether the values come from a watchlist as people typed them."""
    test = value_of(query, comparison.node)
    answers = test.query if isinstance(test, plan.ListTest) else None
    if answers is None or not answers.columns:
        return False
    pending = [(answers, answers.columns[0])]
    while pending:
        relation, column = pending.pop()
        if isinstance(relation, plan.Watchlist):
            return True
        pending += lineage.shown_as(relation, column)
    return False


def _is_folded(query: QueryContext, comparison: Comparison, column: plan.Column) -> bool:
    """Whether the query itself has put the column into one case: extend x = tolower(x)."""
    relation = step_before(query, comparison.node.start)
    while relation is not None:
        if isinstance(relation, plan.Projection):
            for one, value in zip(relation.columns, relation.expressions, strict=False):
                if one is column and not isinstance(value, plan.ColumnRef):
                    return isinstance(value, plan.Call) and value.function.name in ("tolower", "toupper")
        passed = lineage.shown_as(relation, column)
        relation, column = passed[0] if passed else (None, column)
    return False
