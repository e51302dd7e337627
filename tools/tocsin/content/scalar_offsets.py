"""Where each character of a YAML string value stands in the file.

A value differs from its source: block scalars lose their indentation, folded and multi-line flow scalars join lines,
quoted ones resolve escapes. This module walks the source of one scalar by the rules of YAML 1.2 (chapters 7.3 and
8.1, https://yaml.org/spec/1.2.2/) and notes the source offset of each character. The result is compared with the
value that the YAML reader gave, so a difference of opinion ends in "unknown", never in a wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum


class ScalarStyle(Enum):
    """How a YAML scalar is written."""

    PLAIN = ""
    SINGLE_QUOTED = "'"
    DOUBLE_QUOTED = '"'
    LITERAL = "|"
    FOLDED = ">"


_BREAK = re.compile(r"\r\n|\n|\r")
_HEADER = re.compile(r"[|>](?:([1-9])[+-]?|[+-]([1-9])?)?[ \t]*(?:#[^\r\n]*)?")
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


def source_offsets(text: str, start: int, end: int, style: ScalarStyle, value: str) -> Sequence[int] | None:
    """Source offset of each character of ``value``, and as last element the offset just after it.

    ``text[start:end]`` is the scalar as written, quotes or block header included. None when the source can not be
    matched with the value.
    """
    if style is ScalarStyle.LITERAL or style is ScalarStyle.FOLDED:
        return _block(text, start, end, style, value)
    built = _Builder()
    if style is ScalarStyle.PLAIN:
        _flow(text, start, end, style, built)
        after = end
    else:
        _flow(text, start + 1, end - 1, style, built)
        after = end - 1
    return [*built.offsets, after] if built.text() == value else None


class _Builder:
    """A value under construction: its characters and where each came from."""

    __slots__ = ("characters", "offsets")

    def __init__(self) -> None:
        self.characters: list[str] = []
        self.offsets: list[int] = []

    def add(self, character: str, offset: int) -> None:
        self.characters.append(character)
        self.offsets.append(offset)

    def drop_trailing_blanks(self, keep: int) -> None:
        while len(self.characters) > keep and self.characters[-1] in " \t":
            self.characters.pop()
            self.offsets.pop()

    def text(self) -> str:
        return "".join(self.characters)


def _flow(text: str, start: int, end: int, style: ScalarStyle, built: _Builder) -> None:
    """Plain and quoted scalars: line folding, and the escapes of the quoted styles."""
    at = start
    protected = 0  # characters that came from escapes are content: folding does not strip them
    while at < end:
        character = text[at]
        line_break = _BREAK.match(text, at, end)
        if line_break:
            built.drop_trailing_blanks(protected)
            at = _fold_break(text, line_break, end, built)
            protected = len(built.characters)
        elif style is ScalarStyle.DOUBLE_QUOTED and character == "\\":
            at = _escape(text, at, end, built)
            protected = len(built.characters)
        elif style is ScalarStyle.SINGLE_QUOTED and text.startswith("''", at):
            built.add("'", at)
            at += 2
        else:
            built.add(character, at)
            at += 1


def _fold_break(text: str, line_break: re.Match[str], end: int, built: _Builder) -> int:
    """One break reads as a space, n + 1 breaks as n newlines; returns the offset of the next content."""
    breaks = []
    at = line_break.start()
    while True:
        found = _BREAK.match(text, at, end)
        if found:
            breaks.append(found.start())
            at = found.end()
        elif at < end and text[at] in " \t":
            at += 1
        else:
            break
    if len(breaks) == 1:
        built.add(" ", breaks[0])
    for offset in breaks[1:]:
        built.add("\n", offset)
    return at


def _escape(text: str, at: int, end: int, built: _Builder) -> int:
    """An escape of a double-quoted scalar; returns the offset after it."""
    line_break = _BREAK.match(text, at + 1, end)
    if line_break:
        after = line_break.end()
        while after < end and (text[after] in " \t" or _BREAK.match(text, after, end)):
            following = _BREAK.match(text, after, end)
            if following:
                built.add("\n", after)
                after = following.end()
            else:
                after += 1
        return after
    kind = text[at + 1 : at + 2]
    digits = _HEX_ESCAPES.get(kind)
    if digits is None:
        built.add(_ESCAPES.get(kind, "\ufffd"), at)
        return at + 2
    try:
        built.add(chr(int(text[at + 2 : at + 2 + digits], 16)), at)
    except ValueError:
        built.add("\ufffd", at)
    return at + 2 + digits


def _block(text: str, start: int, end: int, style: ScalarStyle, value: str) -> Sequence[int] | None:
    header = _HEADER.match(text, start)
    first_break = _BREAK.match(text, header.end()) if header else None
    if header is None or first_break is None:
        return [start] if not value else None
    lines = _lines(text, first_break.end(), end)
    indented = [_leading_spaces(text, first, last) for first, last, _ in lines if text[first:last].strip(" ")]
    widest = indented[0] if indented else 0
    # Without an indentation indicator the first line with text decides. With one, the indicator counts from the
    # parent's indentation, which the scalar alone does not tell: the width that reproduces the value is the one.
    explicit = header.group(1) or header.group(2)
    widths = range(widest, -1, -1) if explicit else (widest,)
    align = _literal if style is ScalarStyle.LITERAL else _folded
    for width in widths:
        offsets = align(text, lines, width, value)
        if offsets is not None:
            return offsets
    return None


def _lines(text: str, start: int, end: int) -> list[tuple[int, int, int]]:
    """Lines of ``text[start:end]`` as (start, end without break, end with break)."""
    lines = []
    at = start
    for found in _BREAK.finditer(text, start, end):
        lines.append((at, found.start(), found.end()))
        at = found.end()
    if at < end:
        lines.append((at, end, end))
    return lines


def _leading_spaces(text: str, first: int, last: int) -> int:
    return last - first - len(text[first:last].lstrip(" "))


def _literal(text: str, lines: list[tuple[int, int, int]], width: int, value: str) -> list[int] | None:
    offsets: list[int] = []
    for first, last, after in lines:
        if len(offsets) >= len(value):
            break
        content = min(first + width, last)
        if text[first:content].strip(" "):
            return None
        line = text[content:last] + ("\n" if after > last else "")
        taken = min(len(line), len(value) - len(offsets))
        if value[len(offsets) : len(offsets) + taken] != line[:taken]:
            return None
        offsets.extend(range(content, content + taken))
    if len(offsets) != len(value):
        return None
    return [*offsets, _end_of(offsets, value, lines)]


def _folded(text: str, lines: list[tuple[int, int, int]], width: int, value: str) -> list[int] | None:
    offsets: list[int] = []
    separator = lines[0][0] if lines else 0
    for first, last, _ in lines:
        if len(offsets) >= len(value):
            break
        content = min(first + width, last)
        if text[first:content].strip(" "):
            break
        line = text[content:last]
        if not line:
            continue
        # A line holds no newline, so newlines here, or else one space, are what the breaks before it were folded to.
        at = len(offsets)
        while at < len(value) and value[at] == "\n":
            at += 1
        if at == len(offsets) and offsets and value[at] == " ":
            at += 1
        if not value.startswith(line, at):
            return None
        offsets.extend([separator] * (at - len(offsets)))
        offsets.extend(range(content, last))
        separator = last
    rest = value[len(offsets) :]
    if rest.strip("\n"):
        return None
    offsets.extend([separator] * len(rest))
    return [*offsets, _end_of(offsets, value, lines)]


def _end_of(offsets: list[int], value: str, lines: list[tuple[int, int, int]]) -> int:
    if not offsets:
        return lines[0][0] if lines else 0
    return offsets[-1] if value.endswith("\n") else offsets[-1] + 1
