"""Records of a Parquet file, with the library ``pyarrow`` (extra ``parquet``)."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tocsin.content.regular_files import open_file
from tocsin.content.source import Location
from tocsin.kql.literals import format_datetime, format_timespan
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    INT,
    LONG,
    REAL,
    TICKS_PER_DAY,
    TICKS_PER_SECOND,
    TIMESPAN,
    ScalarType,
)
from tocsin.testing.samples import (
    MAX_BYTES,
    MAX_VALUES,
    Field,
    Record,
    Recording,
    too_large,
    too_many_values,
    unreadable,
)

_UNIX_EPOCH = 621_355_968_000_000_000

_MOST_ROWS = 65_536
_ROOM = 2_000_000_000
"""Rows that are unpacked at once, and bytes that they may take if each value were as large as all that is stored."""

_DECIMAL_DIGITS = 34
"""Of KQL's decimal."""

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def read_parquet(path: Path, shown_path: str) -> Recording:
    """The rows in order, their values as JSON would have them, and the columns. Raises Unreadable."""
    start = Location(shown_path, 1, 1)
    if find_spec("pyarrow") is None:
        raise unreadable("Parquet needs the library 'pyarrow'", "pip install 'tocsin[parquet]'", start)
    import pyarrow
    import pyarrow.parquet

    try:
        # Of a path the library would make an address, and columns of folders that are named like a=1.
        with open_file(path) as stream, pyarrow.parquet.ParquetFile(stream) as file:
            header = {str(column.name): _kql_type(column.type) for column in file.schema_arrow}
            return Recording(tuple(_records(file, start)), header)
    except FileNotFoundError:
        raise unreadable(f"there is no file {shown_path}", "check the path", start) from None
    except (OSError, pyarrow.ArrowException) as error:
        raise unreadable(f"not Parquet: {error}", "check that it is a whole Parquet file", start) from None


def _records(file: Any, start: Location) -> Iterator[Record]:
    names = [str(name) for name in file.schema_arrow.names]
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise unreadable(f'the column "{twice}" is there twice', "keep one of them", start)
    if file.metadata.num_rows * len(names) > MAX_VALUES:
        raise too_many_values(start)
    # What the file says of its columns counts a value that is repeated once.
    packed = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    if packed > MAX_BYTES:
        raise too_large(start)
    unpacked = 0
    for batch in file.iter_batches(batch_size=max(1, min(_MOST_ROWS, _ROOM // max(1, packed)))):
        unpacked += batch.nbytes
        if unpacked > MAX_BYTES:
            raise too_large(start)
        columns = [_values(name, _unpacked(column), start) for name, column in zip(names, batch.columns, strict=True)]
        for row in zip(*columns, strict=True):
            yield {name: Field(value, start) for name, value in zip(names, row, strict=True)}


def _kql_type(kind: Any) -> ScalarType | None:
    """The type of a column as KQL has it; None for text, which may be times, and for what KQL has no type for."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _kql_type(kind.value_type)
    if types.is_integer(kind):
        bits = kind.bit_width + types.is_unsigned_integer(kind)
        return INT if bits <= 32 else LONG if bits <= 64 else None
    if types.is_decimal(kind):
        return DECIMAL if kind.precision <= _DECIMAL_DIGITS else None
    tests: dict[ScalarType, tuple[Callable[[Any], bool], ...]] = {
        BOOL: (types.is_boolean,),
        REAL: (types.is_floating,),
        DATETIME: (types.is_timestamp, types.is_date),
        TIMESPAN: (types.is_duration,),
        DYNAMIC: (types.is_nested,),
    }
    return next((type_ for type_, among in tests.items() if any(test(kind) for test in among)), None)


def _unpacked(column: Any) -> Any:
    """A column with its values in place of numbers that stand for them."""
    import pyarrow

    return column.dictionary_decode() if pyarrow.types.is_dictionary(column.type) else column


def _values(name: str, column: Any, start: Location) -> list[Any]:
    try:
        return list(map(_reader(column.type), _plain(column)))
    except (ValueError, OverflowError) as error:
        message = f"a value of the column {name} ({column.type}) is none of KQL: {error}"
        raise unreadable(message, "write it as text", start) from None


def _plain(column: Any) -> list[Any]:
    import pyarrow

    kind = column.type
    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_duration(kind):
        return list(column.cast(pyarrow.int64()).to_pylist())
    return list(column.to_pylist())


def _reader(kind: Any) -> Callable[[Any], Any]:
    """From a value of the column to what JSON would hold; times keep their 100 ns."""
    import pyarrow

    if pyarrow.types.is_timestamp(kind):
        per_second = _PER_SECOND[kind.unit]
        return lambda n: None if n is None else format_datetime(_UNIX_EPOCH + n * TICKS_PER_SECOND // per_second)
    if pyarrow.types.is_duration(kind):
        per_second = _PER_SECOND[kind.unit]
        return lambda n: None if n is None else format_timespan(n * TICKS_PER_SECOND // per_second)
    if pyarrow.types.is_date(kind):
        return lambda day: None if day is None else format_datetime((day.toordinal() - 1) * TICKS_PER_DAY)
    return _value


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {str(name): _value(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
