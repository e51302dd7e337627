"""sort and top: stable, nulls and NaN apart, text by code points.

Source: https://learn.microsoft.com/kusto/query/sort-operator
"""

from __future__ import annotations

from typing import Any

from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.plan import Relation, SortKey, SortRows
from tocsin.kql.types import DYNAMIC, REAL, UNKNOWN, ScalarType, Value

_RANKS: dict[type, int] = {bool: 0, int: 1, float: 1, str: 2}


def _dynamic_key(value: Value) -> tuple[int, Any]:
    """Kusto does not order dynamic values; they are grouped by kind, so that the result is at least the same always."""
    rank = next((rank for kind, rank in _RANKS.items() if isinstance(value, kind)), 3)
    return (rank, value if rank < 3 else str(value))


def sorted_index(keys: list[tuple[list[Value], ScalarType, bool, bool]], rows: int) -> list[int]:
    """Row numbers in sorted order. A key is (values, type, descending, nulls first)."""
    order = list(range(rows))
    for values, type_, descending, nulls_first in reversed(keys):
        plain, nan, null = order, [], []
        if None in values:
            plain = [i for i in order if values[i] is not None]
            null = [i for i in order if values[i] is None]
        if type_ is REAL:
            nan = [i for i in plain if values[i] != values[i]]
            if nan:
                plain = [i for i in plain if values[i] == values[i]]
        if type_ in (DYNAMIC, UNKNOWN):
            ranks = {i: _dynamic_key(values[i]) for i in plain}
            plain = sorted(plain, key=ranks.__getitem__, reverse=descending)
        else:
            plain = sorted(plain, key=values.__getitem__, reverse=descending)
        order = null + nan + plain if nulls_first else plain + nan + null
    return order


def key_columns(
    keys: tuple[SortKey, ...], columns: list[list[Value]]
) -> list[tuple[list[Value], ScalarType, bool, bool]]:
    """The keys with their values, as ``sorted_index`` takes them."""
    return [
        (values, key.value.type, key.descending, key.nulls_first) for key, values in zip(keys, columns, strict=True)
    ]


def _sort(node: SortRows, compiler: PlanCompiler) -> Stage:
    program = compiler.program([key.value for key in node.keys])
    limit = None if node.limit is None else compiler.single(node.limit)

    def run(execution: Execution, batch: Batch) -> Batch:
        order = sorted_index(key_columns(node.keys, program.columns(execution, batch)), batch.rows)
        if limit is not None:
            order = order[: max(0, limit(execution) or 0)]
        return batch.pick(order)

    return run


STAGES: dict[type[Relation], StageCompiler] = {SortRows: _sort}
