"""KQL032."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.content.finding import Finding, Level
from tocsin.kql import lineage, plan
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    conjuncts,
    nodes,
)


class QueryLateFilter(QueryCheck):
    """A filter stands behind an expensive step and could stand before it.

    Why: summarize, join and mv-expand work on every row that reaches them. A condition on columns that were there
    before saves that work (https://learn.microsoft.com/kusto/query/best-practices).

    Fails::

        query: SigninLogs | summarize n = count() by AppDisplayName, UserId | where AppDisplayName == "Azure CLI"

    Right::

        query: SigninLogs | where AppDisplayName == "Azure CLI" | summarize n = count() by AppDisplayName, UserId

    Fine to ignore: when the step before is cheap, or the query reads better so.
    """

    code, slug, level = "KQL032", "query.late-filter", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for pipe in nodes(query, tree.Pipe):
            expensive: tree.Operator | None = None
            for operator in pipe.operators:
                if isinstance(operator, tree.Where):
                    if expensive is not None:
                        yield from self._of(query, operator, expensive)
                else:
                    expensive = operator if isinstance(operator, _EXPENSIVE) else None

    def _of(self, query: QueryContext, where: tree.Where, expensive: tree.Operator) -> Iterator[Finding]:
        after = query.analysis.steps.get(expensive, (None, None))[1]
        if after is None:
            return
        given = lineage.inputs_of(after)[:1]
        for condition in conjuncts(where.predicate):
            value = query.analysis.values.get(condition)
            columns = lineage.references(value) if value is not None else []
            if columns and all(_was_there(after, column, given) for column in columns):
                message = f"this could stand before the {expensive.keyword}"
                help = f"move the condition in front of the {expensive.keyword}"
                yield self.at(query, condition, message, help)


_EXPENSIVE = (tree.Summarize, tree.Join, tree.MvExpand)


def _was_there(after: plan.Relation, column: plan.Column, given: Sequence[plan.Relation]) -> bool:
    return any(source in given for source, _ in lineage.shown_as(after, column))
