"""The plugins autocluster, basket and diffpatterns: what arguments they take and what columns they give.

Sources: https://learn.microsoft.com/kusto/query/autocluster-plugin,
https://learn.microsoft.com/kusto/query/basket-plugin, https://learn.microsoft.com/kusto/query/diffpatterns-plugin
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kql.plan import Column, ColumnRef, Constant, Expr
from tocsin.kql.semantics.scopes import Row, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import LONG, NUMBERS, REAL, UNKNOWN

Arguments = list[Expr | TableValue]


@dataclass(frozen=True, slots=True)
class _Range:
    """The numbers that an argument may be."""

    index: int
    what: str
    least: float
    most: float | None = None


_THRESHOLD = (0.015, 1.0)
_BASKET = (_Range(0, "threshold", *_THRESHOLD), _Range(2, "number of dimensions", 1))
_AUTOCLUSTER = (_Range(0, "weight of size", 0.0, 1.0), _Range(2, "number of seeds", 1))
_DIFFPATTERNS = (_Range(4, "threshold", *_THRESHOLD), _Range(5, "number of dimensions", 1))


def basket(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """``basket([threshold, weight, dimensions, wildcards…])``, each of them ``'~'`` when it is left out."""
    _check(session, node, arguments, weight=1, ranges=_BASKET)
    return _segments(row)


def autocluster(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """``autocluster([weight of size, weight, seeds, wildcards…])``"""
    _check(session, node, arguments, weight=1, ranges=_AUTOCLUSTER)
    return _segments(row)


def diffpatterns(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """``diffpatterns(column, value a, value b [, weight, threshold, dimensions, wildcards…])``"""
    _check(session, node, arguments, weight=3, ranges=_DIFFPATTERNS, columns=(0,))
    counts = [Column(name, LONG) for name in ("SegmentId", "CountA", "CountB")]
    shares = [Column(name, REAL) for name in ("PercentA", "PercentB", "PercentDiffAB")]
    return [*counts, *shares, *_own(row)], row.open


def _segments(row: Row) -> tuple[list[Column], bool]:
    first = [Column("SegmentId", LONG), Column("Count", LONG), Column("Percent", REAL)]
    return [*first, *_own(row)], row.open


def _own(row: Row) -> list[Column]:
    return [Column(column.name, column.type) for column in row.columns]


def _check(
    session: Session,
    node: tree.Evaluate,
    arguments: Arguments,
    *,
    weight: int,
    ranges: tuple[_Range, ...],
    columns: tuple[int, ...] = (),
) -> None:
    """Refuse what the reference does not have: other values than constants, numbers beyond their range."""
    name = node.call.name.text
    for index, value in enumerate(arguments):
        place = node.call.arguments[index]
        if index == weight and isinstance(value, ColumnRef):
            if value.type not in NUMBERS and value.type is not UNKNOWN:
                session.refuse("TK138", f"The weights of '{name}' are numbers, these are {value.type.value}", place)
        elif index not in columns and not isinstance(value, Constant):
            session.refuse("TK138", f"'{name}' is run by the local engine with a constant here alone", place)
    for each in ranges:
        found = arguments[each.index] if each.index < len(arguments) else None
        if not isinstance(found, Constant) or not isinstance(found.value, int | float):
            continue
        if found.value < each.least or (each.most is not None and found.value > each.most):
            upwards = (
                f"is {each.least:g} or more" if each.most is None else f"lies between {each.least:g} and {each.most:g}"
            )
            session.refuse("TK138", f"The {each.what} of '{name}' {upwards}", node.call.arguments[each.index])
