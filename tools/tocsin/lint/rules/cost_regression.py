"""CST002."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.cost import cost_of, shown_points

TOLERANCE: Final = 1.1
"""A rule may cost a tenth more than it did before it is a finding."""


class CostRegression(DetectionCheck):
    """A rule costs more than ``[lint.cost.baseline]`` of tocsin.toml says that it did.

    Why: a period made longer "to be sure" or a join more is a line in a review, and a multiple of the load.

    Fails::

        queryPeriod: 14d          # in the baseline with 100 points, at 1d

    Right::

        queryPeriod: 1d

    Fine to ignore: never; write the new points into the baseline when they are meant:
    ``tocsin lint --cost --format toml``.
    """

    code, slug, level = "CST002", "cost.regression", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        before = detection.settings.lint.cost.baseline.get(detection.name)
        cost = cost_of(detection) if before is not None else None
        if cost is not None and before is not None and cost.points > before * TOLERANCE:
            message = f"the rule costs {shown_points(cost.points)} points a day, {shown_points(before)} in the baseline"
            help = "see tocsin lint --cost for what makes it; if it is meant, raise the baseline in tocsin.toml"
            path = ("queryPeriod",) if detection.model.query_period is not None else ("name",)
            yield self.finding(detection.document, path, message, help)
