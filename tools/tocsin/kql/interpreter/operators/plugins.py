"""evaluate: the plugins that the local engine runs.

Source: https://learn.microsoft.com/kusto/query/evaluate-operator
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from ipaddress import AddressValueError, IPv4Network, IPv6Address, IPv6Network, NetmaskValueError

from tocsin.kql.functions.conversions import converter
from tocsin.kql.functions.identity import identities, kind_of
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.operators import activities, geo_lookups
from tocsin.kql.interpreter.operators.grouping import AggregateRunner, grouped
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import Column, ColumnRef, Expr, PluginRows, Relation
from tocsin.kql.types import BOOL, DYNAMIC, LONG, REAL, STRING, ColumnSchema, ScalarType, Value, null_of

# ------------------------------------------------------------------------------------------------------ bag_unpack

ColumnFinder = Callable[[Execution, Batch], tuple[ColumnSchema, ...]]
"""The columns that a plugin gives for these rows."""


def _bag_columns(node: PluginRows, compiler: PlanCompiler) -> ColumnFinder:
    """The columns that unpacking gives: the input's without the bag, then the properties by name."""
    bags_of = compiler.program(node.arguments[:1])
    options = [compiler.single(argument) for argument in node.arguments[1:4]]
    source = node.arguments[0]
    gone = source.column.name if isinstance(source, ColumnRef) else None

    def columns(execution: Execution, batch: Batch) -> tuple[ColumnSchema, ...]:
        given = [option(execution) for option in options]
        prefix, conflict, ignored = given + ["", _ERROR, None][len(given) :]
        examples: dict[str, dict[type, Value]] = defaultdict(dict)
        for bag in bags_of.columns(execution, batch)[0]:
            if isinstance(bag, dict):
                for name, value in bag.items():
                    examples[name][type(value)] = value
        kinds = {
            f"{prefix or ''}{name}": {kind_of(value) for value in values.values() if value is not None}
            for name, values in examples.items()
            if name not in (ignored or ())
        }
        found = {name: _common_type(kinds[name]) for name in sorted(kinds)}
        result: list[ColumnSchema] = []
        for column in input_of(node).columns:
            clash = column.name in found
            if clash and column.name != gone and conflict not in (_REPLACE, _KEEP):
                message = f"bag_unpack gives a column '{column.name}' that is there already: name a prefix"
                raise KqlRuntimeError(message, node.start, node.length, node.origin)
            if clash and conflict != _KEEP:
                result.append(ColumnSchema(column.name, found.pop(column.name)))
            elif column.name != gone:
                found.pop(column.name, None)
                result.append(column.schema())
        return (*result, *(ColumnSchema(name, type_) for name, type_ in found.items()))

    return columns


_ERROR, _REPLACE, _KEEP = "error", "replace_source", "keep_source"


def _common_type(kinds: set[ScalarType]) -> ScalarType:
    if len(kinds) == 1:
        return next(iter(kinds))
    return REAL if kinds == {LONG, REAL} else DYNAMIC


def input_of(node: PluginRows) -> Relation:
    """The rows that a plugin works on. Raises KqlRuntimeError when it stands at the start of a query."""
    if node.input is None:
        raise KqlRuntimeError(f"{node.plugin} needs rows to work on", node.start, node.length, node.origin)
    return node.input


def _bag_unpack(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """Properties of a bag as columns, by the names of the columns that the plan lists."""
    bags_of = compiler.program(node.arguments[:1])
    prefix_of = compiler.single(node.arguments[1]) if len(node.arguments) > 1 else lambda execution: ""
    own = {column.name: column for column in input_of(node).columns}
    kept = frozenset(own.values())
    conflict_of = compiler.single(node.arguments[2]) if len(node.arguments) > 2 else lambda execution: _ERROR
    converts = {column: converter(DYNAMIC, column.type) for column in node.columns}
    ignored_of = compiler.single(node.arguments[3]) if len(node.arguments) > 3 else lambda execution: None

    def run(execution: Execution, batch: Batch) -> Batch:
        (bags,) = bags_of.columns(execution, batch)
        prefix = prefix_of(execution) or ""
        values: dict[Column, list[Value]] = {}
        replace = conflict_of(execution) == _REPLACE
        given = {f"{prefix}{name}" for bag in bags if isinstance(bag, dict) for name in bag} if replace else set()
        given -= {f"{prefix}{name}" for name in ignored_of(execution) or ()}
        for column, convert in converts.items():
            if column in kept and column.name not in given:
                continue
            name = column.name.removeprefix(prefix) if column.name.startswith(prefix) else None
            fallback = None if replace else own.get(column.name)
            others = [None] * batch.rows if fallback is None else batch.column(fallback)
            null = null_of(column.type)
            values[column] = [
                convert(bag[name]) if isinstance(bag, dict) and name in bag else null if other is None else other
                for bag, other in zip(bags, others, strict=True)
            ]
        return Batch(batch.rows, values, (Part(batch),))

    return run


# ----------------------------------------------------------------------------------------------------------- pivot


def _pivot_columns(node: PluginRows, compiler: PlanCompiler) -> ColumnFinder:
    """The key columns, then one for each value of the pivot column."""
    names_of = _pivot_names(node, compiler)
    type_ = LONG if node.aggregate is None else node.aggregate.outputs[0].type

    def columns(execution: Execution, batch: Batch) -> tuple[ColumnSchema, ...]:
        names = dict.fromkeys(names_of(execution, batch))
        return (*(column.schema() for column in node.columns), *(ColumnSchema(name, type_) for name in names))

    return columns


def _pivot_names(node: PluginRows, compiler: PlanCompiler) -> Callable[[Execution, Batch], list[str]]:
    program = compiler.program(node.arguments[:1])
    text = converter(node.arguments[0].type, STRING)
    return lambda execution, batch: [text(value) for value in program.columns(execution, batch)[0]]


def _pivot(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """A row for each combination of keys, a column for each value of the pivot column, aggregates in the cells."""
    own = {column.name: column for column in input_of(node).columns}
    keys = [(column, own[column.name]) for column in node.columns if column.name in own]
    spread = [column for column in node.columns if column.name not in own]
    names_of = _pivot_names(node, compiler)
    aggregate = None if node.aggregate is None else AggregateRunner(node.aggregate, compiler)

    def run(execution: Execution, batch: Batch) -> Batch:
        names = names_of(execution, batch)
        values = [batch.column(source) for _, source in keys]
        groups = grouped(values, [source.type for _, source in keys], batch.rows)
        groups = [group for group in groups if group]
        made = {column: [each[group[0]] for group in groups] for (column, _), each in zip(keys, values, strict=True)}
        execution.allow_rows(len(groups), len(spread))
        for column in spread:
            cells = [[row for row in group if names[row] == column.name] for group in groups]
            made[column] = list(map(len, cells)) if aggregate is None else aggregate.columns(execution, batch, cells)[0]
        result = Batch(len(groups), made)
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, groups))
        return result

    return run


# -------------------------------------------------------------------------------------------------------- ip lookup

Network = IPv4Network | IPv6Network


def _network_v4(text: Value) -> IPv4Network | None:
    try:
        return IPv4Network(text, strict=False) if text else None
    except (AddressValueError, NetmaskValueError, ValueError, TypeError):
        return None


def _network_v6(text: Value) -> IPv6Network | None:
    """IPv4 addresses take part as IPv4-mapped ones."""
    four = _network_v4(text)
    if four is not None:
        return IPv6Network((int(IPv6Address(f"::ffff:{four.network_address}")), 96 + four.prefixlen))
    try:
        return IPv6Network(text, strict=False) if text else None
    except (AddressValueError, NetmaskValueError, ValueError, TypeError):
        return None


class _NetworkIndex:
    """Rows of a lookup table by the networks that they name."""

    def __init__(self, networks: Sequence[Network | None], bits: int) -> None:
        self._bits = bits
        self._by_length: dict[int, dict[int, list[int]]] = {}
        for row, network in enumerate(networks):
            if network is not None:
                start = int(network.network_address) >> (bits - network.prefixlen)
                self._by_length.setdefault(network.prefixlen, {}).setdefault(start, []).append(row)

    def rows(self, network: Network | None) -> list[int]:
        """The rows whose network holds this one, the narrowest network first."""
        if network is None:
            return []
        address = int(network.network_address)
        return [
            row
            for length in sorted(self._by_length, reverse=True)
            if length <= network.prefixlen
            for row in self._by_length[length].get(address >> (self._bits - length), ())
        ]


def _ip_lookup(parse: Callable[[Value], Network | None], bits: int) -> StageCompiler:
    def compile_lookup(node: PluginRows, compiler: PlanCompiler) -> Stage:
        (table,) = node.tables
        lookup = compiler.relation(table, node.plugin)
        of_table = frozenset(table.columns)
        keys = [argument for argument in node.arguments if not _is_flag(argument)]
        flags = [argument for argument in node.arguments if _is_flag(argument)]
        unmatched_of = compiler.single(flags[0]) if flags else lambda execution: False
        addresses_of = compiler.program(keys[:1])
        networks_of = compiler.program(keys[1:2])
        extra = [key.column for key in keys[2:] if isinstance(key, ColumnRef) and key.column in of_table]
        left_columns = () if node.input is None else node.input.columns
        same = {column.name: column for column in left_columns}
        pairs = [(same[column.name], column) for column in extra if column.name in same]
        shown = set(node.columns)
        own = [column for column in left_columns if column in shown]
        others = [column for column in node.columns if column not in frozenset(own)]
        routes = {column: (0, column) for column in own}
        routes.update((column, (1, source)) for column, source in zip(others, table.columns, strict=False))

        def run(execution: Execution, left: Batch) -> Batch:
            right = lookup(execution)
            index = _NetworkIndex([parse(text) for text in networks_of.columns(execution, right)[0]], bits)
            left_keys = [identities(left.column(a), a.type) for a, _ in pairs]
            right_keys = [identities(right.column(b), b.type) for _, b in pairs]
            keep_all = unmatched_of(execution) is True
            lefts: list[int | None] = []
            rights: list[int | None] = []
            for i, text in enumerate(addresses_of.columns(execution, left)[0]):
                found: list[int | None] = [
                    j
                    for j in index.rows(parse(text))
                    if all(a[i] == b[j] for a, b in zip(left_keys, right_keys, strict=True))
                ]
                if not found and keep_all:
                    found = [None]
                lefts.extend([i] * len(found))
                rights.extend(found)
                execution.allow_rows(len(found))
            return Batch(len(lefts), {}, (Part(left, lefts), Part(right, rights, fill=True)), routes)

        return run

    return compile_lookup


def _is_flag(expression: Expr) -> bool:
    return expression.type is BOOL and not isinstance(expression, ColumnRef)


# ----------------------------------------------------------------------------------------------------------- narrow


def _narrow(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """A row for each cell: row number, column name, value as text."""
    columns = () if node.input is None else node.input.columns
    texts = [converter(column.type, STRING) for column in columns]
    row_column, name_column, value_column = node.columns

    def run(execution: Execution, batch: Batch) -> Batch:
        execution.allow_rows(batch.rows * len(columns), 3)
        cells = [list(map(text, batch.column(column))) for column, text in zip(columns, texts, strict=True)]
        result = Batch(
            batch.rows * len(columns),
            {
                row_column: [i for i in range(batch.rows) for _ in columns],
                name_column: [column.name for _ in range(batch.rows) for column in columns],
                value_column: [column[i] for i in range(batch.rows) for column in cells],
            },
        )
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, [(i,) for i in range(batch.rows) for _ in columns]))
        return result

    return run


# ----------------------------------------------------------------------------------------------------- schema_merge

_OUT_OF_ORDER = "ERROR(columns are out of order)"


def _schema_merge(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """One schema of the rows of several ``getschema``: a column is where its first schema has it, or nowhere."""
    own = {column.name: column for column in input_of(node).columns}
    sources = [own[column.name] for column in node.columns]
    in_order = compiler.single(node.arguments[0]) if node.arguments else lambda execution: True

    def run(execution: Execution, batch: Batch) -> Batch:
        strict = in_order(execution) is not False
        found: dict[Value, list[list[Value]]] = {}
        for row in zip(*(batch.column(source) for source in sources), strict=True):
            found.setdefault(row[0], []).append(list(row))
        merged: list[list[Value]] = []
        for name, rows in found.items():
            if len({row[3] for row in rows}) > 1:
                message = f"schema_merge is not run for a column of several types, as '{name}' is"
                raise KqlRuntimeError(message, node.start, node.length, node.origin)
            moved = len({row[1] for row in rows}) > 1
            if moved and strict:
                merged.append([name, -1, f"ERROR(unknown CSL type:{_OUT_OF_ORDER})", _OUT_OF_ORDER])
            else:
                merged.append([*rows[0][:1], max(row[1] for row in rows), *rows[0][2:]])
        merged.sort(key=lambda row: (row[1] < 0, row[1]))
        columns = [list(column) for column in zip(*merged, strict=True)] if merged else [[] for _ in sources]
        return Batch(len(merged), dict(zip(node.columns, columns, strict=True)))

    return run


# ----------------------------------------------------------------------------------------- activity_counts_metrics


def _activity_counts(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """Per window of time: rows, distinct ids, ids not seen in an earlier window, distinct ids so far."""
    program = compiler.program(node.arguments[:2])
    bounds = [compiler.single(argument) for argument in node.arguments[2:5]]
    dimensions = compiler.program(node.arguments[5:])
    dimension_types = [argument.type for argument in node.arguments[5:]]
    axis_column, *other_columns = node.columns
    dimension_columns = other_columns[: len(dimension_types)]
    count_columns = other_columns[len(dimension_types) :]
    id_type = node.arguments[0].type

    def run(execution: Execution, batch: Batch) -> Batch:
        start, end, window = (bound(execution) for bound in bounds)
        if None in (start, end, window) or window <= 0:
            message = "activity_counts_metrics needs a start, an end and a window above 0"
            raise KqlRuntimeError(message, node.start, node.length, node.origin)
        ids, times = program.columns(execution, batch)
        ids = identities(ids, id_type)
        by = dimensions.columns(execution, batch)
        found: list[tuple[int, list[Value], list[int]]] = []
        for group in grouped(by, dimension_types, batch.rows):
            windows: dict[int, list[int]] = {}
            for i in group:
                if times[i] is not None and start <= times[i] <= end:
                    windows.setdefault((times[i] - start) // window, []).append(i)
            seen: set[object] = set()
            for number in sorted(windows):
                here = {ids[i] for i in windows[number]}
                new = here - seen
                seen |= here
                counts = [len(windows[number]), len(here), len(new), len(seen)]
                found.append((start + number * window, [values[group[0]] for values in by], counts))
        found.sort(key=lambda row: row[0])
        values = {axis_column: [row[0] for row in found]}
        values.update((column, [row[1][i] for row in found]) for i, column in enumerate(dimension_columns))
        values.update((column, [row[2][i] for row in found]) for i, column in enumerate(count_columns))
        return Batch(len(found), values)

    return run


_PLUGINS: dict[str, StageCompiler] = {
    **activities.PLUGINS,
    **geo_lookups.PLUGINS,
    "activity_counts_metrics": _activity_counts,
    "bag_unpack": _bag_unpack,
    "ipv4_lookup": _ip_lookup(_network_v4, 32),
    "ipv6_lookup": _ip_lookup(_network_v6, 128),
    "narrow": _narrow,
    "pivot": _pivot,
    "schema_merge": _schema_merge,
}

_LATE: dict[str, Callable[[PluginRows, PlanCompiler], ColumnFinder]] = {
    "bag_unpack": _bag_columns,
    "pivot": _pivot_columns,
}


def column_finder(node: PluginRows, compiler: PlanCompiler) -> ColumnFinder:
    """What finds the columns of a plugin whose columns only its input can tell."""
    return _LATE[node.plugin](node, compiler)


def _plugin(node: PluginRows, compiler: PlanCompiler) -> Stage:
    return _PLUGINS[node.plugin](node, compiler)


STAGES: dict[type[Relation], StageCompiler] = {PluginRows: _plugin}
