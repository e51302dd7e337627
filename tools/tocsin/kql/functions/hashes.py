"""Hashes. ``hash()`` is XXH64 over the bytes of the value, the others work on its text.

Source: https://learn.microsoft.com/kusto/query/hash-function
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from tocsin.kql.functions.adaptation import texts
from tocsin.kql.functions.declaration import FunctionTable, Style
from tocsin.kql.functions.rendering import decimal_text
from tocsin.kql.functions.xxhash import xxhash64
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    GUID,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    UNKNOWN,
    ScalarType,
    Value,
)

TABLE = FunctionTable()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


_BYTES: dict[ScalarType, Callable[[Any], bytes]] = {
    STRING: _utf8,
    UNKNOWN: lambda value: _utf8(str(value)),
    LONG: partial(struct.pack, "<q"),
    DATETIME: partial(struct.pack, "<q"),
    TIMESPAN: partial(struct.pack, "<q"),
    INT: partial(struct.pack, "<i"),
    REAL: partial(struct.pack, "<d"),
    BOOL: partial(struct.pack, "<b"),
    GUID: lambda value: UUID(value).bytes_le,
    DECIMAL: lambda value: _utf8(decimal_text(value)),
}


@TABLE.scalar(
    "hash",
    "(source: notdynamic, [mod: int|long]) -> long",
    page="hash-function",
    style=Style.TYPED,
    aliases=("hash_xxhash64",),
)
def hash_(types: Sequence[ScalarType]) -> Callable[..., Value]:
    """The hash as a signed number, or its remainder."""
    read = _BYTES[types[0]]

    def compute(source: Any, divisor: int | None = None) -> int | None:
        unsigned = xxhash64(read(source))
        signed = unsigned - 2**64 if unsigned >= 2**63 else unsigned
        if divisor is None:
            return signed
        return signed % abs(divisor) if divisor else None

    return compute


for _name in ("md5", "sha1", "sha256"):

    def _digest(make: Callable[..., Any]) -> Callable[[str], str]:
        return lambda text: str(make(_utf8(text)).hexdigest())

    TABLE.scalar(f"hash_{_name}", "(source: notdynamic) -> string", page=f"hash-{_name}-function", style=Style.TYPED)(
        texts(0)(_digest(partial(getattr(hashlib, _name), usedforsecurity=False)))
    )

# Their mixing step is not published, so no value can be given.
TABLE.known(
    "hash_combine",
    "(hash1: int|long, hash2: int|long, ...) -> long",
    page="hash-combine-function",
    accepts=("(hash1: scalar, ...2-) -> long",),
)
TABLE.known(
    "hash_many",
    "(source: notdynamic, other: notdynamic, ...) -> long",
    page="hash-many-function",
    accepts=("(source: notdynamic, ...) -> long",),
)
