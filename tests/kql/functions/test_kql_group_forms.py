"""Group forms give what the aggregates' own implementations give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kql.functions.group_forms import GROUP_FORMS, SINGLE_FORMS, bags_of_pairs
from tocsin.kql.functions.registry import aggregates
from tocsin.kql.types import BOOL, DYNAMIC, INT, LONG, REAL, STRING, ScalarType

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
VALUES: dict[ScalarType, st.SearchStrategy[Any]] = {
    BOOL: st.none() | st.booleans(),
    INT: st.none() | st.integers(-3, 3),
    LONG: st.none() | st.integers(-3, 3),
    REAL: st.none() | st.sampled_from([0.0, -0.0, 1.5, float("inf")]),
    STRING: st.sampled_from(["", "a", "A", "é"]),
    DYNAMIC: _JSON,
}


@pytest.mark.parametrize("type_", VALUES, ids=lambda each: str(each.value))
@pytest.mark.parametrize("name", GROUP_FORMS)
@given(data=st.data())
def test_form_agrees_with_the_implementation(name: str, type_: ScalarType, data: st.DataObject) -> None:
    types = [type_, BOOL] if name.endswith("_if") else [type_]
    if name.startswith("make_") and name != "make_bag" and data.draw(st.booleans()):
        types.append(LONG)
    form = GROUP_FORMS[name](types)
    if form is None:
        return
    count = data.draw(st.integers(0, 12))
    columns = [data.draw(st.lists(VALUES[each], min_size=count, max_size=count)) for each in types]
    sizes = [data.draw(st.sampled_from([-1, 0, 1, 2, None]))] if types[-1] is LONG and len(types) > 1 else []
    if sizes:
        columns[-1] = sizes * count
    groups = [[i for i in range(count) if i % 3 == part] for part in range(3)] if count else []
    values = columns[: len(columns) - len(sizes)]
    expected = [called(name, types, [[each[i] for i in group] for each in values], sizes) for group in groups]
    assert repr(form(columns, groups)) == repr(expected)


def called(name: str, types: Sequence[ScalarType], columns: list[list[Any]], constants: list[Any]) -> Any:
    aggregate = aggregates()[name]
    assert aggregate.implementation is not None
    return aggregate.implementation(*((tuple(types),) if aggregate.typed else ()), *columns, *constants)


@pytest.mark.parametrize("type_", VALUES, ids=lambda each: str(each.value))
@pytest.mark.parametrize("name", SINGLE_FORMS)
@given(data=st.data())
def test_form_for_single_rows_agrees_with_the_implementation(name: str, type_: ScalarType, data: st.DataObject) -> None:
    form = SINGLE_FORMS[name]([type_])
    if form is None:
        return
    values = data.draw(st.lists(VALUES[type_], max_size=6))
    given_columns: list[list[Any]] = [values] if aggregates()[name].signatures[0].least else []
    expected = [called(name, [type_], [[value] for value in values][i : i + 1], []) for i in range(len(values))]
    assert repr(form(given_columns, len(values))) == repr(expected)


@given(st.lists(st.tuples(VALUES[STRING], st.one_of(*VALUES.values())), max_size=9))
def test_bags_of_pairs_are_the_bags_of_their_packed_pairs(pairs: list[tuple[str, Any]]) -> None:
    groups = [[i for i in range(len(pairs)) if i % 2 == part] for part in range(2)]
    expected = [called("make_bag", [DYNAMIC], [[dict([pairs[i]]) for i in group]], []) for group in groups]
    made = bags_of_pairs([[name for name, _ in pairs], [value for _, value in pairs]], groups)
    assert repr(made) == repr(expected)


@pytest.mark.parametrize("name", GROUP_FORMS)
def test_form_is_of_an_aggregate_and_for_some_type(name: str) -> None:
    assert name in aggregates()
    assert any(GROUP_FORMS[name]([type_, BOOL]) or GROUP_FORMS[name]([type_]) for type_ in VALUES)
