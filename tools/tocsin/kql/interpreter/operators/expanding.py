"""mv-expand: a row for each element of its arrays.

An empty array gives no row, null gives one (with null), a value that is no array gives itself. A bag gives a bag per
property. Several columns are walked in step; the shorter ones end in nulls.

Source: https://learn.microsoft.com/kusto/query/mv-expand-operator
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.conversion import conversion
from tocsin.kql.plan import Column, Expand, ExpandColumn, Expr, Relation
from tocsin.kql.types import DYNAMIC, UNKNOWN, Value, null_of


@dataclass(frozen=True, slots=True)
class Expanded:
    """The rows that came out: which input row each is of, its place in that row's arrays, the element columns."""

    origin: list[int]
    place: list[int]
    columns: dict[Column, list[Value]]


class Expander:
    """Expands the arrays of a batch; shared by mv-expand and mv-apply."""

    def __init__(
        self,
        node: Relation,
        items: Sequence[ExpandColumn],
        item_index: Column | None,
        bag_arrays: bool,
        limit: Expr | None,
        compiler: PlanCompiler,
    ) -> None:
        self._node = node
        self._items = items
        self._item_index = item_index
        self._bag_arrays = bag_arrays
        self._limit = None if limit is None else compiler.single(limit)
        self._program = compiler.program([item.value for item in items])
        self._readers = [_reader(item) for item in items]
        self._nulls = [null_of(item.column.type) for item in items]

    def expand(self, execution: Execution, batch: Batch) -> Expanded:
        """All element rows of ``batch``."""
        limit = None if self._limit is None else self._limit(execution)
        arrays = [[self._elements(value) for value in values] for values in self._program.columns(execution, batch)]
        execution.allow_rows(sum(max(map(len, row)) for row in zip(*arrays, strict=True)), self._node, len(arrays))
        origin: list[int] = []
        place: list[int] = []
        columns: list[list[Value]] = [[] for _ in arrays]
        for i, row in enumerate(zip(*arrays, strict=True)):
            cut = row if limit is None else tuple(each[:limit] for each in row)
            count = max(map(len, cut))
            origin.extend([i] * count)
            place.extend(range(count))
            for column, elements, null in zip(columns, cut, self._nulls, strict=True):
                column.extend(elements)
                column.extend([null] * (count - len(elements)))
        made = {
            item.column: values if read is None else list(map(read, values))
            for item, values, read in zip(self._items, columns, self._readers, strict=True)
        }
        if self._item_index is not None:
            made[self._item_index] = list(place)
        return Expanded(origin, place, made)

    def _elements(self, value: Value) -> Sequence[Value]:
        if isinstance(value, list):
            return value
        if isinstance(value, dict):
            if self._bag_arrays:
                return [[name, inner] for name, inner in value.items()]
            return [{name: inner} for name, inner in value.items()]
        return (value,)


def _reader(item: ExpandColumn) -> Callable[[Value], Value] | None:
    if item.type in (DYNAMIC, UNKNOWN):
        return None
    return conversion(DYNAMIC if item.value.type in (DYNAMIC, UNKNOWN) else item.value.type, item.type)


def _expand(node: Expand, compiler: PlanCompiler) -> Stage:
    expander = Expander(node, node.items, node.item_index, node.bag_arrays, node.limit, compiler)

    def run(execution: Execution, batch: Batch) -> Batch:
        expanded = expander.expand(execution, batch)
        return Batch(len(expanded.origin), expanded.columns, (Part(batch, expanded.origin),))

    return run


STAGES: dict[type[Relation], StageCompiler] = {Expand: _expand}
