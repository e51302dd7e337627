"""top-nested: the best groups, in each of them the best sub-groups, and so on.

Rows of groups that are not among the best belong to the others of their level, and stay together below it. A level
that names no others shows such rows without a value, and only where another level does name them.

Source: https://learn.microsoft.com/kusto/query/top-nested-operator
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.operators.grouping import AggregateRunner, grouped
from tocsin.kql.interpreter.operators.ordering import sorted_index
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import Column, NestedLevel, Relation, TopNestedRows
from tocsin.kql.types import Value, null_of


@dataclass(frozen=True, slots=True)
class _Group:
    """A group of one level: its name, its measure, its rows; ``others``: what is left of the groups that did not make
    it, here or above; ``shown``: a level has named these others, or they are none."""

    key: Value
    measure: Value
    rows: Sequence[int]
    others: bool = False
    shown: bool = True


class _Level:
    def __init__(self, level: NestedLevel, compiler: PlanCompiler) -> None:
        self.columns: tuple[Column, Column] = (level.key.column, level.measure.column)
        self._key = compiler.program([level.key.value])
        self._type = level.key.value.type
        self._aggregates = [AggregateRunner(each, compiler) for each in level.aggregates]
        self._measure = compiler.program([level.measure.value])
        self._measure_type = level.measure.column.type
        self._descending = level.descending
        self._count = None if level.count is None else compiler.single(level.count)
        self._others = None if level.others is None else compiler.single(level.others)

    def groups(self, execution: Execution, batch: Batch, parent: _Group) -> list[_Group]:
        """The best groups of the parent's rows, best first, then the others."""
        if parent.others:
            return [self._left(execution, batch, parent.rows, parent.shown)]
        picked = batch.pick(list(parent.rows))
        (keys,) = self._key.columns(execution, picked)
        groups = grouped([keys], [self._type], picked.rows)
        measures = self._measures(execution, picked, groups)
        order = sorted_index([(measures, self._measure_type, self._descending, not self._descending)], len(groups))
        wanted = len(order) if self._count is None else max(0, self._count(execution) or 0)
        found = [
            _Group(keys[groups[i][0]], measures[i], [parent.rows[row] for row in groups[i]]) for i in order[:wanted]
        ]
        rest = sorted(parent.rows[row] for i in order[wanted:] for row in groups[i])
        if rest or self._others is not None:
            found.append(self._left(execution, batch, rest, shown=False))
        return found

    def _left(self, execution: Execution, batch: Batch, rows: Sequence[int], shown: bool) -> _Group:
        if self._others is None:
            return _Group(null_of(self._type), null_of(self._measure_type), rows, True, shown)
        (measure,) = self._measures(execution, batch, [list(rows)])
        return _Group(self._others(execution), measure, rows, others=True)

    def _measures(self, execution: Execution, batch: Batch, groups: Sequence[Sequence[int]]) -> list[Value]:
        found: dict[Column, list[Value]] = {}
        for each in self._aggregates:
            found.update(zip(each.outputs, each.columns(execution, batch, groups), strict=True))
        return self._measure.columns(execution, Batch(len(groups), found))[0]


def _top_nested(node: TopNestedRows, compiler: PlanCompiler) -> Stage:
    levels = [_Level(level, compiler) for level in node.levels]

    def run(execution: Execution, batch: Batch) -> Batch:
        trails: list[tuple[_Group, ...]] = [(_Group(None, None, range(batch.rows)),)]
        for level in levels:
            trails = [(*trail, group) for trail in trails for group in level.groups(execution, batch, trail[-1])]
        trails = [trail for trail in trails if trail[-1].shown]
        trails.sort(key=lambda trail: sum(group.others for group in trail))
        values: dict[Column, list[Value]] = {}
        for i, level in enumerate(levels, start=1):
            key, measure = level.columns
            values[key] = [trail[i].key for trail in trails]
            values[measure] = [trail[i].measure for trail in trails]
        result = Batch(len(trails), values)
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, [trail[-1].rows for trail in trails]))
        return result

    return run


STAGES: dict[type[Relation], StageCompiler] = {TopNestedRows: _top_nested}
