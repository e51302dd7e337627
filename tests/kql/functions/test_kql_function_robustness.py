"""Whatever the values, a function gives a value of its declared type or the one error that users see."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from tocsin.kql.functions.declaration import Nulls, ScalarFunction, Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.functions.signatures import Signature
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DATETIME_MAX,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    LONG_MAX,
    LONG_MIN,
    REAL,
    STRING,
    TIMESPAN,
    DynamicDatetime,
    DynamicGuid,
    DynamicTimespan,
    ScalarType,
)

GUID_TEXT = "74be27de-1e4e-49d9-b579-fe0b331d3642"
VALUES: dict[ScalarType, list[Any]] = {
    BOOL: [True, False],
    INT: [0, 1, -1, 2**31 - 1, -(2**31), 64],
    LONG: [0, 1, -1, 3, 63, 10**12, LONG_MAX, LONG_MIN],
    REAL: [0.0, -0.0, 1.5, -2.5, math.nan, math.inf, -math.inf, 1e308, 5e-324],
    DECIMAL: [Decimal(0), Decimal("1.5"), Decimal("-1e20"), Decimal("1e400"), Decimal("1e-300")],
    STRING: ["", "a", "ABC é😀", "10.0.0.0/8", "fe80::1", '{"a":[1,2]}', "[", "(a)(b)?", "\\", "%zz", "\ud800", "\x00",
             "day", "nanosecond", "year", "Europe/Paris", "0x10", "$.a[0]", '<a b="1">x</a>', "https://u:p@h:1/p?q=1#f",
             "C:\\a\\b.txt", "yyyy-MM-dd fffffff", "windows", "Meter", "Foot", "POINT (1 2)", "89c259", "xn--a"],
    DATETIME: [0, 1, DATETIME_MAX, 637134336000000000],
    TIMESPAN: [0, 1, -1, 36_000_000_000, LONG_MAX, LONG_MIN],
    GUID: [GUID_TEXT],
    DYNAMIC: [[], {}, [1, 2, 3], ["a", None], {"a": {"b": [1]}}, "text", 5, 1.5, True, DynamicDatetime(0),
              DynamicTimespan(-5), DynamicGuid(GUID_TEXT), [[1, 2], [3]], [math.nan, 1.0], Decimal("1.5"), [10**18],
              {"type": "LineString", "coordinates": [[1, 2], [3, 4]]},
              {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}],
}  # fmt: skip
KINDS = {BOOL: bool, INT: int, LONG: int, REAL: float, DECIMAL: Decimal, DATETIME: int, TIMESPAN: int}
BOUNDS = {LONG: (LONG_MIN, LONG_MAX), TIMESPAN: (LONG_MIN, LONG_MAX), DATETIME: (0, DATETIME_MAX)}
FUNCTIONS = sorted(
    {each.name for each in scalar_functions().values() if each.implementation is not None and each.alias_of is None}
)
CALLS = 25


def _arguments(signature: Signature, dice: random.Random) -> tuple[list[ScalarType], list[Any]] | None:
    most = signature.least + 2 if signature.most is None else signature.most
    count = dice.randint(signature.least, most)
    if signature.repeated > 1 and (count - len(signature.parameters) + signature.repeated) % signature.repeated:
        return None
    types: list[ScalarType] = []
    variables: dict[str, ScalarType] = {}
    for index in range(count):
        parameter = signature.parameter(index, count)
        chosen = dice.choice(sorted(parameter.types, key=lambda each: each.value))
        types.append(variables.setdefault(parameter.variable, chosen) if parameter.variable else chosen)
    return types, [None if each is not STRING and dice.random() < 0.1 else dice.choice(VALUES[each]) for each in types]


def _takes(signature: Signature, types: list[ScalarType]) -> bool:
    if len(types) < signature.least or (signature.most is not None and len(types) > signature.most):
        return False
    return all(each in signature.parameter(index, len(types)).types for index, each in enumerate(types))


def _run(function: ScalarFunction, types: list[ScalarType], values: list[Any]) -> Any:
    implementation = function.implementation_for(types)
    assert implementation is not None
    if function.style in (Style.COLUMNS, Style.TYPED_COLUMNS):
        return implementation(2, *([value, value] for value in values))[1]
    if function.style is Style.CONTEXT:
        context = SimpleNamespace(now=0, random=random.Random(1), places=lambda address: None)
        return implementation(context, 1, *([value] for value in values))[0]
    return implementation(*values)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_values(name: str) -> None:
    function = scalar_functions()[name]
    if function.library is not None and not function.library.installed:
        pytest.skip(f"{name} needs {function.library.advice}")
    dice = random.Random(name)
    for _ in range(CALLS):
        signature = dice.choice(function.signatures)
        drawn = _arguments(signature, dice)
        if drawn is None:
            continue
        types, values = drawn
        if function.nulls is Nulls.PROPAGATE and None in values:
            continue
        try:
            result = _run(function, types, values)
        except KqlValueError:
            continue
        earlier = function.signatures[: function.signatures.index(signature)]
        declared = signature.returns
        if result is None or function.returns or any(_takes(each, types) for each in earlier):
            continue
        if declared is STRING:
            assert isinstance(result, str), (types, values, result)
        elif isinstance(declared, ScalarType) and declared in KINDS:
            assert type(result) is KINDS[declared], (types, values, result)
            low, high = BOUNDS.get(declared, (result, result))
            assert low <= result <= high or result != result, (types, values, result)
