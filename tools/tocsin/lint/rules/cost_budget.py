"""CST001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.cost import Cost, cost_of, shown_points


class CostBudget(DetectionCheck):
    """A rule costs more points than ``budget`` in ``[lint.cost]`` of tocsin.toml allows.

    Why: what a rule reads all day is time of the cluster that everybody shares; rules that take too long are cut off,
    and after some failures disabled. docs/cli.md says how points are made; `tocsin lint --cost` shows them.

    Fails::

        queryFrequency: 5m
        queryPeriod: 14d
        query: SecurityEvent | join SecurityEvent on Account

    Right::

        queryFrequency: 1d
        queryPeriod: 14d
        query: SecurityEvent | join SecurityEvent on Account

    Fine to ignore: when the rule is worth it, with the reason. Without a budget nothing is checked.
    """

    code, slug, level = "CST001", "cost.budget", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        budget = detection.settings.lint.cost.budget
        cost = cost_of(detection) if budget is not None else None
        if cost is not None and budget is not None and cost.points > budget:
            message = f"the rule costs {shown_points(cost.points)} points a day, the budget is {shown_points(budget)}"
            help = f"run it less often, look less far back, or filter earlier: {_most(cost)}"
            path = ("queryFrequency",) if detection.model.query_frequency is not None else ("name",)
            yield self.finding(detection.document, path, message, help)


def _most(cost: Cost) -> str:
    """What makes the most of a cost."""
    table = max(cost.tables, key=lambda one: one.points)
    return f"most is {cost.runs:g} runs over {table.days:.3g} days of {table.table}, a {table.size} table"
