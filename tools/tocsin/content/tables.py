"""Watchlists and custom tables: named data with typed columns."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator

from tocsin.content.detections import TocsinExtension
from tocsin.content.schema_types import ContentModel, SomeItems, Text, problem

ColumnType = Literal["string", "int", "long", "real", "bool", "datetime", "guid", "dynamic", "timespan", "decimal"]

# Names of the table and ingestion APIs for what KQL calls otherwise.
_API_TYPES = {"boolean": "bool", "dateTime": "datetime", "double": "real", "uuid": "guid"}


def _column_type(value: Any) -> Any:
    return _API_TYPES.get(value, value) if isinstance(value, str) else value


Typed = Annotated[
    ColumnType,
    BeforeValidator(_column_type),
    WithJsonSchema({"type": "string", "enum": [*ColumnType.__args__, *_API_TYPES]}),
]
"""A column type by its KQL name; the names of the Azure API (boolean, dateTime) are understood."""


class Column(ContentModel):
    """A column of a watchlist or table."""

    name: Annotated[str, Field(min_length=1)]
    """Name of the column. Case counts."""
    type: Typed = "string"
    """KQL type of the column."""
    description: Text = ""
    """What the column holds."""


def _unique_columns(columns: tuple[Column, ...]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise problem("duplicate", f'the column "{column.name}" is listed twice', "keep one of them")
        seen.add(column.name)


class Watchlist(ContentModel):
    """Metadata of a watchlist; its rows are in the CSV file of the same name beside it."""

    alias: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{1,62}[A-Za-z0-9]$")]
    """Name in queries: _GetWatchlist('alias'). 3 to 64 letters, digits, - and _."""
    display_name: Annotated[str, Field(min_length=1)]
    """Name in the portal."""
    description: Text = ""
    """What the list holds and who keeps it."""
    provider: str = "tocsin"
    """Who provides the list."""
    source: str | None = None
    """Name of the source file that the portal shows; the CSV's name when absent."""
    items_search_key: str
    """Column that queries join or look up by; the service indexes it as SearchKey."""
    columns: SomeItems[Column]
    """Columns of the CSV, in any order."""
    extension: Annotated[TocsinExtension, Field(alias="x-tocsin")] = TocsinExtension()
    """tocsin's own additions: owner, references, lint settings."""

    @model_validator(mode="after")
    def _key_is_a_column(self) -> Watchlist:
        _unique_columns(self.columns)
        names = [column.name for column in self.columns]
        if self.items_search_key not in names:
            raise problem(
                "value",
                f'itemsSearchKey "{self.items_search_key}" is no column of the list',
                f"name one of: {', '.join(names)}",
            )
        return self


_TIME_COLUMN: dict[str, JsonValue] = {
    "properties": {"name": {"const": "TimeGenerated"}, "type": {"enum": ["datetime", "dateTime"]}},
    "required": ["name", "type"],
}


class CustomTable(ContentModel):
    """A custom log table."""

    model_config = ConfigDict(json_schema_extra={"allOf": [{"properties": {"columns": {"contains": _TIME_COLUMN}}}]})

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,59}_CL$")]
    """Name of the table; ends in _CL."""
    description: Text = ""
    """What the table holds and what fills it."""
    retention_in_days: Annotated[int, Field(ge=4, le=730)] | None = None
    """Days of interactive retention, 4 to 730; the workspace's default when absent."""
    total_retention_in_days: Annotated[int, Field(ge=4, le=4383)] | None = None
    """Days of interactive and long-term retention together, 4 to 4383."""
    plan: Literal["Analytics", "Basic", "Auxiliary"] = "Analytics"
    """Table plan. Analytics rules need Analytics."""
    columns: SomeItems[Column]
    """Columns of the table; TimeGenerated (datetime) is required."""
    extension: Annotated[TocsinExtension, Field(alias="x-tocsin")] = TocsinExtension()
    """tocsin's own additions: owner, references, lint settings."""

    @model_validator(mode="after")
    def _has_its_time(self) -> CustomTable:
        _unique_columns(self.columns)
        if not any(column.name == "TimeGenerated" and column.type == "datetime" for column in self.columns):
            raise problem(
                "missing-field",
                "the table has no column TimeGenerated of type datetime",
                "add {name: TimeGenerated, type: datetime}",
            )
        return self
