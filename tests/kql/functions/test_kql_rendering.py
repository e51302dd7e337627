"""Dynamic values as text: a container is written as what it holds is written, however large it is."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.rendering import LONGEST_JSON, json_text
from tocsin.kql.types import DynamicDatetime, DynamicTimespan, Value

WHOLE = st.integers(-(2**63), 2**63 - 1)
PLAIN = st.none() | st.booleans() | WHOLE | st.text(max_size=5)
OTHERS = (
    st.floats()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | WHOLE.filter(lambda ticks: 0 <= ticks < 2**61).map(DynamicDatetime)
    | WHOLE.map(DynamicTimespan)
)


def nested(leaves: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    def larger(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
        return st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=3), inner, max_size=12)

    return st.recursive(leaves, larger, max_leaves=40)


def composed(value: Value) -> str:
    """The definition: each element on its own."""
    if type(value) is dict:
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{composed(v)}" for k, v in value.items()) + "}"
    return "[" + ",".join(map(composed, value)) + "]" if type(value) is list else json_text(value)


@given(nested(PLAIN) | nested(PLAIN | OTHERS))
def test_a_container_is_written_as_what_it_holds(value: Value) -> None:
    assert json_text(value) == composed(value)


@given(nested(PLAIN))
def test_what_is_written_reads_back(value: Value) -> None:
    assert json.loads(json_text(value)) == value


@pytest.mark.parametrize(
    ("one", "written"),
    [
        (1.0, "1.0"),
        (float("nan"), '"NaN"'),
        (float("-inf"), '"-Infinity"'),
        (True, "true"),
        (Decimal("2.50"), '"2.5"'),
        (DynamicDatetime(0), '"0001-01-01T00:00:00.0000000Z"'),
        (DynamicTimespan(10_000_000), '"00:00:01"'),
        ("\u2028\x7f\x01é", '"\u2028\x7f\\u0001é"'),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_one_value_among_many(one: Value, written: str) -> None:
    many: list[Value] = [*range(10), "text", None]
    assert json_text([*many, one]) == f'[0,1,2,3,4,5,6,7,8,9,"text",null,{written}]'
    assert json_text([[*many, {"inner": one}]] * 8).count(written) >= 8


def test_a_value_that_holds_another_many_times_is_not_written_out() -> None:
    value: Value = ["x" * 1000] * 8
    for _ in range(6):
        value = [value] * 8
    with pytest.raises(KqlValueError, match=f"{LONGEST_JSON:,}"):
        json_text(value)
