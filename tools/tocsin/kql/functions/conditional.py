"""Choosing between values, and asking what a value is.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#conditional-functions
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import InvalidOperation
from typing import Any

from tocsin.kql.functions.conversions import converter
from tocsin.kql.functions.declaration import FunctionTable, Nulls, Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.types import DYNAMIC, NUMBERS, REAL, STRING, UNKNOWN, ScalarType, Value

TABLE = FunctionTable()

_WIDTH = (ScalarType.INT, ScalarType.LONG, ScalarType.REAL, ScalarType.DECIMAL)


def common_result(types: Sequence[ScalarType]) -> ScalarType:
    """The type of a choice: numbers widen, dynamic yields to the other type, types that do not fit give dynamic."""
    known = {each for each in types if each not in (UNKNOWN, DYNAMIC)}
    if not known:
        return DYNAMIC if DYNAMIC in types else UNKNOWN
    if known <= NUMBERS:
        return max(known, key=_WIDTH.index)
    return known.pop() if len(known) == 1 else DYNAMIC


def branch_changes(types: Sequence[ScalarType]) -> list[Callable[[Value], Value] | None]:
    """For the arguments of ``iff`` or ``case``: what each value after a condition, and the last one, goes through to be
    of the type of the result; None where it stays as it is."""
    return _changes(_case_values(types))


def _changes(types: Sequence[ScalarType]) -> list[Callable[[Value], Value] | None]:
    wanted = common_result(types)
    return [None if each in (wanted, UNKNOWN) or wanted is UNKNOWN else converter(each, wanted) for each in types]


def _iff_returns(types: Sequence[ScalarType]) -> ScalarType:
    return common_result(types[1:])


@TABLE.scalar(
    "iff",
    "(if: bool, then: commonordynamic, else: commonordynamic) -> the common type but dynamic",
    page="iff-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    returns=_iff_returns,
    aliases=("iif",),
)
def iff(types: Sequence[ScalarType]) -> Callable[[Value, Value, Value], Value]:
    """The second value where the first is true, else (also for null) the third."""
    then_change, else_change = _changes(types[1:])

    def choose(condition: Value, then: Value, otherwise: Value) -> Value:
        if condition:
            return then_change(then) if then_change else then
        return else_change(otherwise) if else_change else otherwise

    return choose


def _case_values(types: Sequence[ScalarType]) -> list[ScalarType]:
    return [*types[1:-1:2], types[-1]]


def _case_returns(types: Sequence[ScalarType]) -> ScalarType:
    return common_result(_case_values(types))


@TABLE.scalar(
    "case",
    "((predicate: bool, then: commonordynamic)..., else: commonordynamic) -> the common type but dynamic",
    page="case-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    returns=_case_returns,
)
def case(types: Sequence[ScalarType]) -> Callable[..., Value]:
    """The value after the first predicate that is true, else the last one."""
    changes = _changes(_case_values(types))

    def choose(*arguments: Value) -> Value:
        last = len(arguments) - 1
        index = next((at + 1 for at in range(0, last, 2) if arguments[at]), last)
        change = changes[index // 2]
        return change(arguments[index]) if change else arguments[index]

    return choose


@TABLE.scalar(
    "coalesce",
    "<T: scalar>(first: T, second: T, ...) -> T",
    page="coalesce-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    accepts=("(first: common, ...2-64) -> the common type",),
)
def coalesce(types: Sequence[ScalarType]) -> Callable[..., Value]:
    """The first value that is not null, of strings the first that is not empty; else the last."""
    if types[0] is STRING:
        return lambda *texts: next(filter(None, texts), texts[-1])
    if len(types) == 2:
        return lambda first, second: second if first is None else first
    return lambda *values: next((value for value in values if value is not None), None)


def _extreme(types: Sequence[ScalarType], choose: Callable[..., Value]) -> Callable[..., Value]:
    if len(types) == 2 and REAL not in types:

        def of_two(first: Value, second: Value) -> Value:
            if first is None or second is None:
                return second if first is None else first
            return choose(first, second)

        return of_two

    def of_all(*values: Value) -> Value:
        present = [value for value in values if value is not None and value == value]
        return choose(present) if present else values[0]

    return of_all


@TABLE.scalar(
    "max_of",
    "<T: orderable>(first: T, second: T, ...) -> T",
    page="max-of-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    accepts=("(first: commonorderable, ...2-64) -> the common type",),
)
def max_of(types: Sequence[ScalarType]) -> Callable[..., Value]:
    """The largest value; nulls do not count."""
    return _extreme(types, max)


@TABLE.scalar(
    "min_of",
    "<T: orderable>(first: T, second: T, ...) -> T",
    page="min-of-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    accepts=("(first: commonorderable, ...2-64) -> the common type",),
)
def min_of(types: Sequence[ScalarType]) -> Callable[..., Value]:
    """The smallest value; nulls do not count."""
    return _extreme(types, min)


@TABLE.scalar("isnull", "(value: scalar) -> bool", page="isnull-function", nulls=Nulls.SEE, folds=False)
def isnull(value: Value) -> bool:
    """Whether the value is null. A string never is."""
    return value is None


@TABLE.scalar(
    "isnotnull",
    "(value: scalar) -> bool",
    page="isnotnull-function",
    nulls=Nulls.SEE,
    aliases=("notnull",),
    folds=False,
)
def isnotnull(value: Value) -> bool:
    """Whether the value is not null."""
    return value is not None


@TABLE.scalar(
    "isnan", "(number: number) -> bool", page="isnan-function", nulls=Nulls.SEE, accepts=("(number: real) -> bool",)
)
def isnan(value: Any) -> bool:
    """Whether the number is NaN; null is not."""
    return value is not None and math.isnan(value)


@TABLE.scalar(
    "isinf", "(number: number) -> bool", page="isinf-function", nulls=Nulls.SEE, accepts=("(number: real) -> bool",)
)
def isinf(value: Any) -> bool:
    """Whether the number is one of the infinities; null is not."""
    return value is not None and math.isinf(value)


@TABLE.scalar(
    "isfinite",
    "(number: number) -> bool",
    page="isfinite-function",
    nulls=Nulls.SEE,
    accepts=("(number: real) -> bool",),
)
def isfinite(value: Any) -> bool:
    """Whether the number is neither NaN nor infinite; null is not finite."""
    return value is not None and math.isfinite(value)


@TABLE.scalar(
    "assert", "(predicate: bool, message: string) -> bool", page="assert-function", nulls=Nulls.SEE, folds=False
)
def assert_(predicate: Value, message: str) -> bool:
    """True; when the predicate is not true the query fails with the message."""
    if not predicate:
        raise KqlValueError(f"assert() failed: {message}")
    return True


@TABLE.scalar("around", "(value: scalar, center: scalar, delta: scalar) -> bool", page="around-function", folds=False)
def around(value: Any, center: Any, delta: Any) -> bool | None:
    """Whether the value is at most ``delta`` from ``center``."""
    try:
        return bool(center - delta <= value <= center + delta)
    except (TypeError, InvalidOperation):
        return None


TABLE.known("column_ifexists", "(column_name: const string, default_value: scalar) -> the type of default_value",
            page="column-ifexists-function", returns=lambda types: types[1], aliases=("columnifexists",),
            folds=False)  # fmt: skip
