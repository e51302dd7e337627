"""Filters and fitted lines of series; decompositions and anomalies are known by name only.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#series-processing-functions
"""

from __future__ import annotations

from typing import Any

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.series import numbers
from tocsin.kql.types import Value

TABLE = FunctionTable()


@TABLE.scalar(
    "series_iir", "(series: dynamic, numerators: dynamic, denominators: dynamic) -> dynamic", page="series-iir-function"
)
def series_iir(series: Value, numerators: Value, denominators: Value) -> Value:
    """The series through a recursive filter."""
    values, top, bottom = numbers(series), numbers(numerators), numbers(denominators)
    if values is None or not top or not bottom or not bottom[0]:
        return None
    out: list[float] = []
    for index in range(len(values)):
        total = sum(factor * values[index - lag] for lag, factor in enumerate(top) if lag <= index)
        total -= sum(factor * out[index - lag] for lag, factor in enumerate(bottom) if 0 < lag <= index)
        out.append(total / bottom[0])
    return out


@TABLE.scalar(
    "series_fir",
    "(series: dynamic, filter: dynamic, [normalize: bool], [center: bool]) -> dynamic",
    page="series-fir-function",
)
def series_fir(series: Value, factors: Value, normalize: bool = True, center: bool = False) -> Value:
    """The series through a filter of finite length; beyond its ends the series is 0."""
    values, weights = numbers(series), numbers(factors)
    if values is None or not weights:
        return None
    total = sum(weights)
    if normalize and total:
        weights = [each / total for each in weights]
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


def _line(series: Value) -> dict[str, Any] | None:
    values = numbers(series)
    if not values or len(values) < 2:
        return None
    count = len(values)
    points = [float(each) for each in values]
    middle, mean = (count - 1) / 2, sum(points) / count
    spread = sum((index - middle) ** 2 for index in range(count))
    slope = sum((index - middle) * (each - mean) for index, each in enumerate(points)) / spread
    fitted = [mean + slope * (index - middle) for index in range(count)]
    residual = sum((each - fit) ** 2 for each, fit in zip(points, fitted, strict=True))
    total = sum((each - mean) ** 2 for each in points)
    return {
        "rsquare": 1 - residual / total if total else 1.0,
        "slope": slope,
        "variance": total / (count - 1),
        "rvariance": residual / (count - 1),
        "interception": mean - slope * middle,
        "line_fit": fitted,
    }


@TABLE.scalar("series_fit_line_dynamic", "(series: dynamic) -> dynamic", page="series-fit-line-dynamic-function")
def series_fit_line_dynamic(series: Value) -> Value:
    """The line of least squares through the series, as a bag."""
    return _line(series)


@TABLE.scalar("series_fit_line", "(series: dynamic) -> dynamic", page="series-fit-line-function")
def series_fit_line(series: Value) -> Value:
    """The values of the columns that it gives, rsquare to line_fit, as an array."""
    found = _line(series)
    return None if found is None else list(found.values())


for _name, _signature in (
    ("fft", "(series: dynamic, [series_imaginary: dynamic])"),
    ("ifft", "(series: dynamic, [series_imaginary: dynamic])"),
    ("fit_2lines", "(series: dynamic)"),
    ("fit_2lines_dynamic", "(series: dynamic)"),
    ("fit_poly", "(y_series: dynamic, [x_series: dynamic], [degree: int|long])"),
    (
        "outliers",
        "(series: dynamic, [kind: string], [ignore_val: number], [min_percentile: number], [max_percentile: number],"
        " [test_points: int|long])",
    ),
    ("periods_detect", "(series: dynamic, min_period: number, max_period: number, num_periods: long)"),
    ("periods_validate", "(series: dynamic, period: number, ...)"),
    ("seasonal", "(series: dynamic, [period: int|long], [test_points: int|long])"),
    (
        "decompose",
        "(series: dynamic, [period: int|long], [trend: string], [test_points: int|long], [threshold: number])",
    ),
    (
        "decompose_forecast",
        "(series: dynamic, test_points: int|long, [period: int|long], [trend: string], [threshold: number])",
    ),
    (
        "decompose_anomalies",
        "(series: dynamic, [threshold: number], [period: int|long], [trend: string], [test_points: int|long],"
        " [method: string], [seasonality_threshold: number])",
    ),
):
    TABLE.known(f"series_{_name}", f"{_signature} -> dynamic", page=f"series-{_name.replace('_', '-')}-function")
