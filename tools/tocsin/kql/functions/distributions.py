"""The beta distribution and Welch's test.

Source: https://learn.microsoft.com/kusto/query/beta-cdf-function and https://learn.microsoft.com/kusto/query/welch-test-function
"""

from __future__ import annotations

import math
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable

TABLE = FunctionTable()

_LARGEST = 10_000.0
"""Parameters of the beta distribution may not be larger."""

_SMALLEST = 1e-300


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function (Lentz's method)."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _SMALLEST else _SMALLEST)
    result = d
    for m in range(1, 100_000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 + step * d, 1 + step / c
            d = 1 / (d if abs(d) > _SMALLEST else _SMALLEST)
            c = c if abs(c) > _SMALLEST else _SMALLEST
            result *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return result


def regularized_beta(x: float, a: float, b: float) -> float:
    """The share of the beta distribution below x, for x from 0 to 1 and positive parameters."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


_BETA = "alpha: number, beta: number) -> real"


@TABLE.scalar("beta_pdf", f"(x: number, {_BETA}", page="beta-pdf-function")
def beta_pdf(number: Any, alpha: Any, beta: Any) -> float:
    """The density of the beta distribution; NaN outside its domain, to which 0 and 1 do not belong."""
    x, a, b = float(number), float(alpha), float(beta)
    if not (0 < x < 1 and a > 0 and b > 0):
        return math.nan
    try:
        scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    except OverflowError:
        return math.nan
    try:
        return math.exp(scale + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))
    except OverflowError:
        return math.inf


@TABLE.scalar("beta_cdf", f"(x: number, {_BETA}", page="beta-cdf-function")
def beta_cdf(number: Any, alpha: Any, beta: Any) -> float:
    """The share of the beta distribution below x; NaN outside its domain."""
    x, a, b = float(number), float(alpha), float(beta)
    return regularized_beta(x, a, b) if 0 <= x <= 1 and 0 < a <= _LARGEST and 0 < b <= _LARGEST else math.nan


@TABLE.scalar("beta_inv", f"(probability: number, {_BETA}", page="beta-inv-function")
def beta_inv(probability: Any, alpha: Any, beta: Any) -> float | None:
    """The x below which this share of the beta distribution lies; null for what is no probability, NaN for parameters
    outside the domain (as the reference's example shows)."""
    share, a, b = float(probability), float(alpha), float(beta)
    if not (0 < a <= _LARGEST and 0 < b <= _LARGEST):
        return math.nan
    if not 0 < share <= 1:
        return None
    if share == 1:
        return 1.0
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return high
        if regularized_beta(middle, a, b) < share:
            low = middle
        else:
            high = middle


@TABLE.scalar(
    "welch_test",
    "(mean1: number, variance1: number, count1: number, mean2: number, variance2: number, count2: number) -> real",
    page="welch-test-function",
    folds=False,
)
def welch_test(mean1: Any, variance1: Any, count1: Any, mean2: Any, variance2: Any, count2: Any) -> float:
    """The probability that two samples of one mean differ as much, by Welch's two-sided test; NaN when the samples are
    too small or do not vary."""
    first, second = float(count1), float(count2)
    if not (first > 1 and second > 1 and math.isfinite(first) and math.isfinite(second)):
        return math.nan
    left, right = float(variance1) / first, float(variance2) / second
    spread = left + right
    if not (left >= 0 and right >= 0 and 0 < spread < math.inf):
        return math.nan
    distance = float(mean1) - float(mean2)
    freedom = spread / (left / spread * left / (first - 1) + right / spread * right / (second - 1))
    ratio = freedom / (freedom + distance / spread * distance)
    return regularized_beta(ratio, freedom / 2, 0.5) if math.isfinite(ratio) else math.nan
