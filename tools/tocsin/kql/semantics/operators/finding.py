"""find: rows of many tables that fulfil a condition, the columns that they share, and the rest as one bag.

Each table is filtered and shaped by itself, then all are put one after the other.
Source: https://learn.microsoft.com/kusto/query/find-operator
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kql.plan import Column, ColumnRef, Constant, Expr, Filter, PackRow, Projection, Relation, UnionRows
from tocsin.kql.semantics.conversions import convert
from tocsin.kql.semantics.functions import declared_type
from tocsin.kql.semantics.operators.combining import Inputs
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.operators.searching import SearchPredicate, names_in, tables_of
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, LONG, NUMBERS, REAL, STRING, UNKNOWN, ScalarType, null_of


def find(session: Session, node: tree.Find, source: TableValue, scope: Scope) -> TableValue:
    """``T | find where …``"""
    return _find(session, node, scope, Inputs((source,), source.open), piped=True)


def find_source(session: Session, node: tree.Find, scope: Scope) -> TableValue:
    """``find [in (tables)] where …``"""
    return _find(session, node, scope, tables_of(session, node, node.tables, scope), piped=False)


@dataclass(frozen=True, slots=True)
class _Output:
    """What the result shows: columns by name and type, and whether a bag holds the others."""

    columns: tuple[tuple[str, ScalarType], ...]
    bag: bool


def _find(session: Session, node: tree.Find, scope: Scope, inputs: Inputs, *, piped: bool) -> TableValue:
    named = [name for name in names_in(node.predicate) if _type_of(inputs.tables, name) is not None]
    tables = tuple(
        table
        for table in inputs.tables
        if not named or _has_term(node.predicate) or any(_column(table, name) is not None for name in named)
    )
    shown = _projected(session, node, inputs.tables) if node.project is not None else _smart(tables, named, piped)
    if node.project_away:
        session.refuse("TK120", "The project-away of find is not run by the local engine", node)
    for name in {*named, *(name for name, _ in shown.columns)}:
        types = {column.type for table in tables for column in table.relation.columns if column.name == name}
        if len(types) > 1 and not types <= NUMBERS:
            session.refuse("TK120", f"find over '{name}' of several types is not run by the local engine", node)
            break
    if inputs.open:
        session.refuse("TK103", "The columns that find shows are not known before the query runs", node)
    columns = [Column(hint_text(node, "withsource") or "source_", STRING)]
    columns += [Column(name, type_) for name, type_ in shown.columns]
    if shown.bag:
        columns.append(Column("pack_", DYNAMIC))
    shaped = [_shaped(session, node, scope, table, named, inputs.tables, shown) for table in tables]
    made = UnionRows(
        columns=tuple(columns),
        inputs=tuple(shaped),
        sources=tuple(each.columns for each in shaped),
        source_names=tuple(table.name or f"find_arg{index}" for index, table in enumerate(tables)),
        **session.place(node, "find"),
    )
    return TableValue(made, inputs.open)


def _shaped(
    session: Session,
    node: tree.Find,
    scope: Scope,
    table: TableValue,
    named: list[str],
    everything: tuple[TableValue, ...],
    shown: _Output,
) -> Relation:
    """The rows of one table that fulfil the condition, as the result shows them."""
    place = session.place(node, "")
    source = table.relation
    missing = [
        Column(name, type_)
        for name in named
        if _column(table, name) is None and (type_ := _type_of(everything, name)) is not None
    ]
    if missing:
        source = Projection(
            columns=(*source.columns, *missing),
            input=source,
            expressions=(
                *(ColumnRef(column) for column in source.columns),
                *(Constant(null_of(column.type), column.type) for column in missing),
            ),
            **place,
        )
    row = Row.of(source.columns)
    predicate = SearchPredicate(session, scope.inside(row), "has", node).bind(node.predicate)
    filtered = Filter(columns=source.columns, input=source, predicate=predicate, **place)
    columns: list[Column] = []
    values: list[Expr] = []
    for name, type_ in shown.columns:
        column = row.find(name)
        value: Expr = Constant(null_of(type_), type_) if column is None else convert(ColumnRef(column), type_)
        columns.append(Column(name, type_))
        values.append(value)
    if shown.bag:
        names = set() if node.project is not None else {name for name, _ in shown.columns}
        rest = tuple(column for column in table.relation.columns if column.name not in names)
        columns.append(Column("pack_", DYNAMIC))
        values.append(PackRow(rest))
    return Projection(columns=tuple(columns), input=filtered, expressions=tuple(values), **place)


def _smart(tables: tuple[TableValue, ...], named: list[str], piped: bool) -> _Output:
    """Columns that all tables share, then those of the condition; the others, if any, as a bag. Of a piped table the
    columns of the condition alone are shown."""
    shared = [
        column.name
        for column in (tables[0].relation.columns if tables and not piped else ())
        if all(_column(table, column.name) is not None for table in tables)
    ]
    names = list(dict.fromkeys((*shared, *named)))
    typed = [(name, type_) for name in names if (type_ := _type_of(tables, name)) is not None]
    rest = any(column.name not in names for table in tables for column in table.relation.columns)
    return _Output(tuple(typed), rest)


def _projected(session: Session, node: tree.Find, tables: tuple[TableValue, ...]) -> _Output:
    columns: list[tuple[str, ScalarType]] = []
    bag = False
    for each in node.project or ():
        if not isinstance(each, tree.FindSource) or each.name.text == "pack":
            bag = True
            continue
        known = _type_of(tables, each.name.text)
        if known is None and not any(table.open for table in tables):
            near = {column.name for table in tables for column in table.relation.columns}
            session.unknown_name("KS142", each.name.text, each.name, "column of the tables that find reads", near)
            continue
        if known is None:
            session.refuse("TK103", f"No table that find reads has a column '{each.name.text}'", each)
        columns.append((each.name.text, declared_type(each.type) if each.type else known or UNKNOWN))
    return _Output(tuple(columns), bag)


def _column(table: TableValue, name: str) -> Column | None:
    return next((column for column in table.relation.columns if column.name == name), None)


def _type_of(tables: tuple[TableValue, ...], name: str) -> ScalarType | None:
    """The type of a column in all tables that have it, numbers widened; dynamic for several; None when none has it."""
    types = {column.type for table in tables for column in table.relation.columns if column.name == name}
    if len(types) <= 1:
        return next(iter(types), None)
    if types <= NUMBERS:
        return LONG if REAL not in types and types <= {ScalarType.INT, LONG} else REAL
    return DYNAMIC


def _has_term(node: tree.Node) -> bool:
    """Whether the condition looks for a text in every column."""
    while isinstance(node, tree.Parenthesized):
        node = node.inner
    if isinstance(node, tree.Binary) and node.operator in ("and", "or"):
        return _has_term(node.left) or _has_term(node.right)
    return isinstance(node, tree.Literal) or any(isinstance(each, tree.Star) for each in node.walk())
