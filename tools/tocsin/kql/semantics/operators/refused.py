"""Operators that bind but that the local engine does not run."""

from __future__ import annotations

from dataclasses import replace

from tocsin.kql.plan import Column
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import LONG, STRING, UNKNOWN


def _refuse(session: Session, node: tree.Operator) -> None:
    session.refuse("TK120", f"The operator '{node.keyword}' is not run by the local engine", node)


def consume(session: Session, node: tree.Consume, source: TableValue, scope: Scope) -> TableValue:
    """``consume`` gives no rows and no columns."""
    _refuse(session, node)
    return replace(session.missing_table(node, (), False), nothing=True)


def reduce(session: Session, node: tree.Reduce, source: TableValue, scope: Scope) -> TableValue:
    """``reduce by column``"""
    row = Row.of_table(source)
    value = session.scalar(node.column, scope.inside(row))
    if value.type not in (STRING, UNKNOWN):
        session.error("KS141", f"A text is needed here, this is {value.type.value}", node.column)
    _refuse(session, node)
    own = row.columns if hint_text(node, "kind") == "source" else ()
    columns = (*own, Column("Pattern", STRING), Column("Count", LONG), Column("Representative", STRING))
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
    return replace(session.missing_table(node, (), False), nothing=True)
