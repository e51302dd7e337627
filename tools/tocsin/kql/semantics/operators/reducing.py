"""``reduce``: texts that are alike.

Source: https://learn.microsoft.com/kusto/query/reduce-operator
"""

from __future__ import annotations

from tocsin.kql.plan import Column, ReduceRows
from tocsin.kql.semantics.operators.hints import hint_text, property_value
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import LONG, STRING, UNKNOWN

_THRESHOLD = 0.1


def reduce(session: Session, node: tree.Reduce, source: TableValue, scope: Scope) -> TableValue:
    """``reduce [kind=source] by text [with threshold=…, characters=…]``"""
    row = Row.of_table(source)
    value = session.scalar(node.column, scope.inside(row))
    if value.type not in (STRING, UNKNOWN):
        session.error("KS141", f"A text is needed here, this is {value.type.value}", node.column)
    source = row.table(source)
    kept = hint_text(node, "kind") == "source"
    made = ReduceRows(
        columns=(
            *(source.relation.columns if kept else ()),
            Column("Pattern", STRING),
            Column("Count", LONG),
            Column("Representative", STRING),
        ),
        input=source.relation,
        value=value,
        threshold=_threshold(session, node),
        separators=_separators(node),
        source=kept,
        **session.place(node, "reduce"),
    )
    return TableValue(made, source.open and kept and not session.catalog.as_service)


def _threshold(session: Session, node: tree.Reduce) -> float:
    given = property_value(node.properties, "threshold")
    if not isinstance(given, tree.Literal) or not isinstance(given.value, int | float):
        return _THRESHOLD
    if not 0 <= given.value <= 1:
        session.refuse("TK138", "The threshold of 'reduce' lies between 0 and 1", given)
    return float(given.value)


def _separators(node: tree.Reduce) -> str | None:
    given = property_value(node.properties, "characters")
    return str(given.value) if isinstance(given, tree.Literal) else None
