"""Rounding down to a multiple: ``bin``, ``floor``, ``bin_at``.

Source: https://learn.microsoft.com/kusto/query/bin-function
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from tocsin.kql.functions.conversions import to_decimal
from tocsin.kql.functions.declaration import VARIES, FunctionTable, Style
from tocsin.kql.functions.integers import datetime_or_null, timespan_or_null, wrap_long
from tocsin.kql.types import DATETIME, DECIMAL, REAL, TIMESPAN, ScalarType, Value

TABLE = FunctionTable()


def binned(value: Any, size: Any, fixed: Any) -> Any:
    """The multiple of ``size`` from ``fixed`` at or below ``value``; null for a size that is not positive."""
    if isinstance(value, int) and isinstance(size, int) and isinstance(fixed, int):
        return (value - fixed) // size * size + fixed if size > 0 else None
    if isinstance(value, Decimal) or isinstance(size, Decimal) or isinstance(fixed, Decimal):
        exact, step, origin = to_decimal(value), to_decimal(size), to_decimal(fixed)
        if exact is None or step is None or origin is None or step <= 0:
            return None
        return ((exact - origin) / step).to_integral_value(ROUND_FLOOR) * step + origin
    number, width, start = float(value), float(size), float(fixed)
    if not width > 0 or not math.isfinite(width):
        return None
    quotient = (number - start) / width
    return math.floor(quotient) * width + start if math.isfinite(quotient) else number


def _finish(types: Sequence[ScalarType]) -> Callable[[Any], Value]:
    first = types[0]
    if first in (DATETIME, TIMESPAN):
        limit = datetime_or_null if first is DATETIME else timespan_or_null
        return lambda value: None if value is None else limit(int(value))
    if REAL in types or DECIMAL in types:
        return lambda value: value
    return lambda value: None if value is None else wrap_long(value)


def _fixed_size(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[int], int | None] | None:
    """A size in ticks or a whole number that is the same in all rows."""
    value, size = values
    if value is not VARIES or type(size) is not int or size <= 0 or types[0] in (REAL, DECIMAL):
        return None
    if types[0] is DATETIME:  # never negative, so that the multiple below is none either
        return lambda value: value - value % size
    limit = timespan_or_null if types[0] is TIMESPAN else wrap_long
    return lambda value: limit(value - value % size)


_BIN = (
    "(value: int|long, roundTo: int|long) -> long",
    "(value: int|long|real, roundTo: int|long|real) -> real",
    "(value: number, roundTo: number) -> decimal",
    "(value: timespan, roundTo: timespan) -> timespan",
    "(value: datetime, roundTo: datetime|timespan) -> datetime",
)


@TABLE.scalar(
    "bin",
    *_BIN,
    page="bin-function",
    style=Style.TYPED,
    aliases=("floor",),
    specialise=_fixed_size,
    accepts=(
        "(value: number, roundTo: number) -> the widest type",
        "(value: timespan, roundTo: timespan) -> timespan",
        "(value: datetime, roundTo: datetime) -> datetime",
        "(value: datetime, roundTo: timespan) -> datetime",
    ),
)
def bin_(types: Sequence[ScalarType]) -> Callable[[Value, Value], Value]:
    """The value rounded down to a multiple of the size; null for a size that is not positive."""
    finish = _finish(types)
    return lambda value, size: finish(binned(value, size, 0))


@TABLE.scalar(
    "bin_at",
    "(value: int|long, bin_size: int|long, fixed_point: int|long) -> long",
    "(value: int|long|real, bin_size: int|long|real, fixed_point: int|long|real) -> real",
    "(value: number, bin_size: number, fixed_point: number) -> decimal",
    "(value: timespan, bin_size: number|timespan, fixed_point: timespan) -> timespan",
    "(value: datetime, bin_size: number|timespan, fixed_point: datetime) -> datetime",
    page="bin-at-function",
    style=Style.TYPED,
    accepts=(
        "(value: number, bin_size: number, fixed_point: number) -> the widest type",
        "(value: timespan, bin_size: number, fixed_point: timespan) -> timespan",
        "(value: timespan, bin_size: timespan, fixed_point: timespan) -> timespan",
        "(value: datetime, bin_size: summable, fixed_point: datetime) -> datetime",
    ),
)
def bin_at(types: Sequence[ScalarType]) -> Callable[[Value, Value, Value], Value]:
    """As ``bin``, the multiples counted from a fixed point."""
    finish = _finish(types)
    return lambda value, size, fixed: finish(binned(value, size, fixed))


TABLE.known("bin_auto", "(value: summable) -> dynamic", page="bin-auto-function", returns=lambda types: types[0])
