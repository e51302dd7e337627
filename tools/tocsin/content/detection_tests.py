"""Test files of detections: samples in, alerts and rows out."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

from tocsin.content.detections import EntityType, Severity, Tactic
from tocsin.content.schema_types import ContentModel, Items, Names, SomeItems, problem

_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,7})?Z")
Record = dict[str, Any]
"""A log record: column name to plain value."""


def _instant(value: Any) -> Any:
    help = "write UTC such as 2025-07-15T10:00:00Z"
    if not isinstance(value, str):
        return value
    found = _INSTANT.fullmatch(value)
    try:
        if found is None or datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}") is None:
            raise ValueError
    except ValueError:
        raise problem("value", f'"{value}" is not a UTC time', help) from None
    return value


Instant = Annotated[str, BeforeValidator(_instant), Field(json_schema_extra={"pattern": f"^{_INSTANT.pattern}$"})]
"""A UTC time as text, with up to seven digits of a second."""


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


def _given(value: Any) -> Any:
    """The short forms people write: ``phish``, ``{phish: {Column: value}}``, ``{record: …}``, ``{file: …}``."""
    if isinstance(value, str):
        return {"base": value}
    if not isinstance(value, dict):
        raise problem(
            "type",
            f"found {_kind(value)}, wanted a record",
            "write a record's name, {name: {Column: value}}, {record: {…}} or {file: …}",
        )
    if "record" in value or "file" in value:
        if (
            {"record", "file"} <= value.keys()
            or not value.keys() <= {"record", "file", "index"}
            or ("index" in value and "record" in value)
        ):
            raise problem(
                "value",
                "a record is either a file or written out",
                "write {file: …, index: 0} or {record: {Column: value}}",
            )
        return value
    if len(value) == 1:
        ((name, replace),) = value.items()
        if replace is None or isinstance(replace, dict):
            return {"base": name, "replace": replace or {}}
    raise problem(
        "value",
        "this does not say which record is meant",
        "write a record's name, {name: {Column: value}}, {record: {…}} or {file: …}",
    )


_GIVEN_SCHEMA: dict[str, Any] = {
    "description": "A record's name; {name: {Column: value}} with columns replaced; {record: {…}}; or {file: …}.",
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"file": {"type": "string"}, "index": {"type": "integer", "minimum": 0}},
            "required": ["file"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"record": {"type": "object"}},
            "required": ["record"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"not": {"enum": ["file", "record", "index"]}},
            "additionalProperties": {"type": ["object", "null"]},
        },
    ],
}
GivenRecord = Annotated[Given, BeforeValidator(_given), WithJsonSchema(_GIVEN_SCHEMA)]
WatchlistRows = Names[Items[Record]]


class ExpectedAlert(ContentModel):
    """What is stated of one alert; what is not stated is not checked."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    title: str | None = None
    """Title of the alert."""
    severity: Severity | None = None
    """Severity of the alert."""
    description: str | None = None
    """Description of the alert."""
    tactics: Annotated[tuple[Tactic, ...], Field(strict=False)] | None = None
    """Tactics of the alert, in any order."""
    entities: dict[EntityType, Items[Record]] | None = None
    """Entities that must be there, by type, each with at least these identifiers."""
    custom_details: Record | None = None
    """Custom details that must be there: a value or a list of values."""

    @model_validator(mode="after")
    def _states_something(self) -> ExpectedAlert:
        if not self.model_fields_set:
            raise problem(
                "asserts-nothing",
                "this expected alert states nothing",
                "state a title, severity, entities …, or write the number of alerts",
            )
        return self


def _count_or_list(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "count"


def _alert_count(value: Any) -> Any:
    if value == "none":
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise problem(
            "type",
            f"found {_kind(value)}, wanted a number of alerts, none, or a list of alerts",
            "write alerts: 1, alerts: none, or a list",
        )
    return value


def _row_count(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise problem(
            "type",
            f"found {_kind(value)}, wanted a number of rows or a list of rows",
            "write rows: 2, or a list of {Column: value}",
        )
    return value


def _kind(value: Any) -> str:
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return names.get(type(value), "nothing")


ExpectedAlerts = Annotated[
    Annotated[
        int, Field(ge=0), BeforeValidator(_alert_count),
        WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"const": "none"}]}), Tag("count"),
    ]
    | Annotated[tuple[ExpectedAlert, ...], Field(strict=False), Tag("list")],
    Discriminator(_count_or_list),
]  # fmt: skip
ExpectedRows = Annotated[
    Annotated[
        int, Field(ge=0), BeforeValidator(_row_count), WithJsonSchema({"type": "integer", "minimum": 0}), Tag("count")
    ]
    | Annotated[tuple[Record, ...], Field(strict=False), Tag("list")],
    Discriminator(_count_or_list),
]


class Expectation(ContentModel):
    """What must come of a case."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["alerts"]}, {"required": ["rows"]}]})

    alerts: ExpectedAlerts | None = None
    """Number of alerts, none, or what each alert looks like. ``none`` is read as 0."""
    rows: ExpectedRows | None = None
    """Number of result rows, or the columns of each row that matter."""

    @model_validator(mode="after")
    def _states_something(self) -> Expectation:
        if self.alerts is None and self.rows is None:
            raise problem("asserts-nothing", "this case checks nothing", "state expect.alerts or expect.rows")
        return self


class TestCase(ContentModel):
    """One situation and what must come of it."""

    __test__ = False

    name: Annotated[str, Field(min_length=1)]
    """What happens here, as a sentence."""
    now: Instant | None = None
    """Time of the run, when it differs from the file's."""
    given: Names[Items[GivenRecord]] = Field(default_factory=dict)
    """Records in each table."""
    watchlists: WatchlistRows | None = None
    """Rows of watchlists, replacing the file's alias by alias."""
    expect: Expectation
    """What must come of it."""


class TestFile(ContentModel):
    """Test cases of one detection."""

    __test__ = False

    detection: Annotated[str, Field(min_length=1)]
    """Path of the detection below detections/, without .yaml."""
    now: Instant
    """Time of the run: now() in the query."""
    watchlists: WatchlistRows = Field(default_factory=dict)
    """Rows of watchlists in all cases. An alias not named here is empty."""
    records: Names[RecordSource] = Field(default_factory=dict)
    """Named records that cases build on."""
    cases: SomeItems[TestCase]
    """The test cases."""
