"""search and find."""

from __future__ import annotations

from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.plan import Column, Constant, Expr, Filter
from tocsin.kql.semantics.calls import call
from tocsin.kql.semantics.expressions import any_column, bind_predicate
from tocsin.kql.semantics.functions import declared_type
from tocsin.kql.semantics.operations import operate
from tocsin.kql.semantics.operators.combining import Inputs, bind_tables, merge
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import BOOL, DYNAMIC, STRING, UNKNOWN, ScalarType

_TABLE_COLUMN = "$table"


def search(session: Session, node: tree.Search, source: TableValue, scope: Scope) -> TableValue:
    """``T | search "x"``"""
    return _search(session, node, scope, Inputs((source,), source.open))


def search_source(session: Session, node: tree.Search, scope: Scope) -> TableValue:
    """``search [in (tables)] "x"``: every table of the catalogue unless some are named."""
    return _search(session, node, scope, _tables(session, node, node.tables, scope))


def _tables(session: Session, node: tree.Node, tables: tuple[tree.Expression, ...], scope: Scope) -> Inputs:
    everything = (tree.Star(node.start, node.end),)
    return bind_tables(session, tables or everything, scope)


def _search(session: Session, node: tree.Search, scope: Scope, inputs: Inputs) -> TableValue:
    merged = merge(session, node, "search", inputs, _TABLE_COLUMN)
    row = Row.of_table(merged)
    operator = "has_cs" if hint_text(node, "kind") == "case_sensitive" else "has"
    predicate = _SearchPredicate(session, scope.inside(row), operator, node).bind(node.predicate)
    merged = row.table(merged)
    made = Filter(
        columns=merged.relation.columns, input=merged.relation, predicate=predicate, **session.place(node, "search")
    )
    return TableValue(made, merged.open)


class _SearchPredicate:
    """A search condition: a bare text looks into every column."""

    def __init__(self, session: Session, scope: Scope, operator: str, node: tree.Node) -> None:
        self.session = session
        self.scope = scope
        self.operator = operator
        self.node = node

    def bind(self, node: tree.Expression) -> Expr:
        while isinstance(node, tree.Parenthesized):
            node = node.inner
        if isinstance(node, tree.Star):
            return Constant(True, BOOL)
        if isinstance(node, tree.Literal) and node.kind is tree.LiteralKind.STRING:
            return self._text(str(node.value), node)
        if isinstance(node, tree.Literal) and node.kind in (tree.LiteralKind.LONG, tree.LiteralKind.REAL):
            self.session.refuse("TK137", "A number as a search text is not run by the local engine", node)
            return Constant(False, BOOL)
        if isinstance(node, tree.FunctionCall) and node.name.text == "not" and len(node.arguments) == 1:
            inner = self.bind(node.arguments[0])
            return call(self.session, scalar_functions()["not"], (inner,), node.arguments, node, node.name)
        if isinstance(node, tree.Binary) and node.operator in ("and", "or"):
            at = tree.Node(node.operator_start, node.operator_end)
            operands = (self.bind(node.left), self.bind(node.right))
            return operate(self.session, node.operator, operands, node, at)
        return bind_predicate(self.session, node, self.scope)

    def _text(self, text: str, node: tree.Node) -> Expr:
        operator = self.operator
        sensitive = "_cs" if operator.endswith("_cs") else ""
        core = text.strip("*")
        if text.startswith("*") and text.endswith("*"):
            operator = f"contains{sensitive}"
        elif text.endswith("*"):
            operator = f"hasprefix{sensitive}"
        elif text.startswith("*"):
            operator = f"hassuffix{sensitive}"
        if "*" in core:
            self.session.refuse("TK137", "A star inside a search text is not run by the local engine", node)
        row = self.scope.row
        if row is not None and row.open:
            self.session.refuse("TK103", "The columns to search are not known before the query runs", node)
        columns = tuple(row.columns) if row is not None else ()
        return any_column(self.session, columns, operator, Constant(core, STRING), node, node)


# -------------------------------------------------------------------------------------------------------------- find


def find(session: Session, node: tree.Find, source: TableValue, scope: Scope) -> TableValue:
    """``T | find where …``"""
    return _find(session, node, scope, Inputs((source,), source.open))


def find_source(session: Session, node: tree.Find, scope: Scope) -> TableValue:
    """``find [in (tables)] where …``"""
    return _find(session, node, scope, _tables(session, node, node.tables, scope))


def _find(session: Session, node: tree.Find, scope: Scope, inputs: Inputs) -> TableValue:
    """Binds; the local engine does not run it. Shown are the source, the columns of the condition or of ``project``,
    and the rest as one bag."""
    merged = merge(session, node, "find", inputs, None)
    row = _by_plain_names(inputs)
    predicate = _SearchPredicate(session, scope.inside(row), "has", node).bind(node.predicate)
    del predicate
    session.refuse("TK120", "The operator 'find' is not run by the local engine", node)
    columns = [Column(hint_text(node, "withsource") or "source_", STRING)]
    if node.project is None:
        named = _names_in(node.predicate)
        columns.extend(Column(name, _shared(inputs.tables, name)) for name in named if row.find(name) is not None)
        columns.append(Column("pack_", DYNAMIC))
    else:
        for each in node.project:
            if not isinstance(each, tree.FindSource):
                continue
            if each.name.text == "pack":
                columns.append(Column("pack_", DYNAMIC))
                continue
            known = row.find(each.name.text)
            type_ = declared_type(each.type) if each.type else (known.type if known else UNKNOWN)
            columns.append(Column(each.name.text, type_))
    return session.missing_table(node, columns, merged.open)


def _by_plain_names(inputs: Inputs) -> Row:
    """Every column of every input under its own name."""
    columns: dict[str, Column] = {}
    for table in inputs.tables:
        for column in table.relation.columns:
            columns.setdefault(column.name, column)
    return Row.of(columns.values(), inputs.open)


def _shared(tables: tuple[TableValue, ...], name: str) -> ScalarType:
    types = {column.type for table in tables for column in table.relation.columns if column.name == name}
    return types.pop() if len(types) == 1 else DYNAMIC


def _names_in(node: tree.Node) -> list[str]:
    """Names in the order they are written, each once."""
    found: dict[str, None] = {}
    for each in node.walk():
        if isinstance(each, tree.NameReference):
            found[each.name.text] = None
    return list(found)
