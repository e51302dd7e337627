"""Aggregates that count, add up and measure spread.

Values of zero rows are Kusto's: sums and deviations are 0, averages NaN (decimals, timespans and datetimes: null).
Sums of 64-bit integers wrap around, and so do averages, which are made from them. Sums of reals are made row after row.
Source: https://learn.microsoft.com/kusto/query/aggregation-functions
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import reduce
from operator import add, and_, or_, xor

from tocsin.kql.functions.arithmetic import add_decimals, divide_decimals
from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.identity import identities
from tocsin.kql.functions.integers import datetime_or_null, divide, wrap_long
from tocsin.kql.types import DATETIME, DECIMAL, INT, LONG, REAL, TIMESPAN, ScalarType, Value

TABLE = FunctionTable()

Types = tuple[ScalarType, ...]


def chosen(values: Sequence[Value], predicate: Sequence[bool | None]) -> list[Value]:
    """The values whose predicate is true."""
    return [value for value, keep in zip(values, predicate, strict=True) if keep is True]


def present(values: Sequence[Value]) -> list[Value]:
    """The values that are not null."""
    return [value for value in values if value is not None]


# -------------------------------------------------------------------------------------------------------- counting


@TABLE.aggregate(
    "count",
    "() -> long",
    "(value: scalar) -> long",
    page="count-aggregation-function",
    accepts=(
        "() -> long",
        "(value: bool) -> long",
    ),
)
def count(rows: Sequence[Value]) -> int:
    """Rows of the group; an argument does not matter."""
    return len(rows)


@TABLE.aggregate("cnt", "() -> long", page="count-aggregation-function", deprecated=True)
def cnt(rows: Sequence[Value]) -> int:
    """The old name of ``count``."""
    return len(rows)


@TABLE.aggregate("countif", "(predicate: bool) -> long", page="countif-aggregation-function")
def countif(predicate: Sequence[bool | None]) -> int:
    """Rows for which the predicate is true."""
    return sum(1 for value in predicate if value is True)


def check_accuracy(accuracy: int | None) -> None:
    """Raises KqlValueError for an accuracy of an estimate that Kusto does not have; null is the default."""
    if accuracy is not None and not 0 <= accuracy <= 4:
        raise KqlValueError(f"the accuracy of a distinct count is 0 to 4, not {accuracy}")


def _distinct(values: Sequence[Value], type_: ScalarType) -> int:
    return len(set(identities(present(values), type_)))


@TABLE.aggregate(
    "dcount",
    "(value: scalar, [accuracy: const int|long]) -> long",
    page="dcount-aggregation-function",
    typed=True,
    accepts=("(value: scalar, [accuracy: notdynamic]) -> long",),
)
def dcount(types: Types, values: Sequence[Value], accuracy: int = 1) -> int:
    """Distinct values, nulls aside. Kusto estimates; this counts."""
    check_accuracy(accuracy)
    return _distinct(values, types[0])


@TABLE.aggregate(
    "dcountif",
    "(value: scalar, predicate: bool, [accuracy: const int|long]) -> long",
    page="dcountif-aggregation-function",
    typed=True,
    accepts=("(value: scalar, predicate: bool, [accuracy: notdynamic]) -> long",),
)
def dcountif(types: Types, values: Sequence[Value], predicate: Sequence[bool | None], accuracy: int = 1) -> int:
    """Distinct values of the rows for which the predicate is true."""
    check_accuracy(accuracy)
    return _distinct(chosen(values, predicate), types[0])


@TABLE.aggregate(
    "count_distinct", "(value: notdynamic) -> long", page="count-distinct-aggregation-function", typed=True
)
def count_distinct(types: Types, values: Sequence[Value]) -> int:
    """Distinct values, nulls aside."""
    return _distinct(values, types[0])


@TABLE.aggregate(
    "count_distinctif",
    "(value: notdynamic, predicate: bool) -> long",
    page="count-distinctif-aggregation-function",
    typed=True,
)
def count_distinctif(types: Types, values: Sequence[Value], predicate: Sequence[bool | None]) -> int:
    """Distinct values of the rows for which the predicate is true."""
    return _distinct(chosen(values, predicate), types[0])


# ------------------------------------------------------------------------------------------------ sums and averages


def _promoted(types: Sequence[ScalarType]) -> ScalarType:
    return LONG if types[0] is INT else types[0]


def total(type_: ScalarType, values: Sequence[Value]) -> Value:
    """The sum of the values that are not null, in the type that ``sum`` has for ``type_``."""
    numbers = present(values)
    if type_ is REAL:
        return added(numbers)
    if type_ is DECIMAL:
        return reduce(add_decimals, numbers, Decimal(0))
    if type_ is DATETIME:
        return datetime_or_null(sum(numbers))
    return wrap_long(sum(numbers))


def added(numbers: Iterable[float]) -> float:
    """The sum in the order of the rows, rounded at each step as Kusto does. ``sum`` of newer Pythons is more exact."""
    return reduce(add, numbers, 0.0)


@TABLE.aggregate(
    "sum",
    "(value: summable) -> the promoted type of value",
    page="sum-aggregation-function",
    returns=_promoted,
    typed=True,
)
def sum_(types: Types, values: Sequence[Value]) -> Value:
    """The sum; 0 of nothing."""
    return total(types[0], values)


@TABLE.aggregate(
    "sumif",
    "(value: summable, predicate: bool) -> the promoted type of value",
    page="sumif-aggregation-function",
    returns=_promoted,
    typed=True,
)
def sumif(types: Types, values: Sequence[Value], predicate: Sequence[bool | None]) -> Value:
    """The sum over the rows for which the predicate is true."""
    return total(types[0], chosen(values, predicate))


def average(type_: ScalarType, values: Sequence[Value]) -> Value:
    """The mean of the values that are not null."""
    numbers = present(values)
    if not numbers:
        return None if type_ in (TIMESPAN, DATETIME, DECIMAL) else math.nan
    if type_ is DATETIME:
        return sum(numbers) // len(numbers)
    whole_sum = total(type_, numbers)
    if type_ is TIMESPAN:
        return divide(whole_sum, len(numbers))
    return divide_decimals(whole_sum, len(numbers)) if type_ is DECIMAL else whole_sum / len(numbers)


_AVERAGES = (
    "(value: int|long|real) -> real",
    "(value: decimal) -> decimal",
    "(value: timespan) -> timespan",
    "(value: datetime) -> datetime",
)


@TABLE.aggregate(
    "avg",
    *_AVERAGES,
    page="avg-aggregation-function",
    typed=True,
    accepts=(
        "(value: integer) -> real",
        "(value: real) -> real",
        "(value: decimal) -> decimal",
        "(value: timespan) -> timespan",
        "(value: datetime) -> datetime",
    ),
)
def avg(types: Types, values: Sequence[Value]) -> Value:
    """The mean; NaN of nothing."""
    return average(types[0], values)


@TABLE.aggregate(
    "avgif",
    *(signature.replace(") ->", ", predicate: bool) ->") for signature in _AVERAGES),
    page="avgif-aggregation-function",
    typed=True,
    accepts=(
        "(value: integer, predicate: bool) -> real",
        "(value: real, predicate: bool) -> real",
        "(value: decimal, predicate: bool) -> decimal",
        "(value: timespan, predicate: bool) -> timespan",
        "(value: datetime, predicate: bool) -> datetime",
    ),
)
def avgif(types: Types, values: Sequence[Value], predicate: Sequence[bool | None]) -> Value:
    """The mean over the rows for which the predicate is true."""
    return average(types[0], chosen(values, predicate))


# ---------------------------------------------------------------------------------------------------------- spread


_VARIANCE_DIGITS = 10
"""A variance is rounded to so many decimals, and a deviation is the root of what is left (the Kusto emulator's answers;
covariances are not rounded: the reference shows eleven decimals of one)."""


def _spread(left: Sequence[Value], right: Sequence[Value], population: bool) -> float:
    """The sum of the products of the distances from the means, by the number of pairs; a sample is one smaller."""
    pairs = [(float(x), float(y)) for x, y in zip(left, right, strict=True) if x is not None and y is not None]
    count = len(pairs)
    if count < (1 if population else 2):
        return 0.0
    mean_left = added(x for x, _ in pairs) / count
    mean_right = added(y for _, y in pairs) / count
    products = [(x - mean_left) * (y - mean_right) for x, y in pairs]
    squares = math.fsum(products) if all(map(math.isfinite, products)) else added(products)
    return squares / (count if population else count - 1)


def _variance(values: Sequence[Value], population: bool) -> float:
    return round(_spread(values, values, population), _VARIANCE_DIGITS)


def _deviation(values: Sequence[Value], population: bool) -> float:
    return math.sqrt(_variance(values, population))


_SPREADS: tuple[tuple[str, str, Callable[[Sequence[Value], bool], float], bool], ...] = (
    ("stdev", "stdevif", _deviation, False),
    ("stdevp", "stdevpif", _deviation, True),
    ("variance", "varianceif", _variance, False),
    ("variancep", "variancepif", _variance, True),
)


def _declare_spread(
    name: str, conditional: str, measure: Callable[[Sequence[Value], bool], float], population: bool
) -> None:
    def of_all(values: Sequence[Value]) -> float:
        return measure(values, population)

    def of_chosen(values: Sequence[Value], predicate: Sequence[bool | None]) -> float:
        return measure(chosen(values, predicate), population)

    TABLE.aggregate(name, "(value: summable) -> real", page=f"{name}-aggregation-function")(of_all)
    if conditional != "stdevpif":  # Kusto has no such function
        TABLE.aggregate(
            conditional, "(value: summable, predicate: bool) -> real", page=f"{conditional}-aggregation-function"
        )(of_chosen)


for _declaration in _SPREADS:
    _declare_spread(*_declaration)


def _declare_covariance(name: str, conditional: str, population: bool) -> None:
    def of_all(left: Sequence[Value], right: Sequence[Value]) -> float:
        return _spread(left, right, population)

    def of_chosen(left: Sequence[Value], right: Sequence[Value], predicate: Sequence[bool | None]) -> float:
        return _spread(chosen(left, predicate), chosen(right, predicate), population)

    arguments = "left: summable, right: summable"
    TABLE.aggregate(name, f"({arguments}) -> real", page=f"{name}-aggregation-function")(of_all)
    TABLE.aggregate(conditional, f"({arguments}, predicate: bool) -> real", page=f"{conditional}-aggregation-function")(
        of_chosen
    )


_declare_covariance("covariance", "covarianceif", population=False)
_declare_covariance("covariancep", "covariancepif", population=True)


# ------------------------------------------------------------------------------------------------------------ bits


def _declare_bits(name: str, combine: Callable[[int, int], int], of_nothing: int | None) -> None:
    def aggregate(values: Sequence[Value]) -> int | None:
        numbers = present(values)
        return reduce(combine, numbers) if numbers else of_nothing

    TABLE.aggregate(
        name,
        "<T: int|long>(value: T) -> T",
        accepts=("(value: summable) -> the type of value",),
        page=name.replace("_", "-") + "-aggregation-function",
        prefix=None,
    )(aggregate)


_declare_bits("binary_all_and", and_, None)
_declare_bits("binary_all_or", or_, None)
_declare_bits("binary_all_xor", xor, None)
