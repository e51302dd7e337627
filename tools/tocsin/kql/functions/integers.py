"""64-bit integers and ticks: what happens at the edges.

long arithmetic wraps around; a datetime or timespan out of range is null.
Source: https://learn.microsoft.com/kusto/query/scalar-data-types/long
"""

from __future__ import annotations

from tocsin.kql.types import DATETIME_MAX, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN


def wrap_long(value: int) -> int:
    """``value`` in 64 bits, wrapped around as Kusto's long does."""
    if LONG_MIN <= value <= LONG_MAX:
        return value
    return ((value + 2**63) & (2**64 - 1)) - 2**63


def wrap_int(value: int) -> int:
    """``value`` in 32 bits, wrapped around."""
    if INT_MIN <= value <= INT_MAX:
        return value
    return ((value + 2**31) & (2**32 - 1)) - 2**31


def datetime_or_null(ticks: int) -> int | None:
    """``ticks`` when it is a datetime of the years 1 to 9999."""
    return ticks if 0 <= ticks <= DATETIME_MAX else None


def timespan_or_null(ticks: int) -> int | None:
    """``ticks`` when it fits 64 bits."""
    return ticks if LONG_MIN <= ticks <= LONG_MAX else None


def divide(left: int, right: int) -> int | None:
    """Integer division towards zero; null for a zero divisor."""
    if right == 0:
        return None
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def modulo(left: int, right: int) -> int | None:
    """Remainder, never negative; null for a zero divisor."""
    return left % abs(right) if right else None
