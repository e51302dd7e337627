"""Whether two texts mean the same: the same tokens, comments and tree, apart from where they stand."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tocsin.kql.syntax.formatting.source import Source
from tocsin.kql.syntax.tree import Node, SyntaxTree

_PLACES = frozenset({"start", "end", "keyword_end", "operator_start", "operator_end", "chart_start"})


def first_difference(before: SyntaxTree, after: SyntaxTree) -> str:
    """In words the first thing that differs, or the empty text."""
    for left, right in zip(before.tokens, after.tokens, strict=False):
        if (left.kind, left.text) != (right.kind, right.text):
            return f"{left.text[:40]!r} became {right.text[:40]!r}"
    if len(before.tokens) != len(after.tokens):
        return "the number of words and signs changed"
    if _comments(before) != _comments(after):
        return "a comment changed its place"
    return _difference(before.root, after.root)


def _comments(tree: SyntaxTree) -> list[tuple[int, str]]:
    """The comments with the number of the token that they stand before."""
    found = []
    for index, between in enumerate(Source(tree).between):
        found += [(index, line.strip()) for line in (between.trailing, *between.own_lines) if line]
    return found


def _difference(before: Any, after: Any) -> str:
    stack: list[tuple[Any, Any]] = [(before, after)]
    while stack:
        left, right = stack.pop()
        if type(left) is not type(right):
            return f"a {type(left).__name__} became a {type(right).__name__}"
        if isinstance(left, Node):
            stack.extend(
                (getattr(left, field.name), getattr(right, field.name))
                for field in fields(left)
                if field.name not in _PLACES
            )
        elif isinstance(left, tuple):
            if len(left) != len(right):
                return "a list changed its length"
            stack.extend(zip(left, right, strict=True))
        elif left != right and repr(left) != repr(right):
            return f"{str(left)[:40]!r} became {str(right)[:40]!r}"
    return ""
