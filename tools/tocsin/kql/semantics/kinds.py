"""Kinds of values: a scalar type, and of a dynamic value whether it is known to be an array, a bag or a plain value.

The language service tells these apart: ``split()`` gives an array, which ``parse_url()`` does not take although it
takes a dynamic value of which nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from tocsin.kql.types import DECIMAL, DYNAMIC, INT, LONG, REAL, STRING, UNKNOWN, DynamicForm, ScalarType

Kind = DynamicForm
"""See there."""

UNKNOWN_KIND = Kind(UNKNOWN)
ANY = Kind(DYNAMIC)
ARRAY = Kind(DYNAMIC, "array")
BAG = Kind(DYNAMIC, "bag")

KINDS_OF_TYPES = {type_: Kind(type_) for type_ in ScalarType} | {UNKNOWN: UNKNOWN_KIND, DYNAMIC: ANY}

_GEOMETRY = Kind(DYNAMIC, "bag", None, (("type", Kind(STRING)), ("coordinates", ARRAY)))
"""A value of GeoJSON."""

_WIDER: dict[ScalarType, frozenset[ScalarType]] = {
    LONG: frozenset({INT}),
    REAL: frozenset({INT, LONG}),
    DECIMAL: frozenset({INT, LONG, REAL}),
}
"""Types that are read as a wider one."""


@lru_cache(maxsize=256)
def kind_named(text: str) -> Kind:
    """The kind that a text of the argument rules means: ``string``, ``array<real>``, ``bag{Host:string}``."""
    if text == "array":
        return ARRAY
    if text == "bag":
        return BAG
    if text == "geometry":
        return _GEOMETRY
    if text.startswith("array<"):
        return Kind(DYNAMIC, "array", element_kind(kind_named(text[6:-1])))
    if text.startswith("bag{"):
        members = (each.split(":", 1) for each in _parts(text[4:-1]))
        return Kind(DYNAMIC, "bag", None, tuple((name, kind_named(type_)) for name, type_ in members))
    if text in ("table", "null"):
        return UNKNOWN_KIND
    return KINDS_OF_TYPES[ScalarType(text)]


def _parts(text: str) -> list[str]:
    """The text cut at the semicolons outside braces."""
    found = [""]
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == ";" and not depth:
            found.append("")
        else:
            found[-1] += character
    return found


def element_kind(kind: Kind) -> Kind | None:
    """What an array made of such values holds; None: anything."""
    if kind.form == "scalar" and kind.of is not None:
        kind = kind.of
    if kind is UNKNOWN_KIND or (kind.type is DYNAMIC and not kind.form):
        return None
    return Kind(LONG) if kind.type is INT else kind


def inside_dynamic(kind: Kind | None) -> Kind:
    """Such a value as part of a dynamic one."""
    if kind is None or kind is UNKNOWN_KIND:
        return ANY
    if kind.type is DYNAMIC:
        return kind
    return Kind(DYNAMIC, "scalar", Kind(LONG) if kind.type is INT else kind)


def member_kind(kind: Kind, name: str) -> Kind:
    """The kind of ``kind.name``."""
    if kind.form == "bag":
        for member, of in kind.members:
            if member == name:
                return inside_dynamic(of)
    return ANY


def is_promotable(given: Kind, wanted: Kind) -> bool:
    """Whether a value is read as the wanted kind without being asked: numbers widen, an array is a dynamic value."""
    if given.type is DYNAMIC:
        if not given.form:
            return wanted.type is STRING
        return wanted.type is DYNAMIC and not wanted.form
    return given.type in _WIDER.get(wanted.type, ())


def common_kind(left: Kind, right: Kind, *, dynamic: bool = False) -> Kind | None:
    """The kind that values of both kinds can be read as; None when there is none. ``dynamic``: any two are dynamic."""
    if left == right:
        return left
    if UNKNOWN_KIND in (left, right):
        return UNKNOWN_KIND
    if ANY in (left, right):
        return ANY
    if is_promotable(left, right):
        return right
    if is_promotable(right, left):
        return left
    if left.form == right.form == "array":
        return ARRAY
    if left.form == right.form == "bag":
        return Kind(DYNAMIC, "bag", None, tuple(each for each in left.members if each in right.members))
    plain = [each.of if each.form == "scalar" and each.of is not None else each for each in (left, right)]
    if "scalar" in (left.form, right.form):
        found = common_kind(plain[0], plain[1])
        if found is not None:
            return inside_dynamic(found)
    if left.type is right.type is DYNAMIC or dynamic:
        return ANY
    return None


def common_of(kinds: Iterable[Kind]) -> Kind:
    """The kind that a column of such values has."""
    found: Kind | None = None
    for each in kinds:
        found = each if found is None else common_kind(found, each, dynamic=True) or ANY
    return found or UNKNOWN_KIND
