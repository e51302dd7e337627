"""What dynamic values take from the budget: counted together as one by one, and never by writing them out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.sizes import LARGEST, size_of, total_size
from tocsin.kql.types import Value

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
NESTED: st.SearchStrategy[Value] = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner), max_leaves=30
)


def texts_in(value: Value) -> int:
    if isinstance(value, (list, dict)):
        return sum(map(texts_in, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str)


@given(st.lists(NESTED, max_size=20))
def test_values_together_are_as_large_as_one_by_one(values: list[Value]) -> None:
    apart = sum(map(size_of, values))
    # The characters of all texts are rounded down once, not for each.
    assert apart <= total_size(values) <= apart + sum(map(texts_in, values))


def test_many_values_are_counted_alike() -> None:
    assert total_size([["a", 1]] * 60_000) == 180_000 == total_size([["a", 1] * 30_000, *[None] * 119_999])


def test_values_that_hold_one_another_many_times_are_not_written_out() -> None:
    large: Value = [None] * (LARGEST - 1)
    assert total_size([large] * 3) == LARGEST * 3
    value: Value = [1, 2]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(KqlValueError, match=f"{LARGEST:,}"):
        total_size([value])
