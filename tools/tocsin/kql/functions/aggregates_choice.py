"""Aggregates that pick values of the group: smallest, largest, any, and by rank.

Nulls lose: an extreme is null only when every value is. Of equal rows ``arg_max`` and ``arg_min`` take the first.
Source: https://learn.microsoft.com/kusto/query/aggregation-functions
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from operator import gt, lt
from typing import Any

from tocsin.kql.functions.aggregates_numbers import chosen
from tocsin.kql.functions.conversions import to_dynamic
from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.identity import kind_of
from tocsin.kql.types import DECIMAL, DYNAMIC, INT, LONG, LONG_MAX, REAL, ScalarType, Value

TABLE = FunctionTable()

Types = tuple[ScalarType, ...]
Comparison = Callable[[Any, Any], bool]


def best_row(values: Sequence[Value], better: Comparison) -> int | None:
    """The first row with the best value; None when all are null. NaN loses to numbers."""
    best: int | None = None
    for i, value in enumerate(values):
        if value is None:
            continue
        if best is None or better(value, values[best]) or values[best] != values[best]:
            best = i
    return best


def _best(values: Sequence[Value], better: Comparison) -> Value:
    row = best_row(values, better)
    return None if row is None else values[row]


def _declare_extreme(name: str, better: Comparison) -> None:
    def of_all(values: Sequence[Value]) -> Value:
        return _best(values, better)

    def of_chosen(values: Sequence[Value], predicate: Sequence[bool | None]) -> Value:
        return _best(chosen(values, predicate), better)

    TABLE.aggregate(name, "<T: orderable>(value: T) -> T", page=f"{name}-aggregation-function")(of_all)
    TABLE.aggregate(
        f"{name}if", "<T: orderable>(value: T, predicate: bool) -> T", page=f"{name}if-aggregation-function"
    )(of_chosen)


_declare_extreme("min", lt)
_declare_extreme("max", gt)


def _declare_arg(name: str, old: str, better: Comparison) -> None:
    def pick(values: Sequence[Value], *returned: Sequence[Value]) -> tuple[Value, ...]:
        row = best_row(values, better)
        if row is None:
            if not values:
                return (None,) * (1 + len(returned))
            row = 0
        return (values[row], *(column[row] for column in returned))

    signatures = ("<T: orderable>(value: T, [returned: scalar|*], ...) -> T",)
    page = name.replace("_", "-") + "-aggregation-function"
    TABLE.aggregate(name, *signatures, page=page, prefix=None)(pick)
    TABLE.aggregate(old, *signatures, page=page, prefix=old.removeprefix("arg"), deprecated=True)(pick)


_declare_arg("arg_max", "argmax", gt)
_declare_arg("arg_min", "argmin", lt)


# ------------------------------------------------------------------------------------------------------------- any


def take_any(*columns: Sequence[Value]) -> tuple[Value, ...]:
    """The values of one row, the first; of a single column the first value that is neither null nor empty."""
    return (_any(columns[0]),) if len(columns) == 1 else _any_row(columns)


def _any(values: Sequence[Value]) -> Value:
    return next((value for value in values if value is not None and value != ""), next(iter(values), None))


def _any_row(columns: Sequence[Sequence[Value]]) -> tuple[Value, ...]:
    return next(iter(zip(*columns, strict=True)), (None,) * len(columns))


def take_anyif(values: Sequence[Value], predicate: Sequence[bool | None]) -> Value:
    """A value of the rows for which the predicate is true; null or empty only when all are."""
    return _any(chosen(values, predicate))


_ANY_PAGE = "take-any-aggregation-function"
TABLE.aggregate("take_any", "(value: scalar|*, ...) -> dynamic", page=_ANY_PAGE, prefix=None)(take_any)
TABLE.aggregate(
    "any",
    "(value: *, ...) -> dynamic",
    page=_ANY_PAGE,
    prefix="any",
    deprecated=True,
    accepts=(
        "(value: scalar) -> the type of value",
        "(value: scalar, ...2-)",
        "(value: *)",
    ),
)(take_any)
_ANYIF_PAGE = "take-anyif-aggregation-function"
_ANYIF = "<T: scalar>(value: T, predicate: bool) -> T"
TABLE.aggregate("take_anyif", _ANYIF, page=_ANYIF_PAGE, prefix=None)(take_anyif)
TABLE.aggregate("anyif", _ANYIF, page=_ANYIF_PAGE, prefix="anyif", deprecated=True)(take_anyif)


# ------------------------------------------------------------------------------------------------------ percentiles


def _percentile_type(types: Sequence[ScalarType]) -> ScalarType:
    return {INT: LONG, DECIMAL: REAL}.get(types[0], types[0])


def _at_ranks(values: Sequence[Value], weights: Sequence[Value] | None, percents: Sequence[Value]) -> list[Value]:
    """Nearest rank: the smallest value with at least that percentage of the weight at or below it. NaN has no rank."""
    shares = [_share(percent) for percent in percents]
    weighted = [
        (value, 1 if weights is None else weights[i] or 0)
        for i, value in enumerate(values)
        if value is not None and value == value
    ]
    weighted = sorted(((value, weight) for value, weight in weighted if weight > 0), key=lambda pair: pair[0])
    if not weighted:
        return [None] * len(percents)
    total = sum(weight for _, weight in weighted)
    if total > LONG_MAX:
        raise KqlValueError("the weights add up to more than a long holds")
    return [None if share is None else _at_rank(weighted, total, share) for share in shares]


def _share(percent: Value) -> Fraction | None:
    """A percentage as an exact share of 1; raises KqlValueError for what is none."""
    if percent is None:
        return None
    if isinstance(percent, (int, float, Decimal)) and not isinstance(percent, bool) and 0 <= percent <= 100:
        return Fraction(str(percent)) / 100
    shown = str(percent) if isinstance(percent, (int, float, Decimal)) else f"a {kind_of(percent).value}"
    raise KqlValueError(f"a percentile is a number from 0 to 100, not {shown}")


def _at_rank(weighted: Sequence[tuple[Value, int]], total: int, share: Fraction) -> Value:
    wanted = max(1, math.ceil(share * total))
    seen = 0
    for value, weight in weighted:
        seen += weight
        if seen >= wanted:
            return value
    return weighted[-1][0]


def _flattened(percents: Sequence[Value]) -> list[Value]:
    return [each for percent in percents for each in (percent if isinstance(percent, list) else [percent])]


def percentiles(types: Types, values: Sequence[Value], *percents: Value) -> tuple[Value, ...]:
    """The values at these percentages."""
    return tuple(_as_result(types[0], each) for each in _at_ranks(values, None, _flattened(percents)))


def percentiles_weighted(
    types: Types, values: Sequence[Value], weights: Sequence[Value], *percents: Value
) -> tuple[Value, ...]:
    """The values at these percentages when each counts ``weight`` times."""
    return tuple(_as_result(types[0], each) for each in _at_ranks(values, weights, _flattened(percents)))


def percentiles_array(types: Types, values: Sequence[Value], *percents: Value) -> list[Value]:
    """``percentiles`` as one array."""
    into = to_dynamic(_percentile_type(types))
    return [into(value) for value in percentiles(types, values, *percents)]


def percentiles_weighted_array(
    types: Types, values: Sequence[Value], weights: Sequence[Value], *percents: Value
) -> list[Value]:
    """``percentilesw`` as one array."""
    into = to_dynamic(_percentile_type(types))
    return [into(value) for value in percentiles_weighted(types, values, weights, *percents)]


def _as_result(type_: ScalarType, value: Value) -> Value:
    return float(value) if type_ is DECIMAL and isinstance(value, Decimal) else value


_PAGE, _WEIGHTED_PAGE = "percentiles-aggregation-function", "percentilesw-aggregation-function"
_P, _W = "percentile: single number", "weight: integer"
# What cannot be added up has no ranks here: the service lets it pass, the reference does not say what comes of it.
for _name, _arguments, _implementation in (
    ("percentile", _P, percentiles),
    ("percentiles", f"{_P}, ...", percentiles),
    ("percentilew", f"{_W}, {_P}", percentiles_weighted),
    ("percentilesw", f"{_W}, {_P}, ...", percentiles_weighted),
):
    TABLE.aggregate(
        _name,
        f"(value: summable, {_arguments})",
        page=_WEIGHTED_PAGE if _W in _arguments else _PAGE,
        prefix="percentile",
        returns=_percentile_type,
        typed=True,
        accepts=(f"(value: scalar, {_arguments})",),
    )(_implementation)

_P_OR_ARRAY = "percentile: single number|dynamic"
TABLE.aggregate(
    "percentiles_array",
    f"(value: summable, {_P_OR_ARRAY}, ...) -> dynamic",
    page=_PAGE,
    prefix="percentiles",
    returns=lambda types: DYNAMIC,
    typed=True,
    accepts=(
        "(value: scalar, percentile: number, ...)",
        "(value: scalar, percentile: array)",
    ),
)(percentiles_array)
TABLE.aggregate(
    "percentilesw_array",
    f"(value: summable, {_W}, {_P_OR_ARRAY}, ...) -> dynamic",
    page=_WEIGHTED_PAGE,
    prefix="percentile",
    returns=lambda types: DYNAMIC,
    typed=True,
    accepts=(
        "(value: scalar, weight: integer, percentile: number, ...)",
        "(value: scalar, weight: integer, percentile: array)",
    ),
)(percentiles_weighted_array)
