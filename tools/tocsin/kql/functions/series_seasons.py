"""Seasons, trends and outliers of series, and their frequencies.

What Kusto does not document is chosen here, and said in docs/kql-support.md: how a period is found where the query
names none (autocorrelation), and how a percentile lies between two values (in proportion).
Source: https://learn.microsoft.com/kusto/query/scalar-functions#series-processing-functions
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable, Nulls
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.series import numbers
from tocsin.kql.functions.series_models import fitted_line
from tocsin.kql.types import Value

TABLE = FunctionTable(folds=False)

_SHORTEST_PERIOD = 4
_BEYOND_CHANCE = 3.0
_LONGEST_SERIES = 65_536
"""Points that the detection of periods and the Fourier transform look at."""


def _points(series: Value) -> list[float] | None:
    values = numbers(series)
    return None if values is None else [float(each) for each in values]


# ------------------------------------------------------------------------------------------------------- frequencies


_QUARTERS = (1 + 0j, 1j, -1 + 0j, -1j)


def _turn(index: int, count: int) -> complex:
    """The point of the unit circle after ``index`` of ``count`` steps; quarters are exact."""
    index %= count
    return _QUARTERS[4 * index // count] if not 4 * index % count else cmath.exp(2j * math.pi * index / count)


def _transform(values: list[complex], sign: int) -> list[complex]:
    """The discrete Fourier transform of any length: halves while the length is even, then by definition."""
    count = len(values)
    if count <= 1:
        return list(values)
    if count % 2 == 0:
        even, odd = _transform(values[::2], sign), _transform(values[1::2], sign)
        turned = [_turn(sign * index, count) * each for index, each in enumerate(odd)]
        pairs = list(zip(even, turned, strict=True))
        return [one + other for one, other in pairs] + [one - other for one, other in pairs]
    turns = [_turn(sign * index, count) for index in range(count)]
    return [
        sum((value * turns[index * place % count] for index, value in enumerate(values)), 0j) for place in range(count)
    ]


def _odd_part(count: int) -> int:
    return count // (count & -count) if count else 0


def _fourier(real: Value, imaginary: Value, sign: int) -> Value:
    reals = _points(real)
    others = _points(imaginary) if imaginary is not None else [0.0] * len(reals or ())
    if reals is None or others is None or len(reals) != len(others):
        return None
    if len(reals) * _odd_part(len(reals)) > _LONGEST_SERIES * 64:
        raise KqlValueError(f"a series of {len(reals)} points is too long to transform; use a power of two")
    found = _transform([complex(*pair) for pair in zip(reals, others, strict=True)], sign)
    scale = 1 if sign < 0 else 1 / max(1, len(found))
    return [[each.real * scale for each in found], [each.imag * scale for each in found]]


_FOURIER = "(series: array, [series_imaginary: array]) -> dynamic"


@TABLE.scalar("series_fft", _FOURIER, page="series-fft-function", nulls=Nulls.SEE)
def series_fft(real: Value, imaginary: Value = None) -> Value:
    """The real and the imaginary parts of the Fourier transform, as an array of two arrays."""
    return _fourier(real, imaginary, -1)


@TABLE.scalar("series_ifft", _FOURIER, page="series-ifft-function", nulls=Nulls.SEE)
def series_ifft(real: Value, imaginary: Value = None) -> Value:
    """The inverse of ``series_fft``."""
    return _fourier(real, imaginary, 1)


# ------------------------------------------------------------------------------------------------------------ seasons


def _periods(points: Sequence[float]) -> dict[int, float]:
    """The lengths of seasons with their scores, the clearest first.

    A season is a peak of the autocorrelation between 4 points and half of the series that is three times what chance
    gives in a series of this length.
    """
    count = len(points)
    if count > _LONGEST_SERIES // 8:
        raise KqlValueError(f"a series of {count} points is too long to find its period; name the period")
    if count < 2 * _SHORTEST_PERIOD or not all(map(math.isfinite, points)):
        return {}
    mean = sum(points) / count
    centred = [each - mean for each in points]
    energy = sum(each * each for each in centred)
    if not math.isfinite(energy) or energy <= 1e-12 * max(abs(mean), 1e-300) * abs(mean) * count:
        return {}
    lags = range(_SHORTEST_PERIOD - 1, count // 2 + 2)
    strengths = {
        lag: sum(map(float.__mul__, centred[:-lag], centred[lag:])) / energy * math.sqrt(count / (count - lag))
        for lag in lags
    }
    peaks = {
        lag: min(1.0, strengths[lag])
        for lag in lags[1:-1]
        if strengths[lag - 1] < strengths[lag] >= strengths[lag + 1]
        and strengths[lag] * math.sqrt(count) >= _BEYOND_CHANCE
    }
    return dict(sorted(peaks.items(), key=lambda item: -item[1]))


def _detected_period(points: Sequence[float], threshold: float) -> int:
    """The length of the season that shows most clearly and reaches the threshold; 0 when none does."""
    count = len(points)
    best, strength = next(iter(_periods(points).items()), (0, 0.0))
    return best if best and strength * math.sqrt(count / (count - best)) >= threshold else 0


def _seasonal(points: Sequence[float], period: int, learned: int, threshold: float) -> list[float]:
    """The median of the learned points of the same phase; zeros without a season."""
    if period < 0:
        period = _detected_period(points[:learned], threshold)
    if period <= 0 or not learned:
        return [0.0] * len(points)
    phases = [points[phase:learned:period] for phase in range(min(period, len(points)))]
    medians = [median(each) if each else 0.0 for each in phases]
    return [medians[index % period] for index in range(len(points))]


@TABLE.scalar(
    "series_seasonal",
    "(series: dynamic, [period: int|long], [test_points: int|long]) -> dynamic",
    page="series-seasonal-function",
    accepts=(
        "(series: array) -> array<real>",
        "(series: array, period: integer) -> array<real>",
        "(series: array, period: integer, test_points: integer) -> array<real>",
    ),
)
def series_seasonal(series: Value, period: int = -1, test_points: int = 0) -> Value:
    """The seasonal part of the series."""
    points = _points(series)
    if points is None:
        return None
    if period < -1:
        period = 0
    return _seasonal(points, period, max(0, len(points) - max(0, test_points)), 0.7)


_TRENDS = ("avg", "linefit", "none")


def _trend(points: Sequence[float], kind: str, learned: int) -> list[float]:
    if kind not in _TRENDS:
        raise KqlValueError(f"the trend is 'avg', 'linefit' or 'none', not '{kind}'")
    known = points[:learned]
    if kind == "none" or not known:
        return [0.0] * len(points)
    if kind == "avg":
        return [math.fsum(known) / learned if all(map(math.isfinite, known)) else sum(known) / learned] * len(points)
    slope, interception = fitted_line(known)
    return [interception + slope * place for place in range(1, len(points) + 1)]


def _decomposed(
    series: Value, period: int, trend: str, test_points: int, threshold: float
) -> tuple[list[float], list[float], list[float], list[float]] | None:
    """Baseline, season, trend and what is left."""
    points = _points(series)
    if points is None:
        return None
    learned = max(0, len(points) - max(0, test_points))
    season = _seasonal(points, period, learned, threshold)
    rest = [each - part for each, part in zip(points, season, strict=True)]
    line = _trend(rest, trend, learned)
    baseline = [one + other for one, other in zip(season, line, strict=True)]
    return baseline, season, line, [each - base for each, base in zip(points, baseline, strict=True)]


_THRESHOLD = 0.6


@TABLE.scalar(
    "series_decompose",
    "(series: array, [period: int|long], [trend: string], [test_points: int|long], [threshold: number]) -> dynamic",
    page="series-decompose-function",
)
def series_decompose(
    series: Value, period: int = -1, trend: str = "avg", test_points: int = 0, threshold: Any = _THRESHOLD
) -> Value:
    """Baseline, seasonal, trend and residual, as an array of four arrays."""
    found = _decomposed(series, period, trend, test_points, float(threshold))
    return None if found is None else list(found)


@TABLE.scalar(
    "series_decompose_forecast",
    "(series: array, test_points: int|long, [period: int|long], [trend: string], [threshold: number]) -> dynamic",
    page="series-decompose-forecast-function",
)
def series_decompose_forecast(
    series: Value, test_points: int, period: int = -1, trend: str = "avg", threshold: Any = _THRESHOLD
) -> Value:
    """As ``series_decompose``, learned from all but the last points; the baseline is the forecast."""
    found = _decomposed(series, period, trend, test_points, float(threshold))
    return None if found is None else list(found)


# ----------------------------------------------------------------------------------------------------------- outliers


def _percentile(ordered: Sequence[float], percent: float) -> float:
    """The value at a percentage of the way through ordered values, in proportion between two of them."""
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


_RANGES = {"tukey": (25.0, 75.0), "ctukey": (10.0, 90.0)}


def _scores(values: Sequence[float | None], low: float, high: float, noise: float = 0.0) -> list[float]:
    """How many ranges from one percentile to the other a value lies outside of them; 0 inside, and for None.

    Differences up to ``noise`` are rounding, not distance.
    """
    ordered = sorted(each for each in values if each is not None and math.isfinite(each))
    if not ordered:
        return [0.0] * len(values)
    bottom, top = _percentile(ordered, low), _percentile(ordered, high)
    width = top - bottom if top - bottom > noise else 0.0
    scores: list[float] = []
    for each in values:
        beyond = 0.0 if each is None else max(0.0, each - top) + min(0.0, each - bottom)
        scores.append(0.0 if abs(beyond) <= noise else beyond / width if width else math.copysign(math.inf, beyond))
    return scores


def _range_of(kind: str) -> tuple[float, float]:
    found = _RANGES.get(kind.lower())
    if found is None:
        raise KqlValueError(f"outliers are found by 'tukey' or 'ctukey', not '{kind}'")
    return found


@TABLE.scalar(
    "series_outliers",
    "(series: dynamic, [kind: string], [ignore_val: number], [min_percentile: number], [max_percentile: number],"
    " [test_points: int|long]) -> dynamic",
    page="series-outliers-function",
    nulls=Nulls.SEE,
    accepts=(
        "(series: array, [kind: string], [ignore_val: number]) -> the type of series",
        "(series: array, kind: string, ignore_val: real, min_percentile: real, [max_percentile: real],"
        " [test_points: integer]) -> the type of series",
    ),
)
def series_outliers(
    series: Value,
    kind: str | None = "ctukey",
    ignored: Any = None,
    lowest: Any = None,
    highest: Any = None,
    test_points: int | None = None,
) -> Value:
    """A score for each value by Tukey's fences; beyond 1.5 and -1.5 lie outliers."""
    if not isinstance(series, list):
        return None
    low, high = _range_of(kind or "ctukey")
    if (kind or "ctukey").lower() == "ctukey":
        low = low if lowest is None else float(lowest)
        high = high if highest is None else float(highest)
        if not 2 <= low <= high <= 98:
            raise KqlValueError("the percentiles of series_outliers lie between 2 and 98, the smaller one first")
    values: list[float | None] = []
    for each in series:
        found = numbers([each])
        values.append(None if found is None or (ignored is not None and each == ignored) else float(found[0]))
    return _scores(values, low, high)


@TABLE.scalar(
    "series_decompose_anomalies",
    "(series: array, [threshold: number], [period: int|long], [trend: string], [test_points: int|long],"
    " [method: string], [seasonality_threshold: number]) -> dynamic",
    page="series-decompose-anomalies-function",
)
def series_decompose_anomalies(
    series: Value,
    threshold: Any = 1.5,
    period: int = -1,
    trend: str = "avg",
    test_points: int = 0,
    method: str = "ctukey",
    seasonality: Any = _THRESHOLD,
) -> Value:
    """Flags (1 above, -1 below, 0), scores and baseline, as an array of three arrays."""
    found = _decomposed(series, period, trend, test_points, float(seasonality))
    if found is None:
        return None
    baseline, _, _, residual = found
    noise = 1e-12 * max((abs(each) for each in [*baseline, *residual] if math.isfinite(each)), default=0.0)
    scores = _scores(residual, *_range_of(method), noise)
    flags = [(score > threshold) - (score < -threshold) for score in scores]
    return [flags, scores, baseline]


# ------------------------------------------------------------------------------------------------------------ periods

_MOST_PERIODS = 16


@TABLE.scalar(
    "series_periods_detect",
    "(series: array, min_period: number, max_period: number, num_periods: long) -> dynamic",
    page="series-periods-detect-function",
)
def series_periods_detect(series: Value, least: Any, most: Any, count: int) -> Value:
    """The clearest periods between two lengths and their scores, filled with 0 up to ``count``, as an array of two
    arrays. A multiple of a clearer period is none of its own, nor is what the series is too short to tell from one."""
    points = _points(series)
    if points is None or not 0 <= count <= len(points):
        return None
    found: dict[int, float] = {}
    for period, score in _periods(points).items():
        if least <= period <= most and not any(_echoes(period, clearer, len(points)) for clearer in found):
            found[period] = score
    best: list[tuple[Value, Value]] = [*found.items()][:count]
    best += [(0, 0.0)] * (count - len(best))
    return [[period for period, _ in best], [score for _, score in best]]


def _echoes(period: int, clearer: int, count: int) -> bool:
    """Whether a peak of the autocorrelation belongs to a multiple of a clearer period: less than a quarter of it off,
    so that both fit in the series equally often but for less than once."""
    multiple = clearer * max(1, round(period / clearer))
    return 4 * abs(period - multiple) < clearer and abs(count / period - count / multiple) < 1


@TABLE.scalar(
    "series_periods_validate",
    "(series: array, period: number, ...16) -> dynamic",
    page="series-periods-validate-function",
)
def series_periods_validate(series: Value, *periods: Any) -> Value:
    """The periods and their scores, 0 for what is none, as an array of two arrays."""
    points = _points(series)
    if points is None:
        return None
    if len(periods) > _MOST_PERIODS:
        raise KqlValueError(f"series_periods_validate takes at most {_MOST_PERIODS} periods")
    found = _periods(points)
    finite = [math.isfinite(each) and each == int(each) for each in periods]
    return [
        [*periods],
        [found.get(int(each), 0.0) if whole else 0.0 for each, whole in zip(periods, finite, strict=True)],
    ]
