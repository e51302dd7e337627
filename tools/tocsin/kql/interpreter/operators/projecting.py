"""where, extend, project and their relatives: what is done to each row by itself.

Operators that follow one another are one loop over the rows: a row that a condition leaves out costs nothing more, and
a column that nobody reads is not worked out. A traced run takes them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tocsin.kql.functions.declaration import Style
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.expressions import NOTICED, ExpressionCompiler, children
from tocsin.kql.interpreter.remembered_columns import RememberedColumn, is_remembered_column
from tocsin.kql.interpreter.row_graph import Node
from tocsin.kql.interpreter.row_programs import Program
from tocsin.kql.plan import Call, Column, ColumnRef, Expr, Filter, Projection, Relation
from tocsin.kql.types import Value

ByRow: TypeAlias = Projection | Filter


def is_by_row(node: ByRow, compiler: PlanCompiler) -> bool:
    """Whether an operator can be part of a loop over the rows with others: what it makes of a row depends on that row
    alone, and nobody notices when it is not asked for."""
    if isinstance(node, Filter):
        return _depends_on_row(node.predicate)
    return all(_depends_on_row(each) and not is_remembered_column(each, compiler.scanned) for each in node.expressions)


def _depends_on_row(expression: Expr) -> bool:
    work = [expression]
    seen: set[Expr] = set()
    while work:
        each = work.pop()
        if each in seen:
            continue
        seen.add(each)
        if isinstance(each, Call):
            function = each.function
            if function.serialized or not function.deterministic or function.name in NOTICED:
                return False
            if function.style in (Style.COLUMNS, Style.TYPED_COLUMNS, Style.CONTEXT) and each.arguments:
                return False
        work.extend(children(each))
    return True


def joined_conditions(predicate: Expr) -> list[Expr]:
    """The conditions that ``and`` joins, in their order."""
    found: list[Expr] = []
    work = [predicate]
    while work:
        each = work.pop()
        if isinstance(each, Call) and each.function.name == "and":
            work.extend(reversed(each.arguments))
        else:
            found.append(each)
    return found


def fused(nodes: Sequence[ByRow], compiler: PlanCompiler) -> Stage:
    """One stage for operators that follow one another, the first one first. All of them are ``is_by_row``."""
    expressions = ExpressionCompiler(compiler)
    conditions: list[Node] = []
    shown: dict[Column, Expr] | None = None
    for node in nodes:
        if isinstance(node, Filter):
            conditions += [expressions.node(each) for each in joined_conditions(node.predicate)]
        else:
            shown = dict(zip(node.columns, node.expressions, strict=True))
            expressions.define(shown)
    made: list[Column] = []
    routes: dict[Column, tuple[int, Column]] = {}
    idle: list[Column] = []
    for column in shown or ():
        source = expressions.source_of(column)
        if source is not None:
            routes[column] = (0, source)
        elif compiler.is_idle(column, nodes):
            idle.append(column)
            routes[column] = (1, column)
        else:
            made.append(column)
    program = expressions.program_of(conditions, [expressions.of(each) for each in made], [each.type for each in made])

    programs: dict[Column, Program] = {}

    def asked_for(execution: Execution, batch: Batch) -> Batch:
        """Columns that nobody is known to read: worked out in case somebody does."""

        def compute(column: Column) -> list[Value]:
            if column not in programs:
                programs[column] = expressions.program_of((), [expressions.of(column)], [column.type])
            return programs[column].columns(execution, batch)[0]

        return Batch(batch.rows, {}, compute=compute)

    def run(execution: Execution, batch: Batch) -> Batch:
        part = Part(batch)
        rows = batch.rows
        if conditions:
            kept, values = program.selected(execution, batch)
            if len(kept) < rows:
                part, rows = Part(batch, kept), len(kept)
        else:
            values = program.columns(execution, batch)
        if shown is None:
            return batch if part.index is None else Batch(rows, {}, (part,))
        parts: tuple[Part, ...] = (part,)
        if idle:
            picked = batch if part.index is None else Batch(rows, {}, (part,))
            parts = (part, Part(asked_for(execution, picked)))
        return Batch(rows, dict(zip(made, values, strict=True)), parts, routes)

    return run


def _filter(node: Filter, compiler: PlanCompiler) -> Stage:
    if is_by_row(node, compiler):
        return fused([node], compiler)
    program = compiler.program([node.predicate])

    def run(execution: Execution, batch: Batch) -> Batch:
        (verdicts,) = program.columns(execution, batch)
        kept = [i for i, verdict in enumerate(verdicts) if verdict is True]
        return batch if len(kept) == batch.rows else batch.pick(kept)

    return run


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


STAGES: dict[type[Relation], StageCompiler] = {Filter: _filter, Projection: _project}
