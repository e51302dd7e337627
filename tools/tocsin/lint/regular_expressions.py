"""The regular expressions of a query that are known before it runs."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import comparisons, nodes, texts_of

_PLACES = {
    "extract": 0,
    "extract_all": 0,
    "replace": 0,
    "replace_regex": 1,
    "countof": 1,
    "indexof_regex": 1,
    "trim": 0,
    "trim_start": 0,
    "trim_end": 0,
}
"""Functions that take a regular expression, and which of their arguments it is."""


def patterns(query: QueryContext) -> Iterator[tuple[tree.Expression, str]]:
    """Each pattern with the expression that gives it."""
    for comparison in comparisons(query):
        if comparison.operator == "matches regex":
            yield from _texts(query, comparison.items[0])
    for call in nodes(query, tree.FunctionCall):
        at = _PLACES.get(call.name.text)
        if at is None or at >= len(call.arguments):
            continue
        if call.name.text == "countof" and texts_of(query, call.arguments[-1]) != ("regex",):
            continue
        yield from _texts(query, call.arguments[at])


def _texts(query: QueryContext, node: tree.Expression) -> Iterator[tuple[tree.Expression, str]]:
    for text in texts_of(query, node):
        yield node, text
