"""Recorded log records in files: JSON lines, JSON, CSV, and results of the Log Analytics query interface.

A record keeps for each field where it stands, so that a value the table cannot hold is shown at its place.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.content.finding import Finding
from tocsin.content.regular_files import open_file
from tocsin.content.source import Location
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, ScalarType, Value, null_of
from tocsin.testing.problems import problem
from tocsin.testing.values import WrongType, kql_value

if TYPE_CHECKING:
    from _csv import Reader as _CsvReader

MAX_BYTES = 100_000_000
"""Largest sample file that is read: far above what a test needs, far below what a machine cannot hold."""

MAX_VALUES = 5_000_000
"""Most values that are read from one file: each takes some hundred bytes of memory with its place."""

MAX_CELLS = 100_000_000
"""Most values of a table, the nulls of fields that records lack among them: eight bytes each."""

INGESTION_FIELDS = ("_IngestionTime", "$IngestionTime")
"""Fields that say when a record was ingested, for ``ingestion_time()``, where they are no columns of its table. The
second is the name that the service gives the column when somebody exports ``T | extend ingestion_time()``."""

_LESS = "keep the records that are needed; tocsin replay reads whole logs"

_MOST_ADVICE = 100
"""Unknown columns for which a name like theirs is looked for: that takes long, and nobody reads more."""

_COLON = re.compile(r"\s*:")
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

Header = Mapping[str, ScalarType | None]
"""The columns that a file names apart from its records, in order, with their types where it says them."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file holds: records in order, and the columns that it has also without a record."""

    records: tuple[Record, ...]
    header: Header


Contents = tuple[Header, Iterator[Record]]
"""What a reader makes of a text: the header, then the records one after the other."""


class Unreadable(Exception):
    """A sample file that cannot be read; ``finding`` says why and where."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def unreadable(message: str, help: str, location: Location) -> Unreadable:
    """A sample file's error as an exception."""
    return Unreadable(problem("TST101", message, help, location))


def read_samples(path: Path, shown_path: str) -> tuple[Record, ...]:
    """The records of a sample file of a repository in order. ``shown_path`` is its name in messages. Raises Unreadable,
    also for a packed file: nobody sees in a review what it holds."""
    return _recording(path, shown_path, packed=False).records


def read_recording(path: Path, shown_path: str) -> Recording:
    """A file of records, packed with gzip or not. ``shown_path`` is its name in messages. Raises Unreadable."""
    return _recording(path, shown_path, packed=path.suffix.lower() == _PACKED)


def _recording(path: Path, shown_path: str, *, packed: bool) -> Recording:
    start = Location(shown_path, 1, 1)
    ending = (path.with_suffix("") if packed else path).suffix.lower()
    if ending == _PARQUET and not packed:
        from tocsin.testing.parquet_samples import read_parquet

        return read_parquet(path, shown_path)
    reader = _READERS.get(ending)
    if path.is_dir():
        raise unreadable(f"{shown_path} is a folder", "name a file in it", start)
    if reader is None:
        kinds = ", ".join(sorted((*_READERS, _PARQUET)))
        raise unreadable(f'"{"".join(path.suffixes[-2:])}" is not a kind of sample file', f"use one of {kinds}", start)
    data = _bytes_of(path, start, packed=packed)
    text = _text_of(data, start)
    header, found = reader(text, shown_path)
    records: list[Record] = []
    values = 0
    for record in found:
        values += len(record) or 1
        if values > MAX_VALUES:
            raise too_many_values(start)
        records.append(record)
    return Recording(tuple(records), header)


def _bytes_of(path: Path, start: Location, *, packed: bool) -> bytes:
    """The file as it is read, unpacked if it is ``packed``. Raises Unreadable."""
    try:
        with open_file(path) as stream:
            # Packed, a small file may hold more than any memory does: it is unpacked up to the limit.
            data = (gzip.GzipFile(fileobj=stream) if packed else stream).read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise unreadable(
            f"there is no file {start.file}", "check the path; those of samples start at the folder tests", start
        ) from None
    except (OSError, ValueError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise unreadable(
            f"the file cannot be read: {reason}", "check that it is a whole file and may be read", start
        ) from None
    if len(data) > MAX_BYTES:
        raise too_large(start)
    return data


def _text_of(data: bytes, start: Location) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            message, place = "the file is UTF-16 text", start
        else:
            message = "the file is not UTF-8 text"
            place = Location(start.file, data.count(b"\n", 0, error.start) + 1, 1)
        raise unreadable(message, "save it as UTF-8, in PowerShell with -Encoding utf8", place) from None


def too_large(start: Location) -> Unreadable:
    """The error of a file above MAX_BYTES, unpacked."""
    return unreadable(f"the file holds more than {MAX_BYTES:,} bytes, the most that is read", _LESS, start)


def too_many_values(start: Location) -> Unreadable:
    """The error of a file above MAX_VALUES."""
    message = f"the file holds more than {MAX_VALUES:,} values (fields of records), the most that is read"
    return unreadable(message, _LESS, start)


def as_table(columns: Sequence[ColumnSchema], records: Sequence[Record], table: str) -> tuple[Table, list[Finding]]:
    """Records as a table of this schema, in order; fields that a record lacks are null (text: empty).

    A field of :data:`INGESTION_FIELDS` says when the record was ingested. Findings name each other field that the table
    does not have and each value that its column cannot hold.
    """
    types = {column.name: column.type for column in columns}
    findings: list[Finding] = []
    count = len(records)
    # Columns without a value share their nulls: a table of the service has hundreds that nobody recorded.
    nulls: dict[ScalarType, list[Value]] = {}
    data: dict[str, list[Value]] = {}
    ingested: list[int | None] = []
    for number, record in enumerate(records):
        arrived = None
        for name, field in record.items():
            type_ = types.get(name)
            arrives = type_ is None and name in INGESTION_FIELDS
            if arrives:
                type_ = ScalarType.DATETIME
            if type_ is None:
                known = types if len(findings) < _MOST_ADVICE else {}
                findings.append(_unknown_column(name, field, table, known))
                continue
            try:
                value = kql_value(field.value, type_, text_is_json=field.text_is_json)
            except WrongType as error:
                article = "an" if type_ is ScalarType.INT else "a"
                message = f"{table}.{name} is {article} {type_.value}, and {error}"
                findings.append(problem("TST103", message, error.help, field.location))
                continue
            if arrives:
                arrived = value
                continue
            if name not in data:
                if (len(data) + 1) * count > MAX_CELLS:
                    return Table.empty(columns), [*findings, _too_wide(table, len(data), count, field)]
                data[name] = [null_of(type_)] * count
            data[name][number] = value
        ingested.append(arrived)
    for column in columns:
        if column.name not in data and column.type not in nulls:
            nulls[column.type] = [null_of(column.type)] * count
    held = [data.get(column.name) or nulls.get(column.type, []) for column in columns]
    made = Table(tuple(columns), tuple(held), count)
    return (made if ingested.count(None) == count else replace(made, ingested=ingested)), findings


def _too_wide(table: str, columns: int, rows: int, field: Field) -> Finding:
    message = f"{table} would have more than {columns:,} columns of {rows:,} rows, above {MAX_CELLS:,} values"
    help = "give the records the same names, or keep those that the test needs"
    return problem("TST101", message, help, field.name_location or field.location)


def _unknown_column(name: str, field: Field, table: str, types: Mapping[str, Any]) -> Finding:
    near = get_close_matches(name, types, n=1, cutoff=0.6)
    advice = f"did you mean {near[0]}? " if near else ""
    message = f"{table} has no column {name}"
    help = f"{advice}columns are named as in the table, case included"
    return problem("TST102", message, help, field.name_location or field.location)


def _json_lines(text: str, path: str) -> Contents:
    return {}, _records_of_lines(text, path)


def _records_of_lines(text: str, path: str) -> Iterator[Record]:
    # Not splitlines: a JSON string may hold U+2028 and other characters that end a line for Python only.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            # Files that were put together have a byte order mark where the next one began.
            value = _load(line.removeprefix("\ufeff"), path, number)
            yield _record(value, path, _NamePlaces(line, path, number))


def _json(text: str, path: str) -> Contents:
    if _is_lines(text):
        return _json_lines(text, path)
    from tocsin.testing.query_answers import read_answer

    value = _load(text, path, 1)
    answer = read_answer(value, Location(path, 1, 1))
    if answer is not None:
        return answer
    place = _NamePlaces(text, path, 1)
    return {}, (_record(record, path, place) for record in (value if isinstance(value, list) else [value]))


def _is_lines(text: str) -> bool:
    """Whether the first of several lines is an object of its own: an export to a storage account ends in ``.json``.

    Source: https://learn.microsoft.com/azure/azure-monitor/logs/logs-data-export
    """
    first, _, others = text.lstrip().partition("\n")
    if not (others.strip() and first.startswith("{") and first.rstrip().endswith("}")):
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def portal_name(header: str) -> str:
    """The column that a header of the portal's CSV export stands for: it writes ``TimeGenerated [UTC]``."""
    found = _PORTAL_HEADER.fullmatch(header)
    return header if found is None else found.group(1)


def _csv(text: str, path: str) -> Contents:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    with _csv_at(reader, path):
        names = list(map(portal_name, next(filter(None, reader), [])))
    problem = _wrong_header(names)
    if problem:
        raise unreadable(*problem, Location(path, max(1, reader.line_num), 1))
    return dict.fromkeys(names), _csv_records(reader, names, path)


def _wrong_header(names: Sequence[str]) -> tuple[str, str] | None:
    """What keeps the names from being columns, and what to do."""
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice:
        return f'the column "{twice}" is there twice', "keep one of them"
    if "" in names:
        return f"column {names.index('') + 1} of the header has no name", "name it, or leave the column out"
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        return f"the header is one column, {json.dumps(names[0])}", "put commas between the columns"
    return None


def _csv_records(reader: _CsvReader, names: list[str], path: str) -> Iterator[Record]:
    line = reader.line_num + 1
    with _csv_at(reader, path):
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


@contextmanager
def _csv_at(reader: _CsvReader, path: str) -> Iterator[None]:
    """What is no CSV is told with the line that the reader is at."""
    try:
        yield
    except csv.Error as error:
        help = "quote values and double the quotes inside them"
        if "field limit" in str(error):
            help += "; a value that is this long needs JSON lines (.jsonl)"
        raise unreadable(f"not CSV: {error}", help, Location(path, reader.line_num, 1)) from None


def _record(value: Any, path: str, place: Callable[[str], Location]) -> Record:
    if not isinstance(value, dict):
        raise unreadable("a record is a JSON object", 'write {"Column": value, ...}', place(""))
    return {name: Field(item, place(name)) for name, item in value.items()}


class _NamePlaces:
    """Where the names of records stand in a JSON text. Each is looked for from the one before, so that every record
    finds its own, and that all of them take one pass over the text."""

    def __init__(self, text: str, path: str, first_line: int) -> None:
        self._text = text
        self._path = path
        self._at = 0
        self._line = first_line
        self._line_start = 0
        self._missing: set[str] = set()

    def __call__(self, name: str) -> Location:
        """The place of the next field of this name; where there is none, because the text spells it with escapes, the
        line of the field before."""
        at = -1 if name in self._missing else self._next(f'"{name}"')
        if at < 0:
            # What is not in the rest is in no later rest: to look again for each record would take for ever.
            self._missing.add(name)
            return Location(self._path, self._line, 1)
        lines = self._text.count("\n", self._at, at)
        if lines:
            self._line += lines
            self._line_start = self._text.rindex("\n", self._at, at) + 1
        self._at = at + 1
        return Location(self._path, self._line, at - self._line_start + 1)

    def _next(self, quoted: str) -> int:
        at = self._text.find(quoted, self._at)
        while at >= 0 and not _COLON.match(self._text, at + len(quoted)):
            at = self._text.find(quoted, at + 1)
        return at


def _load(text: str, path: str, first_line: int) -> Any:
    """The value of a JSON text that starts on this line. Raises Unreadable."""
    start = Location(path, first_line, 1)
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        place = Location(path, first_line + error.lineno - 1, error.colno)
        raise unreadable(f"not JSON: {error.msg}", "correct the JSON at this place", place) from None
    except _NotStrict as error:
        raise unreadable(f"not JSON: {error}", error.help, start) from None
    except ValueError:
        raise unreadable("not JSON: a number has too many digits", "put it in quotes", start) from None
    except RecursionError:
        raise unreadable("not JSON: nested too deep", "correct the JSON", start) from None


class _NotStrict(ValueError):
    """What Python's reader takes and JSON does not have."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


def _refuse_constant(name: str) -> Any:
    raise _NotStrict(f"{name} is no value", f'put it in quotes: "{name}"')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotStrict(f'"{twice}" is there twice in one object', "keep one of them")
    return made


_PACKED = ".gz"
_PARQUET = ".parquet"
_READERS: dict[str, Callable[[str, str], Contents]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _csv,
}
