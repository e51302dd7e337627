"""Kinds of parameters that take several types, and what the language service reports about others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.kql.functions.signatures import TYPE_SETS
from tocsin.kql.semantics.kinds import Kind
from tocsin.kql.types import BOOL, DECIMAL, DYNAMIC, LONG, NUMBERS, REAL, STRING, ScalarType


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of parameter that takes several types: ``types`` in full, dynamic values where ``dynamic`` says so; what
    is reported about others."""

    code: str
    message: str
    types: frozenset[ScalarType]
    dynamic: Callable[[Kind], bool] | None = None

    def takes(self, kind: Kind) -> bool:
        """Whether a value of that kind is fine."""
        if kind.type is DYNAMIC and self.dynamic is not None:
            return self.dynamic(kind)
        return kind.type in self.types


def _is_array(kind: Kind) -> bool:
    return kind.form in ("", "array")


def _is_bag(kind: Kind) -> bool:
    return kind.form in ("", "bag")


def _list_of(*types: ScalarType) -> Callable[[Kind], bool]:
    def check(kind: Kind) -> bool:
        if kind.form == "":
            return True
        if kind.form == "array":
            return kind.of is None or kind.of.type in (*types, DYNAMIC)
        return kind.form == "scalar" and kind.of is not None and kind.of.type in types

    return check


KINDS: dict[str, Group] = {
    "scalar": Group("KS108", "A scalar value is needed here", TYPE_SETS["scalar"]),
    "integer": Group("KS134", "An integer is needed here", TYPE_SETS["integer"]),
    "fraction": Group("KS135", "A real or decimal number is needed here", frozenset({REAL, DECIMAL})),
    "textual": Group("KS141", "A string or a dynamic value is needed here", frozenset({STRING, DYNAMIC})),
    "texts": Group("KS233", "A string or an array of strings is needed here", frozenset({STRING}), _list_of(STRING)),
    "integers": Group(
        "KS136", "An integer or an array of integers is needed here", TYPE_SETS["integer"], _list_of(LONG)
    ),
    "array": Group("KS234", "A dynamic array is needed here", frozenset(), _is_array),
    "bag": Group("KS235", "A dynamic bag is needed here", frozenset(), _is_bag),
    "number": Group("KS137", "A number is needed here", NUMBERS),
    "numberorbool": Group("KS137", "A number or a bool is needed here", NUMBERS | {BOOL}),
    "summable": Group(
        "KS138", "A number, timespan or datetime is needed here, something to sum", TYPE_SETS["summable"]
    ),
    "orderable": Group(
        "KS206",
        "A number, timespan, datetime, string or bool is needed here, something to put in order",
        TYPE_SETS["orderable"],
    ),
    "notbool": Group("KS116", "A bool is not taken here", TYPE_SETS["notbool"]),
    "notrealorbool": Group("KS116", "A real or a bool is not taken here", TYPE_SETS["notrealorbool"]),
    "notdynamic": Group("KS116", "A dynamic value is not taken here: convert it first", TYPE_SETS["notdynamic"]),
    "commonorderable": Group(
        "KS206",
        "A number, timespan, datetime, string or bool is needed here, something to put in order",
        TYPE_SETS["orderable"],
    ),
    "common": Group("KS108", "A scalar value is needed here", TYPE_SETS["scalar"]),
    "commonordynamic": Group("KS108", "A scalar value is needed here", TYPE_SETS["scalar"]),
}
"""Kinds of parameters that are no type."""

_BY_TYPES = {
    TYPE_SETS[name]: name for name in ("scalar", "integer", "number", "summable", "orderable", "notdynamic", "notbool")
} | {
    KINDS["textual"].types: "textual",
    KINDS["fraction"].types: "fraction",
    KINDS["numberorbool"].types: "numberorbool",
}


def group_of(kind: str, types: frozenset[ScalarType]) -> str | None:
    """The name in ``KINDS`` of what a signature writes as ``kind``; None where it lists types."""
    return kind if kind in KINDS else _BY_TYPES.get(types)
