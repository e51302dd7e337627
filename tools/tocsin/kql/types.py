"""The scalar types of KQL and the Python values that carry them.

=========== ============================================== =========
KQL type    Python value in a column                       null
=========== ============================================== =========
bool        bool                                           None
int, long   int (32 and 64 bits, checked at the edges)     None
real        float                                          None
decimal     decimal.Decimal                                None
string      str                                            never null: ``""``
datetime    int, 100 ns ticks since 0001-01-01T00:00Z      None
timespan    int, 100 ns ticks                              None
guid        str, lower case with hyphens                   None
dynamic     dict, list, str, int, float, bool, and the     None
            tagged scalars below
=========== ============================================== =========

Source: https://learn.microsoft.com/kusto/query/scalar-data-types/
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias


class ScalarType(Enum):
    """A KQL scalar type. ``UNKNOWN`` is the type of what could not be bound; it fits everywhere."""

    BOOL = "bool"
    INT = "int"
    LONG = "long"
    REAL = "real"
    DECIMAL = "decimal"
    STRING = "string"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    GUID = "guid"
    DYNAMIC = "dynamic"
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return self.value


BOOL, INT, LONG, REAL, DECIMAL, STRING, DATETIME, TIMESPAN, GUID, DYNAMIC, UNKNOWN = ScalarType

NUMBERS = frozenset({INT, LONG, REAL, DECIMAL})
INTEGERS = frozenset({INT, LONG})

TYPE_NAMES: dict[str, ScalarType] = {
    **{member.value: member for member in ScalarType if member is not UNKNOWN},
    "boolean": BOOL,
    "int8": INT,
    "int16": INT,
    "int32": INT,
    "uint": INT,
    "uint8": INT,
    "uint16": INT,
    "uint32": INT,
    "int64": LONG,
    "ulong": LONG,
    "uint64": LONG,
    "double": REAL,
    "float": REAL,
    "date": DATETIME,
    "time": TIMESPAN,
    "uniqueid": GUID,
    "uuid": GUID,
}
"""Every spelling of a type name that KQL accepts in a schema or a parameter list."""

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1

TICKS_PER_MICROSECOND = 10
TICKS_PER_MILLISECOND = 10_000
TICKS_PER_SECOND = 10_000_000
TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
TICKS_PER_HOUR = 60 * TICKS_PER_MINUTE
TICKS_PER_DAY = 24 * TICKS_PER_HOUR
DATETIME_MAX = 3_155_378_975_999_999_999
"""9999-12-31T23:59:59.9999999Z, the last datetime Kusto can hold."""


class DynamicDatetime(int):
    """A datetime (ticks) inside a dynamic value."""

    __slots__ = ()


class DynamicTimespan(int):
    """A timespan (ticks) inside a dynamic value."""

    __slots__ = ()


class DynamicGuid(str):
    """A guid inside a dynamic value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class DynamicForm:
    """A scalar type; of a dynamic value also what is known of it before it is seen.

    ``form``: ``array`` (``of``: what it holds), ``bag`` (``members``: some of them), ``scalar`` (``of``: a plain value
    of that type inside a dynamic one), or ``""`` when nothing is known.
    """

    type: ScalarType
    form: str = ""
    of: DynamicForm | None = None
    members: tuple[tuple[str, DynamicForm], ...] = ()

    def assignable(self, wanted: DynamicForm) -> bool:
        """Whether a value of this kind is one of the wanted kind as it is."""
        if self.type is not wanted.type:
            return False
        return not wanted.form or (self.form == wanted.form and wanted.of in (None, self.of))

    def shown(self) -> str:
        """For people."""
        return f"dynamic ({self.form})" if self.form in ("array", "bag") else self.type.value


Value: TypeAlias = Any
"""A cell: one of the Python values of the table above."""


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """Name and type of a result or table column."""

    name: str
    type: ScalarType


def null_of(type_: ScalarType) -> Value:
    """The null of a type: the empty text for string, None for every other."""
    return "" if type_ is STRING else None
