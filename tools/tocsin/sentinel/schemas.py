"""The packaged table schemas of Microsoft Sentinel and Microsoft Defender, read only as far as they are used.

The files are written by ``tools/build_schemas.py`` from Microsoft's public table reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from tocsin.kql.types import ColumnSchema, ScalarType

PRODUCTS = {"sentinel": "Log Analytics and Microsoft Sentinel", "m365": "Defender XDR"}
"""The schema sets and whose tables they hold."""

SETS = tuple(PRODUCTS)


class PackagedTables(Mapping[str, tuple[ColumnSchema, ...]]):
    """The tables of a schema set by name. A table's columns are made when they are first asked for.

    A line of ``text`` is a table: its name, then its columns. A second line of the same name gives it more of them.
    ``extra`` are columns that every table of the set has, put behind its own unless it names them itself.
    """

    def __init__(self, text: str, extra: tuple[ColumnSchema, ...] = ()) -> None:
        self._lines: dict[str, str] = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, _, columns = line.partition(" ")
                self._lines[name] = f"{self._lines[name]} {columns}" if name in self._lines else columns
        self._extra = extra
        self._made: dict[str, tuple[ColumnSchema, ...]] = {}

    def __getitem__(self, name: str) -> tuple[ColumnSchema, ...]:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(self._lines[name])
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def _make(self, columns: str) -> tuple[ColumnSchema, ...]:
        own = []
        for word in columns.split():
            column, _, type_ = word.partition(":")
            own.append(ColumnSchema(column, ScalarType(type_ or "string")))
        names = {column.name for column in own}
        return (*own, *(column for column in self._extra if column.name not in names))


@cache
def packaged_tables(name: str) -> PackagedTables:
    """The schema set ``sentinel`` (Log Analytics) or ``m365`` (Defender advanced hunting)."""
    return PackagedTables(_text(f"tables.{name}.txt"), LOG_ANALYTICS_COLUMNS if name == "sentinel" else ())


@cache
def workspace_tables() -> PackagedTables:
    """The schema set ``sentinel`` with the columns that Microsoft's table reference leaves out.

    A workspace has them: queries of its own solutions use them, ``W3CIISLog.sComputerName`` for one. Source: the table
    schemas that https://github.com/Azure/Azure-Sentinel checks its rules against (``.script/tests``).
    """
    listed, unlisted = _text("tables.sentinel.txt"), _text("unlisted.sentinel.txt")
    return PackagedTables(listed + unlisted, LOG_ANALYTICS_COLUMNS)


def _text(name: str) -> str:
    return files("tocsin.sentinel").joinpath("data", name).read_text(encoding="utf-8")


def _columns(**types: ScalarType) -> tuple[ColumnSchema, ...]:
    return tuple(ColumnSchema(name, type_) for name, type_ in types.items())


LOG_ANALYTICS_COLUMNS = _columns(
    TenantId=ScalarType.STRING,
    Type=ScalarType.STRING,
    _ItemId=ScalarType.STRING,
    _TimeReceived=ScalarType.DATETIME,
    _IsBillable=ScalarType.STRING,
    _BilledSize=ScalarType.REAL,
)
"""Columns that every table of a workspace has.

Source: https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns
"""

RESOURCE_COLUMNS = _columns(_ResourceId=ScalarType.STRING, _SubscriptionId=ScalarType.STRING)
"""Columns of tables whose records come from an Azure resource, custom tables among them (same source)."""

WATCHLIST_COLUMNS = _columns(
    _DTItemId=ScalarType.STRING,
    LastUpdatedTimeUTC=ScalarType.DATETIME,
    SearchKey=ScalarType.STRING,
    WatchlistItem=ScalarType.DYNAMIC,
)
"""What ``_GetWatchlist`` gives besides the columns of the CSV.

Source: https://learn.microsoft.com/azure/sentinel/watchlists-queries
"""
