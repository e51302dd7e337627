"""search."""

from __future__ import annotations

import re
from dataclasses import replace

from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.plan import Column, ColumnRef, Constant, Expr, Filter, Projection, Relation, UnionRows
from tocsin.kql.semantics.calls import call
from tocsin.kql.semantics.expressions import any_column, bind_predicate
from tocsin.kql.semantics.operations import operate
from tocsin.kql.semantics.operators.combining import Inputs, bind_tables, merge
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import BOOL, LONG, REAL, STRING, null_of

_TABLE_COLUMN = "$table"
_REGEX_SIGNS = re.compile(r"[][\\^$.|?*+(){}#&~-]")
_WORD_EDGE = r"\b"

_SENSITIVE = {
    **{
        f"{sign}{word}": f"{sign}{word}_cs"
        for sign in ("", "!")
        for word in ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith")
    },
    ":": "has_cs",
    "=~": "==",
    "!~": "!=",
    "in~": "in",
    "!in~": "!in",
}
"""What operators that ignore case are with ``kind=case_sensitive``."""


def search(session: Session, node: tree.Search, source: TableValue, scope: Scope) -> TableValue:
    """``T | search "x"``"""
    return _search(session, node, scope, Inputs((source,), source.open))


def search_source(session: Session, node: tree.Search, scope: Scope) -> TableValue:
    """``search [in (tables)] "x"``: every table of the catalogue unless some are named."""
    return _search(session, node, scope, tables_of(session, node, node.tables, scope))


def tables_of(session: Session, node: tree.Node, tables: tuple[tree.Expression, ...], scope: Scope) -> Inputs:
    """The tables that are named, or every table of the catalogue."""
    everything = (tree.Star(node.start, node.end),)
    return bind_tables(session, tables or everything, scope)


def _search(session: Session, node: tree.Search, scope: Scope, inputs: Inputs) -> TableValue:
    merged = merge(session, node, "search", inputs, _TABLE_COLUMN)
    row = Row.of_table(merged)
    if not (session.catalog.as_service or merged.open or _TABLE_COLUMN in names_in(node.predicate)):
        return _table_by_table(session, node, scope, merged)
    predicate = SearchPredicate(session, scope.inside(row), _operator(node), node).bind(node.predicate)
    merged = row.table(merged)
    made = Filter(
        columns=merged.relation.columns, input=merged.relation, predicate=predicate, **session.place(node, "search")
    )
    return TableValue(made, merged.open)


def _table_by_table(session: Session, node: tree.Search, scope: Scope, merged: TableValue) -> TableValue:
    """The same rows with the condition below the union: a text is looked for in a table's own columns alone. Of all
    tables there are thousands of columns."""
    union = merged.relation
    if not isinstance(union, UnionRows):
        return merged
    operator = _operator(node)
    row = Row.of(union.columns)
    SearchPredicate(session, scope.inside(row), operator, node, terms=False).bind(node.predicate)
    named = [column for name in names_in(node.predicate) if (column := row.find(name)) is not None]
    shown = union.columns[1:]
    filtered: list[Relation] = []
    for table, sources in zip(union.inputs, union.sources, strict=True):
        own = {id(column): source for column, source in zip(shown, sources, strict=True) if source is not None}
        missing = [Column(column.name, column.type) for column in named if id(column) not in own]
        names = {column.name: own[id(column)] for column in named if id(column) in own}
        seen = Row.of(table.columns)
        # What the condition names are the columns of the result: of several types each table has its own.
        seen.index = {**seen.index, **names, **{column.name: column for column in missing}}
        predicate = SearchPredicate(session, scope.inside(seen), operator, node).bind(node.predicate)
        place = session.place(node, "")
        source = table
        if missing:
            source = Projection(
                columns=(*table.columns, *missing),
                input=table,
                expressions=(
                    *map(ColumnRef, table.columns),
                    *(Constant(null_of(column.type), column.type) for column in missing),
                ),
                **place,
            )
        filtered.append(Filter(columns=source.columns, input=source, predicate=predicate, **place))
    return replace(merged, relation=replace(union, inputs=tuple(filtered)))


def _operator(node: tree.Search) -> str:
    return "has_cs" if hint_text(node, "kind") == "case_sensitive" else "has"


def names_in(node: tree.Node) -> list[str]:
    """Names in the order they are written, each once."""
    return list(dict.fromkeys(each.name.text for each in node.walk() if isinstance(each, tree.NameReference)))


class SearchPredicate:
    """A search condition: a bare text looks into every column."""

    def __init__(self, session: Session, scope: Scope, operator: str, node: tree.Node, *, terms: bool = True) -> None:
        """``terms``: bare texts are looked for; without, only what is wrong with the condition is told."""
        self.session = session
        self.scope = scope
        self.operator = operator
        self.node = node
        self.terms = terms
        self.whole: tree.Expression | None = None

    def bind(self, node: tree.Expression) -> Expr:
        """The condition as an expression over the row."""
        self.whole = self.whole or node
        while isinstance(node, tree.Parenthesized):
            node = node.inner
        if isinstance(node, tree.Star):
            return Constant(True, BOOL)
        if isinstance(node, tree.Literal) and node.kind is tree.LiteralKind.STRING:
            return self._text(str(node.value), node)
        if isinstance(node, tree.Literal) and node.kind in (tree.LiteralKind.LONG, tree.LiteralKind.REAL):
            if node is self.whole:
                self.session.error("KS141", "A text or a condition is needed here, this is a number", node)
            # The Kusto emulator takes a number beside other conditions, and it matches nothing, not even itself.
            number = Constant(0, LONG if node.kind is tree.LiteralKind.LONG else REAL)
            return number if self.session.catalog.as_service else Constant(False, BOOL)
        if isinstance(node, tree.FunctionCall) and node.name.text == "not" and len(node.arguments) == 1:
            inner = self.bind(node.arguments[0])
            if self.session.catalog.as_service and isinstance(node.arguments[0], tree.Literal):
                self.session.error("KS107", "A value of the type bool is needed here", node.arguments[0])
            return call(self.session, scalar_functions()["not"], (inner,), node.arguments, node, node.name)
        if isinstance(node, tree.Binary) and node.operator in ("and", "or"):
            at = tree.Node(node.operator_start, node.operator_end)
            operands = (self.bind(node.left), self.bind(node.right))
            if self.session.catalog.as_service and tree.Star in (type(node.left), type(node.right)):
                self.session.error("KS106", f"The operator '{node.operator}' is not defined for a star", at)
            return operate(self.session, node.operator, operands, node, at)
        whole = node is self.whole
        if self.operator == "has_cs" and isinstance(node, tree.Binary | tree.ListTest):
            node = replace(node, operator=_SENSITIVE.get(node.operator, node.operator))
        if whole:
            return bind_predicate(self.session, node, self.scope)
        return self.session.scalar(node, self.scope)

    def _text(self, text: str, node: tree.Node) -> Expr:
        operator = self.operator
        sensitive = "_cs" if operator.endswith("_cs") else ""
        core = text.strip("*")
        if "*" in core:
            return self._pattern(text, node)
        if text.startswith("*") and text.endswith("*"):
            operator = f"contains{sensitive}"
        elif text.endswith("*"):
            operator = f"hasprefix{sensitive}"
        elif text.startswith("*"):
            operator = f"hassuffix{sensitive}"
        return self._in_any(operator, core, node)

    def _pattern(self, text: str, node: tree.Node) -> Expr:
        r"""A text with a star inside: the reference writes ``"Lab*PC"`` as the regular expression ``\bLab.*PC\b``."""
        pattern = ".*".join(_REGEX_SIGNS.sub(r"\\\g<0>", part) for part in text.strip("*").split("*"))
        pattern = f"{'' if text.startswith('*') else _WORD_EDGE}{pattern}{'' if text.endswith('*') else _WORD_EDGE}"
        return self._in_any("matches regex", pattern, node)

    def _in_any(self, operator: str, text: str, node: tree.Node) -> Expr:
        row = self.scope.row
        if row is not None and row.open:
            self.session.refuse("TK103", "The columns to search are not known before the query runs", node)
        columns = tuple(row.columns) if row is not None and self.terms else ()
        return any_column(self.session, columns, operator, Constant(text, STRING), node, node)
