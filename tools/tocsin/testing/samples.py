"""Recorded log records in files: JSON lines, JSON, CSV, and results of the Log Analytics query interface.

A record keeps for each field where it stands, so that a value the table cannot hold is shown at its place.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Location
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, Value, null_of
from tocsin.testing.values import WrongType, kql_value

_PORTAL_HEADER = re.compile(r"(.+) \[[^\]]+\]")


@dataclass(frozen=True, slots=True)
class Field:
    """A recorded value as its file holds it.

    ``name_location`` is where the field's name stands when that is another place than the value's;
    ``text_is_json``: a dynamic would be JSON text here.
    """

    value: Any
    location: Location
    text_is_json: bool = False
    name_location: Location | None = None


Record = Mapping[str, Field]
"""A recorded log record: its fields by column name."""


class Unreadable(Exception):
    """A sample file that cannot be read; ``finding`` says why and where."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def unreadable(message: str, help: str, location: Location) -> Unreadable:
    """A sample file's error as an exception."""
    return Unreadable(Finding("TST101", "sample.unreadable", Level.ERROR, message, help, location))


def read_samples(path: Path, shown_path: str) -> tuple[Record, ...]:
    """The records of a sample file in order. ``shown_path`` is its name in messages. Raises Unreadable."""
    start = Location(shown_path, 1, 1)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise unreadable(
            f'"{path.suffix}" is not a kind of sample file', f"use one of {', '.join(sorted(_READERS))}", start
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise unreadable(
            f"there is no file {shown_path}", "paths of samples start at the folder tests", start
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(f"{shown_path} cannot be read: {error}", "save it as UTF-8 text", start) from None
    return tuple(reader(text, shown_path))


def as_table(columns: Sequence[ColumnSchema], records: Sequence[Record], table: str) -> tuple[Table, list[Finding]]:
    """Records as a table of this schema, in order; fields that a record lacks are null (text: empty).

    Findings name each field that the table does not have and each value that its column cannot hold.
    """
    types = {column.name: column.type for column in columns}
    findings: list[Finding] = []
    rows: list[list[Value]] = []
    for record in records:
        row = {column.name: null_of(column.type) for column in columns}
        for name, field in record.items():
            type_ = types.get(name)
            if type_ is None:
                findings.append(_unknown_column(name, field, table, types))
                continue
            try:
                row[name] = kql_value(field.value, type_, text_is_json=field.text_is_json)
            except WrongType as error:
                message = f"{table}.{name} is a {type_.value}, and {error}"
                findings.append(
                    Finding("TST103", "sample.wrong-type", Level.ERROR, message, error.help, field.location)
                )
        rows.append(list(row.values()))
    return Table.from_rows(columns, rows), findings


def _unknown_column(name: str, field: Field, table: str, types: Mapping[str, Any]) -> Finding:
    near = get_close_matches(name, types, n=1, cutoff=0.6)
    advice = f"did you mean {near[0]}? " if near else ""
    message = f"{table} has no column {name}"
    return Finding(
        "TST102",
        "sample.unknown-column",
        Level.ERROR,
        message,
        f"{advice}columns are named as in the table, case included",
        field.name_location or field.location,
    )


def _json_lines(text: str, path: str) -> Iterator[Record]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError as error:
                raise _not_json(error, path, number) from None
            yield _record(value, path, partial(_key_place, path, number, line))


def _json(text: str, path: str) -> Iterator[Record]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_json(error, path, 1) from None
    lines = text.splitlines()
    if isinstance(value, dict) and isinstance(value.get("tables"), list):
        yield from _query_result(value, path)
        return
    # Names are looked for from the line of the field before, so that each record finds its own.
    at = [0]

    def place(name: str) -> Location:
        for number in range(at[0], len(lines)):
            if f'"{name}"' in lines[number]:
                at[0] = number
                return _key_place(path, number + 1, lines[number], name)
        return Location(path, at[0] + 1, 1)

    for record in value if isinstance(value, list) else [value]:
        yield _record(record, path, place)


def _query_result(value: dict[str, Any], path: str) -> Iterator[Record]:
    """``{"tables": [{"columns": [{"name", "type"}], "rows": [[...]]}]}``: the first table's rows.

    Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
    """
    start = Location(path, 1, 1)
    try:
        result = value["tables"][0]
        names = [column["name"] for column in result["columns"]]
        rows = [list(row) for row in result["rows"]]
    except (KeyError, IndexError, TypeError):
        raise unreadable(
            "the query result has no columns and rows", "save the whole answer of the query interface", start
        ) from None
    for row in rows:
        yield {name: Field(item, start, text_is_json=True) for name, item in zip(names, row, strict=False)}


def _csv(text: str, path: str) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        # The portal's export writes the time zone behind the name: "TimeGenerated [UTC]".
        names = [found.group(1) if (found := _PORTAL_HEADER.fullmatch(name)) else name for name in header]
        line = reader.line_num + 1
        for row in reader:
            if row:
                if len(row) != len(names):
                    raise unreadable(
                        f"this line has {len(row)} values, the header {len(names)} columns",
                        "put values that hold a comma in quotes",
                        Location(path, line, 1),
                    )
                place = Location(path, line, 1)
                yield {name: Field(item, place, text_is_json=True) for name, item in zip(names, row, strict=True)}
            line = reader.line_num + 1
    except csv.Error as error:
        raise unreadable(
            f"not CSV: {error}", "quote values and double the quotes inside them", Location(path, reader.line_num, 1)
        ) from None


def _record(value: Any, path: str, place: Callable[[str], Location]) -> Record:
    if not isinstance(value, dict):
        raise unreadable("a record is a JSON object", 'write {"Column": value, ...}', place(""))
    return {name: Field(item, place(name)) for name, item in value.items()}


def _key_place(path: str, number: int, line: str, name: str) -> Location:
    return Location(path, number, max(line.find(f'"{name}"'), 0) + 1)


def _not_json(error: Exception, path: str, first_line: int) -> Unreadable:
    if isinstance(error, json.JSONDecodeError):
        place = Location(path, first_line + error.lineno - 1, error.colno)
        return unreadable(f"not JSON: {error.msg}", "correct the JSON at this place", place)
    return unreadable("not JSON: nested too deep", "correct the JSON", Location(path, first_line, 1))


_READERS: dict[str, Callable[[str, str], Iterator[Record]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _csv,
}
