"""Whether a blank stands between two tokens of one line."""

from __future__ import annotations

from functools import lru_cache

from tocsin.kql.syntax import tree
from tocsin.kql.syntax.formatting.source import Source
from tocsin.kql.syntax.lexer import tokenize

_OPENERS = frozenset("([")
_CLOSERS = frozenset(")]")
_NEVER_BEFORE = frozenset({",", ";", ":", "."}) | _CLOSERS
_NEVER_AFTER = frozenset({"."}) | _OPENERS


def close_gaps(source: Source) -> list[bool]:
    """For each token whether it follows the one before without a blank."""
    texts = source.texts
    close = [True] * len(source)
    for index in range(1, len(source)):
        left, right = texts[index - 1], texts[index]
        close[index] = left in _NEVER_AFTER or right in _NEVER_BEFORE
    operators = set()
    for node in source.tree.root.walk():
        _close_inside(node, source, close)
        if isinstance(node, tree.Binary):
            operators.add(node.operator_start)
    for index, token in enumerate(source.tokens):
        if token.text == "*" and token.start not in operators:
            for other in (index - 1, index + 1):
                if other >= 0 and source.tokens[other].kind is tree.TokenKind.IDENTIFIER:
                    _as_written(min(index, other), max(index, other), source, close)
    for index in range(1, len(source)):
        written_apart = source.tokens[index].start > source.tokens[index - 1].end
        if close[index] and written_apart and not _stay_apart(texts[index - 1], texts[index]):
            close[index] = False
    return close


def _close_inside(node: tree.Node, source: Source, close: list[bool]) -> None:
    """What only the tree tells: a call's bracket, an index, a sign, a name of several tokens."""
    if isinstance(node, tree.FunctionCall):
        _close(close, source.last(node.name) + 1, source, "(")
    elif isinstance(node, tree.Element):
        _close(close, source.last(node.target) + 1, source, "[")
    elif isinstance(node, tree.TypeLiteral | tree.DynamicLiteral):
        _close(close, source.first(node) + 1, source, "(")
        if isinstance(node, tree.DynamicLiteral):
            _close_braces(source.first(node), source.last(node), source, close)
    elif isinstance(node, tree.Unary) or (isinstance(node, tree.Literal) and source.texts[source.first(node)] in "+-"):
        close[source.first(node) + 1] = True
    elif isinstance(node, tree.Name):
        for index in range(source.first(node) + 1, source.last(node) + 1):
            close[index] = True
    elif isinstance(node, tree.MakeSeries) and node.range_form:
        _close(close, source.last(node.on) + 3, source, "(")
    elif isinstance(node, tree.GraphMatch):
        for pattern in node.patterns:
            _as_written(source.first(pattern[0]), source.last(pattern[-1]), source, close)
    elif isinstance(node, tree.MakeGraph):
        _as_written(source.first(node.source), source.last(node.target), source, close)


def _close(close: list[bool], index: int, source: Source, text: str) -> None:
    if source.texts[index] == text:
        close[index] = True


def _close_braces(first: int, last: int, source: Source, close: list[bool]) -> None:
    """The braces and signs of JSON."""
    for index in range(first, last + 1):
        if source.texts[index] in ("{", "-", "+") and index < last:
            close[index + 1] = True
        elif source.texts[index] == "}":
            close[index] = True


def _as_written(first: int, last: int, source: Source, close: list[bool]) -> None:
    """Between the signs of a graph pattern, ``(a)-[b]->(c)``, and around the star of a wildcard blanks stay as they
    are; other rules may take them away."""
    for index in range(first + 1, last + 1):
        close[index] = close[index] or source.tokens[index].start == source.tokens[index - 1].end


@lru_cache(maxsize=4096)
def _stay_apart(left: str, right: str) -> bool:
    """Whether the two texts, written without a blank between, are still these two tokens."""
    return [token.text for token in tokenize(left + right)[0]][:-1] == [left, right]
