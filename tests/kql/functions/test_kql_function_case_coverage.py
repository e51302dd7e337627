"""No function goes without cases of each kind: ordinary, null, empty, extreme (data in the YAML files), wrong type."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from function_cases import Case, Typed, load_cases, type_of

from tocsin import kql
from tocsin.kql.functions.declaration import ScalarFunction, Style
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.functions.signatures import Parameter
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DATETIME_MAX,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    ScalarType,
)

BY_QUERIES = frozenset(
    {
        "hll_merge", "dcount_hll", "tdigest_merge", "merge_tdigest", "percentile_tdigest", "rank_tdigest",
        "percentiles_array_tdigest", "percentrank_tdigest", "series_stats", "datetime_list_timezones",
    }
)  # fmt: skip
"""Functions that work on what aggregates make, or give too much to list: cases in ``tests/kql/interpreter``."""
TEXTLESS = frozenset({BOOL, GUID})
"""Types without an extreme."""

FUNCTIONS = sorted(
    (
        each
        for each in scalar_functions().values()
        if each.implementation is not None
        and each.alias_of is None
        and each.style in (Style.VALUES, Style.TYPED)
        and each.name not in BY_QUERIES
    ),
    key=lambda each: each.name,
)
CASES: dict[str, list[Case]] = defaultdict(list)
for _case in load_cases(Path(__file__).parent):
    CASES[_case.function].append(_case)


def is_null(value: Any) -> bool:
    return value is None or (isinstance(value, Typed) and value.value is None)


def is_empty(value: Any) -> bool:
    return value in ("", [], {}) and not isinstance(value, (bool, int, float))


def is_extreme(value: Any) -> bool:
    """Whether a value lies at the end of what its type holds, or is text beyond ASCII or long."""
    if isinstance(value, Typed):
        if value.type is DATETIME and isinstance(value.value, int):
            return min(value.value, DATETIME_MAX - value.value) < 864_000_000_000
        if value.type is INT and isinstance(value.value, int):
            return abs(value.value) >= 2**31 - 1
        return is_extreme(value.value)
    if isinstance(value, list):
        return len(value) > 100 or any(map(is_extreme, value))
    if isinstance(value, dict):
        return any(is_extreme(each) for item in value.items() for each in item)
    if isinstance(value, str):
        return len(value) > 100 or not value.isascii()
    if isinstance(value, Decimal):
        return abs(value) >= 10**20
    if isinstance(value, float):
        return not math.isfinite(value) or abs(value) >= 1e100
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53


def _takes(function: ScalarFunction, wanted: Callable[[Parameter], bool]) -> bool:
    return any(wanted(each) for signature in function.signatures for each in signature.parameters if not each.constant)


KINDS: dict[str, tuple[Callable[[Any], bool], Callable[[Parameter], bool]]] = {
    "null": (is_null, lambda each: bool(each.types - {STRING})),
    "empty": (is_empty, lambda each: bool(each.types & {STRING, DYNAMIC})),
    "extreme": (is_extreme, lambda each: bool(each.types - TEXTLESS)),
}


def lacking(function: ScalarFunction) -> set[str]:
    """The kinds of cases that the function should have and has not."""
    cases = CASES[function.name]
    ordinary = any(
        not any(test(value) for value in case.arguments for test, _ in KINDS.values()) for case in cases
    ) or not _takes(function, lambda each: True)
    missing = set() if ordinary else {"ordinary"}
    for kind, (test, wanted) in KINDS.items():
        if _takes(function, wanted) and not any(test(value) for case in cases for value in case.arguments):
            missing.add(kind)
    return missing


def test_every_function_has_cases_of_every_kind() -> None:
    assert {each.name: sorted(lacking(each)) for each in FUNCTIONS if lacking(each)} == {}


LITERALS: dict[ScalarType, str] = {
    BOOL: "true",
    INT: "int(1)",
    LONG: "long(1)",
    REAL: "real(1.5)",
    DECIMAL: "decimal(1.5)",
    STRING: "'a'",
    DATETIME: "datetime(2020-01-01)",
    TIMESPAN: "1h",
    GUID: "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
    DYNAMIC: "dynamic([1])",
}


def _wrong_calls() -> list[tuple[str, str]]:
    """A call for each parameter that does not take every type, with a value of a type it does not take."""
    calls = []
    for function in FUNCTIONS:
        if not function.name.replace("_", "a").isalnum():
            continue
        for signature in function.signatures[:1]:
            for index in range(signature.least):
                accepted = frozenset(
                    kind
                    for other in function.signatures
                    if index < len(other.parameters)
                    for kind in other.parameters[index].types
                )
                wrong = next((kind for kind in LITERALS if kind not in accepted and accepted), None)
                if wrong is None:
                    continue
                values = [LITERALS[min(each.types, key=list(LITERALS).index)] for each in signature.parameters]
                values[index] = LITERALS[wrong]
                calls.append((function.name, f"{function.name}({', '.join(values[: signature.least])})"))
    return calls


@pytest.mark.parametrize(("name", "call"), _wrong_calls(), ids=lambda each: str(each))
def test_a_wrong_type_is_told_before_the_query_runs(name: str, call: str) -> None:
    analysis = kql.analyze(f"print {call}", kql.Catalog(places=True))
    assert analysis.plan is None
    assert analysis.errors or analysis.refusals


def test_cases_are_of_types_that_the_function_takes() -> None:
    odd = []
    for function in FUNCTIONS:
        for case in CASES[function.name]:
            for index, value in enumerate(case.arguments):
                accepted = frozenset(
                    kind
                    for signature in function.signatures
                    if index < len(signature.parameters) or signature.repeated
                    for kind in signature.parameter(index, len(case.arguments)).types
                )
                if accepted and type_of(value) not in accepted:
                    odd.append(f"{case.id}: argument {index + 1} is {type_of(value).value}")
    assert odd == []
