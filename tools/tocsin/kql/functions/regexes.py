r"""Regular expressions of queries, run by RE2: one search takes at most a time that grows with the length of the text
and with the size of the pattern, never with the ways to match. Where that may be long it is made in a thread, so that
it can be given up. What cannot take long on a short text is run by Python's own engine there (``regex_short``), which
starts faster.

Kusto's dialect is that of Rust's regex crate. A pattern is read by its rules and written for RE2 so that it finds the
same; what has no equal there is refused. ``\d``, ``\s``, ``\w`` and ``\b`` are those of Unicode.

Source: https://learn.microsoft.com/kusto/query/regex
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any, Protocol, TypeAlias

import re2

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.long_calls import interruptible, interruptible_stream
from tocsin.kql.functions.regex_scanner import shown
from tocsin.kql.functions.regex_short import ShortPattern
from tocsin.kql.functions.regex_translation import Frame, Translation, marked_character

__all__ = ["MOST_GROUPS", "Frame", "Match", "Regex", "compiled", "rewriting"]

MOST_GROUPS = 16
"""Kusto's limit of groups in a pattern (https://learn.microsoft.com/kusto/query/matches-regex-operator)."""

MOST_MATCHES = 500_000
"""Matches that are taken from one text. It bounds the time of one call; Kusto's own texts end at a million bytes."""

SEARCHES_BEFORE_SHORT = 50
"""Searches of one pattern after which its form for short texts is made: that costs as much as they do."""

QUICK_WORK = 1 << 25
"""Steps of RE2 (bytes of the text times instructions of the pattern) that are made at once: at most 13 ns each, mostly
a thousandth of that."""

MOST_WORK = 10_000_000_000
"""Steps that a search may take: two minutes at the very worst."""

MEMORY = 64 * 1024 * 1024
"""Bytes that RE2 may use for a pattern that is too large for its usual 8 MiB, such as one of many Unicode classes."""

_SURELY_SMALL = 20_000
"""Up to this length a pattern is first given the usual memory; a longer one takes seconds to be too large for it."""


class Match(Protocol):
    """What a pattern caught; places count characters."""

    def group(self, group: int, /) -> str | None:
        """What the group caught (0: all); None when it took no part."""

    def start(self) -> int:
        """Where the match begins."""

    def end(self) -> int:
        """The first place behind it."""


Expression: TypeAlias = Any
"""A compiled RE2 pattern; the package has no types."""


def _re2(pattern: str | bytes, source: str) -> Expression:
    options = re2.Options()
    options.log_errors = False
    if len(pattern) <= _SURELY_SMALL:
        with suppress(re2.error):
            return re2.compile(pattern, options)
    options.max_mem = MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise KqlValueError(f"the regular expression {shown(source)} can not be run here: {_reason(error)}") from None


def taken_by_re2(pattern: str) -> bool:
    """Whether RE2 itself, which Kusto ran before its present dialect, takes a pattern as it is written."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return False
    return True


class _AsciiMatch:
    """A match in ASCII text that was searched as bytes, which is faster: the places are the same."""

    __slots__ = ("_found", "_text")

    def __init__(self, text: str, found: Expression) -> None:
        self._text = text
        self._found = found

    def group(self, group: int, /) -> str | None:
        start, end = self._found.span(group)
        return None if start < 0 else self._text[start:end]

    def start(self) -> int:
        place: int = self._found.start()
        return place

    def end(self) -> int:
        place: int = self._found.end()
        return place


class _PlacedMatch:
    """A match in a text that was encoded for the search."""

    __slots__ = ("_places", "_spans", "_text")

    def __init__(self, text: str, spans: tuple[tuple[int, int], ...], places: dict[int, int]) -> None:
        self._text = text
        self._spans = spans
        self._places = places

    def group(self, group: int, /) -> str | None:
        start, end = self._spans[group]
        return None if start < 0 else self._text[self._places[start] : self._places[end]]

    def start(self) -> int:
        return self._places[self._spans[0][0]]

    def end(self) -> int:
        return self._places[self._spans[0][1]]


class Regex:
    """A compiled pattern. Raises KqlValueError when Kusto takes it for none, or when it cannot be run exactly."""

    def __init__(self, pattern: str, frame: Frame = Frame.ANYWHERE) -> None:
        self.pattern = _encodable(pattern)
        self._translation = Translation(self.pattern, frame)
        self.groups: int = self._translation.groups
        self.names: dict[str, int] = self._translation.names
        self._ascii = _re2(self._translation.for_ascii().encode("utf-8"), pattern)
        self._ascii_size: int = self._ascii.programsize
        self._searches = 0
        self._short: ShortPattern | None = None

    @cached_property
    def _any_text(self) -> Expression:
        text = self._translation.for_any_text()
        return _re2(text.encode("utf-8") if self._translation.aligned else text, self.pattern)

    def search(self, text: str) -> Match | None:
        """The first match, or None."""
        short = self._short
        if short is not None and len(text) <= short.longest and short.captures and text.isascii():
            return short.search(text)
        self._count_search()
        if text.isascii() and not self._translation.crlf_lines:
            found = self._first(text.encode("ascii"))
            return _AsciiMatch(text, found) if found else None
        return next(self._every_match(text), None)

    def found(self, text: str) -> bool:
        """Whether there is a match."""
        short = self._short
        if short is not None and len(text) <= short.longest and text.isascii():
            return short.search(text) is not None
        self._count_search()
        if text.isascii() and not self._translation.crlf_lines:
            return self._first(text.encode("ascii")) is not None
        return next(self._every_match(text), None) is not None

    def matches(self, text: str) -> Iterator[Match]:
        """The matches, left to right, none overlapping, none empty at the end of the one before."""
        short = self._short
        if short is not None and len(text) <= short.longest and short.alike and text.isascii():
            return iter(()) if short.cannot_match(text) else short.expression.finditer(text)
        self._count_search()
        return self._matches(text)

    def _count_search(self) -> None:
        self._searches += 1
        if self._searches == SEARCHES_BEFORE_SHORT:
            self._short = self._translation.short()

    def _matches(self, text: str) -> Iterator[Match]:
        last = -1
        for number, match in enumerate(self._every_match(text)):
            if number >= MOST_MATCHES:
                raise KqlValueError(
                    f"the regular expression {shown(self.pattern)} matches more than {MOST_MATCHES:,} times in one text"
                )
            end = match.end()
            if end != last or match.start() != end:
                last = end
                yield match

    def replace(self, text: str, rewrite: Callable[[Match], str]) -> str:
        """``text`` with each match replaced."""
        short = self._short
        if short is not None and len(text) <= short.longest and short.alike and text.isascii():
            return text if short.cannot_match(text) else short.expression.sub(rewrite, text)
        out: list[str] = []
        end = 0
        for match in self.matches(text):
            out.append(text[end : match.start()])
            out.append(rewrite(match))
            end = match.end()
        out.append(text[end:])
        return "".join(out)

    def _every_match(self, text: str) -> Iterator[Match]:
        """Also empty matches that end where the one before does."""
        if self._translation.crlf_lines and "\r" in text:
            raise KqlValueError(
                f"the regular expression {shown(self.pattern)} can not be run here on text with carriage returns: "
                "'^' and '$' with the flag R"
            )
        if text.isascii():
            matches: Iterator[Match] = (
                _AsciiMatch(text, found) for found in self._ascii.finditer(text.encode("ascii"))
            )
            return matches if self._is_quick(self._ascii_size, len(text)) else interruptible_stream(matches)
        text = _encodable(text)
        quick = self._is_quick(self._any_text.programsize, 3 * len(text))
        matches = self._aligned_matches(text) if self._translation.aligned else iter(self._any_text.finditer(text))
        return matches if quick else interruptible_stream(matches)

    def _first(self, text: bytes) -> Expression | None:
        """The first match in ASCII text."""
        if self._is_quick(self._ascii_size, len(text)):
            return self._ascii.search(text)
        return interruptible(lambda: self._ascii.search(text))

    def _is_quick(self, size: int, length: int) -> bool:
        """Whether one search of a pattern of ``size`` in ``length`` bytes is. Raises KqlValueError for one too long."""
        work = size * length
        if work > MOST_WORK:
            raise KqlValueError(
                f"the regular expression {shown(self.pattern)} is too large to be searched for in {length:,} bytes"
            )
        return work <= QUICK_WORK

    def _aligned_matches(self, text: str) -> Iterator[Match]:
        characters = map(marked_character, text) if self._translation.marked else iter(text)
        pieces = [each.encode("utf-8") for each in characters]
        starts = list(accumulate(map(len, pieces), initial=0))
        places = {start: place for place, start in enumerate(starts)}
        encoded = b"".join(pieces)
        at = 0
        while found := self._any_text.match(encoded, at):
            spans = tuple(found.span(group) for group in range(1, self.groups + 2))
            yield _PlacedMatch(text, spans, places)
            start, end = spans[0]
            if start < end:
                at = end
            elif end == len(encoded):
                return
            else:
                at = starts[places[end] + 1]


def _encodable(text: str) -> str:
    """The text with a replacement character for each half of a surrogate pair: RE2 reads UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


@lru_cache(maxsize=1024)
def compiled(pattern: str, frame: Frame = Frame.ANYWHERE) -> Regex:
    """The compiled pattern, kept for the next row."""
    return Regex(pattern, frame)


@lru_cache(maxsize=256)
def rewriting(rewrite: str, groups: int) -> Callable[[Match], str]:
    r"""A replacement text whose ``\0`` to ``\9`` stand for what the groups caught and ``\\`` for a backslash.

    ``groups`` is how many the pattern has; one that it has not caught nothing.
    """
    parts: list[str | int] = []
    at = 0
    while at < len(rewrite):
        following = rewrite[at + 1 : at + 2]
        if rewrite[at] == "\\" and following.isascii() and following.isdigit():
            parts.append(int(following))
            at += 2
        elif rewrite[at] == "\\" and following == "\\":
            parts.append("\\")
            at += 2
        else:
            parts.append(rewrite[at])
            at += 1

    if not any(isinstance(part, int) for part in parts):
        constant = "".join(map(str, parts))
        return lambda match: constant

    def replacement(match: Match) -> str:
        return "".join(
            part if isinstance(part, str) else (match.group(part) or "") if part <= groups else "" for part in parts
        )

    return replacement
