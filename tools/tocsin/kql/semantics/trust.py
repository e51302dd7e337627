"""Columns that a table has on trust: those of a watchlist of which only the alias is known.

Such a watchlist has whatever columns its file has, all of them text. A column that the query names is read from it by
that name; each operator between the watchlist and the place that names the column hands it on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.kql.plan import (
    Column,
    ColumnRef,
    Expand,
    Expr,
    Filter,
    JoinKind,
    JoinRows,
    ParsePairs,
    ParseRows,
    Projection,
    Relation,
    SortRows,
    TakeRows,
    UnionRows,
    Watchlist,
)
from tocsin.kql.types import STRING

_LEFT = frozenset({JoinKind.LEFT_ANTI, JoinKind.LEFT_SEMI})
_RIGHT = frozenset({JoinKind.RIGHT_ANTI, JoinKind.RIGHT_SEMI})


def supplier(relation: Relation, name: str) -> Relation | None:
    """The watchlist that a column of this name, which the relation does not show, can only come from; None when there
    is none, when a join has one on either side, or when an operator has taken the column away. The watchlists of a
    union all give it."""
    while not any(column.name == name for column in relation.columns):
        if isinstance(relation, Watchlist):
            return relation if relation.trusted is not None else None
        if isinstance(relation, JoinRows):
            found = [each for each in (supplier(side, name) for side in _sides(relation)) if each is not None]
            return found[0] if len(found) == 1 else None
        if isinstance(relation, UnionRows):
            return next((each for side in relation.inputs if (each := supplier(side, name)) is not None), None)
        if not isinstance(relation, _PASSES) or relation.operator in _CHOOSING:
            return None
        relation = relation.input
    return None


def supply(relation: Relation, name: str, column: Column | None = None) -> Relation:
    """The relation with a column more, read from its ``supplier``. ``column``: the one to show (else a new one)."""
    wanted = column or Column(name, STRING)
    if isinstance(relation, Watchlist):
        return replace(relation, columns=(*relation.columns, wanted), trusted=(*(relation.trusted or ()), name))
    if isinstance(relation, JoinRows):
        return _supply_join(relation, name, wanted)
    if isinstance(relation, UnionRows):
        return _supply_union(relation, name, wanted)
    return _SUPPLY[type(relation)](relation, name, wanted)


def _sides(join: JoinRows) -> list[Relation]:
    if join.kind in _LEFT:
        return [join.left]
    if join.kind in _RIGHT:
        return [join.right]
    return [join.left, join.right]


def _supply_join(join: JoinRows, name: str, wanted: Column) -> Relation:
    inner = Column(name, STRING)
    side = "left" if supplier(join.left, name) is not None and join.kind not in _RIGHT else "right"
    made = supply(getattr(join, side), name, inner)
    changed: dict[str, Any] = {side: made}
    return replace(join, columns=(*join.columns, wanted), sources=(*join.sources, inner), **changed)


def _supply_union(union: UnionRows, name: str, wanted: Column) -> Relation:
    inner = [Column(name, STRING) if supplier(each, name) is not None else None for each in union.inputs]
    made = [
        each if column is None else supply(each, name, column) for each, column in zip(union.inputs, inner, strict=True)
    ]
    sources = tuple((*own, column) for own, column in zip(union.sources, inner, strict=True))
    return replace(union, columns=(*union.columns, wanted), inputs=tuple(made), sources=sources)


def _hand_on(relation: Any, name: str, wanted: Column) -> Relation:
    """An operator whose result has the very columns of its input."""
    made: Relation = replace(relation, input=supply(relation.input, name, wanted), columns=(*relation.columns, wanted))
    return made


def _hand_on_passed(relation: Any, name: str, wanted: Column) -> Relation:
    made: Relation = replace(
        relation,
        input=supply(relation.input, name, wanted),
        columns=(*relation.columns, wanted),
        passed=(*relation.passed, wanted),
    )
    return made


def _project(relation: Any, name: str, wanted: Column) -> Relation:
    value: Expr = ColumnRef(wanted)
    made: Relation = replace(
        relation,
        input=supply(relation.input, name, wanted),
        columns=(*relation.columns, wanted),
        expressions=(*relation.expressions, value),
    )
    return made


_SUPPLY: dict[type[Relation], Callable[[Any, str, Column], Relation]] = {
    Filter: _hand_on,
    SortRows: _hand_on,
    TakeRows: _hand_on,
    ParseRows: _hand_on,
    ParsePairs: _hand_on,
    Expand: _hand_on_passed,
    Projection: _project,
}
_CHOOSING = frozenset({"project", "project-keep", "project-by-names"})
"""Operators that show only what they name."""
_PASSES = (Filter, SortRows, TakeRows, ParseRows, ParsePairs, Expand, Projection)
