"""What checks of KQL texts share: reading the tree with what each part was bound to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from tocsin.content.editing import edit_in_text
from tocsin.content.finding import Finding, Fix
from tocsin.kql import plan
from tocsin.kql.plan import Column, Constant, Expr, Relation
from tocsin.kql.syntax import tree
from tocsin.kql.types import ScalarType
from tocsin.lint import check
from tocsin.lint.context import QueryContext

N = TypeVar("N", bound=tree.Node)


class QueryCheck(check.QueryCheck):
    """A check that looks at one KQL text at a time: queries of detections, bodies of parsers."""

    def at(self, query: QueryContext, node: tree.Node, message: str, help: str, *, fix: Fix | None = None) -> Finding:
        """A finding at a part of the text (its first line)."""
        return self.within(query, node.start, node.end, message, help, fix=fix)

    def within(
        self, query: QueryContext, start: int, end: int, message: str, help: str, *, fix: Fix | None = None
    ) -> Finding:
        """A finding at the characters from ``start`` to ``end`` (their first line)."""
        length = len(query.text[start:end].partition("\n")[0])
        return self.finding_in_text(query.document, query.path, start, length, message, help, fix=fix)


def rewriting(query: QueryContext, start: int, end: int, text: str, *, safe: bool) -> Fix | None:
    """The fix that writes ``text`` for the characters ``start`` to ``end`` of a query; None where it cannot be done.

    ``safe``: the query means the same afterwards.
    """
    edit = edit_in_text(query.document, query.path, start, end, text)
    return Fix((edit,), safe) if edit is not None else None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A test of a value: ``left operator item`` for one of the items. ``start``/``end``: the operator."""

    node: tree.Expression
    operator: str
    left: tree.Expression
    items: tuple[tree.Expression, ...]
    start: int
    end: int


def nodes(query: QueryContext, kind: type[N]) -> Iterator[N]:
    """The nodes of a kind, in the order of the text."""
    for node in query.nodes:
        if isinstance(node, kind):
            yield node


def comparisons(query: QueryContext) -> Iterator[Comparison]:
    """Every test of a value against others."""
    for node in query.nodes:
        if isinstance(node, tree.Binary):
            operands = (node.right,)
            yield Comparison(node, node.operator, node.left, operands, node.operator_start, node.operator_end)
        elif isinstance(node, tree.ListTest):
            yield Comparison(node, node.operator, node.left, node.items, node.operator_start, node.operator_end)


def bare(node: tree.Expression) -> tree.Expression:
    """The expression without brackets around it."""
    while isinstance(node, tree.Parenthesized):
        node = node.inner
    return node


def value_of(query: QueryContext, node: tree.Expression) -> Expr | None:
    """What an expression was bound to, without the names and conversions around it."""
    value = query.analysis.values.get(node)
    while isinstance(value, plan.Variable | plan.Convert):
        value = value.value if isinstance(value, plan.Variable) else value.operand
    return value


def type_of(query: QueryContext, node: tree.Expression) -> ScalarType:
    """The type of an expression; UNKNOWN where it could not be bound."""
    value = query.analysis.values.get(node)
    return value.type if value is not None else ScalarType.UNKNOWN


def column_of(query: QueryContext, node: tree.Expression) -> Column | None:
    """The column that an expression is, when it is nothing else."""
    value = query.analysis.values.get(node)
    return value.column if isinstance(value, plan.ColumnRef) else None


def texts_of(query: QueryContext, node: tree.Expression) -> tuple[str, ...]:
    """The texts that an expression stands for, when they are known: a literal, a ``let``, a ``dynamic([…])``."""
    value = value_of(query, node)
    if not isinstance(value, Constant):
        return ()
    if isinstance(value.value, str):
        return (value.value,)
    if isinstance(value.value, list):
        return tuple(each for each in value.value if isinstance(each, str))
    return ()


def literal_text(node: tree.Expression) -> str | None:
    """The text of a string literal."""
    node = bare(node)
    return node.value if isinstance(node, tree.Literal) and isinstance(node.value, str) else None


def conjuncts(predicate: tree.Expression, word: str = "and") -> list[tree.Expression]:
    """The conditions that a predicate joins by ``and`` (or ``word``), in order."""
    found: list[tree.Expression] = []
    pending = [predicate]
    while pending:
        each = bare(pending.pop())
        if isinstance(each, tree.Binary) and each.operator == word:
            pending.extend((each.right, each.left))
        else:
            found.append(each)
    return found


def step_before(query: QueryContext, offset: int) -> Relation | None:
    """The rows that an expression at ``offset`` reads: those before the innermost operator around it."""
    around = [one for one in query.analysis.steps if one.start <= offset < one.end]
    return query.analysis.steps[min(around, key=lambda one: one.end - one.start)][0] if around else None
