"""KQL024."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    column_of,
    comparisons,
    literal_text,
    rewriting,
)


class QueryContains(QueryCheck):
    """A whole word is looked for with ``contains``.

    Why: ``contains`` reads every character of every value; ``has`` looks the word up in the index. On large tables
    that is the difference between seconds and a rule that times out
    (https://learn.microsoft.com/kusto/query/best-practices).

    Fails::

        query: DeviceProcessEvents | where ProcessCommandLine contains "mimikatz"

    Right::

        query: DeviceProcessEvents | where ProcessCommandLine has "mimikatz"

    Fine to ignore: when the text stands inside longer words, too, and must be found there.
    """

    code, slug, level = "KQL024", "query.contains", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for comparison in comparisons(query):
            negated = "!" if comparison.operator.startswith("!") else ""
            if comparison.operator.lstrip("!") not in ("contains", "contains_cs"):
                continue
            text = literal_text(comparison.items[0])
            # Only a column has an index: what is computed is read as it is.
            if text is not None and column_of(query, comparison.left) is not None and _WORD.fullmatch(text):
                message = f"{comparison.operator} reads every character to find a whole word"
                better = "has_cs" if comparison.operator.endswith("_cs") else "has"
                help = f"write {negated}{better}, if it is a word of its own"
                fix = rewriting(query, comparison.start, comparison.end, negated + better, safe=False)
                yield self.within(query, comparison.start, comparison.end, message, help, fix=fix)


_WORD = re.compile(r"[^\W_]{4,}")
