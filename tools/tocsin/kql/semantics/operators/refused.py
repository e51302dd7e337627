"""Operators that bind but that the local engine does not run."""

from __future__ import annotations

from tocsin.kql.plan import Column
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import LONG, STRING, UNKNOWN


def _refuse(session: Session, node: tree.Operator) -> None:
    session.refuse("TK120", f"The operator '{node.keyword}' is not run by the local engine", node)


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
