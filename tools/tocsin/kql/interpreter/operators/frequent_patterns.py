"""evaluate basket: values that many rows have in common.

The reference gives a threshold and examples. Its examples list every pattern that reaches the threshold and has no
more specific one with the same rows (a closed pattern), with shares of one decimal, in no order that could be told.

Source: https://learn.microsoft.com/kusto/query/basket-plugin
"""

from __future__ import annotations

from typing import Any

from tocsin.kql.functions.identity import identities
from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.plan import Constant, PluginRows, Relation
from tocsin.kql.types import ScalarType, Value, null_of

DEFAULT_THRESHOLD = 0.05

Pattern = tuple[tuple[int, int], ...]
"""Columns by number, ascending, each with a row that has the value meant."""


def basket(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """The closed patterns that at least the threshold's share of the rows have, the most frequent first."""
    source: Relation | None = node.input
    columns = () if source is None else source.columns
    threshold = _threshold(node)
    wildcards = _wildcards(node)

    def run(execution: Execution, batch: Batch) -> Batch:
        values = [batch.column(column) for column in columns]
        keys = [identities(own, column.type) for own, column in zip(values, columns, strict=True)]
        found = _frequent(execution, node, keys, batch.rows, threshold)
        execution.allow_rows(len(found), node, len(node.columns))
        rows: list[list[Value]] = []
        for number, (pattern, count) in enumerate(found):
            meant = dict(pattern)
            cells = [
                own[meant[i]] if i in meant else wildcards.get(column.type, null_of(column.type))
                for i, (own, column) in enumerate(zip(values, columns, strict=True))
            ]
            rows.append([number, count, round(100 * count / batch.rows, 1), *cells])
        made = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in node.columns]
        return Batch(len(rows), dict(zip(node.columns, made, strict=True)))

    return run


def _threshold(node: PluginRows) -> float:
    first = node.arguments[0] if node.arguments else None
    given = first.value if isinstance(first, Constant) else None
    return float(given) if isinstance(given, int | float) else DEFAULT_THRESHOLD


def _wildcards(node: PluginRows) -> dict[ScalarType, Value]:
    """What stands, by type, for any value. ``'~'`` leaves the default."""
    options = [each for each in node.arguments[3:] if isinstance(each, Constant) and each.value != "~"]
    return {each.type: each.value for each in options}


def _frequent(
    execution: Execution, node: PluginRows, keys: list[list[Any]], rows: int, threshold: float
) -> list[tuple[Pattern, int]]:
    """Closed patterns with the number of their rows."""
    least = threshold * rows
    found: list[tuple[Pattern, int]] = []
    todo: list[tuple[Pattern, list[int]]] = [((), list(range(rows)))]
    while todo:
        pattern, members = todo.pop()
        execution.check_time(node)
        after = pattern[-1][0] + 1 if pattern else 0
        fixed = {column for column, _ in pattern}
        closed = True
        for column, own in enumerate(keys):
            if column in fixed:
                continue
            groups: dict[Any, list[int]] = {}
            for row in members:
                groups.setdefault(own[row], []).append(row)
            closed = closed and len(groups) != 1
            if column >= after:
                todo += [((*pattern, (column, each[0])), each) for each in groups.values() if len(each) >= least]
        if pattern and closed:
            found.append((pattern, len(members)))
    found.sort(key=lambda each: (-each[1], each[0]))
    return found
