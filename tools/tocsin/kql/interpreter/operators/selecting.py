"""Operators that keep some of the rows as they are: take, sample, count, distinct, sample-distinct; and none."""

from __future__ import annotations

from tocsin.kql.functions.identity import identities
from tocsin.kql.interpreter.batch import UNIT, Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import RefusedOfRows
from tocsin.kql.interpreter.operators.grouping import grouped
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import CountRows, DistinctRows, Relation, SampleDistinctRows, ServiceRows, TakeRows


def _take(node: TakeRows, compiler: PlanCompiler) -> Stage:
    count = compiler.single(node.count)

    def run(execution: Execution, batch: Batch) -> Batch:
        wanted = max(0, count(execution) or 0)
        if wanted >= batch.rows:
            return batch
        if node.sample:
            return batch.pick(sorted(execution.random.sample(range(batch.rows), wanted)))
        return batch.pick(range(wanted))

    return run


def _count(node: CountRows, compiler: PlanCompiler) -> Stage:
    column = node.columns[0]

    def run(execution: Execution, batch: Batch) -> Batch:
        result = Batch(1, {column: [batch.rows]})
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, [range(batch.rows)]))
        return result

    return run


def _of_service(node: ServiceRows, compiler: PlanCompiler) -> Stage:
    def run(execution: Execution, batch: Batch) -> Batch:
        if batch.rows:
            raise RefusedOfRows("TK116", node.refusal, node.start, node.length, node.origin)
        return batch

    return run


def _distinct(node: DistinctRows, compiler: PlanCompiler) -> Stage:
    program = compiler.program([key.value for key in node.keys])
    columns = [key.column for key in node.keys]

    def run(execution: Execution, batch: Batch) -> Batch:
        values = program.columns(execution, batch)
        stand_ins = [identities(each, column.type) for each, column in zip(values, columns, strict=True)]
        first: dict[object, int] = {}
        for i, key in enumerate(zip(*stand_ins, strict=True)):
            first.setdefault(key, i)
        if not columns:
            first = {(): 0} if batch.rows else {}
        kept = list(first.values())
        picked = {column: [each[i] for i in kept] for column, each in zip(columns, values, strict=True)}
        result = Batch(len(kept), picked)
        if execution.tracer is not None:
            types = [column.type for column in columns]
            execution.tracer.link(result, Link(batch, grouped(values, types, batch.rows)[: len(kept)]))
        return result

    return run


def _sample_distinct(node: SampleDistinctRows, compiler: PlanCompiler) -> Stage:
    program = compiler.program([node.value])
    count = compiler.program([node.count])
    column = node.columns[0]

    def run(execution: Execution, batch: Batch) -> Batch:
        (values,) = program.columns(execution, batch)
        wanted = max(0, count.columns(execution, UNIT)[0][0] or 0)
        first: dict[object, int] = {}
        for i, key in enumerate(identities(values, column.type)):
            if key not in first:
                if len(first) >= wanted:
                    break
                first[key] = i
        result = Batch(len(first), {column: [values[i] for i in first.values()]})
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, grouped([values], [column.type], batch.rows)[:wanted]))
        return result

    return run


STAGES: dict[type[Relation], StageCompiler] = {
    TakeRows: _take,
    CountRows: _count,
    DistinctRows: _distinct,
    SampleDistinctRows: _sample_distinct,
    ServiceRows: _of_service,
}
