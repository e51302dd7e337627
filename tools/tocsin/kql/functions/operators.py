"""Comparison and logic.

Two nulls compare to null; a null equals nothing else; order with a null is null. ``and`` and ``or`` know three values.
A whole number or a dynamic value equals a text when it is written so; a dynamic null is written as the empty text.
Source: https://learn.microsoft.com/kusto/query/scalar-data-types/null-values and
https://learn.microsoft.com/kusto/query/logical-operators. No page tells of text against numbers; it follows from
Microsoft's own queries of the string ``ResultType == 50074`` (https://learn.microsoft.com/azure/azure-monitor/reference/queries/signinlogs)
and of the number ``Status.errorCode == "0"`` (https://learn.microsoft.com/entra/architecture/monitor-sign-in-health-for-resilience).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import InvalidOperation
from typing import Any, TypeAlias

from tocsin.kql.functions.conversions import converter, to_decimal
from tocsin.kql.functions.declaration import FunctionTable, Nulls, Style
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    ScalarType,
    Value,
)

TABLE = FunctionTable(folds=False)

Binary: TypeAlias = Callable[[Any, Any], Any]


# ------------------------------------------------------------------------------------------------------ comparison


def _equal(left: Value, right: Value) -> bool:
    return bool(left == right)


def _comparable(types: Sequence[ScalarType]) -> tuple[Callable[[Value], Value] | None, Callable[[Value], Value] | None]:
    """How the operands are brought to one type before they are compared; None: as they are."""
    left, right = types
    for first, second in ((left, right), (right, left)):
        if first is LONG and second is REAL:
            return (_as_real, None) if first is left else (None, _as_real)
        if first is DECIMAL and second is REAL:
            return (None, to_decimal) if first is left else (to_decimal, None)
        if second is STRING and first in (DATETIME, TIMESPAN, GUID, BOOL):
            change = converter(STRING, first)
            return (None, change) if first is left else (change, None)
        if second is STRING and first in (INT, LONG, DYNAMIC):
            change = converter(DYNAMIC, STRING) if first is DYNAMIC else _whole_number_text
            return (change, None) if first is left else (None, change)
    return None, None


def _whole_number_text(value: Value) -> Value:
    return None if value is None else str(value)


def _as_real(value: Any) -> Value:
    """A long beside a real is one: above 2**53 several longs are the same real."""
    return None if value is None else float(value)


def _compared(operation: Binary) -> Callable[[Sequence[ScalarType]], Binary]:
    def specialise(types: Sequence[ScalarType]) -> Binary:
        change_left, change_right = _comparable(types)
        if change_left is None and change_right is None:
            return operation

        def apply(left: Value, right: Value) -> Value:
            return operation(change_left(left) if change_left else left, change_right(right) if change_right else right)

        return apply

    return specialise


def equal(left: Value, right: Value) -> bool | None:
    """``==``: null when both are null, false when one is."""
    if left is None or right is None:
        return None if left is right else False
    return _equal(left, right)


def not_equal(left: Value, right: Value) -> bool | None:
    """``!=``: null when both are null, true when one is."""
    if left is None or right is None:
        return None if left is right else True
    return not _equal(left, right)


_EQUALITY: dict[str, Binary] = {"==": equal, "!=": not_equal, "<>": not_equal}
for _name, _implementation in _EQUALITY.items():
    TABLE.operator(
        _name,
        "(left: scalar, right: scalar) -> bool",
        page="numerical-operators",
        nulls=Nulls.SEE,
        style=Style.TYPED,
    )(_compared(_implementation))


def _ordered(operation: Binary) -> Binary:
    def apply(left: Value, right: Value) -> bool | None:
        try:
            return bool(operation(left, right))
        except TypeError:
            return None
        except InvalidOperation:  # a decimal and NaN
            return False

    return apply


_ORDER: dict[str, Binary] = {
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
}
for _name, _implementation in _ORDER.items():
    TABLE.operator(
        _name,
        "(left: number|bool, right: number|bool) -> bool",
        "(left: timespan, right: timespan) -> bool",
        "(left: datetime, right: datetime) -> bool",
        "(left: dynamic, right: dynamic) -> bool",
        "(left: dynamic, right: number) -> bool",
        "(left: number, right: dynamic) -> bool",
        page="numerical-operators",
        style=Style.TYPED,
    )(_compared(_implementation))

_BETWEEN = (
    "(value: number, start: number, end: number) -> bool",
    "(value: timespan, start: timespan, end: timespan) -> bool",
    "(value: datetime, start: datetime, end: datetime) -> bool",
    "(value: datetime, start: datetime, end: timespan) -> bool",
    "(value: number, start: dynamic, end: dynamic) -> bool",
    "(value: dynamic, start: number, end: number) -> bool",
)


@TABLE.operator("between", *_BETWEEN, page="between-operator", style=Style.TYPED)
def between(types: Sequence[ScalarType]) -> Callable[[Value, Value, Value], bool | None]:
    """``value between (start .. end)``, both ends included; an end that is a timespan counts from the start."""
    from_start = types[0] is DATETIME and types[2] is TIMESPAN
    as_decimal = DECIMAL in types and REAL in types
    as_real = LONG in types and REAL in types and not as_decimal

    def apply(value: Value, start: Value, end: Value) -> bool | None:
        if from_start:
            end = start + end
        if as_decimal:
            value, start, end = to_decimal(value), to_decimal(start), to_decimal(end)
        elif as_real:
            value, start, end = float(value), float(start), float(end)
        try:
            return bool(start <= value <= end)
        except TypeError:
            return None
        except InvalidOperation:
            return False

    return apply


@TABLE.operator("!between", *_BETWEEN, page="not-between-operator", style=Style.TYPED)
def not_between(types: Sequence[ScalarType]) -> Callable[[Value, Value, Value], bool | None]:
    """The negation of ``between``."""
    inside = between(types)

    def apply(value: Value, start: Value, end: Value) -> bool | None:
        found = inside(value, start, end)
        return None if found is None else not found

    return apply


# ----------------------------------------------------------------------------------------------------------- logic


_LOGIC = (
    "(left: bool, right: bool) -> bool",
    "(left: dynamic, right: bool) -> bool",
    "(left: bool, right: dynamic) -> bool",
    "(left: dynamic, right: dynamic) -> bool",
)


def truth(value: Value) -> bool | None:
    """A bool, or the bool in a dynamic; null for anything else."""
    return value if isinstance(value, bool) else None


@TABLE.operator("and", *_LOGIC, page="logical-operators", nulls=Nulls.SEE)
def and_(left: Value, right: Value) -> bool | None:
    """False when either is false, else null when either is null."""
    first, second = truth(left), truth(right)
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


@TABLE.operator("or", *_LOGIC, page="logical-operators", nulls=Nulls.SEE)
def or_(left: Value, right: Value) -> bool | None:
    """True when either is true, else null when either is null."""
    first, second = truth(left), truth(right)
    if first is True or second is True:
        return True
    return None if first is None or second is None else False


@TABLE.scalar("not", "(expression: bool) -> bool", page="not-function")
def not_(value: bool) -> bool:
    """The opposite; null stays null."""
    return not value
