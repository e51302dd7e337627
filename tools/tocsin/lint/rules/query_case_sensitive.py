"""KQL023."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import lineage, plan
from tocsin.kql.syntax import tree
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

    The same holds for the keys of a join between tables of two products, or a table and a watchlist.

    Fine to ignore: when the logs certainly write the name in one case.
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
        for key, left, right in _keys_of_two_sources(query):
            message = f"the join compares {left} and {right} so that case counts, and the two do not write it alike"
            yield self.at(query, key, message, "compute tolower(…) of both before the join, and join on these")


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


def _keys_of_two_sources(query: QueryContext) -> Iterator[tuple[tree.Expression, str, str]]:
    """The keys of joins that are names without case and come from two sources as these wrote them; with each, both
    columns."""
    joins = {node.start: node for node in query.nodes if isinstance(node, tree.Join | tree.Lookup)}
    for relation in query.relations:
        node = joins.get(relation.start)
        if not isinstance(relation, plan.JoinRows) or relation.origin is not None or node is None:
            continue
        if len(node.on) == len(relation.keys):
            for key, (left, right) in zip(node.on, relation.keys, strict=True):
                one, other = _source(relation.left, left), _source(relation.right, right)
                if one is not None and other is not None and one[0] != other[0]:
                    yield key, one[1], other[1]


def _source(relation: plan.Relation, key: plan.Expr) -> tuple[str, str] | None:
    """Who writes the values of a key, and the column in words; None where it is computed, or case is no matter."""
    if not isinstance(key, plan.ColumnRef):
        return None
    if _is_from_watchlist(relation, key.column):
        return "", f"{key.column.name} of a watchlist"
    read = sorted(lineage.scanned(relation, key.column))
    writers = {_writer(table) for table, _ in read}
    if len(writers) != 1 or not all(ignores_case(column, "anybody@contoso.com") for _, column in read):
        return None
    table, column = read[0]
    return writers.pop(), f"{column} of {table}"


_WRITER = re.compile(r"[A-Z]+[a-z]*")


def _writer(table: str) -> str:
    """The product that writes a table, as far as the name tells: tables of one product write a name alike."""
    word = _WRITER.match(table)
    return "Entra" if table.startswith(("AAD", "Signin")) else word.group() if word else table


def _is_watchlist(query: QueryContext, comparison: Comparison) -> bool:
    """Whether the values come from a watchlist as people typed them."""
    test = value_of(query, comparison.node)
    answers = test.query if isinstance(test, plan.ListTest) else None
    return answers is not None and bool(answers.columns) and _is_from_watchlist(answers, answers.columns[0])


def _is_from_watchlist(relation: plan.Relation, column: plan.Column) -> bool:
    """Whether a column shows a watchlist's as it is."""
    pending = [(relation, column)]
    while pending:
        each, shown = pending.pop()
        if isinstance(each, plan.Watchlist):
            return True
        pending += lineage.shown_as(each, shown)
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
