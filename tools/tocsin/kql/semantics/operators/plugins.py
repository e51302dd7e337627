"""``evaluate``: the plugins whose result columns are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tocsin.kql.functions.declaration import Plugin
from tocsin.kql.functions.registry import aggregates, plugins
from tocsin.kql.lineage import relations
from tocsin.kql.plan import (
    AggregateCall,
    Apply,
    Column,
    ColumnRef,
    Constant,
    Expr,
    PartitionRows,
    PluginRows,
    SubqueryInput,
)
from tocsin.kql.semantics import availability
from tocsin.kql.semantics.aggregation import bind_aggregate
from tocsin.kql.semantics.argument_checks import check_arguments, has_rules
from tocsin.kql.semantics.functions import declared_columns
from tocsin.kql.semantics.naming import UniqueNames
from tocsin.kql.semantics.operators.activities import (
    ACTIVITIES,
    activity,
    dcount_intersect,
    funnel,
    funnel_steps,
    further_funnel_steps,
    rolling_percentile,
    rows_near,
    sequences,
)
from tocsin.kql.semantics.operators.branching import preview, several
from tocsin.kql.semantics.operators.geo_lookups import geo_lookup
from tocsin.kql.semantics.operators.patterns import autocluster, basket, diffpatterns
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import BOOL, DYNAMIC, LONG, STRING, ColumnSchema

Arguments = list[Expr | TableValue]
PluginBinder = Callable[[Session, tree.Evaluate, Row, Arguments], tuple[list[Column], bool]]
"""The result columns of a plugin, and whether there may be more."""

_UNKNOWN = Plugin("", (), "")
"""Stands for a plugin that there is not."""

_TAKEN = frozenset({"KS138"})
"""The service minds windows that are given by name (``'month'``), which the reference tells of."""

BY_NAME: dict[str, tuple[tuple[str, Constant], ...]] = {
    "bag_unpack": (
        ("OutputColumnPrefix", Constant("", STRING)),
        ("columnsConflict", Constant("error", STRING)),
        ("ignoredProperties", Constant(None, DYNAMIC)),
    ),
    "schema_merge": (("PreserveOrder", Constant(True, BOOL)),),
}
"""The last arguments of plugins that take them by name, with what is taken for those that are left out."""

_LOOKUPS = {"ipv4_lookup": 2, "ipv6_lookup": 2, "geo_polygon_lookup": 1, "geo_line_lookup": 1}
"""Plugins that look into a table, their first argument; the key of that table stands at this position."""


def evaluate(session: Session, node: tree.Evaluate, source: TableValue, scope: Scope) -> TableValue:
    """``T | evaluate plugin(…)``"""
    if node.call.name.text == "preview" and len(node.call.arguments) == 1 and not session.catalog.as_service:
        return preview(session, node, source, scope)
    return _evaluate(session, node, source, scope)


def evaluate_source(session: Session, node: tree.Evaluate, scope: Scope) -> TableValue:
    """``evaluate plugin(…)`` at the start of a query."""
    return _evaluate(session, node, None, scope)


def _evaluate(session: Session, node: tree.Evaluate, source: TableValue | None, scope: Scope) -> TableValue:
    name = node.call.name.text
    row = Row.of_table(source) if source is not None else Row.of(())
    declared = plugins().get(name, _UNKNOWN)
    plugin = PLUGINS.get(name)
    arguments, aggregate = _arguments(session, node, declared, row, scope)
    if not declared.in_service and session.catalog.as_service:
        declared, plugin = _UNKNOWN, None
    availability.check(session, declared.availability, f"plugin '{name}'", node.call.name)
    if plugin is None:
        columns: list[Column] = []
        open_ = declared is not _UNKNOWN or not session.catalog.as_service
        if declared is _UNKNOWN:
            _no_plugin(session, node.call.name)
        session.refuse("TK135", f"The plugin '{name}' is not run by the local engine", node.call.name)
    else:
        columns, open_ = plugin(session, node, row, arguments)
        if aggregate is not None:
            used = {id(each.column) for each in aggregate.arguments if isinstance(each, ColumnRef)}
            columns = [column for column in columns if id(column) not in used]
    if node.schema is not None:
        written = declared_columns(node.schema)
        columns = [*columns, *written] if node.schema.open else list(written)
        open_ = False
    late: list[PluginRows] = []
    if open_ and declared.late:
        known = session.late_columns()
        if known is not None:
            columns, open_ = _with_known(row, columns, known), False
        late = session.pending if known is None else session.found
    elif open_ and plugin is not None:
        message = (
            f"The columns that '{name}' gives are not known before the query runs: declare them with : (a: string)"
        )
        session.refuse("TK136", message, node.call)
    elif plugin is not None and not declared.runs:
        session.refuse("TK135", f"The plugin '{name}' is not run by the local engine", node.call.name)
    made = PluginRows(
        columns=tuple(columns),
        input=row.table(source).relation if source is not None else None,
        plugin=name,
        arguments=tuple(each for each in arguments if not isinstance(each, TableValue)),
        tables=tuple(each.relation for each in arguments if isinstance(each, TableValue)),
        aggregate=aggregate,
        **session.place(node, "evaluate"),
    )
    if not session.trial:
        late.append(made)
    if late is session.pending and _is_in_subquery(made):
        message = (
            f"The columns that '{name}' gives may differ from one part of the rows that the subquery runs on to the "
            "next: declare them with : (a: string)"
        )
        session.refuse("TK136", message, node.call)
    if name in FURTHER_TABLES and columns and not session.catalog.as_service:
        others = [
            replace(made, columns=tuple(each), part=number, operator="")
            for number, each in enumerate(FURTHER_TABLES[name](columns), 1)
        ]
        return several(session, node, "evaluate", [TableValue(each) for each in (replace(made, operator=""), *others)])
    return TableValue(made, open_)


def _is_in_subquery(plugin: PluginRows) -> bool:
    """Whether an operator outside (mv-apply, partition) runs the plugin on parts of its rows."""
    held = relations(plugin)
    fed = {each.leaf for each in held if isinstance(each, (Apply, PartitionRows))}
    return any(isinstance(each, SubqueryInput) and each not in fed for each in held)


def _no_plugin(session: Session, name: tree.Name) -> None:
    if name.text in aggregates():
        session.error("KS144", f"The aggregate '{name.text}' is only allowed in summarize and its kin", name)
    elif has_rules("function", name.text):
        session.error("KS237", f"'{name.text}' is a function, not a plugin: use it in extend or where", name)
    else:
        session.unknown_name("KS124", name.text, name, "plugin", sorted(plugins()))


def _with_known(row: Row, static: list[Column], known: tuple[ColumnSchema, ...]) -> list[Column]:
    """The columns of a plugin once they are found: those of the input that stay are the input's own."""
    kept = {column.name: column for column in static if any(column is each for each in row.columns)}
    return [
        kept[each.name] if each.name in kept and kept[each.name].type is each.type else Column(each.name, each.type)
        for each in known
    ]


def _arguments(
    session: Session, node: tree.Evaluate, declared: Plugin, row: Row, scope: Scope
) -> tuple[Arguments, AggregateCall | None]:
    """Arguments as values or tables, checked, and the aggregate of ``pivot``. A name may be one of the lookup table."""
    aggregate: AggregateCall | None = None
    inner = scope.inside(row)
    found: Arguments = []
    checked: Arguments = []
    lookup: Row | None = None
    for argument in node.call.arguments:
        each = argument.value if isinstance(argument, tree.NamedExpression) else argument
        if isinstance(each, tree.FunctionCall) and each.name.text in aggregates() and node.call.name.text == "pivot":
            aggregate, _ = bind_aggregate(session, aggregates()[each.name.text], each, inner)
            checked.append(unknown())
            continue
        value = _argument(session, node, each, inner, found, lookup)
        given = argument.names[0].text if isinstance(argument, tree.NamedExpression) and argument.names else None
        checked.append(value)
        if given is not None and node.call.name.text in BY_NAME:
            _place_by_name(session, node, given, value, argument, found)
            continue
        if isinstance(value, TableValue):
            lookup = Row.of_table(value)
        found.append(value)
    given_nodes = node.call.arguments
    if node.call.name.text in BY_NAME and not session.catalog.as_service:
        # The service knows the first ones alone.
        first = _FIRST_BY_NAME[node.call.name.text] + 1
        checked, given_nodes = checked[:first], given_nodes[:first]
    name = node.call.name
    check_arguments(session, "plugin", name.text, checked, given_nodes, name, runs=declared.runs, taken=_TAKEN)
    return found, aggregate


def _place_by_name(
    session: Session, node: tree.Evaluate, given: str, value: Expr | TableValue, place: tree.Node, found: Arguments
) -> None:
    """Put an argument that is given by name where it belongs, behind the defaults of those left out."""
    named = BY_NAME[node.call.name.text]
    first = _FIRST_BY_NAME[node.call.name.text]
    at = next((i for i, (name, _) in enumerate(named) if name.lower() == given.lower()), None)
    if at is None:
        session.unknown_name("KS142", given, place, "parameter of the plugin", [name for name, _ in named])
        return
    found.extend(default for _, default in named[max(0, len(found) - first) : at + 1])
    if first + at < len(found):
        found[first + at] = value


_FIRST_BY_NAME = {"bag_unpack": 1, "schema_merge": 0}


def _schema_merge(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    names = ("ColumnName", "ColumnOrdinal", "DataType", "ColumnType")
    for name in names:
        if row.find(name) is None and not row.open:
            session.error("TK145", f"schema_merge reads what getschema gives: there is no '{name}'", node.call)
    return [Column(name, LONG if name == "ColumnOrdinal" else STRING) for name in names], False


def _argument(
    session: Session,
    node: tree.Evaluate,
    argument: tree.Expression,
    scope: Scope,
    before: Arguments,
    lookup: Row | None,
) -> Expr | TableValue:
    if isinstance(argument, tree.Star):
        return unknown()
    plugin = node.call.name.text
    key_at = _LOOKUPS.get(plugin)
    if lookup is not None and key_at is not None and isinstance(argument, tree.NameReference):
        name = argument.name.text
        extra = len(before) >= 3 and not plugin.startswith("geo_")
        column = lookup.find(name) if len(before) == key_at or extra else None
        row = scope.row
        shared = column is not None and row is not None and row.find(name) is not None
        if column is not None and (shared or not extra or row is None or row.open):
            return ColumnRef(column)
        if extra and row is not None and not lookup.open and not shared:
            session.unknown_name("KS142", name, argument, "column of both tables", [*lookup.index, *row.index])
            return unknown()
        # In a table that is not known the service knows no column, either.
        if len(before) == key_at and (not lookup.open or (session.catalog.as_service and not lookup.columns)):
            session.unknown_name("KS142", name, argument, "column, table, variable or function", lookup.index)
            return unknown()
    unresolved = lookup is None and key_at == len(before) and session.catalog.as_service
    if unresolved and isinstance(argument, tree.NameReference) and scope.row is not None:
        name = argument.name.text
        if scope.row.find(name) is None:
            session.unknown_name("KS142", name, argument, "column, table, variable or function", ())
            return unknown()
    return session.value(argument, scope)


def _bag_unpack(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    bag = arguments[0] if arguments else None
    gone = id(bag.column) if isinstance(bag, ColumnRef) else None
    return [column for column in row.columns if id(column) != gone], True


def _lookup(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """The input's columns and those of the lookup table, without the keys that both have to have."""
    tables = [each for each in arguments if isinstance(each, TableValue)]
    hidden = {id(each.column) for each in _keys_not_shown(arguments)}
    names = UniqueNames(column.name for column in row.columns)
    added = [
        Column(names.unique(column.name), column.type, column.form)
        for each in tables
        for column in each.relation.columns
        if id(column) not in hidden
    ]
    open_ = row.open or any(each.open for each in tables)
    if session.catalog.as_service:
        open_ = row.open and not tables
    elif node.call.name.text == "ipv6_lookup":
        # So the reference's examples show it; the language service has the input's columns first.
        return [*added, *row.columns], open_
    return [*row.columns, *added], open_


def _keys_not_shown(arguments: Arguments) -> list[ColumnRef]:
    """Columns of the lookup table that the result leaves out: extra keys."""
    return [each for each in arguments[3:] if isinstance(each, ColumnRef)]


def _pivot(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    columns = [each.column for each in arguments if isinstance(each, ColumnRef)]
    if len(columns) <= 1:
        gone = {id(column) for column in columns}
        return [column for column in row.columns if id(column) not in gone], True
    return columns[1:], True


def _narrow(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    return [Column("Row", LONG), Column("Column", STRING), Column("Value", STRING)], False


def _http(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    return [Column("ResponseHeaders", DYNAMIC), Column("ResponseBody", DYNAMIC)], False


def _rows_count(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    return [Column("EstimatedRowsCount", LONG)], False


def _script(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """What the first argument declares: ``typeof(*, score: real)``."""
    given = node.call.arguments[0] if node.call.arguments else None
    schema = given.schema if isinstance(given, tree.TypeLiteral) else None
    if schema is None:
        return [], True
    written = declared_columns(schema)
    if not schema.open:
        return list(written), False
    return [*(Column(column.name, column.type, column.form) for column in row.columns), *written], row.open


def _activity_counts(
    session: Session, node: tree.Evaluate, row: Row, arguments: Arguments
) -> tuple[list[Column], bool]:
    axis = arguments[1] if len(arguments) > 1 else None
    first = [Column(axis.column.name, axis.type)] if isinstance(axis, ColumnRef) else []
    names = ("count", "dcount", "new_dcount", "aggregated_dcount")
    dimensions = [Column(each.column.name, each.type) for each in arguments[5:] if isinstance(each, ColumnRef)]
    return [*first, *dimensions, *(Column(name, LONG) for name in names)], False


PLUGINS: dict[str, PluginBinder] = {
    "bag_unpack": _bag_unpack,
    "ipv4_lookup": _lookup,
    "ipv6_lookup": _lookup,
    "geo_polygon_lookup": geo_lookup,
    "geo_line_lookup": geo_lookup,
    "pivot": _pivot,
    "narrow": _narrow,
    "schema_merge": _schema_merge,
    "autocluster": autocluster,
    "basket": basket,
    "activity_counts_metrics": _activity_counts,
    "diffpatterns": diffpatterns,
    "estimate_rows_count": _rows_count,
    **dict.fromkeys(("http_request", "http_request_post"), _http),
    **dict.fromkeys(("python", "r", "csharp"), _script),
    "funnel_sequence": funnel_steps,
    **dict.fromkeys(ACTIVITIES, activity),
    "rolling_percentile": rolling_percentile,
    "rows_near": rows_near,
    "dcount_intersect": dcount_intersect,
    "funnel_sequence_completion": funnel,
    "sequence_detect": sequences,
}
"""Plugins with columns that can be told, by name."""

FURTHER_TABLES: Mapping[str, Callable[[Sequence[Column]], list[list[Column]]]] = {
    "funnel_sequence": further_funnel_steps
}
"""For plugins that give several tables: the columns of the others, from those of the first. The service knows the first
alone."""
