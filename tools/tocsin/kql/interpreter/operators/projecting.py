"""extend, project and their relatives: columns computed from the columns of the same row."""

from __future__ import annotations

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.remembered_columns import RememberedColumn, is_remembered_column
from tocsin.kql.plan import Column, ColumnRef, Projection, Relation
from tocsin.kql.types import Value


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
    idle = [each for each in computed if compiler.is_idle(*each)]
    idle_columns = [column for column, _ in idle]
    busy = [each for each in computed if each[0] not in idle_columns]
    of_idle = {column: (1, column) for column in idle_columns} | routes
    idle_program = compiler.program([expression for _, expression in idle])
    busy_columns = [column for column, _ in busy]
    busy_program = compiler.program([expression for _, expression in busy]) if idle else program

    def run(execution: Execution, batch: Batch) -> Batch:
        if remembered and execution.memo is not None:
            made = dict(zip((column for column, _ in others), rest.columns(execution, batch), strict=True))
            made.update((column, each.values(execution, batch)) for column, each in remembered)
        elif idle and execution.tracer is None:
            made = dict(zip(busy_columns, busy_program.columns(execution, batch), strict=True))
            return Batch(batch.rows, made, (Part(batch), Part(asked_for(execution, batch))), of_idle)
        else:
            made = dict(zip(columns, program.columns(execution, batch), strict=True))
        return Batch(batch.rows, made, (Part(batch),), routes)

    def asked_for(execution: Execution, batch: Batch) -> Batch:
        """Columns that nobody is known to read: worked out in case somebody does."""

        def compute(column: Column) -> list[Value]:
            return idle_program.columns(execution, batch)[idle_columns.index(column)]

        return Batch(batch.rows, {}, compute=compute)

    return run


STAGES: dict[type[Relation], StageCompiler] = {Projection: _project}
