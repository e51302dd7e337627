"""Filters of series, and lines and polynomials fitted to them.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#series-processing-functions
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.series import numbers
from tocsin.kql.types import Value

TABLE = FunctionTable(folds=False)

MOST_PRODUCTS = 10_000_000
"""Products of an element and a weight that one filtered series may take."""


def _affordable(products: int) -> None:
    if products > MOST_PRODUCTS:
        raise KqlValueError(f"filtering this series takes {products:,} products, more than {MOST_PRODUCTS:,}")


@TABLE.scalar(
    "series_iir", "(series: array, numerators: array, denominators: array) -> array<real>", page="series-iir-function"
)
def series_iir(series: Value, numerators: Value, denominators: Value) -> Value:
    """The series through a recursive filter."""
    values, top, bottom = numbers(series), numbers(numerators), numbers(denominators)
    if values is None or not top or not bottom or not bottom[0]:
        return None
    _affordable(len(values) * (len(top) + len(bottom)))
    out: list[float] = []
    for index in range(len(values)):
        total = sum(factor * values[index - lag] for lag, factor in enumerate(top) if lag <= index)
        total -= sum(factor * out[index - lag] for lag, factor in enumerate(bottom) if 0 < lag <= index)
        out.append(total / bottom[0])
    return out


@TABLE.scalar(
    "series_fir",
    "(series: array, filter: array, [normalize: bool], [center: bool]) -> array<real>",
    page="series-fir-function",
)
def series_fir(series: Value, factors: Value, normalize: bool | None = None, center: bool = False) -> Value:
    """The series through a filter of finite length; beyond its ends the series is 0. A filter with negative weights
    is not normalized unless the query says so, and then the answer is null."""
    values, weights = numbers(series), numbers(factors)
    if values is None or not weights:
        return None
    negative = any(each < 0 for each in weights)
    if normalize and negative:
        return None
    total = sum(weights)
    if (normalize or (normalize is None and not negative)) and total:
        weights = [each / total for each in weights]
    _affordable(len(values) * len(weights))
    ahead = len(weights) // 2 if center else 0
    return [
        float(
            sum(
                weight * values[index + ahead - lag]
                for lag, weight in enumerate(weights)
                if 0 <= index + ahead - lag < len(values)
            )
        )
        for index in range(len(values))
    ]


def fitted_line(points: Sequence[float]) -> tuple[float, float]:
    """Slope and interception of the line of least squares through points at 1, 2, 3 ..."""
    count = len(points)
    middle, mean = (count + 1) / 2, sum(points) / count
    spread = sum((place - middle) ** 2 for place in range(1, count + 1))
    slope = sum((place - middle) * (each - mean) for place, each in enumerate(points, 1)) / spread if spread else 0.0
    return slope, mean - slope * middle


def _quality(points: Sequence[float], fitted: Sequence[float]) -> tuple[float, float, float]:
    """R², the variance of the points and that of what the fit leaves."""
    count = len(points)
    mean = sum(points) / count
    residual = sum((each - fit) * (each - fit) for each, fit in zip(points, fitted, strict=True))
    total = sum((each - mean) * (each - mean) for each in points)
    return (1 - residual / total if total else 1.0), total / (count - 1), residual / (count - 1)


def _points(series: Value) -> list[float] | None:
    """Two or more finite numbers, or None."""
    values = numbers(series)
    if values is None or len(values) < 2:
        return None
    points = [float(each) for each in values]
    return points if all(map(math.isfinite, points)) else None


def _line(series: Value) -> dict[str, Any] | None:
    points = _points(series)
    if points is None:
        return None
    slope, interception = fitted_line(points)
    fitted = [interception + slope * place for place in range(1, len(points) + 1)]
    rsquare, variance, rvariance = _quality(points, fitted)
    return {
        "rsquare": rsquare,
        "slope": slope,
        "variance": variance,
        "rvariance": rvariance,
        "interception": interception,
        "line_fit": fitted,
    }


@TABLE.scalar("series_fit_line_dynamic", "(series: array) -> dynamic", page="series-fit-line-dynamic-function")
def series_fit_line_dynamic(series: Value) -> Value:
    """The line of least squares through the series, as a bag."""
    return _line(series)


@TABLE.scalar("series_fit_line", "(series: array) -> dynamic", page="series-fit-line-function")
def series_fit_line(series: Value) -> Value:
    """The values of the columns that it gives, rsquare to line_fit, as an array."""
    found = _line(series)
    return None if found is None else list(found.values())


@TABLE.scalar(
    "series_fit_poly",
    "(y_series: dynamic, [x_series: dynamic], [degree: int|long]) -> dynamic",
    page="series-fit-poly-function",
    accepts=("(y_series: array, [x_series: array], [degree: int])",),
)
def series_fit_poly(ys: Value, xs: Value = None, degree: int = 1) -> Value:
    """The values of the columns that it gives, rsquare to poly_fit, as an array; coefficients from the highest power.

    The equations are those of polynomials orthogonal over the places, so that high degrees stay exact.
    """
    points = _points(ys)
    places = [float(each) for each in range(1, len(points or ()) + 1)] if xs is None else _points(xs)
    if points is None or places is None or len(places) != len(points) or not 0 <= degree < len(points):
        return None
    # Each basis polynomial (coefficients from the lowest power, and its values at the places) is made orthogonal to
    # those before it; what is left of the points is projected on it.
    basis: list[tuple[list[float], list[float]]] = []
    left, coefficients = list(points), [0.0] * (degree + 1)
    for power in range(degree + 1):
        if power:
            lower, below = basis[-1]
            terms, values = [0.0, *lower], [value * place for value, place in zip(below, places, strict=True)]
        else:
            terms, values = [1.0], [1.0] * len(places)
        for known, known_values in [*basis, *basis]:
            share = _product(values, known_values) / _product(known_values, known_values)
            known = [*known, *[0.0] * (len(terms) - len(known))]
            terms = [term - share * other for term, other in zip(terms, known, strict=True)]
            values = [value - share * other for value, other in zip(values, known_values, strict=True)]
        size = _product(values, values)
        if not size > 1e-24 * _power(max(1.0, max(map(abs, places))), 2 * power):
            return None
        basis.append((terms, values))
        share = _product(left, values) / size
        left = [rest - share * value for rest, value in zip(left, values, strict=True)]
        for index, term in enumerate(terms):
            coefficients[index] += share * term
    fitted = [point - rest for point, rest in zip(points, left, strict=True)]
    rsquare, variance, rvariance = _quality(points, fitted)
    return [rsquare, coefficients[::-1], variance, rvariance, fitted]


def _product(left: Sequence[float], right: Sequence[float]) -> float:
    try:
        return math.fsum(one * other for one, other in zip(left, right, strict=True))
    except (OverflowError, ValueError):
        return math.nan


def _power(base: float, exponent: int) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf


# ---------------------------------------------------------------------------------------------------- two segments

_LEAST = 2
"""Points of a segment: fewer make no line."""

_SAME = 1e-12
"""A fit is no better for so small a share of the variance: what is left of lines that fit is rounding."""


def _residuals(points: Sequence[float]) -> list[float]:
    """Squares that the line of least squares leaves of the first point, the first two, the first three ..."""
    found: list[float] = []
    mean_x = mean_y = spread_x = spread_y = shared = 0.0
    for place, point in enumerate(points, 1):
        x, y = place - mean_x, point - mean_y
        mean_x += x / place
        mean_y += y / place
        spread_x += x * (place - mean_x)
        spread_y += y * (point - mean_y)
        shared += x * (point - mean_y)
        found.append(max(0.0, spread_y - shared * shared / spread_x) if spread_x else 0.0)
    return found


def _split(points: Sequence[float]) -> int:
    """How many points the left segment has so that the two lines leave least; the first of equal ones."""
    left, right = _residuals(points), _residuals(points[::-1])
    count = len(points)
    mean = sum(points) / count
    same = _SAME * sum((each - mean) * (each - mean) for each in points)
    best, at = math.inf, _LEAST
    for place in range(_LEAST, count - _LEAST + 1):
        rest = left[place - 1] + right[count - place - 1]
        if rest < best - same:
            best, at = rest, place
    return at


def _two_lines(series: Value) -> dict[str, Any] | None:
    points = _points(series)
    if points is None or len(points) < 2 * _LEAST:
        return None
    at = _split(points)
    left, right = _line(points[:at]), _line(points[at:])
    if left is None or right is None:
        return None
    fitted = left.pop("line_fit") + right.pop("line_fit")
    rsquare, variance, rvariance = _quality(points, fitted)
    return {
        "rsquare": rsquare,
        "split_idx": at,
        "variance": variance,
        "rvariance": rvariance,
        "line_fit": fitted,
        "right": {name: right[name] for name in _SIDE},
        "left": {name: left[name] for name in _SIDE},
    }


_SIDE = ("rsquare", "slope", "interception", "variance", "rvariance")


@TABLE.scalar("series_fit_2lines_dynamic", "(series: array) -> dynamic", page="series-fit-2lines-dynamic-function")
def series_fit_2lines_dynamic(series: Value) -> Value:
    """The two lines that fit the series best, one behind the other, as a bag. Each counts its points from 1."""
    return _two_lines(series)


@TABLE.scalar("series_fit_2lines", "(series: array) -> dynamic", page="series-fit-2lines-function")
def series_fit_2lines(series: Value) -> Value:
    """The values of the columns that it gives, rsquare to left_rvariance, as an array."""
    found = _two_lines(series)
    if found is None:
        return None
    right, left = found.pop("right"), found.pop("left")
    return [*found.values(), *right.values(), *left.values()]
