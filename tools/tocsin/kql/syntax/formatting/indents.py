"""How far a line is indented: by the constructs that its first token stands in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.kql.syntax import tree
from tocsin.kql.syntax.formatting.breaks import SUBQUERY_CALLS, datatable_values
from tocsin.kql.syntax.formatting.source import Source

STEP = 4


@dataclass(frozen=True, slots=True)
class Region:
    """Lines that begin with a token from ``first`` to ``last`` are indented by ``step``: from the column of the token
    ``anchor``, or from the indentation around."""

    first: int
    last: int
    anchor: int | None
    step: int


def regions(source: Source) -> list[Region]:
    """The regions of a text, outer ones before those inside."""
    found: list[Region] = []
    _collect(source.tree.root, source, None, found)
    found.sort(key=lambda region: (region.first, -region.last))
    return [region for region in found if region.last >= region.first]


def _collect(root: tree.Node, source: Source, statement: int | None, found: list[Region]) -> None:
    stack: list[tuple[tree.Node, int | None]] = [(root, statement)]
    while stack:
        node, statement = stack.pop()
        if isinstance(node, tree.Statement):
            statement = source.first(node)
        found.extend(_regions(node, source, statement))
        stack.extend((child, statement) for child in node.children())


def _regions(node: tree.Node, source: Source, statement: int | None) -> Iterator[Region]:
    first, last = source.first(node), source.last(node)
    if isinstance(node, tree.Operator) or (
        isinstance(node, tree.Statement) and not isinstance(node, tree.ExpressionStatement)
    ):
        yield Region(first + 1, last, None, STEP)
    elif isinstance(node, tree.FunctionCall):
        opened = source.last(node.name) + 1
        if node.name.text not in SUBQUERY_CALLS and source.texts[opened] == "(":
            yield from _bracketed(opened, last, first)
    elif isinstance(node, tree.FunctionDeclaration):
        anchor = first if statement is None else statement
        opened, closed = source.first(node.body), source.last(node.body)
        if node.parameters:
            yield from _bracketed(source.first(node.parameters[0]) - 1, source.last(node.parameters[-1]) + 1, anchor)
        yield from _bracketed(opened, closed, anchor)
    elif isinstance(node, tree.DataTable):
        anchor = first if statement is None else statement
        yield from _bracketed(source.first(node.schema), source.last(node.schema), anchor)
        yield from _bracketed(*datatable_values(node, source), anchor)


def _bracketed(opened: int, closed: int, anchor: int) -> Iterator[Region]:
    """The brackets at the column of ``anchor``, what they hold one step further."""
    yield Region(opened, closed, anchor, 0)
    yield Region(opened + 1, closed - 1, anchor, STEP)
