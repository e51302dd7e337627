"""Tabular expressions: names of tables, pipes, datatable, and the functions that give tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.plan import Column, Constant, Expr, External, GraphRelation, Inline, Results, Scan
from tocsin.kql.semantics import availability
from tocsin.kql.semantics.argument_checks import has_rules
from tocsin.kql.semantics.conversions import convert
from tocsin.kql.semantics.functions import call_declared, call_workspace_function, declared_columns
from tocsin.kql.semantics.operators import ON_GRAPHS, OPERATORS, SOURCES, SOURCES_ONLY
from tocsin.kql.semantics.operators.parameters import check_parameters
from tocsin.kql.semantics.scopes import DeclaredFunction, DeclaredPattern, Names, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.semantics.special_functions import (
    DATABASES,
    UNKNOWN_TO_THE_SERVICE,
    constant_text,
    is_database,
)
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, UNKNOWN


def bind_table(session: Session, node: tree.Expression, scope: Scope) -> TableValue:
    """The expression as a table. What is none is an error, and an open table stands in for it."""
    bind = _BINDERS.get(type(node))
    if not session.enter(node):
        session.leave()
        return session.missing_table(node)
    try:
        if bind is not None:
            return bind(session, node, scope)
        session.value(node, scope)
        session.error("KS204", "A table is needed here", node)
        return session.missing_table(node)
    finally:
        session.leave()


def _name(session: Session, node: tree.NameReference, scope: Scope) -> TableValue:
    name = node.name.text
    meaning = scope.names.find(name)
    if isinstance(meaning, TableValue):
        return meaning
    if isinstance(meaning, DeclaredFunction):
        return _as_table(session, call_declared(session, meaning, (), node, node, scope), node)
    if isinstance(meaning, DeclaredPattern):
        return _as_table(session, session.value(node, scope), node)
    if isinstance(meaning, Constant) and meaning.type is UNKNOWN:
        return session.missing_table(node)
    if meaning is not None:
        session.error("KS204", f"'{name}' is a scalar here; a table is needed", node)
        return session.missing_table(node)
    if name in session.catalog.functions:
        return _as_table(session, call_workspace_function(session, name, (), node, node, scope), node)
    if name in session.catalog.tables:
        return read_table(session, name, node)
    if session.fuzzy:
        session.fuzzy_miss(name, "table", node)
        return session.missing_table(node)
    if name in scalar_functions() and has_rules("function", name):
        session.error("KS117", f"The function '{name}' needs its arguments in brackets", node)
        return session.missing_table(node)
    known = [*scope.names, *session.catalog.functions, *session.catalog.tables]
    session.unknown_name("KS204", name, node, "table, tabular variable or function", known)
    return session.missing_table(node)


def read_table(session: Session, name: str, node: tree.Node) -> TableValue:
    """A read of a catalogue table, with columns of its own."""
    session.tables[name] = None
    schema = session.catalog.tables[name]
    columns = tuple(Column(each.name, each.type) for each in schema)
    return TableValue(Scan(columns=columns, table=name, table_columns=schema, **session.place(node, name)), name=name)


def _as_table(session: Session, value: Expr | TableValue, node: tree.Expression) -> TableValue:
    if isinstance(value, TableValue):
        return value
    if value.type is not UNKNOWN:
        session.error("KS204", f"A table is needed here, this is a value of the type {value.type.value}", node)
    return session.missing_table(node)


def _call(session: Session, node: tree.FunctionCall, scope: Scope) -> TableValue:
    return _as_table(session, session.value(node, scope), node)


def _parenthesized(session: Session, node: tree.Parenthesized, scope: Scope) -> TableValue:
    return session.bind_table(session, node.inner, scope)


def _missing(session: Session, node: tree.Missing, scope: Scope) -> TableValue:
    return session.missing_table(node)


def _pipe(session: Session, node: tree.Pipe, scope: Scope) -> TableValue:
    operators = node.operators
    end = node.source.end if node.source is not None else operators[0].end if operators else node.end
    if node.source is not None:
        source = _source(session, node.source, scope)
    elif operators and type(operators[0]) in SOURCES:
        check_parameters(session, operators[0], None, scope)
        source = SOURCES[type(operators[0])](session, operators[0], scope)
        operators = operators[1:]
    else:
        first = operators[0]
        span = tree.Node(first.start, first.keyword_end)
        elsewhere = isinstance(first, tree.MacroExpand) and not session.catalog.as_service
        if elsewhere:
            session.refuse("TK108", "macro-expand reads other places, which the local engine does not", first)
            operators = operators[1:]
        elif not isinstance(first, tree.BadOperator):
            session.error("KS174", f"'{first.keyword}' needs a table in front of it", span)
        source = session.missing_table(node, (), elsewhere)
    return bind_operators(session, operators, source, scope, tree.Node(node.start, end))


def _source(session: Session, node: tree.Expression, scope: Scope) -> TableValue:
    """What is piped. The service lets a scalar pass for a table without columns."""
    if session.catalog.as_service and not isinstance(node, tree.NameReference | tree.Pipe):
        value = session.value(node, scope)
        if isinstance(value, TableValue):
            return value
        failed = isinstance(node, tree.Path | tree.Element)
        failed = failed or (isinstance(node, tree.FunctionCall) and has_rules("function", node.name.text))
        return session.missing_table(node, (), value.type is UNKNOWN and not failed)
    if session.catalog.as_service and isinstance(node, tree.NameReference):
        meaning = scope.names.find(node.name.text)
        scalar = meaning is not None and not isinstance(meaning, TableValue | DeclaredFunction)
        if scalar and not (isinstance(meaning, Constant) and meaning.type is UNKNOWN):
            return session.missing_table(node, (), False)
    return session.bind_table(session, node, scope)


def bind_operators(
    session: Session,
    operators: tuple[tree.Operator, ...],
    source: TableValue,
    scope: Scope,
    before: tree.Node | None = None,
) -> TableValue:
    """The operators of a pipe, one after the other; ``before`` is the text in front of them."""
    names = scope.names
    for operator in operators:
        if isinstance(operator, tree.As):
            names = Names(names)
            source = replace(source, name=operator.name.text)
            names.entries[operator.name.text] = source
            continue
        if isinstance(source.relation, GraphRelation) and type(operator) not in ON_GRAPHS:
            session.error("TK143", f"'{operator.keyword}' needs a table: put graph-to-table before it", operator)
            source = session.missing_table(operator)
        if isinstance(source.relation, Results) and not isinstance(operator, tree.Render):
            session.refuse("TK146", f"'{operator.keyword}' stands behind several tables", operator)
        availability.check_syntax(session, operator)
        if type(operator) in SOURCES_ONLY:
            span = tree.Node(operator.start, operator.keyword_end)
            session.error("KS175", f"'{operator.keyword}' starts a query: no table may stand in front of it", span)
            source = SOURCES[type(operator)](session, operator, Scope(names))
            continue
        check_parameters(session, operator, source, Scope(names))
        bind = OPERATORS.get(type(operator))
        if bind is None:
            session.refuse("TK120", f"The operator '{operator.keyword}' is not run by the local engine", operator)
            source = session.missing_table(operator)
        else:
            given, source = source, bind(session, operator, source, Scope(names, before=before))
            if session.origin is None:
                session.steps[operator] = (given.relation, source.relation)
        if before is not None:
            before = tree.Node(before.start, operator.end)
    return source


def _datatable(session: Session, node: tree.DataTable, scope: Scope) -> TableValue:
    columns = tuple(declared_columns(node.schema))
    _check_names(session, node.schema)
    width = len(columns)
    values = node.values
    if width and len(values) % width:
        span = tree.Node(values[0].start, values[-1].end)
        session.error("KS173", f"The number of values must be a multiple of the {width} columns", span)
    cells: list[Expr] = []
    for index, value in enumerate(values):
        bound = session.scalar(value, Scope(scope.names))
        type_ = columns[index % width].type if width else UNKNOWN
        if type_ is DYNAMIC and isinstance(bound, Constant) and bound.type is not DYNAMIC:
            bound = convert(bound, DYNAMIC)
        cells.append(convert(bound, type_))
    complete = len(cells) - len(cells) % width if width else 0
    rows = tuple(tuple(cells[i : i + width]) for i in range(0, complete, width or 1))
    return TableValue(Inline(columns=columns, rows=rows, **session.place(node, "datatable")))


def _check_names(session: Session, schema: tree.Schema) -> None:
    """Report the second of two columns with one name."""
    seen: set[str] = set()
    for each in schema.columns:
        if each.name.text in seen:
            session.error("KS171", f"A column named '{each.name.text}' is there already", each.name)
        seen.add(each.name.text)


def _external(session: Session, node: tree.ExternalData, scope: Scope) -> TableValue:
    columns = declared_columns(node.schema)
    _check_names(session, node.schema)
    addresses = [constant_text(session, each, Scope(scope.names)) for each in node.uris]
    known = tuple(each.partition(";")[0] for each in addresses if each is not None)
    if len(known) < len(addresses) or not session.catalog.external.issuperset(known) or not known:
        session.refuse("TK109", "externaldata reads from the network, which the local engine does not", node)
        return session.missing_table(node, columns, False)
    made = External(columns=tuple(columns), addresses=known, **session.place(node, "externaldata"))
    return TableValue(made)


def _refused(session: Session, node: tree.Expression, scope: Scope) -> TableValue:
    session.refuse("TK121", "This kind of table is not run by the local engine", node)
    return session.missing_table(node)


def _path(session: Session, node: tree.Path | tree.PathCall, scope: Scope) -> TableValue:
    """``workspace('x').T``: bound as the table of that name here when there is one, but not run."""
    if not is_database(node.target):
        return (
            _as_table(session, session.value(node, scope), node)
            if isinstance(node, tree.Path)
            else _refused(session, node, scope)
        )
    target = node.target
    while isinstance(target, tree.Path | tree.PathCall):
        target = target.target
    if isinstance(node, tree.PathCall) and node.call.name.text in DATABASES:
        return session.missing_table(node)
    if (
        session.catalog.as_service
        and isinstance(target, tree.FunctionCall)
        and target.name.text in UNKNOWN_TO_THE_SERVICE
    ):
        session.value(target, scope)
        return session.missing_table(node, (), False)
    shown = target.name.text if isinstance(target, tree.FunctionCall) else "this"
    if isinstance(target, tree.FunctionCall):
        availability.check_place(session, target.name)
    session.refuse("TK108", f"{shown}() reads another place, which the local engine does not", node)
    member = node.member if isinstance(node, tree.Path) else node.call.name
    if isinstance(node, tree.Path) and member.text in session.catalog.tables:
        return read_table(session, member.text, node)
    return session.missing_table(node)


_BINDERS: dict[type[tree.Node], Callable[[Session, Any, Scope], TableValue]] = {
    tree.NameReference: _name,
    tree.FunctionCall: _call,
    tree.Parenthesized: _parenthesized,
    tree.Missing: _missing,
    tree.Pipe: _pipe,
    tree.DataTable: _datatable,
    tree.ExternalData: _external,
    tree.ContextualDataTable: _refused,
    tree.MaterializedViewCombine: _refused,
    tree.Path: _path,
    tree.PathCall: _path,
}
