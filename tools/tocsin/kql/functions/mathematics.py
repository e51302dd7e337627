"""Mathematical functions. What has no real result is NaN, except that the logarithm of a negative number, and the angle
of a cosine or sine beyond 1, are null.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#mathematical-functions
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, DecimalException, localcontext
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.integers import wrap_long

TABLE = FunctionTable()

_ONE = "(number: number) -> real"
_SAME = "<T: number>(number: T) -> T"


def _guarded(function: Callable[..., float]) -> Callable[..., float]:
    """``function`` on floats; NaN outside its domain, infinity when it overflows."""

    def apply(*numbers: Any) -> float:
        try:
            return function(*[float(each) for each in numbers])
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return apply


def _cot(angle: float) -> float:
    tangent = math.tan(angle)
    return 1 / tangent if tangent else math.inf


def _gamma(number: float) -> float:
    return math.copysign(math.inf, number) if number == 0 else math.gamma(number)


def _loggamma(number: float) -> float:
    pole = number <= 0 and number.is_integer()
    return math.inf if pole else math.lgamma(number)


for _name, _function in {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "exp2": lambda number: 2.0**number,
    "exp10": lambda number: 10.0**number,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "atan": math.atan,
    "cot": _cot,
    "degrees": math.degrees,
    "radians": math.radians,
    "gamma": _gamma,
    "loggamma": _loggamma,
    "erf": math.erf,
    "erfc": math.erfc,
}.items():
    TABLE.scalar(_name, _ONE, page=f"{_name}-function")(_guarded(_function))


def _angle(function: Callable[[float], float]) -> Callable[[Any], float | None]:
    def apply(number: Any) -> float | None:
        value = float(number)
        return None if abs(value) > 1 else function(value)

    return apply


for _name, _arc in {"asin": math.asin, "acos": math.acos}.items():
    TABLE.scalar(_name, _ONE, page=f"{_name}-function")(_angle(_arc))

TABLE.scalar("atan2", "(y: number, x: number) -> real", page="atan2-function")(_guarded(math.atan2))


@TABLE.scalar("pi", "() -> real", page="pi-function")
def pi() -> float:
    """The number pi."""
    return math.pi


def power(base: float, exponent: float) -> float:
    """``base`` to the power of ``exponent``; infinite where it is too large. ValueError: there is no real result."""
    if base == 0 and exponent < 0:
        return math.inf
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf


TABLE.scalar("pow", "(base: number, exponent: number) -> real", page="pow-function")(_guarded(power))


def _logarithm(function: Callable[[float], float]) -> Callable[[Any], float | None]:
    def apply(number: Any) -> float | None:
        value = float(number)
        if value == 0:
            return -math.inf
        return function(value) if not value < 0 else None

    return apply


for _name, _log in {"log": math.log, "log2": math.log2, "log10": math.log10}.items():
    TABLE.scalar(_name, _ONE, page=f"{_name}-function")(_logarithm(_log))


@TABLE.scalar(
    "abs",
    "(number: int|long) -> long",
    "(number: real) -> real",
    "(number: decimal) -> decimal",
    "(number: timespan) -> timespan",
    page="abs-function",
    accepts=(
        "(number: integer) -> long",
        "(number: number) -> the type of number",
        "(number: timespan) -> timespan",
    ),
)
def absolute(number: Any) -> Any:
    """The number without its sign."""
    return wrap_long(abs(number)) if isinstance(number, int) else abs(number)


@TABLE.scalar("sign", _ONE, page="sign-function")
def sign(number: Any) -> float:
    """-1, 0 or 1; 0 for NaN."""
    return float((number > 0) - (number < 0))


@TABLE.scalar("ceiling", _SAME, page="ceiling-function")
def ceiling(number: Any) -> Any:
    """The smallest whole number at or above the number, of the same type."""
    if isinstance(number, int):
        return number
    if isinstance(number, Decimal):
        return number.to_integral_value(ROUND_CEILING)
    return math.copysign(math.ceil(number), number) if math.isfinite(number) else number


@TABLE.scalar(
    "round",
    "<T: number>(number: T) -> T",
    "(number: int, precision: const int|long) -> int",
    "(number: long, precision: const int|long) -> long",
    "(number: real, precision: const int|long) -> real",
    "(number: decimal, precision: const int|long) -> decimal",
    page="round-function",
    accepts=("(number: number, [precision: const long]) -> the type of number",),
)
def round_(number: Any, precision: int = 0) -> Any:
    """The number to so many digits, halves away from zero; a negative precision rounds to tens, hundreds …

    A real is scaled in double precision before it is rounded, so that a half is what binary digits make of it.
    """
    if isinstance(number, int):
        return number if precision >= 0 else _round_integer(number, -precision)
    return _round_decimal(number, precision) if isinstance(number, Decimal) else _round_real(number, precision)


def _round_integer(number: int, digits: int) -> int:
    if digits > 20:
        return 0
    size = 10**digits
    rounded = (abs(number) + size // 2) // size * size
    return wrap_long(rounded if number >= 0 else -rounded)


def _round_real(number: float, precision: int) -> float:
    if abs(precision) > 308:
        return number if precision > 0 else 0.0
    size = 10.0 ** abs(precision)
    scaled = abs(number * size if precision >= 0 else number / size)
    if not scaled < 2**53:
        return number
    whole = math.floor(scaled)
    rounded = float(whole + (scaled - whole >= 0.5))
    return math.copysign(rounded / size if precision >= 0 else rounded * size, number)


def _round_decimal(number: Decimal, precision: int) -> Decimal:
    with localcontext() as context:
        context.prec = 700
        try:
            rounded = number.quantize(Decimal(1).scaleb(-max(-400, min(precision, 300))), ROUND_HALF_UP)
            return rounded if precision >= 0 else rounded.quantize(Decimal(1))
        except DecimalException:
            return number
