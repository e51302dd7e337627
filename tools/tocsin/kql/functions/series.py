"""Functions on series: dynamic arrays of numbers, element by element.

Elements that are no numbers, and places that one of two series lacks, give null.
Source: https://learn.microsoft.com/kusto/query/scalar-functions#series-element-wise-functions
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable, Nulls
from tocsin.kql.functions.mathematics import TABLE as _MATHEMATICS
from tocsin.kql.functions.mathematics import power
from tocsin.kql.types import LONG_MAX, LONG_MIN, DynamicDatetime, Value

TABLE = FunctionTable(folds=False)


def _number(value: Value) -> Any:
    """The element when it is a number, else None: bools, datetimes and timespans are none."""
    kind = type(value)
    if kind is int or kind is float:
        return value
    return float(value) if isinstance(value, Decimal) else None


_PLAIN = frozenset({int, float})


def _numeric(elements: list[Value]) -> list[Any]:
    """The numbers among the elements, None for the others. Not to be changed: it may be the list given."""
    return elements if _PLAIN.issuperset(map(type, elements)) else [_number(each) for each in elements]


def _numeric_or_time(elements: list[Value]) -> list[Any]:
    """As ``_numeric``, of datetimes the ticks as a real: an example of series_fit_poly adds to and takes from them."""
    found = _numeric(elements)
    if DynamicDatetime not in set(map(type, elements)):
        return found
    times = (float(each) if type(each) is DynamicDatetime else None for each in elements)
    return [number if time is None else time for number, time in zip(found, times, strict=True)]


def numbers(series: Value) -> list[Any] | None:
    """The numbers of a series, not to be changed; None for what is no array or holds something else."""
    if not isinstance(series, list):
        return None
    found = _numeric(series)
    return None if None in found else found


# --------------------------------------------------------------------------------------------------- two and two


def _two(
    operation: Callable[[Any, Any], Any], read: Callable[[list[Value]], list[Any]] = _numeric
) -> Callable[[Value, Value], Value]:
    def element(left: Any, right: Any) -> Value:
        try:
            return operation(left, right)
        except (OverflowError, ValueError):
            return math.nan

    def apply(left: Value, right: Value) -> Value:
        firsts = left if isinstance(left, list) else [left] * len(right) if isinstance(right, list) else None
        if firsts is None:
            return None
        seconds = right if isinstance(right, list) else [right] * len(firsts)
        found = [
            None if first is None or second is None else element(first, second)
            for first, second in zip(read(firsts), read(seconds), strict=False)
        ]
        return found + [None] * (max(len(firsts), len(seconds)) - len(found))

    return apply


def _divide(left: Any, right: Any) -> float:
    numerator, divisor = float(left), float(right)
    if divisor:
        return numerator / divisor
    if numerator == 0 or math.isnan(numerator) or math.isnan(divisor):
        return math.nan
    return math.copysign(math.inf, numerator) * math.copysign(1.0, divisor)


def _fitting(number: Any) -> Any:
    """A whole number that no long holds as a real."""
    return number if isinstance(number, float) or LONG_MIN <= number <= LONG_MAX else float(number)


_PAIRWISE: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda left, right: _fitting(left + right),
    "subtract": lambda left, right: _fitting(left - right),
    "multiply": lambda left, right: _fitting(left * right),
    "divide": _divide,
    "pow": power,
    "less": lambda left, right: left < right,
    "less_equals": lambda left, right: left <= right,
    "greater": lambda left, right: left > right,
    "greater_equals": lambda left, right: left >= right,
    "equals": lambda left, right: left == right,
    "not_equals": lambda left, right: left != right,
}
_RESULTS = {"add": "array", "subtract": "array", "multiply": "array", "divide": "array<real>", "pow": "array<real>"}


def _pair(result: str) -> tuple[str, ...]:
    """Two series, or one and a number."""
    return (
        f"(series1: array, series2: array) -> {result}",
        f"(series1: array, series2: number) -> {result}",
        f"(series1: number, series2: array) -> {result}",
    )


for _name, _operation in _PAIRWISE.items():
    _signatures = _pair(_RESULTS.get(_name, "array<bool>"))
    _applied = _two(_operation, _numeric_or_time if _name in ("add", "subtract") else _numeric)
    TABLE.scalar(f"series_{_name}", *_signatures, page=f"series-{_name.replace('_', '-')}-function")(_applied)


# ------------------------------------------------------------------------------------------------------ one by one


def _each(operation: Callable[[Any], Any]) -> Callable[[Value], Value]:
    def apply(series: Value) -> Value:
        if not isinstance(series, list):
            return None
        return [None if number is None else operation(number) for number in _numeric(series)]

    return apply


def _whole(function: Callable[[float], int]) -> Callable[[Any], float]:
    return lambda number: float(function(number)) if math.isfinite(number) else float(number)


_ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    **{
        name: function.implementation
        for name, function in _MATHEMATICS.scalars.items()
        if name in ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan") and function.implementation
    },
    "abs": lambda number: _fitting(abs(number)),
    "sign": lambda number: (number > 0) - (number < 0),
    "floor": _whole(math.floor),
    "ceiling": _whole(math.ceil),
}
_ELEMENTS = {"abs": "the type of series", "ceiling": "the type of series", "floor": "array", "sign": "array<long>"}
for _name, _function in _ELEMENTWISE.items():
    _signature = f"(series: array) -> {_ELEMENTS.get(_name, 'array<real>')}"
    TABLE.scalar(f"series_{_name}", _signature, page=f"series-{_name}-function")(_each(_function))


# ------------------------------------------------------------------------------------------------- many to one


def _present(series: Value) -> list[float] | None:
    return [float(each) for each in _numeric(series) if each is not None] if isinstance(series, list) else None


@TABLE.scalar("series_sum", "(series: array) -> real", page="series-sum-function")
def series_sum(series: Value) -> float | None:
    """Sum of the numbers."""
    values = _present(series)
    return None if values is None else math.fsum(values) if all(map(math.isfinite, values)) else sum(values)


@TABLE.scalar("array_sum", "(array: array) -> real", page="array-sum-function")
def array_sum(array: Value) -> float | None:
    """Sum of the numbers; null where an element is something else. Nulls are passed over."""
    if not isinstance(array, list):
        return None
    if not _PLAIN.issuperset(map(type, array)) and any(each is not None and _number(each) is None for each in array):
        return None
    return series_sum(array)


@TABLE.scalar("series_product", "(series: array) -> real", page="series-product-function")
def series_product(series: Value) -> float | None:
    """Product of the numbers."""
    values = _present(series)
    return None if values is None else float(math.prod(values))


@TABLE.scalar("series_magnitude", "(series: array) -> real", page="series-magnitude-function")
def series_magnitude(series: Value) -> float | None:
    """Length of the series as a vector."""
    values = _present(series)
    return None if values is None else math.hypot(*values)


def _vectors(left: Value, right: Value) -> tuple[list[float], list[float]] | None:
    """Both as numbers as far as the shorter one goes, without the places where one has no number."""
    if not isinstance(left, list) or not isinstance(right, list) or not left or not right:
        return None
    pairs = [(_number(one), _number(other)) for one, other in zip(left, right, strict=False)]
    kept = [pair for pair in pairs if None not in pair]
    return [float(one) for one, _ in kept], [float(other) for _, other in kept]


def _dot(left: list[float], right: list[float]) -> float:
    return sum(one * other for one, other in zip(left, right, strict=True))


@TABLE.scalar("series_dot_product", *_pair("real"), page="series-dot-product-function")
def series_dot_product(left: Value, right: Value) -> float | None:
    """Sum of the products; a number stands for a series of it."""
    if not isinstance(left, list) and isinstance(right, list):
        left = [left] * len(right)
    if not isinstance(right, list) and isinstance(left, list):
        right = [right] * len(left)
    vectors = _vectors(left, right)
    return None if vectors is None else float(_dot(*vectors))


@TABLE.scalar(
    "series_cosine_similarity",
    "(series1: dynamic, series2: dynamic, [magnitude1: number], [magnitude2: number]) -> real",
    page="series-cosine-similarity-function",
    accepts=("(series1: array, series2: array, [magnitude1: real], [magnitude2: real]) -> real",),
)
def series_cosine_similarity(left: Value, right: Value, first: Any = None, second: Any = None) -> float | None:
    """Cosine of the angle between two vectors."""
    vectors = _vectors(left, right)
    if vectors is None:
        return None
    sizes = [
        math.hypot(*vector) if given is None else float(given)
        for vector, given in zip(vectors, (first, second), strict=True)
    ]
    return _divide(_dot(*vectors), sizes[0] * sizes[1])


@TABLE.scalar(
    "series_pearson_correlation",
    "(series1: array, series2: array) -> real",
    page="series-pearson-correlation-function",
)
def series_pearson_correlation(left: Value, right: Value) -> float | None:
    """Pearson's correlation coefficient of two series of one length."""
    first, second = numbers(left), numbers(right)
    if not first or not second or len(first) != len(second):
        return None
    centred = [_centred([float(each) for each in vector]) for vector in (first, second)]
    energies = _dot(centred[0], centred[0]) * _dot(centred[1], centred[1])
    # One root is exact where the series are in proportion; two do not leave the range of numbers.
    in_range = sys.float_info.min <= energies <= sys.float_info.max
    scale = math.sqrt(energies) if in_range else math.hypot(*centred[0]) * math.hypot(*centred[1])
    return _divide(_dot(*centred), scale)


def _centred(values: list[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [each - mean for each in values]


def _statistics(series: Value, ignore_nonfinite: bool) -> dict[str, Any] | None:
    if not isinstance(series, list):
        return None
    found = _numeric(series)
    indexed = [(index, float(each)) for index, each in enumerate(found) if each is not None and math.isfinite(each)]
    if not indexed or (len(indexed) < len(series) and not ignore_nonfinite):
        return None
    values = [each for _, each in indexed]
    mean = sum(values) / len(values)
    variance = sum((each - mean) * (each - mean) for each in values) / (len(values) - 1) if len(values) > 1 else 0.0
    smallest, largest = min(indexed, key=lambda pair: pair[1]), max(indexed, key=lambda pair: pair[1])
    return {
        "min": smallest[1],
        "min_idx": smallest[0],
        "max": largest[1],
        "max_idx": largest[0],
        "avg": mean,
        "stdev": math.sqrt(variance),
        "variance": variance,
        "sum": sum(values),
        "len": len(series),
    }


_STATISTICS = "(series: array, [ignore_nonfinite: const bool]) -> dynamic"


@TABLE.scalar("series_stats_dynamic", _STATISTICS, page="series-stats-dynamic-function")
def series_stats_dynamic(series: Value, ignore_nonfinite: bool = False) -> Value:
    """Smallest, largest, mean, spread, sum and length as a bag."""
    return _statistics(series, ignore_nonfinite)


@TABLE.scalar("series_stats", _STATISTICS, page="series-stats-function")
def series_stats(series: Value, ignore_nonfinite: bool = False) -> Value:
    """The values of the columns that it gives, min to variance, as an array."""
    found = _statistics(series, ignore_nonfinite)
    return None if found is None else list(found.values())[:7]


# -------------------------------------------------------------------------------------------------------- filling


def _missing(value: Value, placeholder: Any) -> bool:
    return value is None if placeholder is None else _number(value) == placeholder


def _filled_forward(series: list[Value], placeholder: Any) -> list[Value]:
    out: list[Value] = []
    filling = False
    for each in series:
        if filling and _missing(each, placeholder):
            out.append(out[-1])
        else:
            filling = filling or not _missing(each, placeholder)
            out.append(each)
    return out


_FILL = "(series: array, [missing_value_placeholder: number]) -> the type of series"


@TABLE.scalar("series_fill_forward", _FILL, page="series-fill-forward-function", nulls=Nulls.SEE)
def series_fill_forward(series: Value, placeholder: Any = None) -> Value:
    """Missing values become the nearest value before them."""
    return _filled_forward(series, placeholder) if isinstance(series, list) else None


@TABLE.scalar("series_fill_backward", _FILL, page="series-fill-backward-function", nulls=Nulls.SEE)
def series_fill_backward(series: Value, placeholder: Any = None) -> Value:
    """Missing values become the nearest value after them."""
    return _filled_forward(series[::-1], placeholder)[::-1] if isinstance(series, list) else None


@TABLE.scalar(
    "series_fill_const",
    "(series: array, [constant_value: number], [missing_value_placeholder: number]) -> the type of series",
    page="series-fill-const-function",
    nulls=Nulls.SEE,
)
def series_fill_const(series: Value, constant: Any = 0, placeholder: Any = None) -> Value:
    """Missing values become the constant."""
    if not isinstance(series, list):
        return None
    return [constant if _missing(each, placeholder) else each for each in series]


@TABLE.scalar(
    "series_fill_linear",
    "(series: array, [missing_value_placeholder: number], [fill_edges: bool], [constant_value: number])"
    " -> the type of series",
    page="series-fill-linear-function",
    nulls=Nulls.SEE,
)
def series_fill_linear(series: Value, placeholder: Any = None, edges: bool = True, constant: Any = 0.0) -> Value:
    """Missing values (nulls, or those equal to the placeholder) are interpolated between their neighbours; whole
    numbers stay whole.

    ``edges``: those before the first and after the last value become that value. A series without any value is filled
    with the constant.
    """
    if not isinstance(series, list):
        return None
    missing = [_missing(each, placeholder) for each in series]
    if all(missing):
        return [constant] * len(series)
    known = [index for index, each in enumerate(series) if not missing[index] and _number(each) is not None]
    whole = all(isinstance(series[index], int) for index in known)
    out = list(series)

    def fill(start: int, end: int, value: Callable[[int], Any]) -> None:
        for index in range(start, end):
            if missing[index]:
                out[index] = value(index)

    for left, right in pairwise(known):
        first = _number(series[left])
        step = (_number(series[right]) - first) / (right - left)
        fill(left + 1, right, _along(first, step, left, whole=whole))
    if edges and known:
        fill(0, known[0], lambda _: series[known[0]])
        fill(known[-1] + 1, len(series), lambda _: series[known[-1]])
    return out


def _along(first: Any, step: float, place: int, *, whole: bool) -> Callable[[int], Any]:
    """The line that has ``first`` at ``place``, at other places."""

    def value(index: int) -> Any:
        found = first + step * (index - place)
        return int(found) if whole else found

    return value
