"""KQL030."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import plan
from tocsin.kql.types import DYNAMIC, STRING
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    comparisons,
    type_of,
    value_of,
)


class QueryDynamicNotEqual(QueryCheck):
    """A dynamic value is compared with a text by ``!=``.

    Why: the value may be an array, a number, or not there at all; none of these equals the text, so the condition is
    true. What was meant to leave one value out lets everything strange in.

    Fails::

        query: AuditLogs | where TargetResources[0].type != "User"

    Right::

        query: AuditLogs | where tostring(TargetResources[0].type) !in ("User", "")

    Fine to ignore: when records without the property are meant, too.
    """

    code, slug, level = "KQL030", "query.dynamic-not-equal", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for comparison in comparisons(query):
            if comparison.operator != "!=" or not isinstance(value_of(query, comparison.items[0]), plan.Constant):
                continue
            if type_of(query, comparison.left) is DYNAMIC and type_of(query, comparison.items[0]) is STRING:
                message = "!= on a dynamic value is true for arrays, numbers and what is not there"
                help = "write tostring(…) !in (…), with the empty text if missing ones are not meant"
                yield self.within(query, comparison.start, comparison.end, message, help)
