"""Where rows come from: tables, watchlists, inline rows, ranges, schemas, and the input of a subquery."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.kql.interpreter.batch import ARRIVAL, UNIT, Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.conversion import conversion
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.plan import Column, External, Inline, RangeSource, Relation, Scan, SchemaRows, SubqueryInput, Watchlist
from tocsin.kql.table import Table
from tocsin.kql.types import DATETIME, REAL, ColumnSchema, Value, null_of


def _scan(node: Scan, compiler: PlanCompiler) -> Stage:
    wanted = tuple(zip(node.columns, node.table_columns, strict=True))

    def run(execution: Execution, batch: Batch) -> Batch:
        return _read(execution, execution.database, node.table, wanted)

    return run


def _watchlist(node: Watchlist, compiler: PlanCompiler) -> Stage:
    wanted = tuple((column, column.schema()) for column in node.columns)

    def run(execution: Execution, batch: Batch) -> Batch:
        given = execution.watchlists.get(node.alias)
        if given is not None and node.trusted:
            _check_trusted(node, given)
        return _read(execution, execution.watchlists, node.alias, wanted)

    return run


def _external(node: External, compiler: PlanCompiler) -> Stage:
    wanted = tuple((column, column.schema()) for column in node.columns)

    def run(execution: Execution, batch: Batch) -> Batch:
        for address in node.addresses:
            if address not in execution.external:
                message = f"there are no rows for externaldata from {address}"
                raise KqlRuntimeError(message, node.start, node.length, node.origin)
        parts = [_read(execution, execution.external, address, wanted) for address in node.addresses]
        if len(parts) == 1:
            return parts[0]
        shown = (*node.columns, ARRIVAL)
        columns = {column: [value for part in parts for value in part.column(column)] for column in shown}
        return Batch(sum(part.rows for part in parts), columns)

    return run


def _check_trusted(node: Watchlist, given: Table) -> None:
    """The rows of a watchlist that the catalogue does not know must have the columns that the query names."""
    there = [column.name for column in given.columns]
    for name in node.trusted or ():
        if name not in there:
            shown = ", ".join(there) or "none"
            message = f"the watchlist '{node.alias}' has no column '{name}'; it has: {shown}"
            raise KqlRuntimeError(message, node.start, node.length, node.origin)


def _read(
    execution: Execution, tables: Mapping[str, Table], name: str, wanted: tuple[tuple[Column, ColumnSchema], ...]
) -> Batch:
    """The named table as the plan sees it: columns by name, in the plan's types; nulls for what is not there."""
    table = tables.get(name)
    if table is None:
        return Batch(0, {column: [] for column, _ in wanted})
    places = {schema.name: i for i, schema in enumerate(table.columns)}
    schemas = dict(wanted)

    def read(column: Column) -> list[Value]:
        if column is ARRIVAL:
            return [execution.ingestion_time] * table.row_count if table.ingested is None else table.ingested
        place = places.get(schemas[column].name)
        if place is None:
            return [null_of(column.type)] * table.row_count
        schema, values = table.columns[place], table.data[place]
        convert = conversion(schema.type, column.type)
        return values if convert is None else list(map(convert, values))

    return Batch(table.row_count, {}, compute=read)


def _inline(node: Inline, compiler: PlanCompiler) -> Stage:
    width = len(node.columns)
    program = compiler.program([expression for row in node.rows for expression in row])

    def run(execution: Execution, batch: Batch) -> Batch:
        execution.allow_rows(len(node.rows), width)
        cells = [column[0] for column in program.columns(execution, UNIT)]
        return Batch(len(node.rows), {column: cells[i::width] for i, column in enumerate(node.columns)})

    return run


def _range(node: RangeSource, compiler: PlanCompiler) -> Stage:
    program = compiler.program([node.from_, node.to, node.step])
    column = node.columns[0]
    wanted = compiler.wanted_rows.get(node)

    def run(execution: Execution, batch: Batch) -> Batch:
        start, stop, step = (values[0] for values in program.columns(execution, UNIT))
        if None in (start, stop, step):
            return Batch(0, {column: []})
        if step == 0:
            raise KqlRuntimeError("the step of a range must not be 0", node.start, node.length, node.origin)
        steps = (stop - start) // step
        if steps != steps:
            raise KqlRuntimeError("a range needs finite ends and step", node.start, node.length, node.origin)
        count = max(0, int(min(steps, execution.limits.rows)) + 1)
        if wanted is not None:
            count = min(count, max(0, wanted(execution) or 0))
        execution.allow_rows(count)
        values: list[Value] = [start + i * step for i in range(count)]
        if column.type is REAL:
            values = [float(value) for value in values]
        if column.type is DATETIME:
            values = [value for value in values if value >= 0]
        return Batch(len(values), {column: values})

    return run


def _schema(node: SchemaRows, compiler: PlanCompiler) -> Stage:
    columns = {column: [row[i] for row in node.rows] for i, column in enumerate(node.columns)}
    return lambda execution, batch: Batch(len(node.rows), dict(columns))


def _subquery_input(node: SubqueryInput, compiler: PlanCompiler) -> Stage:
    return lambda execution, batch: execution.leaves[node]


STAGES: dict[type[Relation], StageCompiler] = {
    Scan: _scan,
    Watchlist: _watchlist,
    External: _external,
    Inline: _inline,
    RangeSource: _range,
    SchemaRows: _schema,
    SubqueryInput: _subquery_input,
}
