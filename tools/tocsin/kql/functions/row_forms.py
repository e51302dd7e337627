"""Row forms: what rules use most, written as a Python expression instead of a call of the implementation.

A form gives, for the same arguments, exactly the value of the function's own implementation; where that needs care
(other types, a null among the constants) there is no form, and the implementation is called. The tests hold each form
against its implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard

from tocsin.kql.functions import arrays, regex_functions, strings
from tocsin.kql.functions.conversions import DYNAMIC_NAMES
from tocsin.kql.functions.declaration import VARIES
from tocsin.kql.functions.rendering import dynamic_text, text_of
from tocsin.kql.functions.terms import folded, has_term, lower, upper
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    LONG_MAX,
    REAL,
    STRING,
    TIMESPAN,
    ScalarType,
    Value,
)

Bind: TypeAlias = Callable[[object], str]
"""Makes an object known to the expression; gives the name it has there."""

Writer: TypeAlias = Callable[[Sequence[str], Bind], str]
"""Writes the expression, given the names of the arguments."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What is known of an argument when the query is prepared. ``value`` is VARIES unless it is a constant."""

    type: ScalarType
    nullable: bool
    value: Value | object = VARIES


@dataclass(frozen=True, slots=True)
class RowForm:
    """An expression for a call. ``nullable``: whether it can give null. ``through``: what is done to the first argument
    before (once, for all calls that want the same of it). ``holds``: how many values a dynamic holds, itself included,
    all of them scalars. ``is_costly``: it may take longer than a comparison."""

    write: Writer
    nullable: bool = False
    through: RowForm | None = None
    holds: int = 0
    is_costly: bool = False


Form: TypeAlias = Callable[[Sequence[Argument]], RowForm | None]

_EQUAL = frozenset({STRING, INT, LONG, REAL, BOOL, DATETIME, TIMESPAN, GUID})
_ORDERED = frozenset({INT, LONG, REAL, DATETIME, TIMESPAN})
_NUMBERS = frozenset({INT, LONG, REAL})
_PLAIN = frozenset({BOOL, INT, LONG, REAL, STRING})
"""Types whose values are inside a dynamic what they are outside."""


_EXACT = 2**53
"""Below this a long and a real that is as large are the same number."""


def _alike(first: Argument, second: Argument, allowed: frozenset[ScalarType]) -> bool:
    """Whether values of these types are compared as they are. A long and a real are, where one is a small constant."""
    if first.type not in allowed or second.type not in allowed:
        return False
    if {first.type, second.type} == {LONG, REAL}:
        return _is_small(first.value) or _is_small(second.value)
    return first.type is second.type or (first.type in _NUMBERS and second.type in _NUMBERS)


def _is_small(value: Value | object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < _EXACT


def unless_null(arguments: Sequence[Argument], write: Writer, null: str = "None") -> RowForm:
    """The expression where no argument is null; null where one is."""
    places = [place for place, each in enumerate(arguments) if each.nullable]
    if not places:
        return RowForm(write)

    def guarded(names: Sequence[str], bind: Bind) -> str:
        return f"{null} if {' or '.join(f'{names[place]} is None' for place in places)} else {write(names, bind)}"

    return RowForm(guarded, nullable=null == "None")


# ------------------------------------------------------------------------------------------------------ comparisons


def _equality(sign: str) -> Form:
    def form(arguments: Sequence[Argument]) -> RowForm | None:
        left, right = arguments
        if not _alike(left, right, _EQUAL) or left.value is None or right.value is None:
            return None
        if left.nullable and right.nullable:
            return RowForm(
                lambda names, bind: f"None if {names[0]} is {names[1]} is None else {names[0]} {sign} {names[1]}", True
            )
        return RowForm(lambda names, bind: f"{names[0]} {sign} {names[1]}")

    return form


def _order(sign: str) -> Form:
    def form(arguments: Sequence[Argument]) -> RowForm | None:
        left, right = arguments
        if not _alike(left, right, _ORDERED) or left.value is None or right.value is None:
            return None
        return unless_null(arguments, lambda names, bind: f"{names[0]} {sign} {names[1]}")

    return form


def _between(arguments: Sequence[Argument]) -> RowForm | None:
    value, start, end = arguments
    if start.value is None or end.value is None:
        return None
    if not _alike(value, start, _ORDERED):
        return None
    if value.type is DATETIME and end.type is TIMESPAN:
        return unless_null(arguments, lambda names, bind: f"{names[1]} <= {names[0]} <= {names[1]} + {names[2]}")
    if not _alike(value, end, _ORDERED):
        return None
    return unless_null(arguments, lambda names, bind: f"{names[1]} <= {names[0]} <= {names[2]}")


def _not(arguments: Sequence[Argument]) -> RowForm | None:
    if arguments[0].type is not BOOL:
        return None
    return unless_null(arguments, lambda names, bind: f"not {names[0]}")


def _null_test(sign: str) -> Form:
    return lambda arguments: RowForm(lambda names, bind: f"{names[0]} {sign} None")


def _is_empty(wanted: bool) -> Form:
    sign = "is" if wanted else "is not"

    def form(arguments: Sequence[Argument]) -> RowForm | None:
        if arguments[0].type is STRING:
            return RowForm(lambda names, bind: f"{names[0]} {'==' if wanted else '!='} ''")
        if arguments[0].type is DYNAMIC:
            return None
        return RowForm(lambda names, bind: f"{names[0]} {sign} None")

    return form


# ------------------------------------------------------------------------------------------------------------ text


def _starts(part: str, text: str, bind: Bind) -> str:
    return f"{text}.startswith({bind(part)})"


def _ends(part: str, text: str, bind: Bind) -> str:
    return f"{text}.endswith({bind(part)})"


def _contains(part: str, text: str, bind: Bind) -> str:
    return f"{bind(part)} in {text}"


def _equals(part: str, text: str, bind: Bind) -> str:
    return f"{text} == {bind(part)}"


def _term(open_start: bool, open_end: bool) -> Callable[[str, str, Bind], str]:
    def write(part: str, text: str, bind: Bind) -> str:
        # Most texts do not hold the part at all, which Python sees at once.
        name = bind(part)
        test = f"{bind(has_term)}({text}, {name}, open_start={open_start}, open_end={open_end})"
        return f"{name} in {text} and {test}"

    return write


_TEXT_TESTS: dict[str, Callable[[str, str, Bind], str]] = {
    "has": _term(False, False),
    "hasprefix": _term(False, True),
    "hassuffix": _term(True, False),
    "contains": _contains,
    "startswith": _starts,
    "endswith": _ends,
    "=~": _equals,
}


def _text_test(name: str, wanted: bool, ignoring_case: bool) -> Form:
    test = _TEXT_TESTS[name]

    def form(arguments: Sequence[Argument]) -> RowForm | None:
        text, part = arguments
        if text.type is not STRING or part.value is VARIES:
            return None
        given = dynamic_text(part.value)
        written = folded(given) if ignoring_case else given

        def write(names: Sequence[str], bind: Bind) -> str:
            return f"{'' if wanted else 'not '}({test(written, names[0], bind)})"

        return RowForm(write, through=UPPER if ignoring_case else None)

    return form


def _text_forms() -> dict[str, Form]:
    forms: dict[str, Form] = {"=~": _text_test("=~", True, True), "!~": _text_test("=~", False, True)}
    for name in ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith"):
        for shown, wanted in ((name, True), (f"!{name}", False)):
            forms[shown] = _text_test(name, wanted, True)
            forms[f"{shown}_cs"] = _text_test(name, wanted, False)
    return forms


def _in_case(form: RowForm) -> Form:
    return lambda arguments: form if arguments[0].type is STRING else None


def _tostring(arguments: Sequence[Argument]) -> RowForm | None:
    if arguments[0].type is STRING:
        return RowForm(lambda names, bind: names[0])
    if arguments[0].type is not DYNAMIC:
        return None
    return RowForm(
        lambda names, bind: f"{names[0]} if type({names[0]}) is str else {bind(dynamic_text)}({names[0]})",
        is_costly=True,
    )


def _gettype(arguments: Sequence[Argument]) -> RowForm | None:
    if arguments[0].type is not DYNAMIC:
        return None
    return RowForm(lambda names, bind: f"{bind(DYNAMIC_NAMES)}[type({names[0]})]")


def _array_length(arguments: Sequence[Argument]) -> RowForm | None:
    if arguments[0].type is not DYNAMIC:
        return None
    return RowForm(lambda names, bind: f"len({names[0]}) if type({names[0]}) is list else None", nullable=True)


def _strcat(arguments: Sequence[Argument]) -> RowForm | None:
    writers = [None if each.type is STRING else text_of(each.type) for each in arguments]

    def write(names: Sequence[str], bind: Bind) -> str:
        parts = [
            name if writer is None else f"{bind(writer)}({name})" for name, writer in zip(names, writers, strict=True)
        ]
        return " + ".join(parts)

    return RowForm(write)


def _bag_pack(arguments: Sequence[Argument]) -> RowForm | None:
    keys, values = arguments[::2], arguments[1::2]
    if len(keys) != len(values) or any(each.type is not STRING for each in keys):
        return None
    if any(each.type not in _PLAIN for each in values):
        return None

    def write(names: Sequence[str], bind: Bind) -> str:
        return "{" + ", ".join(f"{key}: {value}" for key, value in zip(names[::2], names[1::2], strict=True)) + "}"

    return RowForm(write, holds=1 + len(values))


def _pack_array(arguments: Sequence[Argument]) -> RowForm | None:
    if not arguments or any(each.type not in _PLAIN for each in arguments):
        return None
    return RowForm(lambda names, bind: f"[{', '.join(names)}]", holds=1 + len(arguments))


def _array_slice(arguments: Sequence[Argument]) -> RowForm | None:
    array, start, end = arguments
    if array.type is not DYNAMIC or not (_is_place(start.value) and _is_place(end.value)):
        return None
    part = f"{start.value}:{end.value + 1}"
    return RowForm(lambda names, bind: f"{names[0]}[{part}] if type({names[0]}) is list else None", nullable=True)


def _is_place(value: Value | object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < LONG_MAX


def _array_sort(sort: Callable[[Value], Value]) -> Form:
    """Arrays of one element need no sorting, and most have one."""

    def form(arguments: Sequence[Argument]) -> RowForm | None:
        if len(arguments) != 1 or arguments[0].type is not DYNAMIC:
            return None

        def write(names: Sequence[str], bind: Bind) -> str:
            return f"{names[0]} if type({names[0]}) is list and len({names[0]}) < 2 else {bind(sort)}({names[0]})"

        return RowForm(write, nullable=True, is_costly=True)

    return form


def _strcat_array(arguments: Sequence[Argument]) -> RowForm | None:
    array, delimiter = arguments
    if array.type is not DYNAMIC or delimiter.type is not STRING:
        return None

    def write(names: Sequence[str], bind: Bind) -> str:
        array, delimiter = names
        return f"{bind(strings.joined)}({array}, {delimiter}) if {array} and type({array}) is list else ''"

    return RowForm(write, is_costly=True)


def _substring(arguments: Sequence[Argument]) -> RowForm | None:
    source, start, *length = arguments
    first, count = start.value, length[0].value if length else 0
    if source.type is not STRING or not _is_place(first) or not _is_place(count):
        return None
    part = f"{first}:{first + count if length else ''}"
    return RowForm(lambda names, bind: f"{names[0]}[{part}]")


def _strlen(arguments: Sequence[Argument]) -> RowForm | None:
    return RowForm(lambda names, bind: f"len({names[0]})") if arguments[0].type is STRING else None


def _trimming(method: str, trim: Callable[[str, str], str]) -> Form:
    """Trimming a run of characters: most texts are ASCII, where Python's own method does the same."""

    def form(arguments: Sequence[Argument]) -> RowForm | None:
        regex = arguments[0].value
        characters = regex_functions.trimmed_characters(regex) if isinstance(regex, str) else None
        if characters is None or arguments[1].type is not STRING:
            return None

        def write(names: Sequence[str], bind: Bind) -> str:
            otherwise = f"{bind(trim)}({names[0]}, {names[1]})"
            return f"{names[1]}.{method}({bind(characters)}) if {names[1]}.isascii() else {otherwise}"

        return RowForm(write, is_costly=True)

    return form


# --------------------------------------------------------------------------------------------------------- numbers


def _bin(arguments: Sequence[Argument]) -> RowForm | None:
    """Datetimes: they are not negative, so that the multiple below is never out of range."""
    value, size = arguments
    if value.type is not DATETIME or type(size.value) is not int or size.value <= 0:
        return None
    return unless_null(arguments, lambda names, bind: f"{names[0]} - {names[0]} % {names[1]}")


UPPER = RowForm(lambda names, bind: f"{names[0]}.upper() if {names[0]}.isascii() else {bind(upper)}({names[0]})")
LOWER = RowForm(lambda names, bind: f"{names[0]}.lower() if {names[0]}.isascii() else {bind(lower)}({names[0]})")

ROW_FORMS: Final[dict[str, Form]] = {
    "==": _equality("=="),
    "!=": _equality("!="),
    "<>": _equality("!="),
    "<": _order("<"),
    "<=": _order("<="),
    ">": _order(">"),
    ">=": _order(">="),
    "between": _between,
    "not": _not,
    "isempty": _is_empty(True),
    "isnotempty": _is_empty(False),
    "notempty": _is_empty(False),
    "isnull": _null_test("is"),
    "isnotnull": _null_test("is not"),
    "notnull": _null_test("is not"),
    "bin": _bin,
    "floor": _bin,
    "tolower": _in_case(LOWER),
    "toupper": _in_case(UPPER),
    **dict.fromkeys(("bag_pack", "pack", "pack_dictionary"), _bag_pack),
    "pack_array": _pack_array,
    "array_length": _array_length,
    "array_slice": _array_slice,
    "array_sort_asc": _array_sort(arrays.array_sort_asc),
    "array_sort_desc": _array_sort(arrays.array_sort_desc),
    **dict.fromkeys(("strcat_array", "array_strcat"), _strcat_array),
    "substring": _substring,
    "gettype": _gettype,
    "tostring": _tostring,
    "strcat": _strcat,
    "strlen": _strlen,
    "trim": _trimming("strip", regex_functions.trim),
    "trim_start": _trimming("lstrip", regex_functions.trim_start),
    "trim_end": _trimming("rstrip", regex_functions.trim_end),
    **_text_forms(),
}
"""The forms by name of the function. Only for calls of which at least one argument varies."""
