"""What rules read: parsers, watchlists and custom tables as bodies of their resources."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from tocsin.content.models import ColumnType, CustomTable, Parser, Watchlist

FUNCTION_CATEGORY = "Function"
"""Category of saved searches that are functions, as the portal and other deployers name it."""

QUERY_LANGUAGE_VERSION = 2

TABLE_COLUMN_TYPES: Mapping[ColumnType, str] = {
    "string": "string",
    "int": "int",
    "long": "long",
    "real": "real",
    "bool": "boolean",
    "datetime": "dateTime",
    "guid": "guid",
    "dynamic": "dynamic",
}
"""Type names of the tables API. It has none for timespan and decimal."""


def function_body(parser: Parser) -> dict[str, Any]:
    """PUT body of the saved search that makes a parser a workspace function."""
    properties: dict[str, Any] = {
        "category": FUNCTION_CATEGORY,
        "displayName": parser.header.title,
        "query": parser.query.rstrip(),
        "functionAlias": parser.name,
        "version": QUERY_LANGUAGE_VERSION,
    }
    if parser.parameters:
        properties["functionParameters"] = ", ".join(parameter.declaration for parameter in parser.parameters)
    return {"properties": properties}


def watchlist_body(watchlist: Watchlist, rows: Iterable[Mapping[str, str]], path: str) -> dict[str, Any]:
    """PUT body of a watchlist with its rows inline. ``path``: its YAML file, for the name of the source."""
    columns = [column.name for column in watchlist.columns]
    properties: dict[str, Any] = {
        "displayName": watchlist.display_name,
        "watchlistAlias": watchlist.alias,
        "provider": watchlist.provider,
        "source": watchlist.source or f"{PurePosixPath(path).stem}.csv",
        "sourceType": "Local",
        "itemsSearchKey": watchlist.items_search_key,
        "contentType": "text/csv",
        "numberOfLinesToSkip": 0,
        "rawContent": csv_text(columns, rows),
    }
    if watchlist.description.strip():
        properties["description"] = watchlist.description.strip()
    return {"properties": properties}


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as CSV with a header, LF line ends, quotes only where needed."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: row[name] for name in columns} for row in rows)
    return text.getvalue()


def table_body(table: CustomTable) -> dict[str, Any]:
    """PUT body of a custom table. KeyError for a column type that tables do not have."""
    columns = []
    for column in table.columns:
        described = {"name": column.name, "type": TABLE_COLUMN_TYPES[column.type]}
        if column.description.strip():
            described["description"] = column.description.strip()
        columns.append(described)
    schema: dict[str, Any] = {"name": table.name, "columns": columns}
    if table.description.strip():
        schema["description"] = table.description.strip()
    properties: dict[str, Any] = {"schema": schema, "plan": table.plan}
    if table.retention_in_days is not None:
        properties["retentionInDays"] = table.retention_in_days
    if table.total_retention_in_days is not None:
        properties["totalRetentionInDays"] = table.total_retention_in_days
    return {"properties": properties}
