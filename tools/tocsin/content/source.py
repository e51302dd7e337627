"""Places in source files, and the tree of values a YAML file holds.

Pure data: reading text into a tree is :mod:`tocsin.content.reading`. Lines and columns count from 1, columns in
characters (Unicode code points), as editors show them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tocsin.content.scalar_offsets import ScalarStyle, source_offsets

PathPart = str | int
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. ``str()`` gives ``file:line:column``, which terminals and editors make clickable."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class LineIndex:
    """Turns character offsets of one text into positions. Breaks are LF, CRLF and CR, as in editors."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]

    def position(self, offset: int) -> Position:
        """Position of the character at ``offset``; an offset past the end means the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def offset(self, line: int) -> int:
        """Offset of the first character of a line (from 1); the text's end when there is no such line."""
        return self._starts[line - 1] if 1 <= line <= len(self._starts) else len(self.text)

    def line(self, number: int) -> str:
        """Text of a line (from 1) without its break; empty when there is no such line."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")


class NodeKind(Enum):
    """What a YAML node is."""

    SCALAR = "scalar"
    SEQUENCE = "sequence"
    MAPPING = "mapping"


@dataclass(frozen=True, slots=True, eq=False)
class YamlNode:
    """A value of a YAML file with its extent in the text.

    ``start`` and ``end`` are character offsets, end exclusive. ``value`` is set for scalars only (their value by the
    YAML 1.2 core schema), ``items`` for sequences, ``entries`` for mappings: pairs of key node and value node.
    """

    kind: NodeKind
    start: int
    end: int
    value: bool | int | float | str | None = None
    style: ScalarStyle = ScalarStyle.PLAIN
    items: tuple[YamlNode, ...] = ()
    entries: tuple[tuple[YamlNode, YamlNode], ...] = ()
    size: int = 1
    """Number of nodes in this subtree, aliases counted each time they are used."""

    def plain(self) -> Plain:
        """The value as plain Python data: dict, list, str, int, float, bool, None. Keys are their text."""
        if self.kind is NodeKind.MAPPING:
            return {str(key.value): value.plain() for key, value in self.entries}
        if self.kind is NodeKind.SEQUENCE:
            return [item.plain() for item in self.items]
        return self.value

    def child(self, part: PathPart) -> tuple[YamlNode, YamlNode] | None:
        """(key, value) for a field name, (item, item) for an index; None when there is none."""
        if self.kind is NodeKind.MAPPING:
            for key, value in self.entries:
                if key.value == part:
                    return key, value
        elif self.kind is NodeKind.SEQUENCE and isinstance(part, int) and 0 <= part < len(self.items):
            return self.items[part], self.items[part]
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One YAML file: its path as shown to people, its text and the tree of its values (None when unreadable)."""

    path: str
    text: str
    root: YamlNode | None
    lines: LineIndex = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", LineIndex(self.text))

    def node(self, *path: PathPart) -> YamlNode | None:
        """The value at a path such as ``("entityMappings", 0, "columnName")``; None when there is none."""
        found = self.root
        for part in path:
            step = found.child(part) if found is not None else None
            if step is None:
                return None
            found = step[1]
        return found

    def location(self, *path: PathPart, key: bool = False) -> Location:
        """Where the value at ``path`` starts, or with ``key`` its field name.

        Parts that do not exist are skipped, so that the answer is the nearest thing above what was asked for.
        """
        return self.location_at(self._nearest(path, key).start if self.root is not None else 0)

    def extent(self, *path: PathPart, key: bool = False) -> tuple[int, int]:
        """Character offsets (start, end) of the same thing :meth:`location` points at."""
        if self.root is None:
            return 0, 0
        node = self._nearest(path, key)
        return node.start, node.end

    def location_at(self, offset: int) -> Location:
        """Location of a character offset of the file's text."""
        position = self.lines.position(offset)
        return Location(self.path, position.line, position.column)

    def location_in_text(self, *path: PathPart, offset: int) -> Location:
        """Where in the file a character of the string at ``path`` stands.

        ``offset`` counts characters of the *value*: indentation, folding and escapes of the YAML are undone. An offset
        past the end means the end. Values that are not text give the place where they start.
        """
        node = self.node(*path)
        if node is None or not isinstance(node.value, str):
            return self.location(*path)
        offsets = source_offsets(self.text, node.start, node.end, node.style, node.value)
        if offsets is None:
            return self.location_at(node.start)
        return self.location_at(offsets[max(0, min(offset, len(offsets) - 1))])

    def _nearest(self, path: Sequence[PathPart], key: bool) -> YamlNode:
        assert self.root is not None
        found = shown = self.root
        for part in path:
            step = found.child(part)
            if step is not None:
                shown, found = step
        return shown if key else found


def walk(node: YamlNode) -> Iterator[YamlNode]:
    """Every node of a tree, parents before children."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(current.items))
        pending.extend(part for pair in reversed(current.entries) for part in reversed(pair))
