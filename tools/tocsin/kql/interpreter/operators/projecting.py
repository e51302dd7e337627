"""extend, project and their relatives: columns computed from the columns of the same row."""

from __future__ import annotations

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.remembered_columns import RememberedColumn, is_remembered_column
from tocsin.kql.plan import Column, ColumnRef, Projection, Relation


def _project(node: Projection, compiler: PlanCompiler) -> Stage:
    routes: dict[Column, tuple[int, Column]] = {}
    computed = []
    for column, expression in zip(node.columns, node.expressions, strict=True):
        if isinstance(expression, ColumnRef):
            routes[column] = (0, expression.column)
        else:
            computed.append((column, expression))
    program = compiler.program([expression for _, expression in computed])
    columns = [column for column, _ in computed]
    remembered = [
        (column, RememberedColumn(expression, compiler.program([expression])))
        for column, expression in computed
        if is_remembered_column(expression, compiler.scanned)
    ]
    others = [(column, expression) for column, expression in computed if column not in dict(remembered)]
    rest = compiler.program([expression for _, expression in others]) if remembered else program

    def run(execution: Execution, batch: Batch) -> Batch:
        if remembered and execution.memo is not None:
            made = dict(zip((column for column, _ in others), rest.columns(execution, batch), strict=True))
            made.update((column, each.values(execution, batch)) for column, each in remembered)
        else:
            made = dict(zip(columns, program.columns(execution, batch), strict=True))
        return Batch(batch.rows, made, (Part(batch),), routes)

    return run


STAGES: dict[type[Relation], StageCompiler] = {Projection: _project}
