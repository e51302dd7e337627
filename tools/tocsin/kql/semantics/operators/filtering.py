"""Operators that keep columns as they are: where, take, sample, sort, top, count."""

from __future__ import annotations

from tocsin.kql.plan import Column, CountRows, Expr, Filter, SortKey, SortRows, TakeRows
from tocsin.kql.semantics.expressions import bind_predicate
from tocsin.kql.semantics.operators.left_choice import with_condition
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, INTEGERS, LONG, UNKNOWN


def where(session: Session, node: tree.Where, source: TableValue, scope: Scope) -> TableValue:
    """``where predicate``"""
    row = Row.of_table(source)
    predicate = bind_predicate(session, node.predicate, scope.inside(row))
    source = row.table(source)
    relation = with_condition(source.relation, predicate, session.place(node, ""))
    made = Filter(columns=relation.columns, input=relation, predicate=predicate, **session.place(node, "where"))
    return TableValue(made, source.open)


def unchanged(session: Session, node: tree.Operator, source: TableValue, scope: Scope) -> TableValue:
    """Operators that change nothing in the rows: render, assert-schema."""
    return source


def row_count(session: Session, node: tree.Expression, source: TableValue, scope: Scope) -> Expr:
    """A number of rows: an integer. One that depends on the row binds, as the service has it, and is not run."""
    value = session.scalar(node, scope.inside(Row.of_table(source)))
    if value.type not in INTEGERS | {UNKNOWN}:
        session.error("KS134", "An integer is needed here", node)
    return value


def take(session: Session, node: tree.Take | tree.Sample, source: TableValue, scope: Scope) -> TableValue:
    """take, limit and sample."""
    sample = isinstance(node, tree.Sample)
    made = TakeRows(
        columns=source.relation.columns,
        input=source.relation,
        count=row_count(session, node.count, source, scope),
        sample=sample,
        **session.place(node, "sample" if sample else "take"),
    )
    return TableValue(made, source.open)


def sort_key(session: Session, node: tree.OrderedExpression, scope: Scope, *, dynamic: bool = False) -> SortKey:
    """One sort key. Descending with nulls last is the default; ascending puts nulls first."""
    value = session.scalar(node.expression, scope)
    if value.type is DYNAMIC and not dynamic:
        session.error("KS116", "A dynamic value cannot be sorted: convert it first", node)
    descending = not (node.order or "desc").endswith("asc")
    nulls_first = node.nulls == "first" if node.nulls else not descending
    return SortKey(value, descending, nulls_first)


def sort(session: Session, node: tree.Sort, source: TableValue, scope: Scope) -> TableValue:
    """sort and order."""
    row = Row.of_table(source)
    keys = tuple(sort_key(session, each, scope.inside(row)) for each in node.by)
    source = row.table(source)
    made = SortRows(columns=source.relation.columns, input=source.relation, keys=keys, **session.place(node, "sort"))
    return TableValue(made, source.open)


def top(session: Session, node: tree.Top, source: TableValue, scope: Scope) -> TableValue:
    """``top n by key``"""
    row = Row.of_table(source)
    key = sort_key(session, node.by, scope.inside(row), dynamic=True)
    source = row.table(source)
    made = SortRows(
        columns=source.relation.columns,
        input=source.relation,
        keys=(key,),
        limit=row_count(session, node.count, source, scope),
        **session.place(node, "top"),
    )
    return TableValue(made, source.open)


def count(session: Session, node: tree.Count, source: TableValue, scope: Scope) -> TableValue:
    """``count``"""
    column = Column(node.name.text if node.name else "Count", LONG)
    return TableValue(CountRows(columns=(column,), input=source.relation, **session.place(node, "count")))
