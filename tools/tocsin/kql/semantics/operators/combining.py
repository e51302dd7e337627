"""union: rows of several tables, columns matched by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.kql.plan import Column, Expr, UnionRows
from tocsin.kql.semantics.naming import UniqueNames
from tocsin.kql.semantics.operators.columns import wildcard
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import DeclaredFunction, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import STRING, UNKNOWN, ScalarType


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The tables of a union; ``open`` when one of them is missing or open itself, ``wildcard`` when a pattern of names
    found some of them, ``none_known`` when it is fuzzy and all are missing."""

    tables: tuple[TableValue, ...]
    open: bool
    wildcard: bool = False
    none_known: bool = False


def union(session: Session, node: tree.Union, source: TableValue, scope: Scope) -> TableValue:
    """``T | union …``"""
    return _union(session, node, scope, source)


def union_source(session: Session, node: tree.Union, scope: Scope) -> TableValue:
    """``union …`` at the start of a query."""
    return _union(session, node, scope, None)


def _union(session: Session, node: tree.Union, scope: Scope, source: TableValue | None) -> TableValue:
    fuzzy = hint_text(node, "isfuzzy") == "true"
    inputs = bind_tables(session, node.tables, scope, fuzzy=fuzzy, first=source)
    if inputs.none_known:
        session.refuse("TK103", "No table of this fuzzy union is known: the service makes an error of that", node)
    # The service shows the columns of an outer union for either kind.
    inner = hint_text(node, "kind") == "inner" and not session.catalog.as_service
    return merge(session, node, "union", inputs, hint_text(node, "withsource"), inner=inner)


def bind_tables(
    session: Session,
    nodes: Sequence[tree.Expression],
    scope: Scope,
    *,
    fuzzy: bool = False,
    first: TableValue | None = None,
) -> Inputs:
    """The tables that names, wildcards and subqueries mean. ``fuzzy``: a missing table is a warning and left out."""
    tables: list[TableValue] = [] if first is None else [first]
    open_ = first is not None and first.open
    any_wildcard = False
    any_known = first is not None
    for node in nodes:
        misses = session.fuzzy_misses
        bare = node
        while isinstance(bare, tree.Parenthesized):
            bare = bare.inner
        if (isinstance(bare, tree.NameReference) and bare.name.wildcard) or isinstance(bare, tree.Star):
            any_wildcard = True
            matching = _matching(session, bare, scope, fuzzy)
            tables.extend(matching)
            open_ = open_ or (not matching and fuzzy)
            any_known = any_known or bool(matching)
            continue
        table = _fuzzy_table(session, node, scope) if fuzzy else table_operand(session, node, scope)
        any_known = any_known or session.fuzzy_misses == misses
        if table is None:
            open_ = True
            continue
        tables.append(table)
        open_ = open_ or table.open
    return Inputs(tuple(tables), open_, any_wildcard, fuzzy and not any_known)


def table_operand(session: Session, node: tree.Expression, scope: Scope) -> TableValue:
    """The table that an operator reads beside its input. A scalar in its place is one without columns."""
    inner = scope.inside(None)
    bare = node
    while isinstance(bare, tree.Parenthesized):
        bare = bare.inner
    if isinstance(bare, tree.NameReference):
        meaning = scope.names.find(bare.name.text)
        scalar = isinstance(meaning, Expr) and meaning.type is not UNKNOWN
    elif isinstance(bare, tree.Literal | tree.DynamicLiteral | tree.FunctionCall | tree.Binary | tree.Unary):
        value = session.value(bare, inner)
        if isinstance(value, TableValue):
            return value
        scalar = value.type is not UNKNOWN
        if not scalar:
            return session.missing_table(node)
    else:
        return session.table(node, inner)
    if not scalar:
        return session.table(node, inner)
    session.error("KS111", "A table is needed here, this is a scalar value", node)
    return session.missing_table(node, (), False)


def _fuzzy_table(session: Session, node: tree.Expression, scope: Scope) -> TableValue | None:
    """A table of a fuzzy union. When something it reads is missing, only its columns stay, without rows; None when it
    has no columns either."""
    outer, before, refusals = session.fuzzy, session.fuzzy_misses, dict(session.refusals)
    session.fuzzy = True
    try:
        table = table_operand(session, node, scope)
    finally:
        session.fuzzy = outer
    if session.fuzzy_misses == before:
        return table
    session.refusals = refusals
    if not table.relation.columns:
        return None
    return session.missing_table(node, table.relation.columns, True)


def _matching(session: Session, node: tree.NameReference | tree.Star, scope: Scope, fuzzy: bool) -> list[TableValue]:
    """The catalogue tables and the views of the query that a wildcard means. (The service leaves the views out.)"""
    text = node.name.text if isinstance(node, tree.NameReference) else "*"
    pattern = wildcard(text)
    views = [
        name
        for name in dict.fromkeys(scope.names)
        if isinstance(meaning := scope.names.find(name), DeclaredFunction) and meaning.view and pattern.fullmatch(name)
    ]
    found = [name for name in session.catalog.tables if pattern.fullmatch(name)]
    if not session.catalog.as_service:
        found = [*views, *found]
    if not found and not views and not fuzzy:
        session.error("KS142", f"No table has a name like '{text}'", node)
    references = (tree.NameReference(node.start, node.end, tree.Name(node.start, node.end, name)) for name in found)
    return [session.table(each, scope.inside(None)) for each in references]


def merge(
    session: Session, node: tree.Node, word: str, inputs: Inputs, source_column: str | None, *, inner: bool = False
) -> TableValue:
    """One table of all inputs. A column that has one type everywhere keeps its name; of several types each gets a
    column of its own, ``name_type``. ``inner``: only columns that all inputs have."""
    types: dict[str, list[ScalarType]] = {}
    settled: set[str] = set()
    for table in inputs.tables:
        for column in table.relation.columns:
            found = types.setdefault(column.name, [])
            if column.type not in found:
                if column.name not in settled:
                    found.append(column.type)
            elif len(found) == 1 and session.catalog.as_service:
                # The service looks at the first two columns of a name: when they have one type, that is it.
                settled.add(column.name)
    plain = {name for name, found in types.items() if len(set(found) - {UNKNOWN}) <= 1}
    usual: dict[str, ScalarType] = {}
    if inputs.wildcard and len(plain) < len(types):
        session.wildcards_clash = True
        if session.majority_types:
            usual = {name: _usual_type(inputs, name) for name in types if name not in plain}
    unique = UniqueNames(plain | usual.keys())
    columns: list[Column] = []
    places: dict[tuple[str, ScalarType], list[int]] = {}
    for name, found in types.items():
        concrete = [each for each in found if each is not UNKNOWN] or [UNKNOWN]
        for type_ in concrete:
            places[name, type_] = [len(columns)]
            own = name in plain or usual.get(name) is type_
            columns.append(Column(name if own else unique.unique(f"{name}_{type_.value}"), type_))
        places[name, UNKNOWN] = list(range(len(columns) - len(concrete), len(columns)))
    sources = [_placed(table, places, len(columns)) for table in inputs.tables]
    if inner:
        shared = [i for i in range(len(columns)) if all(each[i] is not None for each in sources)]
        columns = [columns[i] for i in shared]
        sources = [[each[i] for i in shared] for each in sources]
    names: tuple[str, ...] | None = None
    if source_column is not None:
        columns.insert(0, Column(source_column, STRING))
        names = tuple(table.name or f"{word}_arg{index}" for index, table in enumerate(inputs.tables))
    made = UnionRows(
        columns=tuple(columns),
        inputs=tuple(table.relation for table in inputs.tables),
        sources=tuple(tuple(each) for each in sources),
        source_names=names,
        **session.place(node, word),
    )
    return TableValue(made, inputs.open)


def _usual_type(inputs: Inputs, name: str) -> ScalarType:
    """The type that most tables give a column; of several the one found first."""
    counts = Counter(
        column.type
        for table in inputs.tables
        for column in table.relation.columns
        if column.name == name and column.type is not UNKNOWN
    )
    return counts.most_common(1)[0][0]


def _placed(table: TableValue, places: dict[tuple[str, ScalarType], list[int]], width: int) -> list[Column | None]:
    """The table's columns at their places in the result; of two with one name and type the first."""
    found: list[Column | None] = [None] * width
    for column in table.relation.columns:
        for place in places.get((column.name, column.type), ()):
            if found[place] is None:
                found[place] = column
    return found
