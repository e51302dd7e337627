"""find: rows of many tables that fulfil a condition, the columns that they share, and the rest as one bag.

Each table is filtered and shaped by itself, then all are put one after the other. A column of the condition that the
tables give several types has a column of each, as in union. (The language service shows one of type dynamic.)
Source: https://learn.microsoft.com/kusto/query/find-operator
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kql.plan import Column, ColumnRef, Constant, Expr, Filter, PackRow, Projection, Relation, UnionRows
from tocsin.kql.semantics.conversions import convert
from tocsin.kql.semantics.functions import declared_type
from tocsin.kql.semantics.naming import UniqueNames
from tocsin.kql.semantics.operators.combining import Inputs
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.operators.searching import SearchPredicate, names_in, tables_of
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, INT, LONG, NUMBERS, REAL, STRING, UNKNOWN, ScalarType, null_of


def find(session: Session, node: tree.Find, source: TableValue, scope: Scope) -> TableValue:
    """``T | find where …``"""
    return _find(session, node, scope, Inputs((source,), source.open), piped=True)


def find_source(session: Session, node: tree.Find, scope: Scope) -> TableValue:
    """``find [in (tables)] where …``"""
    return _find(session, node, scope, tables_of(session, node, node.tables, scope), piped=False)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column of the result. ``only``: it shows the column ``source`` of the tables that give it this type."""

    name: str
    type: ScalarType
    source: str
    only: ScalarType | None = None


@dataclass(frozen=True, slots=True)
class _Output:
    """What the result shows: columns, and whether a bag holds the others."""

    columns: tuple[_Shown, ...]
    bag: bool


def _find(session: Session, node: tree.Find, scope: Scope, inputs: Inputs, *, piped: bool) -> TableValue:
    named = [name for name in names_in(node.predicate) if _type_of(inputs.tables, name) is not None]
    tables = tuple(
        table
        for table in inputs.tables
        if not named or _has_term(node.predicate) or any(_column(table, name) is not None for name in named)
    )
    if node.project is not None:
        shown = _projected(session, node, inputs.tables)
    else:
        shown = _smart(tables, named, piped, split=not session.catalog.as_service)
    shown = _without(session, node, shown)
    if inputs.open:
        session.refuse("TK103", "The columns that find shows are not known before the query runs", node)
    columns = [Column(hint_text(node, "withsource") or "source_", STRING)]
    columns += [Column(each.name, each.type) for each in shown.columns]
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


def _without(session: Session, node: tree.Find, shown: _Output) -> _Output:
    """What is shown without the columns of ``project-away``."""
    away: set[str] = set()
    bag = shown.bag
    for each in node.project_away or ():
        if isinstance(each, tree.FindSource):
            away.add(each.name.text)
        elif isinstance(each, tree.Star):
            session.refuse("TK120", "The star in project-away of find is not run by the local engine", each)
        else:
            bag = False
    return _Output(tuple(each for each in shown.columns if not {each.name, each.source} & away), bag)


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
    predicate = _condition(session, node, scope.inside(row), table, named, everything)
    filtered = Filter(columns=source.columns, input=source, predicate=predicate, **place)
    columns: list[Column] = []
    values: list[Expr] = []
    for each in shown.columns:
        column = row.find(each.source)
        value: Expr = Constant(null_of(each.type), each.type)
        if column is not None and each.only in (None, column.type):
            value = convert(ColumnRef(column), each.type)
        columns.append(Column(each.name, each.type))
        values.append(value)
    if shown.bag:
        names = {(each.source, each.only) for each in shown.columns}
        rest = tuple(
            column for column in table.relation.columns if not {(column.name, None), (column.name, column.type)} & names
        )
        columns.append(Column("pack_", DYNAMIC))
        values.append(PackRow(rest))
    return Projection(columns=tuple(columns), input=filtered, expressions=tuple(values), **place)


def _condition(
    session: Session,
    node: tree.Find,
    scope: Scope,
    table: TableValue,
    named: list[str],
    everything: tuple[TableValue, ...],
) -> Expr:
    """The condition over one table. Where it does not fit the type that this table gives a column, and other tables
    give it other types, the reference does not say what happens."""
    clash = [name for name in named if len(_types_of(everything, name)) > 1]
    before = dict(session.diagnostics)
    predicate = SearchPredicate(session, scope, "has", node).bind(node.predicate)
    if clash and len(session.diagnostics) > len(before):
        session.diagnostics = before
        column = _column(table, clash[0])
        type_ = f" ({column.type.value})" if column is not None else ""
        message = f"The condition of find does not fit '{clash[0]}'{type_} of every table: it has several types"
        session.refuse("TK120", message, node.predicate)
    return predicate


def _smart(tables: tuple[TableValue, ...], named: list[str], piped: bool, *, split: bool) -> _Output:
    """Columns that all tables share, then those of the condition; the others, if any, as a bag. Of a piped table the
    columns of the condition alone are shown. ``split``: a column of several types is one of each."""
    shared = [
        column.name
        for column in (tables[0].relation.columns if tables and not piped else ())
        if all(_column(table, column.name) is not None for table in tables)
        and (not split or column.name in named or len(_types_of(tables, column.name)) == 1)
    ]
    names = list(dict.fromkeys((*shared, *named)))
    unique = UniqueNames(name for name in names if not split or len(_types_of(tables, name)) == 1)
    shown: list[_Shown] = []
    for name in names:
        types = _types_of(tables, name)
        type_ = _type_of(tables, name)
        if type_ is not None and (len(types) == 1 or not split):
            shown.append(_Shown(name, type_, name))
        elif split:
            shown += [_Shown(unique.unique(f"{name}_{each.value}"), each, name, each) for each in types]
    kept = {(each.source, each.only) for each in shown}
    rest = any(
        not {(column.name, None), (column.name, column.type)} & kept
        for table in tables
        for column in table.relation.columns
    )
    return _Output(tuple(shown), rest)


def _projected(session: Session, node: tree.Find, tables: tuple[TableValue, ...]) -> _Output:
    columns: list[_Shown] = []
    bag = False
    for each in node.project or ():
        if not isinstance(each, tree.FindSource):
            bag = True
            continue
        known = _type_of(tables, each.name.text)
        if known is None and not any(table.open for table in tables):
            near = {column.name for table in tables for column in table.relation.columns}
            session.unknown_name("KS142", each.name.text, each.name, "column of the tables that find reads", near)
            continue
        if known is None:
            session.refuse("TK103", f"No table that find reads has a column '{each.name.text}'", each)
        if each.type is None and len(_types_of(tables, each.name.text)) > 1:
            message = f"'{each.name.text}' has several types in the tables that find reads: name one, with a colon"
            session.refuse("TK120", message, each)
        name = each.name.text
        columns.append(_Shown(name, declared_type(each.type) if each.type else known or UNKNOWN, name))
    return _Output(tuple(columns), bag)


def _column(table: TableValue, name: str) -> Column | None:
    return next((column for column in table.relation.columns if column.name == name), None)


def _types_of(tables: tuple[TableValue, ...], name: str) -> list[ScalarType]:
    """The types that tables give a column, each once."""
    return list(
        dict.fromkeys(column.type for table in tables for column in table.relation.columns if column.name == name)
    )


def _type_of(tables: tuple[TableValue, ...], name: str) -> ScalarType | None:
    """The type of a column in all tables that have it, numbers widened; dynamic for several; None when none has it."""
    types = set(_types_of(tables, name))
    if len(types) <= 1:
        return next(iter(types), None)
    if types <= NUMBERS:
        return LONG if REAL not in types and types <= {INT, LONG} else REAL
    return DYNAMIC


def _has_term(node: tree.Node) -> bool:
    """Whether the condition looks for a text in every column."""
    while isinstance(node, tree.Parenthesized):
        node = node.inner
    if isinstance(node, tree.Binary) and node.operator in ("and", "or"):
        return _has_term(node.left) or _has_term(node.right)
    return isinstance(node, tree.Literal) or any(isinstance(each, tree.Star) for each in node.walk())
