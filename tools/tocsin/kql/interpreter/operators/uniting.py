"""union: the rows of several relations, one after the other."""

from __future__ import annotations

from itertools import chain, repeat

from tocsin.kql.emptiness import can_give_rows
from tocsin.kql.interpreter.batch import ARRIVAL, Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Runner, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.conversion import conversion
from tocsin.kql.lineage import relations
from tocsin.kql.plan import Column, Relation, Results, Scan, UnionRows
from tocsin.kql.types import Value, null_of


def _union(node: UnionRows, compiler: PlanCompiler) -> Stage:
    others = [_branch(each, compiler, lazily=len(node.inputs) > _MANY) for each in node.inputs[1:]]
    columns = node.columns[1:] if node.source_names is not None else node.columns
    place = {column: i for i, column in enumerate(columns)}
    names = node.source_names

    def run(execution: Execution, batch: Batch) -> Batch:
        inputs = [batch, *(run_other(execution) for run_other in others)] if node.inputs else []
        rows = sum(each.rows for each in inputs)
        holding = [(each, sources) for each, sources in zip(inputs, node.sources, strict=True) if each.rows]

        def gather(column: Column) -> list[Value]:
            if column is ARRIVAL:
                return list(chain.from_iterable(each.column(column) for each in inputs))
            i = place[column]
            return list(chain.from_iterable(_values(each, sources[i], column) for each, sources in holding))

        values: dict[Column, list[Value]] = {}
        if names is not None:
            values[node.columns[0]] = [
                name for name, each in zip(names, inputs, strict=True) for name in repeat(name, each.rows)
            ]
        result = Batch(rows, values, compute=gather)
        if execution.tracer is not None:
            execution.tracer.concatenated(result, inputs)
        return result

    return run


_MANY = 16
"""From more inputs on, those that give no rows anyway are left out: ``union *`` reads every table there is."""


def _branch(relation: Relation, compiler: PlanCompiler, *, lazily: bool) -> Runner:
    """The runner of an input. ``lazily``: it is compiled and run only when one of the tables it needs has rows."""
    if not lazily:
        return compiler.relation(relation, "union")
    tables = {each.table for each in relations(relation) if isinstance(each, Scan)}
    proven = not can_give_rows(relation, tables)
    compiled: list[Runner] = []

    def run(execution: Execution) -> Batch:
        given = (execution.database.get(table) for table in tables)
        if proven and not any(table.row_count for table in given if table is not None):
            return Batch(0, {}, compute=lambda column: [])
        if not compiled:
            compiled.append(compiler.relation(relation, "union"))
        return compiled[0](execution)

    return run


def _values(batch: Batch, source: Column | None, column: Column) -> list[Value]:
    if source is None:
        return [null_of(column.type)] * batch.rows
    convert = conversion(source.type, column.type)
    values = batch.column(source)
    return values if convert is None else list(map(convert, values))


def _results(node: Results, compiler: PlanCompiler) -> Stage:
    """The first result passes; the others stay with the execution, under their relations."""
    others = [(each, compiler.relation(each)) for each in node.inputs[1:]]

    def run(execution: Execution, batch: Batch) -> Batch:
        for relation, run_other in others:
            execution.shared[relation] = run_other(execution)
        return batch

    return run


STAGES: dict[type[Relation], StageCompiler] = {UnionRows: _union, Results: _results}
