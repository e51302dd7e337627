"""print, range, getschema and invoke."""

from __future__ import annotations

from tocsin.kql.functions.registry import aggregates
from tocsin.kql.plan import Column, Inline, RangeSource, SchemaRows
from tocsin.kql.semantics.argument_checks import check_arguments, has_rules
from tocsin.kql.semantics.conversions import common_type, convert
from tocsin.kql.semantics.functions import call_declared, call_workspace_function
from tocsin.kql.semantics.naming import UniqueNames, outputs_of
from tocsin.kql.semantics.operators.columns import already_declared, bind_named
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import DeclaredFunction, Row, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    NUMBERS,
    REAL,
    STRING,
    TIMESPAN,
    UNKNOWN,
    ScalarType,
)


def print_(session: Session, node: tree.Print, scope: Scope) -> TableValue:
    """``print``: one row; a column without a name is ``print_`` and its position."""
    columns: list[Column] = []
    cells = []
    names = UniqueNames()
    for index, each in enumerate(node.expressions):
        value = session.scalar(each, scope.inside(None))
        outputs = outputs_of(each.value if isinstance(each, tree.NamedExpression) else each)
        if outputs:
            inner = scope.inside(Row.of(()))
            for named in bind_named(session, (each,), inner):
                columns.append(session.column(names.unique(named.name), named.value))
                cells.append(named.value)
            continue
        given = each.names[0] if isinstance(each, tree.NamedExpression) and each.names else None
        if given is not None and given.text in names:
            already_declared(session, given.text, given)
        columns.append(session.column(names.unique(given.text if given else f"print_{index}"), value))
        cells.append(value)
    made = Inline(columns=tuple(columns), rows=(tuple(cells),), **session.place(node, "print"))
    return TableValue(made)


def range_(session: Session, node: tree.Range, scope: Scope) -> TableValue:
    """``range name from a to b step c``"""
    inner = scope.inside(None)
    start, end, step = (session.scalar(each, inner) for each in (node.from_, node.to, node.step))
    wrong = False
    for bound, value in ((node.from_, start), (node.to, end), (node.step, step)):
        if value.type not in _COUNTED:
            session.error("KS138", f"range counts in numbers, datetimes or timespans, not {value.type.value}", bound)
            wrong = True
    if DATETIME in (start.type, end.type):
        type_: ScalarType | None = DATETIME
    else:
        type_ = common_type((start.type, end.type, step.type))
    if isinstance(node.step, tree.Literal) and step.type in NUMBERS and node.step.value == 0:
        session.error("KS140", "The step of range must not be 0", node.step)
    stepless = type_ is DATETIME and step.type not in (TIMESPAN, DATETIME, UNKNOWN)
    if type_ not in _COUNTED or stepless or wrong:
        types = f"{start.type.value} and {step.type.value}"
        session.error("KS106", f"There is no sum of {types} to count by", node.step)
        type_ = LONG if stepless and session.catalog.as_service else UNKNOWN
    made = RangeSource(
        columns=(Column(node.name.text, type_),),
        from_=convert(start, type_),
        to=convert(end, type_),
        step=convert(step, TIMESPAN if type_ is DATETIME and step.type is not DATETIME else type_),
        **session.place(node, "range"),
    )
    return TableValue(made)


_COUNTED = frozenset({INT, LONG, REAL, DECIMAL, DATETIME, TIMESPAN, UNKNOWN})

_DOTNET_TYPES = {
    BOOL: "System.SByte",
    INT: "System.Int32",
    LONG: "System.Int64",
    REAL: "System.Double",
    DECIMAL: "System.Data.SqlTypes.SqlDecimal",
    STRING: "System.String",
    DATETIME: "System.DateTime",
    TIMESPAN: "System.TimeSpan",
    GUID: "System.Guid",
    DYNAMIC: "System.Object",
    UNKNOWN: "System.Object",
}
"""What ``getschema`` shows as DataType.
Source: https://learn.microsoft.com/kusto/query/getschema-operator"""


def get_schema(session: Session, node: tree.GetSchema, source: TableValue, scope: Scope) -> TableValue:
    """``getschema``"""
    if hint_text(node, "kind") == "csl":
        session.refuse("TK120", "The operator 'getschema kind=csl' is not run by the local engine", node)
        return session.missing_table(node, (Column("Schema", STRING),), False)
    if source.open:
        session.refuse("TK103", "The columns are not known before the query runs", node)
    rows = tuple(
        (column.name, ordinal, _DOTNET_TYPES[column.type], column.type.value)
        for ordinal, column in enumerate(source.relation.columns)
    )
    columns = (
        Column("ColumnName", STRING),
        Column("ColumnOrdinal", LONG),
        Column("DataType", STRING),
        Column("ColumnType", STRING),
    )
    made = SchemaRows(columns=columns, rows=rows, **session.place(node, "getschema"))
    return TableValue(made)


def _invoke_built_in(session: Session, call: tree.FunctionCall, source: TableValue, scope: Scope) -> None:
    """Report of a function that takes no table what the table as its first argument leads to."""
    name = call.name.text
    outside = scope.inside(None)
    values = [unknown() if isinstance(each, tree.Star) else session.value(each, outside) for each in call.arguments]
    before = scope.before or call
    if name in aggregates():
        message = f"The aggregate '{name}' is only allowed in summarize and its kin"
        session.error("KS144", message, call.name)
    elif has_rules("function", name):
        check_arguments(session, "function", name, (source, *values), (before, *call.arguments), call.name, runs=False)
    elif has_rules("plugin", name):
        session.error("KS126", f"'{name}' is a plugin: write evaluate {name}(…) as an operator", call.name)
    else:
        near = [*scope.names, *session.catalog.functions]
        session.unknown_name("KS211", name, call.name, "function", near)


def invoke(session: Session, node: tree.Invoke, source: TableValue, scope: Scope) -> TableValue:
    """``invoke f(…)``: the table is the function's first argument."""
    call = node.call
    name = call.name.text
    inner = scope.inside(Row.of_table(source))
    meaning = scope.names.find(name)
    if isinstance(meaning, DeclaredFunction):
        value = call_declared(session, meaning, call.arguments, call, call.name, inner, source)
    elif name in session.catalog.functions:
        value = call_workspace_function(session, name, call.arguments, call, call.name, inner, source)
    else:
        _invoke_built_in(session, call, source, scope)
        return session.missing_table(node, (), not session.catalog.as_service)
    if isinstance(value, TableValue):
        return value
    if value.type is not UNKNOWN and not session.catalog.as_service:
        session.error("KS204", f"The function '{name}' gives no table", call.name)
    return session.missing_table(node)
