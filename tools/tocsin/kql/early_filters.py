"""Conditions of a plan moved to where they spare most work, with the same rows in the same order.

A condition on columns that an operator only passes on can be asked before it: below computed columns, below a lookup
that keeps its left side, below other conditions. It stops at whatever makes, orders or groups rows and at what several
places read. What is spared could only have ended in an error, a limit or rows that nobody sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from tocsin.kql import plan
from tocsin.kql.functions.declaration import Style
from tocsin.kql.lineage import conjuncts, inside, references, relations
from tocsin.kql.plan import Column, ColumnRef, Expr, Filter, JoinKind, Relation

_KEEPING_LEFT: Final = frozenset({JoinKind.INNER, JoinKind.LEFT_OUTER, JoinKind.LEFT_SEMI, JoinKind.LEFT_ANTI})


def with_early_filters(root: Relation) -> Relation:
    """The plan with its conditions as early as they can be; the plan itself where nothing moves."""
    users: dict[Relation, int] = {}
    for each in relations(root):
        for used in inside(each):
            if isinstance(used, Relation):
                users[used] = users.get(used, 0) + 1
    chain = [root]
    while isinstance(chain[-1], _CARRYING):
        below = _input_of(chain[-1])
        if users.get(below, 0) != 1:
            break
        chain.append(below)
    return _rebuilt(chain)


_CARRYING = (
    plan.Filter,
    plan.Projection,
    plan.JoinRows,
    plan.Summarize,
    plan.SortRows,
    plan.TakeRows,
    plan.DistinctRows,
    plan.CountRows,
)
"""Operators with one main input, which the plan is followed through."""


def _input_of(node: Relation) -> Relation:
    below: Relation = node.left if isinstance(node, plan.JoinRows) else getattr(node, "input")  # noqa: B009  # by kind
    return below


def _rebuilt(chain: list[Relation]) -> Relation:
    """The chain from its last node up, each condition put in as low as it goes."""
    made = [chain[-1]]
    for node in reversed(chain[:-1]):
        if isinstance(node, plan.Filter) and _is_of_each_row(node.predicate):
            for condition in conjuncts(node.predicate):
                _put(made, node, condition)
        else:
            made.append(_over(node, made[-1]))
    return made[-1]


def _over(node: Relation, below: Relation) -> Relation:
    """The node on another input."""
    if _input_of(node) is below:
        return node
    changed: dict[str, Any] = {"left" if isinstance(node, plan.JoinRows) else "input": below}
    return replace(node, **changed)


def _put(made: list[Relation], origin: Filter, condition: Expr) -> None:
    """Put a condition into the nodes made so far, the lowest first."""
    place = len(made)
    form: Expr = condition
    while place > 1:
        lower = _below(made[place - 1], form)
        if lower is None:
            break
        form, place = lower, place - 1
    below = made[place - 1]
    at = replace(origin, input=below, columns=below.columns, predicate=form)
    above = made[place:]
    del made[place:]
    made.append(at)
    for node in above:
        made.append(_over(node, made[-1]))


def _below(node: Relation, condition: Expr) -> Expr | None:
    """The condition as it is asked of the node's input; None where it must stay above."""
    read = set(references(condition))
    if not read or not _can_move(condition):
        return None
    if isinstance(node, plan.Filter):
        return condition if _is_of_each_row(node.predicate) else None
    if isinstance(node, plan.Projection):
        if not all(map(_is_of_each_row, node.expressions)):
            return None
        passed = {
            column: value.column
            for column, value in zip(node.columns, node.expressions, strict=False)
            if isinstance(value, ColumnRef)
        }
    elif isinstance(node, plan.JoinRows) and node.kind in _KEEPING_LEFT:
        left = set(node.left.columns)
        passed = {
            column: source
            for column, source in zip(node.columns, node.sources, strict=False)
            if source in left and source not in node.right.columns
        }
    else:
        return None
    if not read <= passed.keys():
        return None
    renamed = {column: passed[column] for column in read if passed[column] is not column}
    return _with_columns(condition, renamed) if renamed else condition


def _can_move(condition: Expr) -> bool:
    """Whether the condition means the same before as after: it asks neither for chance nor for neighbouring rows, and
    it reads no table. The time of ingestion moves with its row."""
    for each in _parts(condition):
        if isinstance(each, (Relation, plan.Variable, plan.ScalarQuery, plan.PackRow)):
            return False
        if isinstance(each, plan.ListTest) and each.query is not None:
            return False
        if isinstance(each, plan.Call) and each.function.style is Style.CARRIED:
            return False
    return _is_of_each_row(condition)


def _is_of_each_row(expression: Expr) -> bool:
    """Whether the expression is worked out for each row alone, so that rows can be left out before: it asks neither
    for neighbouring rows nor for chance, which is drawn row after row."""
    return not any(
        isinstance(each, plan.Call) and (each.function.serialized or not (each.function.deterministic or _is_now(each)))
        for each in _parts(expression)
    )


def _parts(expression: Expr) -> Iterator[Any]:
    """The expression and what is in it."""
    pending: list[Any] = [expression]
    while pending:
        each = pending.pop()
        yield each
        pending.extend(_members(each))


def _is_now(call: plan.Call) -> bool:
    """``now()`` and ``ago()`` are the same in all rows of a run."""
    return call.function.name in ("now", "ago")


def _members(part: Any) -> list[Any]:
    if isinstance(part, tuple):
        return list(part)
    if not isinstance(part, (plan.Call, plan.Convert, plan.Member, plan.Element, plan.ListTest)):
        return []
    return [getattr(part, item.name) for item in fields(part)]


def _with_columns(expression: Any, renamed: dict[Column, Column]) -> Any:
    """The expression with other columns; expressions are not nested deeper than the binder allows."""
    if isinstance(expression, ColumnRef):
        return ColumnRef(renamed.get(expression.column, expression.column))
    if isinstance(expression, tuple):
        return tuple(_with_columns(each, renamed) for each in expression)
    if not is_dataclass(expression) or isinstance(expression, (type, plan.Constant)):
        return expression
    changed = {
        name: _with_columns(getattr(expression, name), renamed)
        for name in ("arguments", "operand", "target", "index", "items")
        if hasattr(expression, name)
    }
    return replace(expression, **changed)
