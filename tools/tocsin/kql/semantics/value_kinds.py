"""What is known of a value before the query runs, beyond its type."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.kql.plan import ColumnRef, Constant, Element, Expr, Member, ScalarQuery, Variable
from tocsin.kql.semantics.kinds import (
    ANY,
    ARRAY,
    KINDS_OF_TYPES,
    Kind,
    common_of,
    element_kind,
    inside_dynamic,
    member_kind,
)
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DYNAMIC,
    GUID,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    DynamicDatetime,
    DynamicGuid,
    DynamicTimespan,
    Value,
)

Known = dict[int, tuple[Expr, Kind]]
"""Kinds of results, by the identity of the expression (which is kept, so that the identity stays its own)."""

_PLAIN: tuple[tuple[type, Kind], ...] = (
    (bool, Kind(BOOL)),
    (DynamicDatetime, Kind(DATETIME)),
    (DynamicTimespan, Kind(TIMESPAN)),
    (DynamicGuid, Kind(GUID)),
    (int, Kind(LONG)),
    (float, Kind(REAL)),
    (str, Kind(STRING)),
)


def kind_of(value: Expr, known: Known) -> Kind:
    """The kind of an expression's value."""
    if value.type is not DYNAMIC:
        return KINDS_OF_TYPES[value.type]
    found = known.get(id(value))
    if found is not None:
        return found[1]
    if isinstance(value, ColumnRef):
        return value.column.form or ANY
    if isinstance(value, Constant):
        return kind_of_data(value.value)
    if isinstance(value, Variable):
        return kind_of(value.value, known)
    if isinstance(value, Member):
        return member_kind(kind_of(value.target, known), value.name)
    if isinstance(value, Element):
        return _element(value, known)
    if isinstance(value, ScalarQuery) and value.query.columns:
        return value.query.columns[0].form or ANY
    return ANY


def _element(value: Element, known: Known) -> Kind:
    target = kind_of(value.target, known)
    if target.form == "array":
        return inside_dynamic(target.of)
    if isinstance(value.index, Constant) and isinstance(value.index.value, str):
        return member_kind(target, value.index.value)
    return ANY


def kind_of_data(data: Value) -> Kind:
    """The kind of a dynamic literal."""
    if isinstance(data, list):
        return Kind(DYNAMIC, "array", _element_of(data)) if data else ARRAY
    if isinstance(data, dict):
        return Kind(DYNAMIC, "bag", None, tuple((name, _plain(each)) for name, each in data.items()))
    return ANY if data is None else inside_dynamic(_plain(data))


def _element_of(data: Iterable[Value]) -> Kind | None:
    return element_kind(common_of(_plain(each) for each in data))


def _plain(data: Value) -> Kind:
    for type_, kind in _PLAIN:
        if isinstance(data, type_):
            return kind
    return kind_of_data(data)
