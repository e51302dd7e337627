"""Functions that are part of the language rather than of a table of functions: they take queries, names or stars."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tocsin.kql.functions.declaration import ScalarFunction
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.plan import Call, Column, ColumnRef, Constant, Element, Expr, Inline, PackRow, ScalarQuery, Watchlist
from tocsin.kql.semantics import availability
from tocsin.kql.semantics.argument_checks import check_arguments
from tocsin.kql.semantics.calls import call
from tocsin.kql.semantics.conversions import convert, first_column_type
from tocsin.kql.semantics.scopes import Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DYNAMIC,
    LONG,
    NUMBERS,
    REAL,
    STRING,
    TIMESPAN,
    TYPE_NAMES,
    UNKNOWN,
    ColumnSchema,
)

Value = Expr | TableValue
Special = Callable[[Session, tree.FunctionCall, Scope], Value]

MISSING = ScalarFunction("", (), "", None)
"""Stands for a call that is told from its type alone."""

UNKNOWN_TO_THE_SERVICE = frozenset({"workspace", "app", "resource", "adx", "arg"})
"""Functions of a workspace that the language service does not have."""

DATABASES = UNKNOWN_TO_THE_SERVICE | {"cluster", "database"}
"""Functions that name another place; what follows the dot is a table there."""

TABLES_BY_NAME = frozenset({"cluster", "database", "table", "external_table", "materialized_view"})
"""Functions that give a table, or a place that has some."""

WATCHLIST_COLUMNS = (
    ColumnSchema("_DTItemId", STRING),
    ColumnSchema("LastUpdatedTimeUTC", DATETIME),
    ColumnSchema("SearchKey", STRING),
    ColumnSchema("WatchlistItem", DYNAMIC),
)
"""Columns that every watchlist has.
Source: https://learn.microsoft.com/azure/sentinel/watchlists-queries"""


def is_database(node: tree.Expression) -> bool:
    """Whether the expression names another cluster, database or workspace."""
    while isinstance(node, tree.Path | tree.PathCall):
        node = node.target
    return isinstance(node, tree.FunctionCall) and node.name.text in DATABASES


def literal_text(node: tree.Expression) -> str | None:
    """The text of a string literal, or None."""
    while isinstance(node, tree.Parenthesized):
        node = node.inner
    if isinstance(node, tree.Literal) and node.kind is tree.LiteralKind.STRING:
        return str(node.value)
    return None


def constant_text(session: Session, node: tree.Expression, scope: Scope) -> str | None:
    """The text of an expression that is known now: a literal or a ``let`` constant."""
    value = session.value(node, scope)
    if isinstance(value, Constant) and value.type is STRING:
        return str(value.value)
    return None


def _wrong_count(session: Session, node: tree.FunctionCall, text: str) -> Value:
    session.error("KS119", f"The function '{node.name.text}' takes {text}", node.name)
    return unknown()


def _toscalar(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if len(node.arguments) != 1:
        return _wrong_count(session, node, "one query")
    argument = node.arguments[0]
    bare = argument
    while isinstance(bare, tree.Parenthesized):
        bare = bare.inner
    inner = scope.inside(None)
    if _is_nothing(session, bare, scope):
        session.table(bare, inner)
        session.error("KS190", "The table has no columns", argument)
        return unknown()
    value = session.value(argument, inner)
    if isinstance(value, Constant) and value.type is UNKNOWN and not isinstance(bare, tree.NameReference):
        session.error("KS112", "A value or a table is needed here", argument)
    if isinstance(value, TableValue):
        if not value.relation.columns and not value.open and not value.nothing:
            session.error("KS190", "The table has no columns", node.arguments[0])
        return ScalarQuery(value.relation, first_column_type(value.relation))
    return value


def _is_nothing(session: Session, node: tree.Expression, scope: Scope) -> bool:
    """Whether the expression is a name that means nothing outside a row; it is then taken for that of a table."""
    if not isinstance(node, tree.NameReference):
        return False
    name = node.name.text
    known = scope.names.find(name) is not None or name in session.catalog.tables or name in session.catalog.functions
    return not known and name not in scalar_functions()


def _materialize(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if len(node.arguments) != 1:
        return _wrong_count(session, node, "one query")
    if _is_nothing(session, node.arguments[0], scope):
        return session.table(node.arguments[0], scope.inside(None))
    value = session.value(node.arguments[0], scope.inside(None))
    if isinstance(value, TableValue):
        return value
    if value.type is not UNKNOWN:
        session.error("KS231", "A table is needed here", node.arguments[0])
    return unknown()


def _table(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if not node.arguments:
        return _wrong_count(session, node, "a table name")
    argument = node.arguments[0]
    name = constant_text(session, argument, scope.inside(None))
    if name is None:
        session.refuse("TK107", "The name given to table() must be a constant", argument)
        return session.missing_table(node)
    reference = tree.NameReference(argument.start, argument.end, tree.Name(argument.start, argument.end, name))
    return session.table(reference, Scope(type(scope.names)()))


def _elsewhere(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if session.catalog.as_service and node.name.text in UNKNOWN_TO_THE_SERVICE:
        session.unknown_name("KS211", node.name.text, node.name, "function", ())
        return unknown()
    availability.check_place(session, node.name)
    session.refuse("TK108", f"{node.name.text}() reads another place, which the local engine does not", node)
    return session.missing_table(node)


def _refused_table(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    session.refuse("TK108", f"{node.name.text}() is not run by the local engine", node)
    return session.missing_table(node)


def _column_if_exists(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if len(node.arguments) != 2:
        for each in node.arguments:
            session.value(each, scope)
        return _wrong_count(session, node, "2 arguments")
    name = constant_text(session, node.arguments[0], scope.inside(None))
    fallback = session.scalar(node.arguments[1], scope)
    if name is None:
        session.refuse("TK107", f"The name given to {node.name.text}() must be a constant", node.arguments[0])
        return fallback
    column = scope.row.find(name) if scope.row is not None else None
    if column is not None and session.catalog.as_service and column.type is not fallback.type:
        # The service takes the type of the second argument for that of the column.
        return Call(MISSING, (), fallback.type)
    if column is not None:
        return ColumnRef(column)
    if scope.row is not None and scope.row.open:
        session.refuse("TK103", f"Whether the column '{name}' exists is not known before the query runs", node)
    return fallback


def _column_exists(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if len(node.arguments) != 1:
        return _wrong_count(session, node, "1 argument")
    name = literal_text(node.arguments[0])
    return Constant(scope.row is not None and name is not None and scope.row.find(name) is not None, BOOL)


def _column_names_of(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if len(node.arguments) != 1:
        return _wrong_count(session, node, "a table")
    table = session.table(node.arguments[0], scope.inside(None))
    if table.open:
        session.refuse("TK103", "The columns are not known before the query runs", node.arguments[0])
    return Constant([column.name for column in table.relation.columns], DYNAMIC)


def _pack_all(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    values = [session.value(each, scope) for each in node.arguments]
    check_arguments(session, "function", "pack_all", values, node.arguments, node.name, runs=True)
    given = values[0] if values else None
    ignore = isinstance(given, Constant) and given.type is BOOL and bool(given.value)
    if scope.row is None:
        return PackRow((), ignore)
    if scope.row.open:
        session.refuse("TK103", "The columns that pack_all() takes are not known before the query runs", node)
    return PackRow(tuple(scope.row.columns), ignore)


def _bag_pack(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if len(node.arguments) == 1 and isinstance(node.arguments[0], tree.Star) and scope.row is not None:
        return PackRow(tuple(scope.row.columns))
    return _plain(session, node, scope)


def _pack_array(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    """The star alone means all columns, in their order."""
    row = scope.row
    if len(node.arguments) != 1 or not isinstance(node.arguments[0], tree.Star):
        return _plain(session, node, scope)
    if row is not None and row.open:
        session.refuse("TK103", "The columns that pack_array(*) takes are not known before the query runs", node)
    values = tuple(ColumnRef(column) for column in (row.columns if row is not None else ()))
    function = scalar_functions()["pack_array"]
    return Call(function, values, DYNAMIC, node.start, node.end - node.start, session.origin)


def _bag_pack_columns(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    columns: list[Column] = []
    for argument in node.arguments:
        value = session.scalar(argument, scope)
        if isinstance(value, ColumnRef):
            columns.append(value.column)
        elif value.type is not UNKNOWN:
            session.error("KS109", "A column name is needed here", argument)
    return PackRow(tuple(columns))


def _plain(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    function = scalar_functions().get(node.name.text)
    values = [unknown() if isinstance(each, tree.Star) else session.value(each, scope) for each in node.arguments]
    if function is None:
        session.unknown_name("KS211", node.name.text, node.name, "function", ())
        return unknown()
    return call(session, function, values, node.arguments, node, node.name)


def _with_type(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    """``typeof(…)`` as the last argument says what the text that was found is read as."""
    value = _plain(session, node, scope)
    literal = node.arguments[-1] if node.arguments else None
    if isinstance(literal, tree.TypeLiteral) and literal.type is not None and isinstance(value, Call):
        wanted = TYPE_NAMES.get(literal.type.name, UNKNOWN)
        if wanted is DYNAMIC and value.type is STRING:
            return Call(scalar_functions()["todynamic"], (value,), DYNAMIC, value.start, value.length)
        return convert(value, wanted)
    return value


def _percentiles_array(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    """Of one percentage and ``typeof(…)`` the value itself, of that type; otherwise an array."""
    value = _plain(session, node, scope)
    literal = node.arguments[-1] if len(node.arguments) == 3 else None
    if not (isinstance(literal, tree.TypeLiteral) and literal.type is not None and isinstance(value, Call)):
        return value
    if session.catalog.as_service or len(value.arguments) != 3 or value.arguments[1].type not in NUMBERS:
        return value
    return convert(Element(value, Constant(0, LONG)), TYPE_NAMES.get(literal.type.name, UNKNOWN))


def _datetime_diff(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    """The engine counts weeks as a real, other periods as a long (its own answers; the language service: all long)."""
    value = _plain(session, node, scope)
    part = literal_text(node.arguments[0]) if node.arguments else None
    weeks = part is not None and part.lower() == "week" and isinstance(value, Call)
    return convert(value, REAL) if weeks and not isinstance(value, TableValue) else value


def _watchlist(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    if not node.arguments:
        return _wrong_count(session, node, "the alias of a watchlist")
    alias = constant_text(session, node.arguments[0], scope.inside(None))
    if alias is None:
        session.refuse("TK107", "The alias given to _GetWatchlist() must be a constant", node.arguments[0])
        return session.missing_table(node, [Column(each.name, each.type) for each in WATCHLIST_COLUMNS])
    session.watchlists[alias] = None
    known = session.catalog.watchlists.get(alias)
    columns = tuple(Column(each.name, each.type) for each in known or WATCHLIST_COLUMNS)
    trusted = () if known is None and not session.catalog.as_service else None
    relation = Watchlist(columns=columns, alias=alias, trusted=trusted, **session.place(node, "_GetWatchlist"))
    return TableValue(relation, known is None, "_GetWatchlist")


def _watchlist_aliases(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    column = Column("WatchlistAlias", STRING)
    rows = tuple((Constant(alias, STRING),) for alias in sorted(session.catalog.watchlists))
    return TableValue(Inline(columns=(column,), rows=rows, **session.place(node, "_GetWatchlistAlias")))


def _bin_auto(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    """bin_at() with the size and the fixed point that the query's options name."""
    values = [session.value(each, scope) for each in node.arguments]
    value = values[0] if len(values) == 1 else None
    size = session.bin_auto.get("query_bin_auto_size")
    if value is None or isinstance(value, TableValue) or size is None:
        return call(session, scalar_functions()["bin_auto"], values, node.arguments, node, node.name)
    zero = Constant(0, value.type if value.type in (DATETIME, TIMESPAN) else LONG)
    fixed = session.bin_auto.get("query_bin_auto_at", zero)
    return call(session, scalar_functions()["bin_at"], [value, size, fixed], [node.arguments[0]] * 3, node, node.name)


TABLE: Mapping[str, Special] = {
    "bin_auto": _bin_auto,
    "toscalar": _toscalar,
    "materialize": _materialize,
    "totable": _materialize,
    "table": _table,
    **dict.fromkeys(DATABASES, _elsewhere),
    **dict.fromkeys(("external_table", "materialized_view", "stored_query_result"), _refused_table),
    "column_ifexists": _column_if_exists,
    "columnifexists": _column_if_exists,
    "iscolumnexists": _column_exists,
    "column_names_of": _column_names_of,
    "pack_all": _pack_all,
    "pack_array": _pack_array,
    "bag_pack": _bag_pack,
    "pack": _bag_pack,
    "bag_pack_columns": _bag_pack_columns,
    **dict.fromkeys(("extract", "extract_json", "extractjson", "percentile_tdigest"), _with_type),
    "percentiles_array_tdigest": _percentiles_array,
    "datetime_diff": _datetime_diff,
    "_GetWatchlist": _watchlist,
    "_GetWatchlistAlias": _watchlist_aliases,
}
"""By name. A ``let`` function of the same name wins."""
