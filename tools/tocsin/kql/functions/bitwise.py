"""Operations on the bits of 64-bit integers.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#binary-functions
"""

from __future__ import annotations

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.integers import wrap_long

TABLE = FunctionTable()

_TWO = "(value1: int|long, value2: int|long) -> long"
_SHIFT = "(value: int|long, shift: int|long) -> long"


@TABLE.scalar("binary_and", _TWO, page="binary-and-function")
def binary_and(left: int, right: int) -> int:
    """Bits that both have."""
    return left & right


@TABLE.scalar("binary_or", _TWO, page="binary-or-function")
def binary_or(left: int, right: int) -> int:
    """Bits that either has."""
    return left | right


@TABLE.scalar("binary_xor", _TWO, page="binary-xor-function")
def binary_xor(left: int, right: int) -> int:
    """Bits that one of them has."""
    return left ^ right


@TABLE.scalar("binary_not", "(value: int|long) -> long", page="binary-not-function")
def binary_not(value: int) -> int:
    """All bits turned."""
    return ~value


@TABLE.scalar("binary_shift_left", _SHIFT, page="binary-shift-left-function")
def binary_shift_left(value: int, shift: int) -> int | None:
    """The bits moved up by the shift modulo 64; null for a negative shift."""
    return wrap_long(value << (shift % 64)) if shift >= 0 else None


@TABLE.scalar("binary_shift_right", _SHIFT, page="binary-shift-right-function")
def binary_shift_right(value: int, shift: int) -> int | None:
    """The bits moved down by the shift modulo 64, the sign kept; null for a negative shift."""
    return value >> (shift % 64) if shift >= 0 else None


@TABLE.scalar("bitset_count_ones", "(value: int|long) -> long", page="bitset-count-ones-function")
def bitset_count_ones(value: int) -> int:
    """Number of bits that are set in the two's complement."""
    return (value & (2**64 - 1)).bit_count()
