"""How large a dynamic value is, so that no query can make one that memory or the reader of the result cannot hold.

A value may hold another one many times without a copy; written as JSON each of them counts. Size is therefore counted
as written, and counting stops at the first value that is too large.
"""

from __future__ import annotations

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.types import Value

LARGEST = 4_194_304
"""Elements, properties and groups of eight characters that one dynamic value may have. Kusto's own limit is lower: 1 MB
of text."""

DEEPEST = 256
"""Levels of arrays and bags that one dynamic value may have: what writes a value recurses."""


def size_of(value: Value) -> int:
    """The size of a dynamic value: 1 for each value in it, and 1 for every eight characters of a text.

    Raises KqlValueError beyond LARGEST and DEEPEST.
    """
    kind = type(value)
    if kind is str:
        return 1 + len(value) // 8
    if kind is not list and kind is not dict:
        return 1 + len(value) // 8 if isinstance(value, str) else 1
    flat = 1 + len(value)
    for inner in value.values() if kind is dict else value:
        kind = type(inner)
        if kind is str:
            flat += len(inner) // 8
        elif kind is list or kind is dict:
            return _nested_size(value)
    if flat > LARGEST:
        raise KqlValueError(f"a dynamic value would hold more than {LARGEST:,} values")
    return flat


def _nested_size(value: Value) -> int:
    size = 1
    level: list[Value] = [value]
    for _ in range(DEEPEST):
        below: list[Value] = []
        for each in level:
            size += len(each)
            if size > LARGEST:
                raise KqlValueError(f"a dynamic value would hold more than {LARGEST:,} values")
            for inner in each.values() if isinstance(each, dict) else each:
                if isinstance(inner, str):
                    size += len(inner) // 8
                elif isinstance(inner, (list, dict)):
                    below.append(inner)
        if not below:
            return size
        level = below
    raise KqlValueError(f"a dynamic value is nested more than {DEEPEST} levels deep")
