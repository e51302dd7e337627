"""scan: sequences of rows that match steps."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tocsin.kql.plan import Assignment, Column, Expr, SequenceRows, SequenceStep, SortRows
from tocsin.kql.semantics.conversions import convert
from tocsin.kql.semantics.expressions import bind_predicate
from tocsin.kql.semantics.functions import declared_type
from tocsin.kql.semantics.operators.filtering import sort_key
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import LONG


def scan(session: Session, node: tree.Scan, source: TableValue, scope: Scope) -> TableValue:
    """``scan``: the input's columns, the declared ones and the id of the match."""
    row = Row.of_table(source)
    inner = scope.inside(row)
    order = tuple(sort_key(session, each, inner) for each in node.order_by)
    partition = tuple(session.scalar(key, inner) for key in node.partition_by)
    declared = [Column(each.name.text, declared_type(each.type)) for each in node.declarations]
    defaults = tuple(
        _default(session, each, column, scope) for each, column in zip(node.declarations, declared, strict=True)
    )
    wide = Row.of([*row.columns, *declared], row.open)
    states = [Row.of([Column(each.name, each.type, each.form) for each in wide.columns], row.open) for _ in node.steps]
    names = tuple((step.name.text, state) for step, state in zip(node.steps, states, strict=True))
    place = replace(scope.inside(wide), bags=names)
    steps = tuple(_step(session, step, state, place) for step, state in zip(node.steps, states, strict=True))
    source = row.table(source)
    relation = source.relation
    if order:
        relation = SortRows(columns=relation.columns, input=relation, keys=order, **session.place(node, ""))
    match_id = _match_id(node)
    if match_id is None and session.catalog.as_service:
        match_id = Column("match_id", LONG)
    made = SequenceRows(
        columns=(*relation.columns, *declared, *((match_id,) if match_id is not None else ())),
        input=relation,
        partition_by=partition,
        declared=tuple(declared),
        defaults=defaults,
        steps=steps,
        match_id=match_id,
        **session.place(node, "scan"),
    )
    return TableValue(made, source.open)


def _default(session: Session, node: tree.ScanDeclaration, column: Column, scope: Scope) -> Expr | None:
    if node.default is None:
        return None
    return convert(session.scalar(node.default, scope.inside(None)), column.type)


def _step(session: Session, node: tree.ScanStep, state: Row, scope: Scope) -> SequenceStep:
    # The language service takes a condition of any type.
    bind = session.scalar if session.catalog.as_service else partial(bind_predicate, session)
    condition = bind(node.condition, scope)
    assignments: list[Assignment] = []
    for each in node.assignments:
        name = each.names[0]
        column = scope.row.find(name.text) if scope.row is not None else None
        value = session.scalar(each.value, scope)
        if column is None:
            known = scope.row.index if scope.row is not None else ()
            session.unknown_name("KS142", name.text, name, "column, table, variable or function", known)
        else:
            assignments.append(Assignment(column, convert(value, column.type)))
    return SequenceStep(condition, tuple(assignments), tuple(state.columns), node.output or "all", node.optional)


def _match_id(node: tree.Scan) -> Column | None:
    """The column that numbers the matches, when the query asks for it."""
    given = node.hint("with_match_id")
    return Column(given.name.text, LONG) if isinstance(given, tree.NameReference) else None
