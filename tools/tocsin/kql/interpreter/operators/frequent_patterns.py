"""evaluate basket: values that many rows have in common.

The reference gives a threshold and examples. Its examples list every pattern that reaches the threshold and has no
more specific one with the same rows (a closed pattern), in no order that could be told. The dimensions that it counts
are "uncorrelated": values that follow from others do not count. Its page shows shares with one decimal, the tutorial on
diagnosing anomalies with all that the plugin gives.

Source: https://learn.microsoft.com/kusto/query/basket-plugin
"""

from __future__ import annotations

from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.operators.patterns import (
    DEFAULT_THRESHOLD,
    Dimensions,
    closed_patterns,
    number_given,
    wildcards,
)
from tocsin.kql.plan import PluginRows

_MOST_DIMENSIONS = 5


def basket(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """The closed patterns that at least the threshold's share of the rows have, the most frequent first."""
    dimensions = Dimensions(node, weight=1)
    threshold = number_given(node, 0, DEFAULT_THRESHOLD)
    most = int(number_given(node, 2, _MOST_DIMENSIONS))
    open_values = wildcards(node, 3)

    def run(execution: Execution, batch: Batch) -> Batch:
        combinations = dimensions.combinations(batch, dimensions.weights(batch), range(batch.rows))
        weights, total = combinations.weights, combinations.total
        least = threshold * total

        def enough(members: list[int]) -> bool:
            return bool(sum([weights[each] for each in members]) >= least)

        found = closed_patterns(execution, node, combinations, enough, most)
        counted = [(sum(weights[each] for each in members), pattern) for pattern, members in found]
        counted.sort(key=lambda each: (-each[0], each[1]))
        execution.allow_rows(len(counted), len(node.columns))
        patterns = [pattern for _, pattern in counted]
        segment, count, percent = node.columns[:3]
        return Batch(
            len(counted),
            {
                segment: list(range(len(counted))),
                count: [round(weight) for weight, _ in counted],
                percent: [100 * weight / total for weight, _ in counted],
                **dimensions.cells(combinations, patterns, open_values),
            },
        )

    return run
