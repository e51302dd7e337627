"""Offsets as lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable

_LINE_END = re.compile(r"\r\n|\r|\n")
_WIDE = re.compile("[\U00010000-\U0010ffff]")


class LineIndex:
    """The lines of a text, for many look-ups. Lines end with ``\\n``, ``\\r\\n`` or ``\\r``."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset; one beyond the text is its end."""
        offset = max(0, min(offset, self._length))
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of one character offset."""
    return LineIndex(text).line_and_column(offset)


def utf16_offsets(text: str) -> Callable[[int], int]:
    """From a character offset into ``text`` to the offset in UTF-16 units, as the language service counts: a character
    beyond U+FFFF is two."""
    if text.isascii():
        return _same
    wide = [match.start() for match in _WIDE.finditer(text)]
    return (lambda offset: offset + bisect_left(wide, offset)) if wide else _same


def _same(offset: int) -> int:
    return offset
