"""What a test lays into the workspace: records, rows of watchlists, places of addresses, and times to put them at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from tocsin.content.places import PlacesError, listed_places
from tocsin.content.schema_types import ContentModel, Items, Names, problem

_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,7})?Z")
_OFFSET = re.compile(r"([+-])((?:\d{1,6}[dhms])+)")
_OFFSET_CHARS = 40
_PART = re.compile(r"(\d+)([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_YEARS = range(1900, 3000)
_LONGEST = timedelta(days=3650)
"""Times and distances that a test can mean. What is beyond would leave what a datetime can hold."""
_UTC_HELP = "write UTC such as 2025-07-15T10:00:00Z"

Record = dict[str, Any]
"""A log record: column name to plain value."""


def _is_instant(text: str) -> bool:
    found = _INSTANT.fullmatch(text)
    try:
        return found is not None and datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}").year in _YEARS
    except ValueError:
        return False


def _instant(value: Any) -> Any:
    if isinstance(value, str) and not _is_instant(value):
        raise problem("value", f'"{value}" is not a UTC time', _UTC_HELP)
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or _is_instant(value):
        return value
    offset = offset_of(value)
    if offset is None:
        help = f"{_UTC_HELP}, or a distance with its sign such as -10m, +1h30m"
        raise problem("value", f'"{value}" is no time', help)
    if abs(offset) > _LONGEST:
        raise problem("value", f'"{value}" is longer than ten years', "write a shorter distance")
    return value


def offset_of(text: str) -> timedelta | None:
    """The span of ``-10m`` or ``+1h30m``; None for other text."""
    found = _OFFSET.fullmatch(text)
    if found is None or len(text) > _OFFSET_CHARS:
        return None
    span = sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in _PART.findall(found.group(2))), timedelta())
    return -span if found.group(1) == "-" else span


Instant = Annotated[str, BeforeValidator(_instant), Field(json_schema_extra={"pattern": f"^{_INSTANT.pattern}$"})]
"""A UTC time as text, with up to seven digits of a second."""

Moment = Annotated[
    str,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^(?:{_INSTANT.pattern}|{_OFFSET.pattern})$",
            "examples": ["2025-07-15T10:00:00Z", "-10m", "+1h30m"],
        }
    ),
]
"""A UTC time, or a distance from the case's time: its ``now``, the start of its ``period``, its first moment."""


class RecordSource(ContentModel):
    """Where a record comes from: written here, or one of a sample file."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["file"]}, {"required": ["record"]}]})

    file: str | None = None
    """Sample file, relative to tests/: .jsonl, .json, .csv or a Log Analytics API result."""
    index: Annotated[int, Field(ge=0)] = 0
    """Which record of the file, from 0."""
    record: Record | None = None
    """The record itself."""

    @model_validator(mode="after")
    def _one_of_both(self) -> RecordSource:
        if (self.file is None) == (self.record is None):
            raise problem(
                "value",
                "a record is either a file or written out",
                "write {file: samples/…} or {record: {Column: value}}",
            )
        return self


class Given(ContentModel):
    """What is laid into a table: a named record, changed or not; a record written here; or a sample file."""

    base: str | None = None
    """Name of the record in ``records``."""
    replace: Record = Field(default_factory=dict)
    """Columns of the named record that get another value; null removes the column."""
    record: Record | None = None
    """A record written here."""
    file: str | None = None
    """A sample file, relative to tests/."""
    index: Annotated[int, Field(ge=0)] | None = None
    """Only this record of the file, from 0; all when absent."""
    at: Moment | None = None
    """TimeGenerated of the record. The records of a file keep their distances; the first one is moved here."""
    ingested: Moment | None = None
    """When it reached the workspace; a distance counts from the record's TimeGenerated."""
    times: Annotated[int, Field(ge=2, le=10_000)] | None = None
    """So many of it."""
    every: Moment | None = None
    """With ``times``: the distance of each TimeGenerated from the one before."""

    @model_validator(mode="after")
    def _every_of_several(self) -> Given:
        if self.every is not None and (self.times is None or offset_of(self.every) is None):
            raise problem("value", "every says how far apart several records lie", "write times: 10, every: +1m")
        if self.every is not None and abs(offset_of(self.every) or timedelta()) * (self.times or 0) > _LONGEST:
            raise problem(
                "value", "these records lie further apart than ten years", "write fewer, or a shorter distance"
            )
        return self


_OPTIONS: Final = frozenset(("at", "ingested", "times", "every"))
RESERVED: Final = frozenset(("record", "file", "index", *_OPTIONS))
"""Words that no record can be named."""

_GIVEN_HELP = "write a record's name, {name: {Column: value}}, {record: {…}} or {file: …}"


def _given(value: Any) -> Any:
    """The short forms: ``phish``, ``{phish: {Column: value}, at: -10m}``, ``{record: …}``, ``{file: …}``."""
    if isinstance(value, str):
        return {"base": value}
    if not isinstance(value, dict):
        raise problem("type", f"found {kind_of_value(value)}, wanted a record", _GIVEN_HELP)
    options = {name: value[name] for name in _OPTIONS & value.keys()}
    stated = {name: part for name, part in value.items() if name not in _OPTIONS}
    if "record" in stated or "file" in stated:
        if (
            {"record", "file"} <= stated.keys()
            or not stated.keys() <= {"record", "file", "index"}
            or ("index" in stated and "record" in stated)
        ):
            raise problem(
                "value",
                "a record is either a file or written out",
                "write {file: …, index: 0} or {record: {Column: value}}",
            )
        return value
    if len(stated) == 1:
        ((name, replace),) = stated.items()
        if replace is None or isinstance(replace, dict):
            return {"base": name, "replace": replace or {}, **options}
    raise problem("value", "this does not say which record is meant", _GIVEN_HELP)


_MOMENT_SCHEMA: dict[str, Any] = {"type": "string", "pattern": f"^(?:{_INSTANT.pattern}|{_OFFSET.pattern})$"}
_OPTION_SCHEMAS: dict[str, Any] = {
    "at": {"description": "TimeGenerated: a UTC time, or a distance such as -10m from the case's time."}
    | _MOMENT_SCHEMA,
    "ingested": {"description": "When it reached the workspace: a UTC time, or a distance from its TimeGenerated."}
    | _MOMENT_SCHEMA,
    "times": {"description": "So many of it.", "type": "integer", "minimum": 2, "maximum": 10_000},
    "every": {
        "description": "Distance of each TimeGenerated from the one before.",
        "type": "string",
        "pattern": f"^{_OFFSET.pattern}$",
    },
}
_GIVEN_SCHEMA: dict[str, Any] = {
    "description": "A record's name; {name: {Column: value}} with columns replaced; {record: {…}}; or {file: …}.",
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"file": {"type": "string"}, "index": {"type": "integer", "minimum": 0}, **_OPTION_SCHEMAS},
            "required": ["file"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"record": {"type": "object"}, **_OPTION_SCHEMAS},
            "required": ["record"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1 + len(_OPTIONS),
            "not": {"anyOf": [{"required": [name]} for name in ("file", "record", "index")]},
            "properties": _OPTION_SCHEMAS,
            "additionalProperties": {"type": ["object", "null"]},
        },
    ],
}
GivenRecord = Annotated[Given, BeforeValidator(_given), WithJsonSchema(_GIVEN_SCHEMA)]
Rows = Items[Record]
WatchlistRows = Names[Rows]


def _external(value: Any) -> Any:
    return {"rows": value} if isinstance(value, list) else value


class ExternalRows(ContentModel):
    """What ``externaldata`` finds at an address: rows written here, or a sample file."""

    rows: Rows | None = None
    """The rows, column by column."""
    file: str | None = None
    """Sample file, relative to tests/."""

    @model_validator(mode="after")
    def _one_of_both(self) -> ExternalRows:
        if (self.rows is None) == (self.file is None):
            raise problem("value", "rows are written here or come from a file", "write [{Column: value}] or {file: …}")
        return self


_EXTERNAL_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "array", "items": {"type": "object"}},
        {
            "type": "object",
            "properties": {"file": {"type": "string"}},
            "required": ["file"],
            "additionalProperties": False,
        },
    ]
}
External = Names[Annotated[ExternalRows, BeforeValidator(_external), WithJsonSchema(_EXTERNAL_SCHEMA)]]


def _place(value: Any) -> Any:
    if isinstance(value, Mapping):
        try:
            listed_places({"203.0.113.7": value})
        except PlacesError as error:
            raise problem(
                "value",
                str(error).replace(" of 203.0.113.7", "").replace(" (203.0.113.7)", ""),
                "a place has country, state, city (text), latitude, longitude (numbers)",
            ) from None
    return value


_PLACE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("country", "state", "city")},
        **{name: {"type": "number"} for name in ("latitude", "longitude")},
    },
    "additionalProperties": False,
}


def _networks(value: Any) -> Any:
    for network in value if isinstance(value, Mapping) else ():
        try:
            listed_places({network: {}})
        except PlacesError as error:
            raise problem("value", str(error), "write an address or a network such as 203.0.113.0/24") from None
    return value


Places = Annotated[
    Names[Annotated[dict[str, Any], BeforeValidator(_place), WithJsonSchema(_PLACE_SCHEMA)]], BeforeValidator(_networks)
]


class Fixture(ContentModel):
    """What several test files share: a file below tests/fixtures."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    records: Names[RecordSource] = Field(default_factory=dict)
    """Named records that cases build on."""
    watchlists: WatchlistRows = Field(default_factory=dict)
    """Rows of watchlists."""
    external: External = Field(default_factory=dict)
    """Rows that externaldata finds, by address."""
    places: Places = Field(default_factory=dict)
    """Where addresses are, for geo_info_from_ip_address: by address or network."""


def kind_of_value(value: Any) -> str:
    """What a plain value is, in words."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return names.get(type(value), "nothing")
