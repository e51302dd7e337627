"""Kinds of results that depend on the arguments: bags that are packed, arrays that are joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tocsin.kql.plan import Constant, Expr
from tocsin.kql.semantics.kinds import ANY, ARRAY, BAG, Kind, common_of, element_kind
from tocsin.kql.semantics.session import Session
from tocsin.kql.types import DYNAMIC

Rule = Callable[[Session, Sequence[Expr]], Kind]


def _packed(session: Session, values: Sequence[Expr]) -> Kind:
    members = tuple(
        (str(name.value), session.kind(value))
        for name, value in zip(values[::2], values[1::2], strict=False)
        if isinstance(name, Constant)
    )
    return Kind(DYNAMIC, "bag", None, members)


def _array_of_all(session: Session, values: Sequence[Expr]) -> Kind:
    return Kind(DYNAMIC, "array", element_kind(common_of(session.kind(each) for each in values))) if values else ARRAY


def _joined(session: Session, values: Sequence[Expr]) -> Kind:
    return common_of(session.kind(each) for each in values)


def _first_array(session: Session, values: Sequence[Expr]) -> Kind:
    kind = session.kind(values[0]) if values else ARRAY
    return kind if kind.form == "array" else ARRAY


def _sorted(session: Session, values: Sequence[Expr]) -> Kind:
    return _first_array(session, values)


def _array(session: Session, values: Sequence[Expr]) -> Kind:
    return ARRAY


def _bag(session: Session, values: Sequence[Expr]) -> Kind:
    return BAG


RULES: dict[str, Rule] = {
    **dict.fromkeys(("bag_pack", "pack", "pack_dictionary"), _packed),
    "pack_array": _array_of_all,
    "array_concat": _joined,
    **dict.fromkeys(("set_union", "set_intersect", "set_difference"), _first_array),
    **dict.fromkeys(("array_sort_asc", "array_sort_desc"), _sorted),
    **dict.fromkeys(("bag_merge", "bag_remove_keys", "bag_set_key"), _bag),
    **dict.fromkeys(("array_iff", "array_iif"), _array),
}
"""By function. What is neither here nor has a plain result rule may be any dynamic value."""


def special_kind(session: Session, function: str, values: Sequence[Expr]) -> Kind | None:
    """The kind of a call's result; None when nothing is known."""
    rule = RULES.get(function)
    found = rule(session, values) if rule is not None else None
    return found if found is not ANY else None
