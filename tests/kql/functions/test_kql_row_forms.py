"""Row forms give what the functions' own implementations give."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest

from tocsin.kql.functions.declaration import VARIES, Nulls
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.functions.row_forms import ROW_FORMS, Argument
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
    null_of,
)

VALUES: dict[ScalarType, list[Value]] = {
    BOOL: [True, False, None],
    INT: [0, 1, -7, None],
    LONG: [0, 2, 2**53 + 1, -LONG_MAX, None],
    REAL: [0.0, -0.0, 1.5, 2.0**53, math.nan, -math.inf, None],
    STRING: ["", "a", "A b", "éÉ a", "ß", "b-a", "ab", "İ", "a" * 40, "[ab\\s]+", r"\s+"],
    DATETIME: [0, 36_000_000_000 * 7 + 5, DATETIME_MAX, None],
    TIMESPAN: [0, 36_000_000_000, -5, None],
    GUID: ["74be27de-1e4e-49d9-b579-fe0b331d3642", None],
    DYNAMIC: [None, "a", 1, True, [1], {"a": 1}, [], ["b", "a", 2], ["é"]],
}


TEXTS = frozenset(
    {"array_strcat", "strcat", "strcat_array", "substring", "tolower", "tostring", "toupper"}
    | {"trim", "trim_end", "trim_start"}
)


def expected(name: str, types: tuple[ScalarType, ...], row: tuple[Value, ...]) -> Value:
    function = scalar_functions()[name]
    call = function.implementation_for(types)
    assert call is not None
    null = null_of(STRING) if name in TEXTS else None
    return null if function.nulls is Nulls.PROPAGATE and None in row else call(*row)


ALONE = frozenset({"array_length", "array_sort_asc", "array_sort_desc", "gettype", "not", "strlen", "tostring"})
ALONE |= {"tolower", "toupper"}


def arity(name: str) -> int:
    if name in ("array_slice", "between", "substring"):
        return 3
    return 1 if name in ALONE or name.startswith(("is", "notempty", "notnull")) else 2


def written(form: Any, values: tuple[Value, ...]) -> Value:
    """The value that the expression of a form has."""
    namespace: dict[str, Any] = {}

    def bind(value: object) -> str:
        name = f"k{len(namespace)}"
        namespace[name] = value
        return name

    names = [f"v{place}" for place in range(len(values))]
    scope = dict(zip(names, values, strict=True))
    if form.through is not None:
        text = form.through.write(names, bind)
        scope["v0"] = eval(text, namespace, scope)  # what the form has written
    text = form.write(names, bind)
    return eval(text, namespace, scope)  # what the form has written


@pytest.mark.parametrize("name", ROW_FORMS)
def test_form_agrees_with_the_implementation(name: str) -> None:
    checked = 0
    for types in product(VALUES, repeat=arity(name)):
        for row in product(*(VALUES[each] for each in types)):
            for varies in product((True, False), repeat=arity(name)):
                if not any(varies):
                    continue
                for certain in (False, True):  # whether null is ruled out where there is none
                    arguments = [
                        Argument(kind, value is None or not (certain or kind is STRING), VARIES if free else value)
                        for kind, value, free in zip(types, row, varies, strict=True)
                    ]
                    form = ROW_FORMS[name](arguments)
                    if form is None:
                        continue
                    value, wanted = written(form, row), expected(name, types, row)
                    assert (type(value), repr(value)) == (type(wanted), repr(wanted)), (types, row, arguments)
                    assert form.nullable or value is not None
                    checked += 1
    assert checked
