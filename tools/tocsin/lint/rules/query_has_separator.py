"""KQL029."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    comparisons,
    literal_text,
)


class QueryHasSeparator(QueryCheck):
    """``has`` looks for a text that is no word: it holds blanks, brackets or other separators, or begins or ends so.

    Why: ``has`` finds whole words, by their ends. Where the text ends in a separator there is no word to end, so it
    matches inside longer names: ``has "@contoso."`` finds ``x@contoso.evil.example``; and the index is of less use
    (https://learn.microsoft.com/kusto/query/datatypes-string-operators). Names with dots, hyphens and underscores
    between letters (``cmd.exe``) are fine.

    Fails::

        query: EmailEvents | where SenderFromAddress has "@contoso."

    Right::

        query: EmailEvents | where SenderFromAddress endswith "@contoso.com"

    Fine to ignore: when a place in a longer text is meant. Then contains says so.
    """

    code, slug, level = "KQL029", "query.has-separator", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        told: set[str] = set()
        for comparison in comparisons(query):
            if comparison.operator.lstrip("!") not in _HAS:
                continue
            for item in comparison.items:
                text = literal_text(item)
                if text and text not in told and not _WORD.fullmatch(text):
                    told.add(text)
                    message = f"{comparison.operator} finds whole words, and this is none"
                    help = "name the words alone (has_all), or write contains, startswith or endswith"
                    yield self.at(query, item, message, help)
                    break


_HAS = frozenset({"has", "has_cs", "has_any", "has_all"})
_WORD = re.compile(r"[^\W_]+(?:[._-]+[^\W_]+)*")
