"""What names a query may use: tables, workspace functions and watchlists. No I/O: others fill it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.kql.types import ColumnSchema


@dataclass(frozen=True, slots=True)
class WorkspaceFunction:
    """A function saved in the workspace (a Sentinel parser).

    ``parameters`` is the declaration as KQL writes it, with brackets: ``(domain:string, n:long=1, T:(*))``.
    ``body`` is the KQL text without braces.

    ``runs`` is False for a function of the service itself, of which only the result's columns are known: ``body`` then
    has those columns, calls bind, and the local engine refuses them. ``any_arguments``: nor are its parameters known.
    ``of_rows``: it tells of the rows of the table that it is given; without any, its result is known.
    """

    name: str
    parameters: str
    body: str
    runs: bool = True
    any_arguments: bool = False
    of_rows: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """The tables, functions and watchlists that a query is bound against. Names are case-sensitive.

    ``watchlists`` maps an alias to the columns of its items; the columns that ``_GetWatchlist`` adds of itself
    (``_DTItemId``, ``LastUpdatedTimeUTC``, ``SearchKey``, ``WatchlistItem``) are part of them. An alias that is not
    here binds to those four columns alone, as an open table.

    ``external`` are the addresses that ``externaldata`` may read from, because rows for them are given when the query
    runs. Nothing is ever read from the network: an ``externaldata`` of any other address is refused.

    ``places``: where addresses are will be told when the query runs (``PreparedQuery.run(places=…)``).

    ``as_service``: answer as Microsoft's language service does with this catalogue, also where a workspace is known to
    do otherwise (``docs/kql.md`` lists where). Such an analysis is for comparing and never has a plan.

    ``searched`` says in words where the tables come from, and ``elsewhere`` what a name is that another product has
    ("a table of Defender XDR"); both are for messages about names that are not known here. ``log_analytics``: warn of
    functions that Azure Data Explorer has and a Log Analytics workspace has not.
    """

    tables: Mapping[str, tuple[ColumnSchema, ...]] = field(default_factory=dict)
    functions: Mapping[str, WorkspaceFunction] = field(default_factory=dict)
    watchlists: Mapping[str, tuple[ColumnSchema, ...]] = field(default_factory=dict)
    external: frozenset[str] = frozenset()
    places: bool = False
    as_service: bool = False
    searched: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    log_analytics: bool = False


EMPTY_CATALOG = Catalog()
