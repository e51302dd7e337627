"""Which left row of a key an innerunique join keeps, when conditions follow the join.

Kusto asks a condition that stands behind the join of the left rows before one of each key is chosen: with
``where value == "x"`` it is one that has the value, never another one that the condition would then drop.
Source: https://learn.microsoft.com/kusto/query/join-innerunique#two-possible-outputs-from-innerunique-join
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tocsin.kql import plan
from tocsin.kql.plan import Column, ColumnRef, Expr, Filter, JoinKind, JoinRows, Projection, Relation


def with_condition(relation: Relation, predicate: Expr, place: Mapping[str, Any]) -> Relation:
    """The input of a condition, with what the condition says of the left side of an innerunique join below asked there
    as well; the relation itself where there is no such join."""
    above: list[Filter | Projection] = []
    below = relation
    while isinstance(below, Filter | Projection):
        if isinstance(below, Projection) and not all(map(_is_of_one_row, below.expressions)):
            return relation
        above.append(below)
        below = below.input
    if not isinstance(below, JoinRows) or below.kind is not JoinKind.INNER_UNIQUE:
        return relation
    passed = _left_columns(below, above)
    conditions = [
        _renamed(each, passed)
        for each in _conjuncts(predicate)
        if _is_of_one_row(each) and (read := _columns(each)) and read <= passed.keys()
    ]
    if not conditions:
        return relation
    left = below.left
    for each in conditions:
        left = Filter(columns=left.columns, input=left, predicate=each, **place)
    made: Relation = replace(below, left=left)
    for node in reversed(above):
        made = replace(node, input=made)
    return made


def _left_columns(join: JoinRows, above: list[Filter | Projection]) -> dict[Column, Column]:
    """The left column that each column above the join passes on, where it passes one on."""
    left = set(join.left.columns)
    passed = {column: source for column, source in zip(join.columns, join.sources, strict=False) if source in left}
    for node in reversed(above):
        if isinstance(node, Projection):
            passed = {
                column: passed[value.column]
                for column, value in zip(node.columns, node.expressions, strict=False)
                if isinstance(value, ColumnRef) and value.column in passed
            }
    return passed


def _conjuncts(predicate: Expr) -> list[Expr]:
    found: list[Expr] = []
    pending = [predicate]
    while pending:
        each = pending.pop()
        if isinstance(each, plan.Call) and each.function.name == "and":
            pending.extend(reversed(each.arguments))
        else:
            found.append(each)
    return found


def _parts(expression: Expr) -> list[Expr]:
    """The expression and what is in it."""
    found: list[Expr] = []
    pending = [expression]
    while pending:
        each = pending.pop()
        found.append(each)
        if isinstance(each, plan.Call):
            pending.extend(each.arguments)
        elif isinstance(each, plan.Convert):
            pending.append(each.operand)
        elif isinstance(each, plan.Member):
            pending.append(each.target)
        elif isinstance(each, plan.Element):
            pending.extend((each.target, each.index))
        elif isinstance(each, plan.ListTest):
            pending.extend((each.operand, *each.items))
    return found


def _columns(expression: Expr) -> set[Column]:
    return {each.column for each in _parts(expression) if isinstance(each, ColumnRef)}


def _is_of_one_row(expression: Expr) -> bool:
    """Whether the expression depends on its row alone: not on chance, and not on the rows around."""
    return not any(
        isinstance(each, plan.PackRow)
        or (isinstance(each, plan.Call) and (each.function.serialized or not _is_steady(each)))
        for each in _parts(expression)
    )


def _is_steady(call: plan.Call) -> bool:
    return call.function.deterministic or call.function.name in ("now", "ago")


def _renamed(expression: Expr, names: Mapping[Column, Column]) -> Expr:
    """The expression over the columns of the left side."""
    match expression:
        case ColumnRef():
            return ColumnRef(names[expression.column])
        case plan.Call():
            return replace(expression, arguments=tuple(_renamed(each, names) for each in expression.arguments))
        case plan.Convert():
            return replace(expression, operand=_renamed(expression.operand, names))
        case plan.Member():
            return replace(expression, target=_renamed(expression.target, names))
        case plan.Element():
            target, index = _renamed(expression.target, names), _renamed(expression.index, names)
            return replace(expression, target=target, index=index)
        case plan.ListTest():
            items = tuple(_renamed(each, names) for each in expression.items)
            return replace(expression, operand=_renamed(expression.operand, names), items=items)
        case _:
            return expression
