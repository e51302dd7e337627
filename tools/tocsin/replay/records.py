"""Records of log files, a few thousand at a time: JSON lines, JSON, CSV, Parquet, packed with gzip or not.

What is broken is noted with its place and left out; the rest of the file is read.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

from tocsin.content.source import Location
from tocsin.replay.problems import Problems
from tocsin.replay.sources import LogFile
from tocsin.testing.samples import portal_name

BATCH: Final = 4_000
"""Records that are held as read; what is kept of them is held by column."""
MOST_JSON: Final = 512_000_000
"""Bytes of a .json file that is one value: it is read as a whole."""
_LONGEST_LINE: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in the order of their file. ``lines[i]`` is where record i stands (from 1; of Parquet the row).

    ``text_is_json``: a dynamic is JSON text here.
    """

    records: Sequence[Mapping[str, Any]]
    lines: Sequence[int]
    text_is_json: bool = False


Advance = Callable[[int], None]
"""Told how many bytes of a file are read so far."""


class MissingLibrary(Exception):
    """A file needs a library that is not installed; the text says which, and how it is installed."""


def read_batches(file: LogFile, wanted: frozenset[str], problems: Problems, advance: Advance) -> Iterator[Batch]:
    """The records of a file. ``wanted`` are the columns that are read of files that hold them by column.

    Raises MissingLibrary.
    """
    try:
        yield from _READERS[file.ending](file, wanted, problems, advance)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        _unreadable(problems, file, 1, f"the file cannot be read: {reason}", "check that it is whole and may be read")


def _unreadable(problems: Problems, file: LogFile, line: int, message: str, help: str) -> None:
    problems.add("RPL001", message, help, Location(file.shown, line, 1))


class _Opened:
    """A file that may be packed, and how much of it is read."""

    def __init__(self, file: LogFile, advance: Advance) -> None:
        self._raw = file.path.open("rb")
        self.stream: BinaryIO = cast(BinaryIO, gzip.GzipFile(fileobj=self._raw)) if file.packed else self._raw
        self._advance = advance

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def tell(self) -> None:
        """Say how far the reading is."""
        self._advance(self._raw.tell())


def _json_lines(file: LogFile, wanted: frozenset[str], problems: Problems, advance: Advance) -> Iterator[Batch]:
    with _Opened(file, advance) as opened:
        yield from _batches_of_lines(file, opened, problems, b"")


def _batches_of_lines(file: LogFile, opened: _Opened, problems: Problems, before: bytes) -> Iterator[Batch]:
    records: list[Mapping[str, Any]] = []
    lines: list[int] = []
    number = 0
    loads = json.loads
    while True:
        line = before or opened.stream.readline(_LONGEST_LINE)
        before = b""
        if not line:
            break
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            record = loads(line)
        except (ValueError, RecursionError) as error:
            if line.strip():
                reason = getattr(error, "msg", None) or str(error)
                _unreadable(problems, file, number, f"not JSON: {reason}", "each line is one JSON object")
            continue
        if type(record) is not dict:
            _unreadable(problems, file, number, "a record is a JSON object", 'write {"Column": value, ...}')
            continue
        records.append(record)
        lines.append(number)
        if len(records) == BATCH:
            yield Batch(records, lines)
            opened.tell()
            records, lines = [], []
    yield Batch(records, lines)
    opened.tell()


def _json(file: LogFile, wanted: frozenset[str], problems: Problems, advance: Advance) -> Iterator[Batch]:
    """A list of records, an answer of the query interface, one record, or (as data export writes) one on each line."""
    with _Opened(file, advance) as opened:
        first = opened.stream.readline(_LONGEST_LINE)
        if _is_record(first):
            yield from _batches_of_lines(file, opened, problems, first)
            return
        data = first + opened.stream.read(MOST_JSON)
        opened.tell()
    if len(data) > MOST_JSON:
        help = "write one record on each line (.jsonl)"
        _unreadable(problems, file, 1, f"one JSON value of more than {MOST_JSON:,} bytes", help)
        return
    try:
        value = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        _unreadable(problems, file, line, f"not JSON: {getattr(error, 'msg', error)}", "correct the JSON at this place")
        return
    if isinstance(value, dict) and isinstance(value.get("tables"), list):
        yield from _query_result(file, value, problems)
        return
    found = value if isinstance(value, list) else [value]
    records = [one for one in found if isinstance(one, dict)]
    if len(records) < len(found):
        _unreadable(problems, file, 1, f"{len(found) - len(records)} of the values are no JSON objects", "remove them")
    # The place of a record in a list that is read as a whole is not known.
    yield from (Batch(part, [1] * len(part)) for part in _parts(records))


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict) and b'"tables"' not in line[:20]
    except (ValueError, RecursionError):
        return False


def _parts(records: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(records), BATCH):
        yield records[start : start + BATCH]


def _query_result(file: LogFile, value: dict[str, Any], problems: Problems) -> Iterator[Batch]:
    """``{"tables": [{"columns": [{"name", "type"}], "rows": [[...]]}]}``: the first table's rows.

    Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
    """
    try:
        result = value["tables"][0]
        names = [str(column["name"]) for column in result["columns"]]
        rows = [dict(zip(names, row, strict=True)) for row in result["rows"]]
    except (KeyError, IndexError, TypeError, ValueError):
        help = "save the whole answer of the query interface"
        _unreadable(problems, file, 1, "the query result has no columns and rows that fit each other", help)
        return
    yield from (Batch(part, [1] * len(part), text_is_json=True) for part in _parts(rows))


def _csv(file: LogFile, wanted: frozenset[str], problems: Problems, advance: Advance) -> Iterator[Batch]:
    with _Opened(file, advance) as opened:
        text = io.TextIOWrapper(opened.stream, encoding="utf-8-sig", newline="")
        reader = csv.reader(text, strict=True)
        try:
            names = [portal_name(name) for name in next(reader, [])]
            records: list[Mapping[str, Any]] = []
            lines: list[int] = []
            line = reader.line_num + 1
            for row in reader:
                if len(row) == len(names):
                    records.append(dict(zip(names, row, strict=True)))
                    lines.append(line)
                elif row:
                    message = f"this line has {len(row)} values, the header {len(names)} columns"
                    _unreadable(problems, file, line, message, "put values that hold a comma in quotes")
                line = reader.line_num + 1
                if len(records) == BATCH:
                    yield Batch(records, lines, text_is_json=True)
                    opened.tell()
                    records, lines = [], []
            yield Batch(records, lines, text_is_json=True)
        except csv.Error as error:
            help = "quote values and double the quotes inside them"
            _unreadable(problems, file, reader.line_num, f"not CSV: {error}", help)
        except UnicodeDecodeError:
            _unreadable(problems, file, reader.line_num, "the file is not UTF-8 text", "save it as UTF-8")
        finally:
            text.detach()
        opened.tell()


def _parquet(file: LogFile, wanted: frozenset[str], problems: Problems, advance: Advance) -> Iterator[Batch]:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise MissingLibrary(f'{file.shown} needs pyarrow: pip install "tocsin[parquet]"') from None
    if file.packed:
        _unreadable(problems, file, 1, "Parquet files are packed inside, not with gzip", "unpack the file")
        return
    try:
        with file.path.open("rb") as stream, parquet.ParquetFile(stream) as opened:
            present = [name for name in opened.schema_arrow.names if name in wanted]
            groups = max(1, opened.num_row_groups)
            number = 1
            for group in range(opened.num_row_groups):
                for piece in opened.iter_batches(BATCH, row_groups=[group], columns=present):
                    columns = [_plain(piece.column(i)) for i in range(piece.num_columns)]
                    rows = [dict(zip(present, row, strict=True)) for row in zip(*columns, strict=True)]
                    yield Batch(rows, range(number, number + len(rows)))
                    number += piece.num_rows
                advance(file.size * (group + 1) // groups)
    except (arrow.ArrowException, ValueError) as error:
        _unreadable(problems, file, 1, f"not Parquet: {error}", "write the file anew")


def _plain(column: Any) -> list[Any]:
    """A column's values as JSON would have them; times as text with all their digits, as UTC."""
    import pyarrow as arrow
    from pyarrow import compute

    kind = column.type
    if arrow.types.is_timestamp(kind):
        texts: list[Any] = compute.strftime(column.cast(arrow.timestamp("ns")), format="%Y-%m-%dT%H:%M:%S").to_pylist()
        return [None if text is None else f"{text[:27]}Z" for text in texts]
    if arrow.types.is_dictionary(kind):
        column = column.dictionary_decode()
    if arrow.types.is_decimal(kind) or arrow.types.is_temporal(kind):
        column = column.cast(arrow.string())
    values: list[Any] = column.to_pylist()
    return values


_READERS: Mapping[str, Callable[[LogFile, frozenset[str], Problems, Advance], Iterator[Batch]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
}
