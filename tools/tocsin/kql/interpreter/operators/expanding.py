"""mv-expand: a row for each element of its arrays.

An empty array gives no row, null gives one (with null), a value that is no array gives itself. A bag gives a bag per
property. Several columns are walked in step; the shorter ones end in nulls.

Source: https://learn.microsoft.com/kusto/query/mv-expand-operator
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.conversion import conversion
from tocsin.kql.plan import Column, Expand, ExpandColumn, Expr, Relation
from tocsin.kql.types import DYNAMIC, STRING, UNKNOWN, Value, null_of


@dataclass(frozen=True, slots=True)
class Expanded:
    """The rows that came out: which input row each is of, and the element columns."""

    origin: list[int]
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
        arrays = [
            [value if type(value) is list else self._elements(value) for value in values]
            for values in self._program.columns(execution, batch)
        ]
        lengths = [list(map(len, values)) for values in arrays]
        counts = lengths[0] if len(lengths) == 1 else list(map(max, *lengths))
        execution.allow_rows(sum(counts), len(arrays))
        if limit is not None:
            counts = [min(count, limit) if limit >= 0 else max(0, count + limit) for count in counts]
        origin = list(chain.from_iterable(map(repeat, range(len(counts)), counts)))
        made: dict[Column, list[Value]] = {}
        for item, values, given, read, null in zip(
            self._items, arrays, lengths, self._readers, self._nulls, strict=True
        ):
            if given != counts:
                values = [
                    elements if length == count else [*elements[:count], *repeat(null, count - length)]
                    for elements, length, count in zip(values, given, counts, strict=True)
                ]
            column: list[Value] = list(chain.from_iterable(values))
            made[item.column] = column if read is None else list(map(read, column))
        if self._item_index is not None:
            made[self._item_index] = list(chain.from_iterable(map(range, counts)))
        return Expanded(origin, made)

    def _elements(self, value: Value) -> Sequence[Value]:
        if isinstance(value, list):
            return value
        if isinstance(value, dict):
            if self._bag_arrays:
                return [[name, inner] for name, inner in value.items()]
            return [{name: inner} for name, inner in value.items()]
        return (value,)


def _reader(item: ExpandColumn) -> Callable[[Value], Value] | None:
    """How an element becomes what ``typeof`` names: it is cast, never parsed, so a text is null as anything else."""
    if item.type in (DYNAMIC, UNKNOWN):
        return None
    convert = conversion(DYNAMIC if item.value.type in (DYNAMIC, UNKNOWN) else item.value.type, item.type)
    if item.type is STRING or convert is None:
        return convert
    return lambda element: None if type(element) is str else convert(element)


def _expand(node: Expand, compiler: PlanCompiler) -> Stage:
    expander = Expander(node, node.items, node.item_index, node.bag_arrays, node.limit, compiler)

    def run(execution: Execution, batch: Batch) -> Batch:
        expanded = expander.expand(execution, batch)
        return Batch(len(expanded.origin), expanded.columns, (Part(batch, expanded.origin),))

    return run


STAGES: dict[type[Relation], StageCompiler] = {Expand: _expand}
