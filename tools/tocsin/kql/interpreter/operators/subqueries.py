"""Operators that run a subquery on parts of their input: mv-apply (each row's elements) and partition (each key)."""

from __future__ import annotations

from itertools import chain

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.operators.expanding import Expander
from tocsin.kql.interpreter.operators.grouping import grouped
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import Apply, Column, PartitionRows, Relation
from tocsin.kql.types import Value


def _apply(node: Apply, compiler: PlanCompiler) -> Stage:
    expander = Expander(node, node.items, node.item_index, node.bag_arrays, node.limit, compiler)
    subquery = compiler.relation(node.subquery, "mv-apply")
    made = frozenset(node.subquery.columns).difference(node.passed)

    def run(execution: Execution, batch: Batch) -> Batch:
        expanded = expander.expand(execution, batch)
        rows = Batch(len(expanded.origin), expanded.columns, (Part(batch, expanded.origin),))
        ends = _ends(expanded.origin, batch.rows)
        results: list[Batch] = []
        start = 0
        for end in ends:
            execution.leaves[node.leaf] = rows.pick(range(start, end))
            results.append(subquery(execution))
            start = end
        origin = [i for i, result in enumerate(results) for _ in range(result.rows)]

        def gather(column: Column) -> list[Value]:
            if column in made:
                return list(chain.from_iterable(result.column(column) for result in results))
            values = batch.column(column)
            return [values[i] for i in origin]

        result = Batch(len(origin), {}, compute=gather)
        if execution.tracer is not None:
            execution.tracer.concatenated(result, results, Link(batch, [(i,) for i in origin]))
        return result

    return run


def _ends(origin: list[int], rows: int) -> list[int]:
    """Where the elements of each input row end; ``origin`` is ascending."""
    counts = [0] * rows
    for i in origin:
        counts[i] += 1
    ends: list[int] = []
    total = 0
    for count in counts:
        total += count
        ends.append(total)
    return ends


def _partition(node: PartitionRows, compiler: PlanCompiler) -> Stage:
    key = compiler.program([node.key])
    subquery = compiler.relation(node.subquery, "partition")

    def run(execution: Execution, batch: Batch) -> Batch:
        results: list[Batch] = []
        groups = grouped(key.columns(execution, batch), [node.key.type], batch.rows)
        if node.most is not None and len(groups) > node.most:
            message = (
                f"partition by a column of {len(groups)} values: without hint.strategy=native or shuffle, "
                f"{node.most} is the most"
            )
            raise KqlRuntimeError(message, node.start, node.length, node.origin)
        for group in groups:
            execution.leaves[node.leaf] = batch.pick(group)
            results.append(subquery(execution))

        def gather(column: Column) -> list[Value]:
            return list(chain.from_iterable(result.column(column) for result in results))

        result = Batch(sum(result.rows for result in results), {}, compute=gather)
        if execution.tracer is not None:
            execution.tracer.concatenated(result, results)
        return result

    return run


STAGES: dict[type[Relation], StageCompiler] = {Apply: _apply, PartitionRows: _partition}
