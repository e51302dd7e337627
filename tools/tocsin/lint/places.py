"""Places in a query: what is written in it, and what a function that it calls holds."""

from __future__ import annotations

from typing import Protocol

from tocsin.content.finding import Finding
from tocsin.kql.syntax.tree import FunctionCall, NameReference
from tocsin.lint.check import Check
from tocsin.lint.context import QueryContext


class Placed(Protocol):
    """Something with a place: in the query, or in the workspace function ``origin``."""

    @property
    def start(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def origin(self) -> str | None: ...


def finding_at_text(check: Check, query: QueryContext, placed: Placed, message: str, help: str) -> Finding:
    """A finding at a piece of the query; what lies in a function is told where the query calls it."""
    start, length = placed.start, placed.length
    if placed.origin is not None:
        start, length = _call_of(query, placed.origin)
        message = f"in the function {placed.origin}: {message}"
    length = len(query.text[start : start + length].partition("\n")[0])
    return check.finding_in_text(query.document, query.path, start, length, message, help)


def _call_of(query: QueryContext, function: str) -> tuple[int, int]:
    """Where the query first calls a function; its start where another function does."""
    for node in query.nodes:
        if isinstance(node, FunctionCall | NameReference) and node.name.text == function:
            return node.name.start, node.name.end - node.name.start
    return 0, 0
