"""What queries read and give, for people and programs: ``tocsin kql describe``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from tocsin import kql
from tocsin.cli.exit_codes import Exit
from tocsin.cli.kql_checks import findings_of, named_texts, show
from tocsin.cli.kql_sources import catalog_of
from tocsin.content.finding import Level
from tocsin.kql.lineage import columns_read, time_filters
from tocsin.kql.syntax import tree
from tocsin.kql.syntax.positions import LineIndex
from tocsin.kql.types import DATETIME, ColumnSchema

_BY_NAME = "by name only: the query holds what the local engine does not run"


@dataclass(frozen=True, slots=True)
class TimeFilter:
    """A condition on time, as written; ``line`` and ``column`` from 1, ``function`` when it is in a workspace one."""

    column: str
    text: str
    line: int
    at: int
    function: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """What a query reads and gives. ``tables`` and ``watchlists`` map a name to the columns that the result depends on;
    with ``exact`` False they are those of its columns whose names the text holds. ``columns`` is None when the result
    is no table; ``open``: there may be others."""

    tables: Mapping[str, tuple[str, ...]]
    watchlists: Mapping[str, tuple[str, ...]]
    workspace_functions: tuple[str, ...]
    functions: tuple[str, ...]
    operators: tuple[str, ...]
    time_filters: tuple[TimeFilter, ...]
    columns: tuple[ColumnSchema, ...] | None
    open: bool
    exact: bool


def describe(analysis: kql.Analysis, catalog: kql.Catalog) -> Description:
    """Describe a query without errors."""
    tables, watchlists = _columns(analysis, catalog)
    nodes = list(analysis.tree.root.walk())
    declared = {node.name.text for node in nodes if isinstance(node, tree.LetStatement)}
    called = {node.name.text for node in nodes if isinstance(node, tree.FunctionCall)}
    return Description(
        tables={name: tables[name] for name in analysis.tables if name in tables},
        watchlists={alias: watchlists[alias] for alias in analysis.watchlists if alias in watchlists},
        workspace_functions=analysis.functions,
        functions=tuple(sorted(called - declared - set(analysis.functions))),
        operators=tuple(dict.fromkeys(node.keyword for node in nodes if isinstance(node, tree.Operator))),
        time_filters=tuple(_time_filters(analysis, catalog)),
        columns=analysis.columns,
        open=analysis.open,
        exact=analysis.plan is not None and not analysis.pending,
    )


Columns = Mapping[str, tuple[str, ...]]


def _columns(analysis: kql.Analysis, catalog: kql.Catalog) -> tuple[Columns, Columns]:
    """Columns by table and by watchlist, in the order of their schemas."""
    if analysis.plan is not None:
        tables, watchlists = columns_read(analysis.plan)
    else:
        named = _names(analysis.tree)
        tables = {table: frozenset(named) for table in analysis.tables}
        watchlists = {alias: frozenset(named) for alias in analysis.watchlists}
    return _ordered(tables, catalog.tables), _ordered(watchlists, catalog.watchlists)


def _ordered(read: Mapping[str, frozenset[str]], schemas: Mapping[str, tuple[ColumnSchema, ...]]) -> Columns:
    return {
        name: tuple(column.name for column in schemas[name] if column.name in columns)
        if name in schemas
        else tuple(sorted(columns))
        for name, columns in read.items()
    }


def _names(syntax: kql.SyntaxTree) -> set[str]:
    return {node.name.text for node in syntax.root.walk() if isinstance(node, tree.NameReference)}


def _time_filters(analysis: kql.Analysis, catalog: kql.Catalog) -> Iterator[TimeFilter]:
    if analysis.plan is None:
        yield from _time_filters_by_name(analysis, catalog)
        return
    for each in time_filters(analysis.plan):
        text = analysis.tree.text if each.origin is None else catalog.functions[each.origin].body
        yield _time_filter(each.column.name, text, each.start, each.length, each.origin)


_COMPARISONS = frozenset({">", ">=", "<", "<=", "=="})


def _time_filters_by_name(analysis: kql.Analysis, catalog: kql.Catalog) -> Iterator[TimeFilter]:
    times = {each.name for table in analysis.tables for each in catalog.tables[table] if each.type is DATETIME}
    for node in analysis.tree.root.walk():
        if not isinstance(node, tree.Where):
            continue
        for condition in _conjuncts(node.predicate):
            sides: tuple[tree.Expression, ...] = ()
            if isinstance(condition, tree.Between):
                sides = (condition.operand,)
            elif isinstance(condition, tree.Binary) and condition.operator in _COMPARISONS:
                sides = (condition.left, condition.right)
            names = [each.name.text for each in sides if isinstance(each, tree.NameReference)]
            if names and names[0] in times:
                length = condition.end - condition.start
                yield _time_filter(names[0], analysis.tree.text, condition.start, length, None)


def _conjuncts(predicate: tree.Expression) -> Iterator[tree.Expression]:
    stack = [predicate]
    while stack:
        each = stack.pop()
        if isinstance(each, tree.Binary) and each.operator == "and":
            stack += [each.right, each.left]
        elif isinstance(each, tree.Parenthesized):
            stack.append(each.inner)
        else:
            yield each


def _time_filter(column: str, text: str, start: int, length: int, function: str | None) -> TimeFilter:
    line, at = LineIndex(text).line_and_column(start)
    return TimeFilter(column, " ".join(text[start : start + length].split()), line, at, function)


# ---------------------------------------------------------------------------------------------------------- output


def describe_queries(queries: Sequence[str], root: Path | None, *, as_json: bool) -> Exit:
    """Describe queries; FAILED when one has an error, which is then shown instead."""
    texts = named_texts(queries)
    catalog = catalog_of(root)
    described: dict[str, Description] = {}
    failed = False
    for name, text in texts.items():
        analysis = kql.analyze(text, catalog)
        errors = [each for each in findings_of(analysis, name) if each.level is Level.ERROR]
        if errors:
            show(errors, texts)
            failed = True
        else:
            described[name] = describe(analysis, catalog)
    if as_json:
        typer.echo(json.dumps([_as_json(*each) for each in described.items()], ensure_ascii=False, indent=2))
    elif described:
        typer.echo("\n\n".join("\n".join(_lines(name, each, catalog)) for name, each in described.items()))
    return Exit.FAILED if failed else Exit.OK


def _as_json(name: str, described: Description) -> dict[str, Any]:
    return {
        "query": name,
        "tables": {table: list(columns) for table, columns in described.tables.items()},
        "watchlists": {alias: list(columns) for alias, columns in described.watchlists.items()},
        "workspaceFunctions": list(described.workspace_functions),
        "functions": list(described.functions),
        "operators": list(described.operators),
        "timeFilters": [
            {"column": each.column, "text": each.text, "line": each.line, "at": each.at, "function": each.function}
            for each in described.time_filters
        ],
        "resultColumns": None
        if described.columns is None
        else [{"name": each.name, "type": each.type.value} for each in described.columns],
        "open": described.open,
        "exact": described.exact,
    }


def _lines(name: str, described: Description, catalog: kql.Catalog) -> Iterator[str]:
    yield name
    note = "" if described.exact else f"  ({_BY_NAME})"
    for kind, read, schemas in (
        ("table", described.tables, catalog.tables),
        ("watchlist", described.watchlists, catalog.watchlists),
    ):
        for each, columns in read.items():
            yield f"  {kind:<10} {each}: {_shown(columns, schemas.get(each))}{note}"
    for kind, names in (("parsers", described.workspace_functions), ("functions", described.functions)):
        if names:
            yield f"  {kind:<10} {', '.join(names)}"
    yield f"  {'operators':<10} {', '.join(described.operators) or 'none'}"
    for filter_ in described.time_filters:
        where = f"{filter_.function}, line {filter_.line}" if filter_.function else f"line {filter_.line}"
        yield f"  {'time':<10} {filter_.text}  ({where})"
    if not described.time_filters and described.tables:
        yield f"  {'time':<10} no filter: the period of the rule or of the search decides"
    if described.columns is None:
        yield f"  {'result':<10} no table"
        return
    result = [f"{each.name}: {each.type.value}" for each in described.columns]
    if described.open:
        result.append("and what only data can tell")
    yield f"  {'result':<10} {', '.join(result) or 'no columns'}"


def _shown(columns: tuple[str, ...], schema: tuple[ColumnSchema, ...] | None) -> str:
    if not columns:
        return "rows only, no column"
    if schema is not None and len(columns) == len(schema) and len(columns) > 5:
        return f"all {len(columns)} columns"
    return ", ".join(columns)
