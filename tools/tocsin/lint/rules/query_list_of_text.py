"""KQL022."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import plan
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    bare,
    comparisons,
    value_of,
)


class QueryListOfText(QueryCheck):
    """A value is looked up in one text that holds a list.

    Why: ``in ("a, b")`` compares with the whole text "a, b". The comma inside the quotes parts nothing, and two texts
    without a comma between them are one.

    Fails::

        query: SigninLogs | where ResultType in ("50126, 50053")

    Right::

        query: SigninLogs | where ResultType in ("50126", "50053")

    Fine to ignore: when the values themselves hold commas.
    """

    code, slug, level = "KQL022", "query.list-of-text", Level.WARNING

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for comparison in comparisons(query):
            if comparison.operator.lstrip("!") in _LISTS and isinstance(comparison.node, tree.ListTest):
                for item in comparison.items:
                    node = bare(item)
                    value = value_of(query, node)
                    text = value.value if isinstance(value, plan.Constant) else None
                    if not isinstance(text, str):
                        continue
                    if isinstance(node, tree.Literal) and _JOINED.search(query.text[node.start : node.end]):
                        message = "texts without a comma between them are one text"
                        yield self.at(query, item, message, "put a comma between them")
                    elif len(comparison.items) == 1 and _LIST.fullmatch(text):
                        message = f"{comparison.operator} compares with one text that holds a list"
                        yield self.at(
                            query, item, message, 'write each value in quotes: ("a", "b"), or dynamic(["a", "b"])'
                        )


_LISTS = frozenset({"in", "in~", "has_any", "has_all"})
_LIST = re.compile(r"\s*[^,;\s]+(?:\s*[,;]\s*[^,;\s]+)+\s*")
_JOINED = re.compile(r"""["'][ \t\r\n]+["']""")
