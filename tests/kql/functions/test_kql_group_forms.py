"""Group forms give what the aggregates' own implementations give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kql.functions.group_forms import GROUP_FORMS
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
    form = GROUP_FORMS[name]([type_])
    if form is None:
        return
    values = data.draw(st.lists(VALUES[type_], max_size=12))
    groups = [[i for i in range(len(values)) if i % 3 == part] for part in range(3)]
    aggregate = aggregates()[name]
    types = ((type_,),) if aggregate.typed else ()
    assert aggregate.implementation is not None
    expected = [aggregate.implementation(*types, [values[i] for i in group]) for group in groups]
    assert repr(form([values], groups)) == repr(expected)


@pytest.mark.parametrize("name", GROUP_FORMS)
def test_form_is_of_an_aggregate_and_for_some_type(name: str) -> None:
    assert name in aggregates()
    assert any(GROUP_FORMS[name]([type_]) for type_ in VALUES)
