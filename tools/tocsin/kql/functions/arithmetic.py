"""Arithmetic.

int and long arithmetic is 64 bits and wraps around; integer division cuts towards zero; ``%`` is never negative; an
integer divided by zero is null. datetimes and timespans are ticks, null when out of range.
Source: https://learn.microsoft.com/kusto/query/numerical-operators and
https://learn.microsoft.com/kusto/query/datetime-timespan-arithmetic
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from decimal import Decimal, DecimalException, localcontext
from functools import cache
from typing import Any, TypeAlias

from tocsin.kql.functions.conversions import converter, to_decimal, to_dynamic
from tocsin.kql.functions.declaration import FunctionTable, Style
from tocsin.kql.functions.integers import datetime_or_null, divide, modulo, timespan_or_null, wrap_long
from tocsin.kql.types import (
    DATETIME,
    DECIMAL,
    DYNAMIC,
    INTEGERS,
    REAL,
    TIMESPAN,
    DynamicDatetime,
    DynamicTimespan,
    ScalarType,
    Value,
)

TABLE = FunctionTable()

Binary: TypeAlias = Callable[[Any, Any], Any]

_NUMBERS = (
    "(left: int|long, right: int|long) -> long",
    "(left: int|long|real, right: int|long|real) -> real",
    "(left: number, right: number) -> decimal",
)
_DYNAMICS = (
    "(left: dynamic, right: dynamic) -> dynamic",
    "(left: dynamic, right: int|long) -> long",
    "(left: int|long, right: dynamic) -> long",
    "(left: dynamic, right: real) -> real",
    "(left: real, right: dynamic) -> real",
    "(left: dynamic, right: decimal) -> decimal",
    "(left: decimal, right: dynamic) -> decimal",
)
_DYNAMIC_TIMES = (
    "(left: dynamic, right: timespan) -> timespan",
    "(left: timespan, right: dynamic) -> timespan",
)


def _real_divide(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _real_modulo(left: float, right: float) -> float:
    if right == 0 or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    rest = math.fmod(left, right)
    return rest + abs(right) if rest < 0 else rest


def _decimal(operation: Callable[[Decimal, Decimal], Decimal]) -> Binary:
    def apply(left: Value, right: Value) -> Decimal | None:
        first, second = to_decimal(left), to_decimal(right)
        if first is None or second is None:
            return None
        with localcontext() as context:
            context.prec = 34
            try:
                result = operation(first, second)
            except DecimalException:
                return None
            return result if result.is_finite() else None

    return apply


def _decimal_modulo(left: Decimal, right: Decimal) -> Decimal:
    rest = left % right
    return rest + abs(right) if rest < 0 else rest


def _real(operation: Callable[[float, float], float]) -> Binary:
    def apply(left: Value, right: Value) -> float:
        try:
            return operation(float(left), float(right))
        except OverflowError:
            return math.inf

    return apply


_INTEGER_RULES: dict[str, Binary] = {
    "+": lambda left, right: wrap_long(left + right),
    "-": lambda left, right: wrap_long(left - right),
    "*": lambda left, right: wrap_long(left * right),
    "/": lambda left, right: None if right == 0 else wrap_long(divide(left, right) or 0),
    "%": modulo,
}
_REAL_RULES: dict[str, Binary] = {
    "+": _real(lambda left, right: left + right),
    "-": _real(lambda left, right: left - right),
    "*": _real(lambda left, right: left * right),
    "/": _real(_real_divide),
    "%": _real(_real_modulo),
}
add_decimals = _decimal(operator.add)
"""The sum of two decimals in their 34 digits; null when out of range."""
divide_decimals = _decimal(operator.truediv)
"""The quotient of two decimals in their 34 digits; null when there is none."""
_DECIMAL_RULES: dict[str, Binary] = {
    "+": add_decimals,
    "-": _decimal(lambda left, right: left - right),
    "*": _decimal(lambda left, right: left * right),
    "/": divide_decimals,
    "%": _decimal(_decimal_modulo),
}


_EXACT: dict[str, Callable[[int, int], int | None]] = {"*": operator.mul, "/": divide, "%": modulo}


def _scaled(limit: Callable[[int], int | None], operation: str) -> Binary:
    """Ticks times, by or modulo a number, in either order."""
    exact = _EXACT[operation]

    def apply(left: Value, right: Value) -> int | None:
        if isinstance(left, int) and isinstance(right, int):
            whole = exact(left, right)
            return None if whole is None else limit(whole)
        rule = _DECIMAL_RULES if Decimal in (type(left), type(right)) else _REAL_RULES
        number = rule[operation](left, right)
        return limit(int(number)) if number is not None and math.isfinite(number) else None

    return apply


def _number_rule(operation: str, types: Sequence[ScalarType]) -> Binary:
    if DECIMAL in types:
        return _DECIMAL_RULES[operation]
    if REAL in types:
        return _REAL_RULES[operation]
    return _INTEGER_RULES[operation]


def _time_rule(operation: str, left: ScalarType, right: ScalarType) -> Binary:
    """The rule when a datetime or timespan takes part."""
    times = {left, right} & {DATETIME, TIMESPAN}
    both = {left, right} <= {DATETIME, TIMESPAN}
    limit = datetime_or_null if DATETIME in times else timespan_or_null
    if operation == "+":
        return lambda a, b: limit(a + b)
    if operation == "-":
        if (left, right) == (DATETIME, DATETIME):
            return lambda a, b: timespan_or_null(a - b)
        return lambda a, b: limit(a - b)
    if operation == "/" and both:
        return _REAL_RULES["/"]
    if operation == "%" and both:
        return modulo
    return _scaled(limit, operation)


def _type_in_dynamic(value: Value) -> ScalarType | None:
    """The type that arithmetic sees in a dynamic value; None: no number."""
    if isinstance(value, DynamicDatetime):
        return DATETIME
    if isinstance(value, DynamicTimespan):
        return TIMESPAN
    if isinstance(value, int):
        return ScalarType.LONG
    if isinstance(value, float):
        return REAL
    return DECIMAL if isinstance(value, Decimal) else None


@cache
def _rule(operation: str, left: ScalarType, right: ScalarType) -> Binary:
    if {left, right} & {DATETIME, TIMESPAN}:
        return _time_rule(operation, left, right)
    return _number_rule(operation, (left, right))


def _dynamic_rule(operation: str, types: Sequence[ScalarType]) -> Binary:
    """The operands' types show row by row; the result is converted to the declared type."""
    declared = types[0] if types[1] is DYNAMIC else types[1]
    if declared in INTEGERS:
        declared = ScalarType.LONG
    if operation == "-" and DATETIME in types:
        declared = TIMESPAN
    finish = converter(DYNAMIC, declared)

    def apply(left: Value, right: Value) -> Value:
        first = types[0] if types[0] is not DYNAMIC else _type_in_dynamic(left)
        second = types[1] if types[1] is not DYNAMIC else _type_in_dynamic(right)
        if first is None or second is None:
            return None
        if not _TIMES.isdisjoint((first, second)):
            kind = _time_kind(operation, first, second)
            if kind is None or declared not in (DYNAMIC, kind):
                return None
            if declared is DYNAMIC:
                return to_dynamic(kind)(_rule(operation, first, second)(left, right))
        return finish(_rule(operation, first, second)(left, right))

    return apply


_TIMES = frozenset({DATETIME, TIMESPAN})
_SUMS = {(TIMESPAN, TIMESPAN): TIMESPAN, (DATETIME, TIMESPAN): DATETIME, (TIMESPAN, DATETIME): DATETIME}
_DIFFERENCES = {(TIMESPAN, TIMESPAN): TIMESPAN, (DATETIME, DATETIME): TIMESPAN, (DATETIME, TIMESPAN): DATETIME}


def _time_kind(operation: str, left: ScalarType, right: ScalarType) -> ScalarType | None:
    """What an operation gives of which an operand is a datetime or timespan; None: it does not go together."""
    if operation in "+-":
        return (_SUMS if operation == "+" else _DIFFERENCES).get((left, right))
    if left in _TIMES and right in _TIMES:
        return {"/": REAL, "%": TIMESPAN}.get(operation)
    if right in _TIMES:
        return right if operation == "*" else None
    return left


def _arithmetic(operation: str) -> Callable[[Sequence[ScalarType]], Binary]:
    def specialise(types: Sequence[ScalarType]) -> Binary:
        if DYNAMIC in types or ScalarType.UNKNOWN in types:
            return _dynamic_rule(operation, types)
        return _rule(operation, types[0], types[1])

    return specialise


_SCALINGS = (
    "(left: timespan, right: number) -> timespan",
    "(left: datetime, right: number) -> datetime",
)
_RATIOS = ("(left: timespan, right: timespan) -> real", "(left: datetime, right: datetime|timespan) -> real")
_ARITHMETIC: dict[str, tuple[str, ...]] = {
    "+": (
        *_NUMBERS,
        "(left: timespan, right: timespan) -> timespan",
        "(left: datetime|timespan, right: datetime|timespan) -> datetime",
        *_DYNAMICS,
        *_DYNAMIC_TIMES,
        "(left: dynamic, right: datetime) -> datetime",
        "(left: datetime, right: dynamic) -> datetime",
    ),
    "-": (
        *_NUMBERS,
        "(left: timespan, right: timespan) -> timespan",
        "(left: datetime, right: datetime) -> timespan",
        "(left: datetime, right: dynamic) -> timespan",
        "(left: dynamic, right: datetime) -> timespan",
        "(left: datetime, right: timespan) -> datetime",
        "(left: timespan, right: datetime) -> datetime",
        *_DYNAMICS,
        *_DYNAMIC_TIMES,
    ),
    "*": (
        *_NUMBERS,
        "(left: timespan, right: timespan) -> timespan",
        "(left: number, right: timespan) -> timespan",
        "(left: number, right: datetime) -> datetime",
        *_SCALINGS,
        *_DYNAMICS,
    ),
    "/": (*_NUMBERS, *_RATIOS, *_SCALINGS, *_DYNAMICS),
    "%": (
        *_NUMBERS,
        "(left: timespan, right: timespan) -> timespan",
        "(left: datetime, right: datetime|timespan) -> timespan",
        *_SCALINGS,
        *_DYNAMICS,
    ),
}

for _name, _signatures in _ARITHMETIC.items():
    TABLE.operator(_name, *_signatures, page="numerical-operators", style=Style.TYPED)(_arithmetic(_name))


def _negative_in_dynamic(value: Value) -> Value:
    kind = _type_in_dynamic(value)
    if kind is None or kind is DATETIME:
        return None
    return DynamicTimespan(-value) if kind is TIMESPAN else 0 - value


_SIGNED = (
    "(operand: int|long) -> long",
    "(operand: real) -> real",
    "(operand: decimal) -> decimal",
    "(operand: timespan) -> timespan",
    "(operand: datetime) -> datetime",
    "(operand: dynamic) -> dynamic",
)


@TABLE.operator("unary-", *_SIGNED, page="numerical-operators", style=Style.TYPED)
def negative(types: Sequence[ScalarType]) -> Callable[[Value], Value]:
    """What is missing to zero: a real zero has no sign. Of a dynamic only numbers and timespans have one."""
    if types[0] is DYNAMIC:
        return _negative_in_dynamic
    if types[0] is DATETIME:
        return lambda value: datetime_or_null(-value)
    if types[0] in (REAL, DECIMAL):
        return lambda value: 0 - value
    return lambda value: wrap_long(-value)


@TABLE.operator("unary+", *_SIGNED, page="numerical-operators", style=Style.TYPED)
def positive(types: Sequence[ScalarType]) -> Callable[[Value], Value]:
    """The number itself; null for what is none inside a dynamic."""
    if types[0] is DYNAMIC:
        return lambda value: None if _type_in_dynamic(value) is None else value
    return lambda value: value
