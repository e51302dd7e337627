"""String functions that read and build text. Positions and lengths count Unicode characters.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#string-functions
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from tocsin.kql.functions.adaptation import texts
from tocsin.kql.functions.conversions import to_long
from tocsin.kql.functions.declaration import FunctionTable, Nulls, Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.rendering import dynamic_text
from tocsin.kql.functions.terms import has_term, lower, upper
from tocsin.kql.types import Value

TABLE = FunctionTable()

LONGEST_RESULT = 16 * 1024 * 1024
"""Characters that a function which multiplies text may give; beyond it the query fails."""

MOST_PIECES = 10_000_000
"""Pieces of a text that replacing many texts may go through; it bounds the time of one call."""


@TABLE.scalar("strlen", "(text: string|dynamic) -> long", page="strlen-function", nulls=Nulls.SEE, style=Style.TYPED)
@texts(0)
def strlen(text: str) -> int:
    """Number of characters."""
    return len(text)


@TABLE.scalar(
    "string_size", "(text: string|dynamic) -> long", page="string-size-function", nulls=Nulls.SEE, style=Style.TYPED
)
@texts(0)
def string_size(text: str) -> int:
    """Number of bytes in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


@TABLE.scalar("strcat", "(part: scalar, ...64) -> string", page="strcat-function", nulls=Nulls.SEE, style=Style.TYPED)
@texts()
def strcat(*parts: str) -> str:
    """The texts one after the other."""
    return "".join(parts)


@TABLE.scalar(
    "strcat_delim",
    "(delimiter: scalar, first: scalar, ...2-64) -> string",
    page="strcat-delim-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
)
@texts()
def strcat_delim(delimiter: str, *parts: str) -> str:
    """The texts with the delimiter between them."""
    return delimiter.join(parts)


_ONLY_TEXTS = {str}


@TABLE.scalar(
    "strcat_array",
    "(array: array, delimiter: scalar) -> string",
    page="strcat-array-function",
    style=Style.TYPED,
    aliases=("array_strcat",),
)
@texts(1)
def strcat_array(array: Value, delimiter: str) -> str:
    """The texts of the elements with the delimiter between them."""
    return joined(array, delimiter) if isinstance(array, list) else ""


def joined(array: list[Value], delimiter: str) -> str:
    """The texts of the elements with ``delimiter`` between them. Raises KqlValueError where they are too long."""
    parts = [each if type(each) is str else dynamic_text(each) for each in array]
    _check_length(sum(map(len, parts)) + len(delimiter) * len(parts))
    return delimiter.join(parts)


@TABLE.scalar("toupper", "(text: scalar) -> string", page="toupper-function", style=Style.TYPED)
@texts()
def toupper(text: str) -> str:
    """Upper case, character by character."""
    return upper(text)


@TABLE.scalar("tolower", "(text: scalar) -> string", page="tolower-function", style=Style.TYPED)
@texts()
def tolower(text: str) -> str:
    """Lower case, character by character."""
    return lower(text)


@TABLE.scalar("reverse", "(text: scalar) -> string", page="reverse-function", style=Style.TYPED)
@texts()
def reverse(text: str) -> str:
    """The characters from last to first."""
    return text[::-1]


@TABLE.scalar(
    "substring",
    "(source: scalar, start: int|long, [length: int|long]) -> string",
    page="substring-function",
    style=Style.TYPED,
)
@texts(0)
def substring(source: str, start: int, length: int | None = None) -> str:
    """``length`` characters from ``start``; a negative start counts from the end."""
    if start < 0:
        start += len(source)
        if start < 0:
            return ""
    if length is None:
        return source[start:]
    return source[start : start + length] if length > 0 else ""


@TABLE.scalar(
    "split",
    "(source: scalar, delimiter: string, [requestedIndex: int|long]) -> array<string>",
    page="split-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
)
@texts(0, others_null=True)
def split(source: str, delimiter: str, index: int | None = None) -> list[str]:
    """The parts between the delimiters; with an index an array of that part alone, empty when there is none.

    An empty delimiter is found nowhere, as the empty text that ``indexof`` and ``replace_string`` look for.
    """
    parts = source.split(delimiter) if delimiter else [source]
    if index is None:
        return parts
    return [parts[index]] if 0 <= index < len(parts) else []


@TABLE.scalar(
    "replace_string",
    "(text: string, lookup: string, rewrite: string) -> string",
    page="replace-string-function",
)
def replace_string(text: str, lookup: str, rewrite: str) -> str:
    """Every occurrence replaced; an empty lookup changes nothing."""
    if not lookup:
        return text
    if len(rewrite) > len(lookup):
        _check_length(len(text) + text.count(lookup) * (len(rewrite) - len(lookup)))
    return text.replace(lookup, rewrite)


def _check_length(length: int) -> None:
    if length > LONGEST_RESULT:
        raise KqlValueError(f"a text of {length} characters is longer than the {LONGEST_RESULT} that one may have")


@TABLE.scalar(
    "replace_strings",
    "(text: string, lookups: array, rewrites: array) -> string",
    page="replace-strings-function",
)
def replace_strings(text: str, lookups: Value, rewrites: Value) -> str:
    """The lookups are replaced one after the other; what one has matched is out of reach of the next.

    A rewrite that is no string leaves what its lookup matches as it is.
    """
    if not isinstance(lookups, list) or not isinstance(rewrites, list) or len(lookups) != len(rewrites):
        return ""
    pieces: list[tuple[str, bool]] = [(text, True)]
    looked_at = 0
    for lookup, rewrite in zip(map(dynamic_text, lookups), rewrites, strict=True):
        if lookup:
            written = rewrite if isinstance(rewrite, str) else lookup
            pieces = [
                each for piece, free in pieces for each in (_cut(piece, lookup, written) if free else [(piece, free)])
            ]
            _check_length(sum(len(piece) for piece, _ in pieces))
            looked_at += len(pieces)
            if looked_at > MOST_PIECES:
                raise KqlValueError(f"replacing these texts takes more than {MOST_PIECES:,} steps")
    return "".join(piece for piece, _ in pieces)


def _cut(text: str, lookup: str, written: str) -> list[tuple[str, bool]]:
    """The text around each occurrence, still free to match, and what is written in its place."""
    first, *others = text.split(lookup)
    pieces = [(first, True)]
    for other in others:
        pieces += [(written, False), (other, True)]
    return [(piece, free) for piece, free in pieces if piece]


@TABLE.scalar(
    "indexof",
    "(source: scalar, match: scalar, [start: int|long], [length: int|long], [occurrence: const int|long]) -> long",
    page="indexof-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
)
@texts(0, 1, others_null=True)
def indexof(source: str, match: str, start: int = 0, length: int = -1, occurrence: int = 1) -> int | None:
    """Position of the n-th occurrence within the range, -1 when there is none; null for an empty match."""
    if not match or occurrence < 1:
        return None
    at = (max(0, start + len(source)) if start < 0 else start) - 1
    if length < -1:
        return None
    for _ in range(occurrence):
        # Each occurrence is looked for within ``length`` characters from where the search goes on.
        end = len(source) if length == -1 else at + 1 + length
        at = source.find(match, at + 1, end)
        if at < 0:
            return -1
    return at


@TABLE.scalar("strrep", "(value: scalar, multiplier: long, [delimiter: scalar]) -> string", page="strrep-function",
              style=Style.TYPED)  # fmt: skip
@texts(0, 2)
def strrep(value: str, multiplier: int, delimiter: str = "") -> str:
    """The text up to 1024 times, with the delimiter between; the empty text for a multiplier below 1."""
    count = min(max(multiplier, 0), 1024)
    _check_length((len(value) + len(delimiter)) * count)
    return delimiter.join([value] * count)


@TABLE.scalar(
    "strcmp", "(string1: scalar, string2: scalar) -> long", page="strcmp-function", nulls=Nulls.SEE, style=Style.TYPED
)
@texts()
def strcmp(first: str, second: str) -> int:
    """-1, 0 or 1 in the order of character codes."""
    return (first > second) - (first < second)


@TABLE.scalar(
    "translate", "(searchList: string, replacementList: string, source: string) -> string", page="translate-function"
)
def translate(search: str, replacement: str, source: str) -> str:
    """Each character of the search list becomes the one at its place in the replacement list.

    A shorter replacement list is filled up with its last character; an empty one removes the characters.
    """
    filled = replacement + (replacement[-1] if replacement else "") * max(0, len(search) - len(replacement))
    table: dict[int, str] = {}
    for index, char in enumerate(search):
        table.setdefault(ord(char), filled[index] if filled else "")
    return source.translate(table)


@TABLE.scalar("isempty", "(value: scalar) -> bool", page="isempty-function", nulls=Nulls.SEE, folds=False)
def isempty(value: Value) -> bool:
    """Null or the empty text."""
    return value is None or value == ""


@TABLE.scalar(
    "isnotempty",
    "(value: scalar) -> bool",
    page="isnotempty-function",
    nulls=Nulls.SEE,
    aliases=("notempty",),
    folds=False,
)
def isnotempty(value: Value) -> bool:
    """Neither null nor the empty text."""
    return not isempty(value)


@TABLE.scalar("isascii", "(value: scalar) -> bool", page="isascii", nulls=Nulls.SEE, style=Style.TYPED, folds=False)
@texts()
def isascii(text: str) -> bool:
    """Only characters below 128."""
    return text.isascii()


@TABLE.scalar("isutf8", "(value: scalar) -> bool", page="isutf8", nulls=Nulls.SEE, style=Style.TYPED, folds=False)
@texts()
def isutf8(text: str) -> bool:
    """Whether the text can be written in UTF-8: no halves of surrogate pairs."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


@TABLE.scalar(
    "unicode_codepoints_from_string",
    "(value: scalar) -> array",
    page="unicode-codepoints-from-string-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    aliases=("to_utf8",),
)
@texts()
def unicode_codepoints_from_string(text: str) -> list[int]:
    """The code point of each character."""
    return [ord(char) for char in text]


@TABLE.scalar(
    "unicode_codepoints_to_string",
    "(value: integers, ...) -> string",
    page="unicode-codepoints-to-string-function",
    aliases=("make_string",),
)
def unicode_codepoints_to_string(*values: Value) -> str:
    """The text of code points given one by one or in arrays."""
    out: list[str] = []
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            code = to_long(each)
            if code is None or not 0 <= code <= 0x10FFFF:
                return ""
            out.append(chr(code))
    return "".join(out)


@TABLE.scalar("has_any_index", "(source: string|dynamic, values: array) -> long", page="has-any-index-function",
              nulls=Nulls.SEE, style=Style.TYPED)  # fmt: skip
@texts(0)
def has_any_index(source: str, values: Value) -> int | None:
    """Index of the first of the terms that the text has; -1: none."""
    if not isinstance(values, list):
        return None
    text = upper(source)
    for index, each in enumerate(values):
        if has_term(text, upper(dynamic_text(each))):
            return index
    return -1


@TABLE.scalar(
    "parse_csv", "(csv_text: string|dynamic) -> array", page="parse-csv-function", nulls=Nulls.SEE, style=Style.TYPED
)
@texts(0)
def parse_csv(text: str) -> list[str]:
    """The fields of the first record (RFC 4180)."""
    fields: list[str] = []
    field: list[str] = []
    at = 0
    quoted = False
    while at < len(text):
        char = text[at]
        if quoted:
            if char != '"':
                field.append(char)
            elif text[at + 1 : at + 2] == '"':
                field.append(char)
                at += 1
            else:
                quoted = False
        elif char == '"' and not field:
            quoted = True
        elif char == ",":
            fields.append("".join(field))
            field = []
        elif char in "\r\n":
            break
        else:
            field.append(char)
        at += 1
    return [*fields, "".join(field)]


_UNITS = ("Bytes", "KB", "MB", "GB", "TB", "PB", "EB")


@TABLE.scalar(
    "format_bytes",
    "(size: number, [precision: const number], [units: const string]) -> string",
    page="format-bytes-function",
    folds=False,
)
def format_bytes(size: Any, precision: Any = 0, units: str = "") -> str:
    """The size in the given unit, or in the largest in which it is at least 1, to ``precision`` digits."""
    amount = Decimal(str(size))
    if not amount.is_finite() or amount.adjusted() > 30 or not math.isfinite(precision):
        return ""
    index = 0
    if units:
        if units not in _UNITS:
            return ""
        index = _UNITS.index(units)
        amount /= 1024**index
    else:
        while abs(amount) >= 1024 and index < len(_UNITS) - 1:
            amount /= 1024
            index += 1
    rounded = round(amount, max(0, min(int(precision), 15)))
    text = format(rounded, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {_UNITS[index]}"
