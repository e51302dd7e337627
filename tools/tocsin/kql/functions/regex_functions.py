"""Functions that take a regular expression. A broken pattern fails the query (KqlValueError).

Source: https://learn.microsoft.com/kusto/query/scalar-functions#string-functions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tocsin.kql.functions.adaptation import texts
from tocsin.kql.functions.declaration import VARIES, FunctionTable, Nulls, Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.regex_scanner import shown
from tocsin.kql.functions.regexes import MOST_GROUPS, Frame, Match, Regex, compiled, rewriting
from tocsin.kql.types import ScalarType, Value

TABLE = FunctionTable()


def _caught(match: Match, group: int) -> str:
    return match.group(group) or ""


def _known(regex: Value, frame: Frame = Frame.ANYWHERE) -> Regex | None:
    """The compiled pattern where it is constant and one."""
    if not isinstance(regex, str):
        return None
    try:
        return compiled(regex, frame)
    except KqlValueError:
        return None


def _extract_with(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[str], str] | None:
    regex, group, source, *rest = values
    pattern = _known(regex)
    if pattern is None or not isinstance(group, int) or source is not VARIES or VARIES in rest:
        return None
    if not 0 <= group <= pattern.groups:
        return lambda text: ""
    search = pattern.search

    def extract_from(text: str) -> str:
        match = search(text)
        return (match.group(group) or "") if match else ""

    return extract_from


@TABLE.scalar(
    "extract",
    "(regex: const string, captureGroup: int|long, source: string) -> string",
    "(regex: const string, captureGroup: int|long, source: string, typeLiteral: const string) -> string",
    page="extract-function",
    accepts=(
        "(regex: const string, captureGroup: long, source: string) -> string",
        "(regex: const string, captureGroup: long, source: string, typeLiteral: literal type)",
    ),
    specialise=_extract_with,
)
def extract(regex: str, group: int, source: str, type_name: str = "string") -> str:
    """What the group caught in the first match (0: the match); the empty text when there is none."""
    pattern = compiled(regex)
    if not 0 <= group <= pattern.groups:
        return ""
    match = pattern.search(source)
    return _caught(match, group) if match else ""


def _chosen_groups(pattern: Regex, chosen: Value) -> list[int]:
    """Group numbers from a dynamic array of numbers and names."""
    if not isinstance(chosen, list) or not chosen:
        raise KqlValueError("the groups for extract_all are an array of their numbers and names")
    numbers: list[int] = []
    for each in chosen:
        number = pattern.names.get(each) if isinstance(each, str) else each
        if type(number) is not int or not 1 <= number <= pattern.groups:
            raise KqlValueError(f"the regular expression {shown(pattern.pattern)} has no group {each!r}")
        numbers.append(number)
    return numbers


def _extracting_all(pattern: Regex, chosen: Sequence[Value]) -> Callable[[str], Value]:
    """``chosen`` holds the array of groups, or nothing: then all of them count."""
    if not 1 <= pattern.groups <= MOST_GROUPS:
        raise KqlValueError(
            f"extract_all needs a regular expression with 1 to {MOST_GROUPS} groups: {shown(pattern.pattern)}"
        )
    groups = _chosen_groups(pattern, chosen[0]) if chosen else list(range(1, pattern.groups + 1))
    if len(groups) == 1:
        only = groups[0]
        return lambda source: [match.group(only) or "" for match in pattern.matches(source)] or None
    return lambda source: [[_caught(match, group) for group in groups] for match in pattern.matches(source)] or None


def _extract_all_with(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[str], Value] | None:
    regex, *chosen, source = values
    pattern = _known(regex)
    if pattern is None or source is not VARIES or VARIES in chosen:
        return None
    try:
        return _extracting_all(pattern, chosen)
    except KqlValueError:
        return None


@TABLE.scalar(
    "extract_all",
    "(regex: const string, source: string) -> array",
    "(regex: const string, captureGroups: array, source: string) -> array",
    page="extract-all-function",
    aliases=("extractall",),
    specialise=_extract_all_with,
)
def extract_all(regex: str, *arguments: Value) -> Value:
    """What the groups caught in each match: texts when one group counts, else arrays. Null without a match."""
    *chosen, source = arguments
    return _extracting_all(compiled(regex), chosen)(str(source))


def _replacing(regex: Value, rewrite: Value, source: Value) -> Callable[[str], str] | None:
    pattern = _known(regex)
    if pattern is None or not isinstance(rewrite, str) or source is not VARIES:
        return None
    replace, written = pattern.replace, rewriting(rewrite, pattern.groups)
    return lambda text: replace(text, written)


@TABLE.scalar(
    "replace_regex",
    "(source: string, lookup_regex: const string, rewrite_pattern: const string) -> string",
    page="replace-regex-function",
    specialise=lambda types, values: _replacing(values[1], values[2], values[0]),
)
def replace_regex(source: str, regex: str, rewrite: str) -> str:
    """Each match replaced; ``\\1`` in the rewrite is what the first group caught."""
    pattern = compiled(regex)
    return pattern.replace(source, rewriting(rewrite, pattern.groups))


@TABLE.scalar(
    "replace",
    "(regex: const string, rewrite: const string, source: string) -> string",
    page="replace-regex-function",
    specialise=lambda types, values: _replacing(*values),
)
def replace(regex: str, rewrite: str, source: str) -> str:
    """``replace_regex`` with its old order of arguments."""
    return replace_regex(source, regex, rewrite)


_TRIM = "(regex: const string, source: string) -> string"


def _trimming(frame: Frame) -> Callable[[Sequence[ScalarType], Sequence[Value]], Callable[[str], str] | None]:
    """``Frame.ANYWHERE`` trims both ends."""

    def specialise(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[str], str] | None:
        regex, source = values
        first, last = _known(regex, Frame.START), _known(regex, Frame.END)
        if first is None or last is None or source is not VARIES:
            return None
        search_start, search_end = first.search, last.search

        def start(text: str) -> str:
            match = search_start(text)
            return text[match.end() :] if match else text

        def end(text: str) -> str:
            match = search_end(text)
            return text[: match.start()] if match else text

        members = trimmed_characters(regex)
        if members is not None:
            return _stripping(members, frame, start, end)
        return start if frame is Frame.START else end if frame is Frame.END else lambda text: end(start(text))

    return specialise


_CHARACTERS_OF_A_CLASS = re.compile(r"(?:\[(?:[^\]\\]|\\.)+\]|\\[sdw])\+")
"""A pattern that is a run of the characters of one class."""


def trimmed_characters(regex: str) -> str | None:
    """The ASCII characters that a pattern takes a run of; None for another pattern, or none at all."""
    if _known(regex) is None or not _CHARACTERS_OF_A_CLASS.fullmatch(regex):
        return None
    return "".join(filter(compiled(regex).found, map(chr, range(128))))


def _stripping(
    members: str, frame: Frame, start: Callable[[str], str], end: Callable[[str], str]
) -> Callable[[str], str]:
    """Trimming a run of characters: most texts are ASCII, where Python's own strip does the same."""
    if frame is Frame.START:
        return lambda text: text.lstrip(members) if text.isascii() else start(text)
    if frame is Frame.END:
        return lambda text: text.rstrip(members) if text.isascii() else end(text)
    return lambda text: text.strip(members) if text.isascii() else end(start(text))


@TABLE.scalar("trim_start", _TRIM, page="trim-start-function", specialise=_trimming(Frame.START))
def trim_start(regex: str, source: str) -> str:
    """Without the match at the start, once."""
    match = compiled(regex, Frame.START).search(source)
    return source[match.end() :] if match else source


@TABLE.scalar("trim_end", _TRIM, page="trim-end-function", specialise=_trimming(Frame.END))
def trim_end(regex: str, source: str) -> str:
    """Without the match at the end, once."""
    match = compiled(regex, Frame.END).search(source)
    return source[: match.start()] if match else source


@TABLE.scalar("trim", _TRIM, page="trim-function", specialise=_trimming(Frame.ANYWHERE))
def trim(regex: str, source: str) -> str:
    """Without the matches at the start and at the end, once each."""
    return trim_end(regex, trim_start(regex, source))


@TABLE.scalar(
    "countof",
    "(source: string, search: string, [kind: literal string {'normal', 'regex'}]) -> long",
    page="countof-function",
)
def countof(source: str, search: str, kind: str = "normal") -> int:
    """Occurrences of a text, overlapping ones too, or matches of a pattern (``regex``), none overlapping."""
    if kind.lower() == "regex":
        return sum(1 for _ in compiled(search).matches(source))
    if not search:
        return 0
    count = 0
    at = source.find(search)
    while at >= 0:
        count += 1
        at = source.find(search, at + 1)
    return count


@TABLE.scalar(
    "indexof_regex",
    "(source: scalar, match: const scalar, [start: int|long], [length: int|long], [occurrence: const int|long])"
    " -> long",
    page="indexof-regex-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
)
@texts(0, 1, others_null=True)
def indexof_regex(source: str, regex: str, start: int = 0, length: int = -1, occurrence: int = 1) -> int | None:
    """Position of the n-th match within the range, -1 when there is none."""
    if start < 0 or occurrence < 1 or length < -1:
        return None
    end = len(source) if length == -1 else min(len(source), start + length)
    if start > len(source):
        return -1
    for number, match in enumerate(compiled(regex).matches(source[start:end]), start=1):
        if number == occurrence:
            return match.start() + start
    return -1


_SPECIAL = frozenset(r"\.+*?()|[]{}^$#&-~")


@TABLE.scalar(
    "regex_quote", "(text: scalar) -> string", page="regex-quote-function", nulls=Nulls.SEE, style=Style.TYPED
)
@texts()
def regex_quote(text: str) -> str:
    """The text as a pattern that matches it and nothing else."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)
