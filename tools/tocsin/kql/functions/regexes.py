"""Regular expressions of queries, run by RE2: linear time whatever the pattern.

Kusto's ``\\d``, ``\\s`` and ``\\w`` are Unicode classes (a no-break space is ``\\s``); RE2's are ASCII. Text
beyond ASCII is therefore matched with a pattern in which they are spelled out. ``\\b`` stays ASCII in both.

Source: https://learn.microsoft.com/kusto/query/regex
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import re2

from tocsin.kql.functions.errors import KqlValueError

Match: TypeAlias = Any
"""An RE2 match object; the package has no types."""

LONGEST_REPLACEMENT = 16 * 1024 * 1024
"""Characters that a replacement may make of a shorter text."""

_SPACE = r"\t-\r\x{85}\p{Z}"
_WORD = r"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}"
_CLASSES = {
    "s": f"[{_SPACE}]",
    "S": f"[^{_SPACE}]",
    "w": f"[{_WORD}]",
    "W": f"[^{_WORD}]",
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
}
_INSIDE_BRACKETS = {"s": _SPACE, "w": _WORD, "d": r"\p{Nd}", "D": r"\P{Nd}"}


def _unicode_classes(pattern: str) -> str:
    """``pattern`` with its Perl classes spelled out for text beyond ASCII."""
    out: list[str] = []
    inside = False
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            escaped = pattern[at + 1]
            table = _INSIDE_BRACKETS if inside else _CLASSES
            out.append(table.get(escaped, char + escaped))
            at += 2
            continue
        if char == "[" and not inside:
            inside = True
            out.append(char)
            at += 1
            for first in ("^", "]"):
                if pattern[at : at + 1] == first:
                    out.append(first)
                    at += 1
            continue
        if char == "]":
            inside = False
        out.append(char)
        at += 1
    return "".join(out)


class Regex:
    """A compiled pattern. Raises KqlValueError when the pattern is not one."""

    __slots__ = ("_ascii", "_unicode", "groups", "names", "pattern")

    def __init__(self, pattern: str, *, anchored: bool = False) -> None:
        options = re2.Options()
        options.log_errors = False
        self.pattern = pattern
        framed = _encodable(rf"\A(?:{pattern})\z" if anchored else pattern)
        try:
            self._ascii = re2.compile(framed, options)
        except re2.error as error:
            raise KqlValueError(f"{pattern!r} is not a regular expression: {_reason(error)}") from None
        try:
            self._unicode = re2.compile(_unicode_classes(framed), options)
        except re2.error:
            self._unicode = self._ascii
        self.groups: int = self._ascii.groups
        self.names: dict[str, int] = dict(self._ascii.groupindex)

    def search(self, text: str) -> Match | None:
        """The first match, or None."""
        return self._ascii.search(text) if text.isascii() else self._unicode.search(_encodable(text))

    def matches(self, text: str) -> Iterator[Match]:
        """The matches, left to right, none overlapping."""
        found: Iterator[Match] = (
            self._ascii.finditer(text) if text.isascii() else self._unicode.finditer(_encodable(text))
        )
        return found

    def replace(self, text: str, rewrite: Callable[[Match], str]) -> str:
        """``text`` with each match replaced."""
        out: list[str] = []
        end = length = 0
        longest = max(LONGEST_REPLACEMENT, len(text))
        for match in self.matches(text):
            if match.start() < end or (match.start() == match.end() == end and out):
                continue
            written = rewrite(match)
            length += match.start() - end + len(written)
            if length > longest:
                raise KqlValueError(f"replacing {self.pattern!r} would give a text of more than {longest:,} characters")
            out.append(text[end : match.start()])
            out.append(written)
            end = match.end()
        out.append(text[end:])
        return "".join(out)


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
def compiled(pattern: str) -> Regex:
    """The compiled pattern, kept for the next row."""
    return Regex(pattern)


@lru_cache(maxsize=256)
def rewriting(rewrite: str) -> Callable[[Match], str]:
    """A replacement text whose ``\\0`` to ``\\9`` stand for what the groups caught and ``\\\\`` for a backslash."""
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

    def replacement(match: Match) -> str:
        groups = match.re.groups
        return "".join(
            part if isinstance(part, str) else (match.group(part) or "") if part <= groups else "" for part in parts
        )

    return replacement
