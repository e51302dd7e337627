"""Operators that bind but that the local engine does not run."""

from __future__ import annotations

from dataclasses import replace

from tocsin.kql.plan import Column
from tocsin.kql.semantics.expressions import bind_predicate
from tocsin.kql.semantics.functions import declared_type
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import LONG, STRING


def _refuse(session: Session, node: tree.Operator) -> None:
    session.refuse("TK120", f"The operator '{node.keyword}' is not run by the local engine", node)


def consume(session: Session, node: tree.Consume, source: TableValue, scope: Scope) -> TableValue:
    """``consume`` gives no rows and no columns."""
    _refuse(session, node)
    return session.missing_table(node, (), False)


def reduce(session: Session, node: tree.Reduce, source: TableValue, scope: Scope) -> TableValue:
    """``reduce by column``"""
    session.scalar(node.column, scope.inside(Row.of_table(source)))
    _refuse(session, node)
    columns = (Column("Pattern", STRING), Column("Count", LONG), Column("Representative", STRING))
    return session.missing_table(node, columns, False)


def branches(session: Session, node: tree.Facet | tree.Fork, source: TableValue, scope: Scope) -> TableValue:
    """fork and facet give several tables."""
    from tocsin.kql.semantics.tables import bind_operators

    if isinstance(node, tree.Facet):
        for each in node.columns:
            session.scalar(each, scope.inside(Row.of_table(source)))
        parts = [node.with_ or ()]
    else:
        parts = [each.operators for each in node.branches]
    for operators in parts:
        bind_operators(session, operators, source, scope)
    _refuse(session, node)
    return session.missing_table(node, (), False)


def scan(session: Session, node: tree.Scan, source: TableValue, scope: Scope) -> TableValue:
    """``scan``: the input's columns, the declared ones and the id of the match."""
    row = Row.of_table(source)
    inner = scope.inside(row)
    for ordered in node.order_by:
        session.scalar(ordered.expression, inner)
    for key in node.partition_by:
        session.scalar(key, inner)
    declared = [Column(each.name.text, declared_type(each.type)) for each in node.declarations]
    for declaration in node.declarations:
        if declaration.default is not None:
            session.scalar(declaration.default, scope.inside(None))
    columns = [*row.columns, *declared]
    columns.append(Column(hint_text(node, "with_match_id") or "match_id", LONG))
    wide = Row.of([*row.columns, *declared], row.open)
    names = tuple((step.name.text, wide) for step in node.steps)
    place = replace(scope.inside(wide), bags=names)
    for step in node.steps:
        bind_predicate(session, step.condition, place)
        for assignment in step.assignments:
            name = assignment.names[0]
            if wide.find(name.text) is None:
                session.unknown_name("KS142", name.text, name, "column, table, variable or function", wide.index)
            session.scalar(assignment.value, place)
    _refuse(session, node)
    return session.missing_table(node, columns, source.open)
