"""Mathematical functions. What has no real result is NaN, except that the logarithm of a negative number is null.

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
    return math.gamma(number)


for _name, _function in {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "exp2": lambda number: 2.0**number,
    "exp10": lambda number: 10.0**number,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "cot": _cot,
    "degrees": math.degrees,
    "radians": math.radians,
    "gamma": _gamma,
    "loggamma": math.lgamma,
    "erf": math.erf,
    "erfc": math.erfc,
}.items():
    TABLE.scalar(_name, _ONE, page=f"{_name}-function")(_guarded(_function))

TABLE.scalar("atan2", "(y: number, x: number) -> real", page="atan2-function")(_guarded(math.atan2))


@TABLE.scalar("pi", "() -> real", page="pi-function")
def pi() -> float:
    """The number pi."""
    return math.pi


def _power(base: float, exponent: float) -> float:
    if base == 0 and exponent < 0:
        return math.inf
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf


TABLE.scalar("pow", "(base: number, exponent: number) -> real", page="pow-function")(_guarded(_power))


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
    """The number to so many digits, halves away from zero; a negative precision rounds to tens, hundreds …"""
    if isinstance(number, float) and (not math.isfinite(number) or precision > 300):
        return number
    exact = number if isinstance(number, Decimal) else Decimal(repr(number))
    with localcontext() as context:
        context.prec = 700
        try:
            rounded = exact.quantize(Decimal(1).scaleb(-max(-400, min(precision, 300))), ROUND_HALF_UP)
            if isinstance(number, Decimal):
                return rounded if precision >= 0 else rounded.quantize(Decimal(1))
        except DecimalException:
            return number
    return wrap_long(int(rounded)) if isinstance(number, int) else float(rounded)
