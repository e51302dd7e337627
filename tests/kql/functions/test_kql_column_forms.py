"""Whole-column forms give what the functions' own implementations give, row by row."""

from __future__ import annotations

import math
from itertools import product

import pytest

from tocsin.kql.functions.column_forms import COLUMN_FORMS, VARIES
from tocsin.kql.functions.declaration import Nulls
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DATETIME_MAX,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    LONG_MAX,
    REAL,
    STRING,
    TIMESPAN,
    ScalarType,
    Value,
)

VALUES: dict[ScalarType, list[Value]] = {
    BOOL: [True, False, None],
    INT: [0, 1, -7, None],
    LONG: [0, 2, 2**53 + 1, -LONG_MAX, None],
    REAL: [0.0, -0.0, 1.5, 2.0**53, math.nan, -math.inf, None],
    STRING: ["", "a", "A b", "éÉ a", "ß", "b-a", "ab", "İ", "a" * 40],
    DATETIME: [0, 36_000_000_000 * 7 + 5, DATETIME_MAX, None],
    TIMESPAN: [0, 36_000_000_000, -5, None],
    GUID: ["74be27de-1e4e-49d9-b579-fe0b331d3642", None],
    DYNAMIC: [None, "a", 1, True, [1], {"a": 1}],
}


def row_by_row(name: str, types: tuple[ScalarType, ...], rows: list[tuple[Value, ...]]) -> list[Value]:
    function = scalar_functions()[name]
    call = function.implementation_for(types)
    assert call is not None
    propagates = function.nulls is Nulls.PROPAGATE
    return [None if propagates and None in row else call(*row) for row in rows]


def typed(values: list[Value]) -> list[tuple[type, Value]]:
    return [(type(value), value) for value in values]


def arity(name: str) -> int:
    return 3 if name == "between" else 1 if name in ("not",) or name.startswith(("is", "notempty", "notnull")) else 2


@pytest.mark.parametrize("name", COLUMN_FORMS)
def test_form_agrees_with_the_implementation(name: str) -> None:
    form = COLUMN_FORMS[name]
    checked = 0
    for types in product(VALUES, repeat=arity(name)):
        values = [VALUES[each] for each in types]
        rows = list(product(*values))
        for pattern in product((True, False), repeat=arity(name)):  # which arguments vary
            if not any(pattern):
                continue
            for fixed in product(*([VARIES] if varies else each for varies, each in zip(pattern, values, strict=True))):
                kernel = form(types, fixed)
                if kernel is None:
                    continue
                chosen = [
                    row
                    for row in rows
                    if all(f is VARIES or (f is v or (f == v and str(f) == str(v)))
                           for f, v in zip(fixed, row, strict=True))
                ]  # fmt: skip
                columns = [[row[i] for row in chosen] for i, varies in enumerate(pattern) if varies]
                assert typed(kernel(*columns)) == typed(row_by_row(name, types, chosen)), (types, fixed)
                checked += 1
    assert checked
