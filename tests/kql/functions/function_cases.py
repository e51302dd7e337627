"""Reads the YAML cases of this directory: for each function a list of ``[arguments, expected]``.

Types follow from how a value is written: ``abc`` string, ``1`` long, ``1.5`` real, ``true`` bool, a list or mapping
dynamic. A tagged text gives the others: ``!datetime 2020-01-01``, ``!timespan 1h``, ``!decimal 1.5``, ``!int 5``,
``!guid …``, ``!dynamic x`` (a scalar inside dynamic) and ``!null long``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from tocsin.kql.functions.declaration import Nulls, ScalarFunction, Style
from tocsin.kql.literals import parse_datetime, parse_timespan
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    TYPE_NAMES,
    DynamicDatetime,
    DynamicGuid,
    DynamicTimespan,
    ScalarType,
)


@dataclass(frozen=True)
class Failure:
    """What a user is told instead of a value: ``!error text``."""

    says: str


@dataclass(frozen=True)
class Typed:
    """A value whose type its spelling does not tell."""

    value: Any
    type: ScalarType


def _required(value: Any, text: str) -> Any:
    if value is None:
        raise ValueError(f"{text!r} does not spell a value of its tag")
    return value


_TAGS: dict[str, Callable[[str], Typed]] = {
    "datetime": lambda text: Typed(_required(parse_datetime(text), text), DATETIME),
    "timespan": lambda text: Typed(_required(parse_timespan(text), text), TIMESPAN),
    "decimal": lambda text: Typed(Decimal(text), DECIMAL),
    "int": lambda text: Typed(int(text), INT),
    "guid": lambda text: Typed(text, GUID),
    "null": lambda text: Typed(None, TYPE_NAMES[text]),
    "dynamic": lambda text: Typed(yaml.safe_load(text), DYNAMIC),
    "dynamic-datetime": lambda text: Typed(DynamicDatetime(_required(parse_datetime(text), text)), DYNAMIC),
    "dynamic-timespan": lambda text: Typed(DynamicTimespan(_required(parse_timespan(text), text)), DYNAMIC),
    "dynamic-guid": lambda text: Typed(DynamicGuid(text), DYNAMIC),
}


class _Loader(yaml.SafeLoader):
    """SafeLoader with the tags above; times and dates stay text."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # the base class declares it so
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _constructor(make: Callable[[str], Typed]) -> Callable[[yaml.SafeLoader, yaml.ScalarNode], Typed]:
    return lambda loader, node: make(str(loader.construct_scalar(node)))


for _tag, _make in _TAGS.items():
    _Loader.add_constructor(f"!{_tag}", _constructor(_make))
_Loader.add_constructor("!error", lambda loader, node: Failure(str(loader.construct_scalar(node))))


def type_of(value: Any) -> ScalarType:
    """The KQL type that a value in a case stands for."""
    if isinstance(value, Typed):
        return value.type
    for python_type, type_ in ((bool, BOOL), (int, LONG), (float, REAL), (str, STRING)):
        if isinstance(value, python_type):
            return type_
    return DYNAMIC


def plain(value: Any) -> Any:
    """The Python value, also inside lists and mappings."""
    if isinstance(value, Typed):
        return value.value
    if isinstance(value, list):
        return [plain(each) for each in value]
    return {key: plain(each) for key, each in value.items()} if isinstance(value, dict) else value


@dataclass(frozen=True)
class Case:
    """One call and what it gives."""

    id: str
    function: str
    arguments: tuple[Any, ...]
    expected: Any


def load_cases(directory: Path) -> Iterator[Case]:
    """All cases of the YAML files in the directory."""
    for path in sorted(directory.glob("*.yaml")):
        with path.open(encoding="utf-8") as file:
            document = yaml.load(file, Loader=_Loader)
        for function, cases in document.items():
            for number, (arguments, expected) in enumerate(cases, start=1):
                yield Case(f"{path.stem}/{function}/{number}", str(function), tuple(arguments), plain(expected))


NOW = _required(parse_datetime("2025-07-15T10:00:00Z"), "now")
PLACES = {"192.0.2.1": {"country": "Norway"}}.get
"""Where addresses are."""


def call(function: ScalarFunction, arguments: tuple[Any, ...]) -> Any:
    """What an engine gets from the function. For whole-column styles each argument is the column."""
    values = [plain(each) for each in arguments]
    if function.style in (Style.COLUMNS, Style.TYPED_COLUMNS):
        firsts = [next((each for each in column if plain(each) is not None), None) for column in arguments]
        implementation = function.implementation_for([type_of(each) for each in firsts])
        assert implementation is not None
        return implementation(len(values[0]) if values else 0, *values)
    implementation = function.implementation_for([type_of(each) for each in arguments])
    assert implementation is not None, f"{function.name} has no implementation"
    if function.style is Style.CONTEXT:
        context = SimpleNamespace(now=NOW, places=PLACES)
        return implementation(context, 1, *([value] for value in values))[0]
    if function.nulls is Nulls.PROPAGATE and None in values:
        texts = function.returns is None and all(each.returns is STRING for each in function.signatures)
        return "" if texts else None
    return implementation(*values)


def same(actual: Any, expected: Any) -> bool:
    """Equal in value and kind: 1 is neither true nor 1.0; reals to 12 digits."""
    if isinstance(expected, float) and isinstance(actual, float):
        if math.isnan(expected):
            return math.isnan(actual)
        return math.isclose(actual, expected, rel_tol=1e-12) and math.copysign(1, actual) == math.copysign(1, expected)
    if isinstance(expected, bool) or isinstance(actual, (bool, float)):
        return actual is expected
    if isinstance(expected, list) and isinstance(actual, list):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return list(actual) == list(expected) and all(same(actual[key], expected[key]) for key in expected)
    if isinstance(expected, (DynamicDatetime, DynamicTimespan)):
        return type(actual) is type(expected) and actual == expected
    return bool(actual == expected)
