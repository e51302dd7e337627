"""What the queries of a repository are bound against: the service's tables, and the repository's own content."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import cast

from tocsin.content.models import Column, CustomTable, Parser, Watchlist
from tocsin.content.repository import Repository
from tocsin.kql.catalog import Catalog, WorkspaceFunction
from tocsin.kql.types import TYPE_NAMES, ColumnSchema, ScalarType
from tocsin.sentinel.schemas import (
    LOG_ANALYTICS_COLUMNS,
    PRODUCTS,
    RESOURCE_COLUMNS,
    SETS,
    WATCHLIST_COLUMNS,
    packaged_tables,
    workspace_tables,
)
from tocsin.sentinel.service_functions import DEFENDER_FUNCTIONS, ServiceFunctions

Tables = Mapping[str, tuple[ColumnSchema, ...]]


def workspace_catalog(repository: Repository, *, hunting: bool = False) -> Catalog:
    """The catalogue of a workspace that holds everything in ``repository``.

    A custom table wins over a packaged one of the same name, a table of Log Analytics over one of Defender. The
    columns of packaged tables are made when a query first reads them. Of the service's own functions it has those of a
    Log Analytics workspace; with ``hunting`` those of Defender's advanced hunting, too.
    """
    own = {name: table_columns(loaded.model) for name, loaded in repository.tables.items()}
    functions = {name: workspace_function(loaded.model) for name, loaded in repository.parsers.items()}
    layers = [own, workspace_tables(), packaged_tables("m365")]
    return Catalog(
        searched=(*searched_sets(), *((f"{len(own)} of this repository",) if own else ())),
        elsewhere={} if hunting else dict.fromkeys(DEFENDER_FUNCTIONS, "a function of Defender's advanced hunting"),
        log_analytics=True,
        # ChainMap is only read here; its type wants mutable layers.
        tables=ChainMap(*cast("list[MutableMapping[str, tuple[ColumnSchema, ...]]]", layers)),
        functions=ServiceFunctions({**(DEFENDER_FUNCTIONS if hunting else {}), **functions}),
        watchlists={alias: watchlist_columns(loaded.model) for alias, loaded in repository.watchlists.items()},
    )


def searched_sets() -> tuple[str, ...]:
    """Where packaged tables come from, for messages."""
    return tuple(f"{len(packaged_tables(name))} tables of {PRODUCTS[name]}" for name in SETS)


def is_streamed_to_workspaces(table: str, catalog: Catalog) -> bool:
    """False for the tables of Defender that advanced hunting has and a Log Analytics workspace has not."""
    return table not in packaged_tables("m365") or table in packaged_tables("sentinel") or table not in catalog.tables


def table_columns(table: CustomTable) -> tuple[ColumnSchema, ...]:
    """The columns of a custom table: its own, then those that the service adds to every table."""
    return _with(tuple(_schema(column) for column in table.columns), *LOG_ANALYTICS_COLUMNS, *RESOURCE_COLUMNS)


def watchlist_columns(watchlist: Watchlist) -> tuple[ColumnSchema, ...]:
    """The columns that ``_GetWatchlist`` returns: the service's, then those of the CSV, each of them a string."""
    own = tuple(ColumnSchema(column.name, ScalarType.STRING) for column in watchlist.columns)
    return _with(WATCHLIST_COLUMNS, *own)


def workspace_function(parser: Parser) -> WorkspaceFunction:
    """The function that a parser file saves in the workspace."""
    return WorkspaceFunction(parser.name, parser.signature, parser.query)


def _schema(column: Column) -> ColumnSchema:
    return ColumnSchema(column.name, TYPE_NAMES[column.type])


def _with(columns: tuple[ColumnSchema, ...], *more: ColumnSchema) -> tuple[ColumnSchema, ...]:
    names = {column.name for column in columns}
    return (*columns, *(column for column in more if column.name not in names))
