"""What a request of ``tocsin kql batch`` brings with it: rows of tables, watchlists and addresses; places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tocsin import kql
from tocsin.cli.json_lines import Refused
from tocsin.cli.kql_sources import inferred_columns, layered
from tocsin.content.finding import Finding
from tocsin.content.places import PlacesError, listed_places
from tocsin.content.source import Location
from tocsin.kql import plan
from tocsin.kql.functions.ip import Places
from tocsin.kql.lineage import relations
from tocsin.kql.literals import parse_datetime
from tocsin.kql.types import TYPE_NAMES, ColumnSchema
from tocsin.testing.samples import INGESTION_FIELDS, Field, Record, as_table

KEYS = frozenset({"tables", "watchlists", "external", "geo", "now"})


@dataclass(frozen=True, slots=True)
class Given:
    """The data of one request. ``catalog`` knows the tables that only the request has; ``now`` in ticks or None."""

    catalog: kql.Catalog
    tables: Mapping[str, kql.Table] = field(default_factory=dict)
    watchlists: Mapping[str, kql.Table] = field(default_factory=dict)
    rows_behind: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    places: Places | None = None
    now: int | None = None

    def external(self, analysis: kql.Analysis) -> dict[str, kql.Table]:
        """The rows behind addresses, as tables of the columns that the query gives them. Raises Refused."""
        return external_tables(analysis, self.rows_behind)


def given(request: Mapping[str, Any], catalog: kql.Catalog) -> Given:
    """The data that a request holds, for queries of this catalogue. Raises Refused."""
    if not any(request.get(key) for key in KEYS):
        return Given(catalog)
    tables: dict[str, kql.Table] = {}
    for name, value in _object(request, "tables").items():
        tables[name] = _table(name, value, catalog.tables.get(name, ()))
    lists: dict[str, kql.Table] = {}
    for alias, value in _object(request, "watchlists").items():
        lists[alias] = _table(alias, value, catalog.watchlists.get(alias, ()))
    behind = {url: _records(url, rows) for url, rows in _object(request, "external").items()}
    try:
        places = listed_places(_object(request, "geo")) if "geo" in request else None
    except PlacesError as error:
        raise Refused(f'"geo": {error}') from None
    extended = replace(
        catalog,
        tables=layered({name: table.columns for name, table in tables.items()}, catalog.tables),
        watchlists={**catalog.watchlists, **{alias: table.columns for alias, table in lists.items()}},
        external=catalog.external | frozenset(behind),
        places=catalog.places or places is not None,
    )
    return Given(extended, tables, lists, behind, places, _clock(request.get("now")))


def external_tables(analysis: kql.Analysis, rows_behind: Mapping[str, Sequence[Record]]) -> dict[str, kql.Table]:
    """Rows by address, as tables of the columns that the query gives them. Raises Refused."""
    if analysis.plan is None or not rows_behind:
        return {}
    read = {url: one for one in relations(analysis.plan) if isinstance(one, plan.External) for url in one.addresses}
    return {
        url: _checked(url, *as_table(tuple(each.schema() for each in read[url].columns), records, "externaldata"))
        for url, records in rows_behind.items()
        if url in read
    }


def _clock(value: Any) -> int | None:
    if value is None:
        return None
    ticks = parse_datetime(value) if isinstance(value, str) else None
    if ticks is None:
        raise Refused('"now" is no datetime, for example 2025-07-15T10:00:00Z')
    return ticks


def _object(request: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = request.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(f'"{key}" is no object')
    return value


def _table(name: str, value: Any, known: tuple[ColumnSchema, ...]) -> kql.Table:
    declared = known
    if isinstance(value, dict):
        declared = _declared(name, value.get("columns"))
        value = _as_records(name, declared, value.get("rows"))
    records = _records(name, value)
    names = {*INGESTION_FIELDS, *(column.name for column in declared)}
    columns = (*declared, *(column for column in inferred_columns(records) if column.name not in names))
    return _checked(name, *as_table(columns, records, name))


def _declared(name: str, columns: Any) -> tuple[ColumnSchema, ...]:
    made = []
    for column in columns if isinstance(columns, list) else [None]:
        column_name = column.get("name") if isinstance(column, dict) else None
        type_ = TYPE_NAMES.get(str(column.get("type"))) if isinstance(column, dict) else None
        if not isinstance(column_name, str) or type_ is None:
            raise Refused(f'{name}: "columns" is a list of {{"name", "type"}} with types of KQL')
        made.append(ColumnSchema(column_name, type_))
    return tuple(made)


def _as_records(name: str, columns: tuple[ColumnSchema, ...], rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        raise Refused(f'{name}: "rows" is a list of lists, each with a value for every column')
    return [{column.name: value for column, value in zip(columns, row, strict=True)} for row in rows]


def _records(name: str, rows: Any) -> tuple[Record, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refused(f"{name}: the rows are a list of objects, a name and a value for each column")
    return tuple(
        {column: Field(value, Location(f"{name}, row {number}", 1, 1)) for column, value in row.items()}
        for number, row in enumerate(rows, start=1)
    )


def _checked(name: str, table: kql.Table, findings: Sequence[Finding]) -> kql.Table:
    if findings:
        first = findings[0]
        place = first.location.file if first.location is not None else name
        raise Refused(f"{first.code} {place}: {first.message}; {first.help}")
    return table
