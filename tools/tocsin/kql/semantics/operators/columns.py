"""Operators that choose and compute columns: extend, project and its relatives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.kql.plan import Column, ColumnRef, Constant, Element, Expr, Projection, Variable
from tocsin.kql.semantics.conversions import convert
from tocsin.kql.semantics.expressions import bare_function
from tocsin.kql.semantics.naming import COLUMN_NAME_ARGUMENT, Output, UniqueNames, outputs_of, result_name
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import LONG, UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A bound expression with the name it asks for. ``declared``: the query wrote the name, as a new one or as a
    column; of two such with one name the second is an error, others get a number."""

    name: str | None
    value: Expr
    declared: bool
    node: tree.Node


def projection(session: Session, node: tree.Node, word: str, source: TableValue, shown: Sequence[tuple[Column, Expr]],
               open_: bool) -> TableValue:  # fmt: skip
    """A relation of these columns with these values."""
    made = Projection(
        columns=tuple(column for column, _ in shown),
        input=source.relation,
        expressions=tuple(value for _, value in shown),
        **session.place(node, word),
    )
    return TableValue(made, open_)


def kept(columns: Iterable[Column]) -> list[tuple[Column, Expr]]:
    """Columns that pass through."""
    return [(column, ColumnRef(column)) for column in columns]


def _own_name(node: tree.Expression, value: Expr, row: Row | None) -> str | None:
    """The name that an expression gives itself; a member of what could not be bound has its own name alone."""
    if isinstance(node, tree.FunctionCall) and node.name.text in COLUMN_NAME_ARGUMENT and node.arguments:
        wanted = node.arguments[0]
        known = isinstance(wanted, tree.Literal) and row is not None and row.find(str(wanted.value)) is not None
        return str(wanted.value) if known and isinstance(wanted, tree.Literal) else None
    bare = node
    while isinstance(bare, tree.Parenthesized):
        bare = bare.inner
    if value.type is UNKNOWN and isinstance(value, Constant):
        if isinstance(bare, tree.Path):
            return bare.member.text
        if isinstance(bare, tree.Element) and isinstance(bare.index, tree.Literal):
            return str(bare.index.value)
    return result_name(node)


def several(
    session: Session, node: tree.Expression, given: Sequence[tree.Name], outputs: tuple[Output, ...], value: Expr
) -> list[Named]:
    """The columns of a function that gives several at once, as an array. Where names are given, those without one are
    dropped (the Kusto emulator's answer; the language service shows them too)."""
    found: list[Named] = []
    if given and not session.catalog.as_service:
        outputs = outputs[: max(1, len(given))]
    for index, output in enumerate(outputs):
        part = value if output.alone else convert(Element(value, Constant(index, LONG)), output.type)
        if index < len(given):
            found.append(Named(given[index].text, part, True, given[index]))
        else:
            found.append(Named(output.name, part, False, node))
    for name in given[len(outputs) :] if len(outputs) > 1 else ():
        session.error("KS150", f"The expression has no column for the name '{name.text}'", name)
    return found


def _scalar_of(session: Session, node: tree.NamedExpression, scope: Scope) -> Expr:
    """The value; a table is told of over the name, too."""
    value = session.value(node.value, scope)
    if isinstance(value, TableValue):
        session.error("KS108", "A scalar value is needed here, this is a table", node)
        return unknown()
    return value


def bind_named(session: Session, expressions: Iterable[tree.Expression], scope: Scope) -> list[Named]:
    """Expressions with the names they ask for."""
    found: list[Named] = []
    for each in expressions:
        if isinstance(each, tree.NamedExpression):
            value = _scalar_of(session, each, scope)
            outputs = outputs_of(each.value)
            if outputs:
                found.extend(several(session, each.value, each.names, outputs, value))
                continue
            if each.bracketed and len(each.names) > 1:
                span = tree.Node(each.start, each.names[-1].end + 1)
                session.error("KS149", "The expression does not give several columns", span)
            first = each.names[0] if each.names else None
            found.append(Named(first.text if first else None, value, True, first or each))
            continue
        if isinstance(each, tree.Missing):
            continue
        if isinstance(each, tree.Star) and scope.row is not None:
            found.extend(Named(column.name, ColumnRef(column), True, each) for column in scope.row.columns)
            continue
        value = session.scalar(each, scope)
        outputs = outputs_of(each)
        if outputs:
            found.extend(several(session, each, (), outputs, value))
            continue
        bare = each
        while isinstance(bare, tree.Parenthesized):
            bare = bare.inner
        # A name that means nothing declares no column.
        declared = isinstance(bare, tree.NameReference) and not (isinstance(value, Constant) and value.type is UNKNOWN)
        found.append(Named(_own_name(each, value, scope.row), value, declared, each))
    return found


def already_declared(session: Session, name: str, node: tree.Node) -> None:
    """Two columns of one name."""
    session.error("KS171", f"A column named '{name}' is there already", node)


def project(session: Session, node: tree.Project, source: TableValue, scope: Scope) -> TableValue:
    """``project``"""
    row = Row.of_table(source)
    named = bind_named(session, node.expressions, scope.inside(row))
    source = row.table(source)
    return projection(session, node, "project", source, name_all(session, named, row), source.open)


def name_all(session: Session, named: Iterable[Named], row: Row) -> list[tuple[Column, Expr]]:
    """Give each its column; a plain column passes on as it is."""
    names = UniqueNames(avoided=row.index)
    declared: set[str] = set()
    shown: list[tuple[Column, Expr]] = []
    for each in named:
        if each.declared and each.name is not None:
            if each.name in declared:
                already_declared(session, each.name, each.node)
                continue
            declared.add(each.name)
        name = names.unique(each.name)
        value = each.value
        if isinstance(value, ColumnRef) and value.column.name == name:
            shown.append((value.column, value))
        else:
            shown.append((session.column(name, value), value))
    return shown


def extend(session: Session, node: tree.Extend | tree.Serialize, source: TableValue, scope: Scope) -> TableValue:
    """extend and serialize: a column of the name is replaced in its place, others come at the end."""
    word = "serialize" if isinstance(node, tree.Serialize) else "extend"
    row = Row.of_table(source)
    row.ordered = isinstance(node, tree.Serialize)
    named = bind_named(session, node.expressions, scope.inside(row))
    source = row.table(source)
    shown = kept(source.relation.columns)
    places: dict[str, int] = {}
    for place, (column, _) in enumerate(shown):
        places.setdefault(column.name, place)
    names = UniqueNames(places)
    declared: set[str] = set()
    for each in named:
        name = each.name
        if name is None:
            name = names.fresh()
        elif name in declared:
            if each.declared:
                already_declared(session, name, each.node)
                continue
            name = names.unique(name)
        declared.add(name)
        names.add(name)
        if isinstance(each.value, ColumnRef) and each.value.column.name == name and name in places:
            continue
        made = (session.column(name, each.value), each.value)
        if name in places:
            shown[places[name]] = made
        else:
            places[name] = len(shown)
            shown.append(made)
    return projection(session, node, word, source, shown, source.open)


# ---------------------------------------------------------------------------------------------------- column choices


def wildcard(pattern: str) -> re.Pattern[str]:
    """A name with stars as a pattern; names are case-sensitive."""
    return re.compile("".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", pattern)), re.S)


def choose(session: Session, expressions: Iterable[tree.Expression], row: Row, scope: Scope) -> list[Column]:
    """The columns that names and wildcards choose, in that order, each once."""
    found: dict[int, Column] = {}
    for each in expressions:
        for column in chosen(session, each, row, outside=scope):
            found.setdefault(id(column), column)
    return list(found.values())


def chosen(
    session: Session,
    node: tree.Expression,
    row: Row,
    *,
    strict: bool = True,
    trusted: bool = False,
    outside: Scope | None = None,
) -> list[Column]:
    """The columns that one name or wildcard means. ``strict``: say that a column name is needed here.
    ``trusted``: an open row takes a name it does not know. ``outside``: where else a name may mean something."""
    if isinstance(node, tree.Star):
        return list(row.columns)
    if not isinstance(node, tree.NameReference):
        session.error("KS109", "A column name is needed here", node)
        return []
    name = node.name.text
    if node.name.wildcard:
        pattern = wildcard(name)
        matching = [column for column in row.columns if pattern.fullmatch(column.name)]
        if not matching and not row.open:
            if strict:
                session.error("KS109", "A column name is needed here", node)
            session.error("KS142", f"No column has a name like '{name}'", node)
        return matching
    column = row.find(name)
    if column is not None:
        return [column]
    if row.open:
        if trusted or row.supplies(name):
            return [session.trust(row, name, node)]
        session.refuse("TK103", f"The column '{name}' is not known before the query runs", node)
        return []
    if strict:
        session.error("KS109", "A column name is needed here", node)
    if outside is not None and _means_else(session, node, outside):
        return []
    session.unknown_name("KS142", name, node, "column", row.index)
    return []


def _means_else(session: Session, node: tree.NameReference, scope: Scope) -> bool:
    """Whether a name that is no column means something else; the service then says no more of it."""
    name = node.name.text
    catalog = session.catalog
    return (
        scope.names.find(name) is not None
        or name in catalog.tables
        or name in catalog.functions
        or bare_function(session, node, scope) is not None
    )


def project_away(session: Session, node: tree.ProjectAway, source: TableValue, scope: Scope) -> TableValue:
    """``project-away``"""
    row = Row.of_table(source)
    gone = {id(column) for column in choose(session, node.columns, row, scope)}
    source = row.table(source)
    left = [column for column in source.relation.columns if id(column) not in gone]
    return projection(session, node, "project-away", source, kept(left), source.open)


def project_keep(
    session: Session, node: tree.ProjectKeep | tree.ProjectByNames, source: TableValue, scope: Scope
) -> TableValue:
    """``project-keep``: the chosen columns in the order of the table. (``project-by-names``: in the order named.)"""
    row = Row.of_table(source)
    if isinstance(node, tree.ProjectByNames):
        found = _by_text(session, node.columns, row, scope)
        source = row.table(source)
        return projection(session, node, "project-by-names", source, kept(found), source.open)
    stay = {id(column) for column in choose(session, node.columns, row, scope)}
    source = row.table(source)
    left = [column for column in source.relation.columns if id(column) in stay]
    return projection(session, node, "project-keep", source, kept(left), source.open)


def _by_text(session: Session, nodes: Iterable[tree.Expression], row: Row, scope: Scope) -> list[Column]:
    """The columns that texts and arrays of texts name, in that order; names that no column has are passed over."""
    found: dict[int, Column] = {}
    for node in nodes:
        value = session.value(node, scope.inside(None))
        while isinstance(value, Variable):
            value = value.value
        if not isinstance(value, Constant):
            session.refuse("TK107", "The names given to project-by-names must be constants", node)
            continue
        texts = value.value if isinstance(value.value, list) else [value.value]
        for text in texts:
            pattern = wildcard(str(text))
            for column in row.columns:
                if pattern.fullmatch(column.name):
                    found.setdefault(id(column), column)
    return list(found.values())


def project_rename(session: Session, node: tree.ProjectRename, source: TableValue, scope: Scope) -> TableValue:
    """``project-rename new = old``"""
    row = Row.of_table(source)
    renamed: dict[int, str] = {}
    taken = {column.name for column in row.columns}
    for each in node.expressions:
        if not isinstance(each, tree.NamedExpression) or not each.names or each.bracketed:
            session.error("KS110", "A new name and a column are needed here: new = old", each)
            continue
        found = chosen(session, each.value, row, trusted=True)
        if not found:
            continue
        new = each.names[0].text
        if new in taken:
            already_declared(session, new, each.names[0])
            continue
        taken.add(new)
        renamed.setdefault(id(found[0]), new)
    shown: list[tuple[Column, Expr]] = []
    source = row.table(source)
    for column in source.relation.columns:
        new_name = renamed.get(id(column))
        shown.append((column if new_name is None else Column(new_name, column.type, column.form), ColumnRef(column)))
    return projection(session, node, "project-rename", source, shown, source.open)


def project_reorder(session: Session, node: tree.ProjectReorder, source: TableValue, scope: Scope) -> TableValue:
    """``project-reorder``: the chosen columns first, each where it is first chosen; a wildcard's in the table's order
    or sorted by name."""
    row = Row.of_table(source)
    first: dict[int, Column] = {}
    declared: set[int] = set()
    for each in node.columns:
        if isinstance(each.expression, tree.NameReference) and not each.expression.name.wildcard:
            found = _reordered(session, each.expression, row, scope)
            if any(id(column) in declared for column in found):
                already_declared(session, each.expression.name.text, each.expression)
            declared.update(id(column) for column in found)
        else:
            found = chosen(session, each.expression, row, strict=False)
        if each.order is not None:
            found = _by_name(found, each.order)
        for column in found:
            first.setdefault(id(column), column)
    source = row.table(source)
    rest = [column for column in source.relation.columns if id(column) not in first]
    return projection(session, node, "project-reorder", source, kept([*first.values(), *rest]), source.open)


def _reordered(session: Session, node: tree.NameReference, row: Row, scope: Scope) -> list[Column]:
    """The column of a name; a name that means something else is passed over, as the service does."""
    name = node.name.text
    if row.find(name) is None and scope.names.find(name) is not None:
        return []
    if row.find(name) is None and not row.open and _means_else(session, node, scope):
        if name in session.catalog.tables:
            session.scalar(node, scope.inside(None))
        return []
    return chosen(session, node, row, strict=False) or [row.infer(node.name.text)]


def _by_name(columns: list[Column], order: str) -> list[Column]:
    """The case of letters does not count, as the service has it."""

    def key(column: Column) -> list[tuple[int, int, str]]:
        name = column.name.upper()
        if not order.startswith("granny"):
            return [(0, 0, name)]
        parts = re.split(r"(\d+)", name)
        return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]

    return sorted(columns, key=key, reverse=order.endswith("desc"))
