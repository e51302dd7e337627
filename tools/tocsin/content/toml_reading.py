"""Reads a TOML file into a :class:`~tocsin.content.source.Document`, so that its values have places like those of YAML.

:mod:`tomllib` decides what is TOML and what a value is; it tells no positions, so this module walks the text of a file
that tomllib has taken. TOML 1.0: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tocsin.content.finding import Finding, FindingKind
from tocsin.content.reading import decode_text
from tocsin.content.scalar_offsets import ScalarStyle
from tocsin.content.source import Document, LineIndex, Location, NodeKind, YamlNode

SYNTAX = FindingKind("SET001", "settings.syntax", about="The settings file is not TOML.")

_SKIPPED = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_WORD = re.compile(r"[^,\]}#\r\n]+")
_PLACE = re.compile(r"(.*?)\s*\(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def parse_toml(data: bytes | str, shown_as: str) -> tuple[Document, tuple[Finding, ...]]:
    """Read TOML from memory. Never raises for what is in it: the document then has no root and a finding says why."""
    findings: list[Finding] = []
    text = decode_text(data, shown_as, findings)
    if text is None:
        return Document(shown_as, "", None), tuple(findings)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Document(shown_as, text, None), (*findings, _syntax_error(error, text, shown_as))
    except RecursionError:
        message = "the values are nested too deep"
        problem = Finding(
            SYNTAX.code, SYNTAX.slug, SYNTAX.level, message, "write tables with few levels", Location(shown_as, 1, 1)
        )
        return Document(shown_as, text, None), (*findings, problem)
    return Document(shown_as, text, _Walker(text).document()), tuple(findings)


def _syntax_error(error: tomllib.TOMLDecodeError, text: str, shown_as: str) -> Finding:
    told = str(error)
    found = _PLACE.fullmatch(told)
    message = found.group(1) if found else told
    if found and found.group(2):
        place = Location(shown_as, int(found.group(2)), int(found.group(3)))
    else:
        position = LineIndex(text).position(len(text))
        place = Location(shown_as, position.line, position.column)
    help = "text needs quotes; a table starts with [name], a setting is written name = value"
    return Finding(SYNTAX.code, SYNTAX.slug, SYNTAX.level, f"not valid TOML: {message}", help, place)


@dataclass(slots=True)
class _Table:
    start: int
    entries: dict[str, tuple[YamlNode, _Table | _Array | YamlNode]] = field(default_factory=dict)
    end: int = 0


@dataclass(slots=True)
class _Array:
    start: int
    tables: list[_Table] = field(default_factory=list)


class _Walker:
    """One pass over a text that is TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def document(self) -> YamlNode:
        root = current = _Table(0)
        while self._skip() < len(self.text):
            if self.text.startswith("[[", self.at):
                current = self._array_table(root)
            elif self.text[self.at] == "[":
                current = self._table(root)
            else:
                self._setting(current)
        return _node(root, len(self.text))

    def _skip(self) -> int:
        found = _SKIPPED.match(self.text, self.at)
        assert found is not None  # it matches nothing, too
        self.at = found.end()
        return self.at

    def _array_table(self, root: _Table) -> _Table:
        start = self.at
        self.at += 2
        *path, last = self._key("]")
        self.at += 2
        holder = self._descend(root, path)
        array = holder.entries.setdefault(str(last.value), (last, _Array(start)))[1]
        assert isinstance(array, _Array)
        array.tables.append(_Table(start))
        return array.tables[-1]

    def _table(self, root: _Table) -> _Table:
        self.at += 1
        path = self._key("]")
        self.at += 1
        return self._descend(root, path)

    def _setting(self, table: _Table) -> None:
        *path, last = self._key("=")
        self.at += 1
        self._skip()
        table = self._descend(table, path)
        table.entries[str(last.value)] = (last, self._value())
        table.end = self.at

    def _descend(self, table: _Table, path: Sequence[YamlNode]) -> _Table:
        for key in path:
            held = table.entries.setdefault(str(key.value), (key, _Table(key.start)))[1]
            table = held.tables[-1] if isinstance(held, _Array) else held  # type: ignore[assignment]
        return table

    def _key(self, end: str) -> list[YamlNode]:
        parts: list[YamlNode] = []
        while True:
            self._skip()
            if self.text[self.at] == end:
                return parts
            if self.text[self.at] == ".":
                self.at += 1
                continue
            found = _BARE_KEY.match(self.text, self.at) or _STRING.match(self.text, self.at)
            assert found is not None
            source = found.group()
            name = source if source[0] not in "\"'" else str(tomllib.loads(f"x = {source}")["x"])
            parts.append(YamlNode(NodeKind.SCALAR, found.start(), found.end(), name))
            self.at = found.end()

    def _value(self) -> YamlNode:
        start = self.at
        if self.text[start] == "[":
            return self._list()
        if self.text[start] == "{":
            return self._inline_table()
        string = _STRING.match(self.text, start)
        if string is not None:
            self.at = string.end()
            return YamlNode(NodeKind.SCALAR, start, self.at, _scalar(string.group()), ScalarStyle.DOUBLE_QUOTED)
        word = _WORD.match(self.text, start)
        assert word is not None
        source = word.group().rstrip()
        self.at = start + len(source)
        return YamlNode(NodeKind.SCALAR, start, self.at, _scalar(source))

    def _list(self) -> YamlNode:
        start = self.at
        self.at += 1
        items: list[YamlNode] = []
        while self.text[self._skip()] != "]":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                items.append(self._value())
        self.at += 1
        return YamlNode(NodeKind.SEQUENCE, start, self.at, items=tuple(items))

    def _inline_table(self) -> YamlNode:
        table = _Table(self.at)
        self.at += 1
        while self.text[self._skip()] != "}":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                self._setting(table)
        self.at += 1
        return _node(table, self.at)


def _scalar(source: str) -> bool | int | float | str:
    """The value of a scalar as tomllib reads it; dates and times as their text."""
    value = tomllib.loads(f"x = {source}")["x"]
    return value if isinstance(value, bool | int | float | str) else source


def _node(value: _Table | _Array | YamlNode, end: int) -> YamlNode:
    if isinstance(value, YamlNode):
        return value
    if isinstance(value, _Array):
        items = tuple(_node(table, table.end or table.start) for table in value.tables)
        return YamlNode(NodeKind.SEQUENCE, value.start, end, items=items)
    entries = tuple((key, _node(held, key.end)) for key, held in value.entries.values())
    return YamlNode(NodeKind.MAPPING, value.start, max(end, value.end), entries=entries)
