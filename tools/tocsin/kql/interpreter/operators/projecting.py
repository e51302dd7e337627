"""extend, project and their relatives: columns computed from the columns of the same row."""

from __future__ import annotations

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
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

    def run(execution: Execution, batch: Batch) -> Batch:
        values = program.columns(execution, batch)
        return Batch(batch.rows, dict(zip(columns, values, strict=True)), (Part(batch),), routes)

    return run


STAGES: dict[type[Relation], StageCompiler] = {Projection: _project}
