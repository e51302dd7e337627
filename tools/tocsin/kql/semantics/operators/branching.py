"""Operators that give several tables, or none: fork, facet, consume, the plugin preview.

The tables come in the order that the service gives them in; the first one is the result where one table is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kql.functions.registry import aggregates
from tocsin.kql.plan import (
    AggregateCall,
    Assignment,
    Column,
    ColumnRef,
    CountRows,
    Inline,
    Results,
    Summarize,
    TakeRows,
)
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, LONG, UNKNOWN


def several(session: Session, node: tree.Node, word: str, tables: Sequence[TableValue]) -> TableValue:
    """Several results as one relation, which nothing can be put behind."""
    if any(table.open for table in tables):
        session.refuse("TK103", "The columns of these tables are not known before the query runs", node)
    made = Results(
        columns=tables[0].relation.columns if tables else (),
        inputs=tuple(table.relation for table in tables),
        names=tuple(table.name for table in tables),
        **session.place(node, word),
    )
    return TableValue(made, nothing=session.catalog.as_service)


def consume(session: Session, node: tree.Consume, source: TableValue, scope: Scope) -> TableValue:
    """``consume`` gives no rows and no columns."""
    made = Inline(columns=(), rows=(), **session.place(node, "consume"))
    return TableValue(made, nothing=session.catalog.as_service)


def fork(session: Session, node: tree.Fork, source: TableValue, scope: Scope) -> TableValue:
    """``fork name=(subquery) …``: a table for each."""
    from tocsin.kql.semantics.tables import bind_operators

    tables: list[TableValue] = []
    for branch in node.branches:
        bound = bind_operators(session, branch.operators, source, scope)
        last = branch.operators[-1] if branch.operators else None
        named = branch.name or (last.name if isinstance(last, tree.As) else None)
        tables.append(TableValue(bound.relation, bound.open, named.text if named is not None else ""))
    return several(session, node, "fork", tables)


def facet(session: Session, node: tree.Facet, source: TableValue, scope: Scope) -> TableValue:
    """``facet by columns with (subquery)``: the subquery's table, then how many rows each value of a column has."""
    from tocsin.kql.semantics.tables import bind_operators

    row = Row.of_table(source)
    columns: list[Column] = []
    for each in node.columns:
        value = session.scalar(each, scope.inside(row))
        if value.type is DYNAMIC:
            session.error("KS116", "The values of a dynamic column cannot be counted: convert it first", each)
        if isinstance(value, ColumnRef):
            columns.append(value.column)
        elif value.type is not UNKNOWN:
            session.error("KS109", "A column name is needed here", each)
    source = row.table(source)
    tables: list[TableValue] = []
    if node.with_ is not None:
        bound = bind_operators(session, node.with_, source, scope)
        tables.append(TableValue(bound.relation, bound.open))
    for column in columns:
        key = Column(column.name, column.type, column.form)
        count = Column(f"count_{column.name}", LONG)
        counted = Summarize(
            columns=(key, count),
            input=source.relation,
            keys=(Assignment(key, ColumnRef(column)),),
            aggregates=(AggregateCall(aggregates()["count"], (), (count,)),),
            **session.place(node, ""),
        )
        tables.append(TableValue(counted, name=column.name))
    return several(session, node, "facet", tables)


def preview(session: Session, node: tree.Evaluate, source: TableValue, scope: Scope) -> TableValue:
    """``evaluate preview(n)``: the first rows, and how many there are."""
    count = session.scalar(node.call.arguments[0], scope.inside(None))
    relation = source.relation
    first = TakeRows(columns=relation.columns, input=relation, count=count, **session.place(node, "evaluate"))
    number = CountRows(columns=(Column("Count", LONG),), input=relation, **session.place(node, ""))
    return several(session, node, "evaluate", [TableValue(first, source.open), TableValue(number)])
