"""Reads a YAML file into a :class:`~tocsin.content.source.Document`, safely, and says what is wrong with it.

YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema): only ``true``, ``false``, ``null`` and numbers are
not text; dates and ``yes`` stay text. Tags, merge keys and further documents are refused; aliases, nesting, nodes
and file size are bounded. Built on the parser's event stream, so hostile nesting never reaches the call stack.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tocsin.content.finding import Finding, FindingKind
from tocsin.content.regular_files import open_file
from tocsin.content.scalar_offsets import ScalarStyle
from tocsin.content.source import Document, LineIndex, Location, NodeKind, YamlNode
from tocsin.content.yaml_problems import (
    ALIAS,
    BYTE_ORDER_MARK,
    DOCUMENTS,
    DUPLICATE_KEY,
    EMPTY,
    ENCODING,
    KEY,
    MERGE_KEY,
    SYNTAX,
    SYNTAX_HELP,
    TAB,
    TAG,
    TOO_LARGE,
    UNREADABLE,
)

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,40}")
_OTHER_INT = re.compile(r"0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
_FLOAT = re.compile(r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)")
_SPECIAL_FLOAT = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Bounds on one YAML file. Far above what people write, far below what hurts."""

    file_bytes: int = 2_000_000
    depth: int = 40
    nodes: int = 200_000
    aliases: int = 200


def read_yaml(
    path: Path, shown_as: str | None = None, limits: ReadingLimits | None = None
) -> tuple[Document, tuple[Finding, ...]]:
    """Read a file. ``shown_as`` is the path findings carry (default: ``path`` with forward slashes).

    Never raises for what is in the file or for a file that can not be opened: the document then has no root and
    the findings say why.
    """
    limits = limits or ReadingLimits()
    shown = shown_as or path.as_posix()
    start = Location(shown, 1, 1)
    try:
        with open_file(path) as stream:
            data = stream.read(limits.file_bytes + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        finding = _finding(
            UNREADABLE, f"the file can not be read: {reason}", "check that it exists and may be read", start
        )
        return Document(shown, "", None), (finding,)
    return parse_yaml(data, shown, limits)


def parse_yaml(
    data: bytes | str, shown_as: str, limits: ReadingLimits | None = None
) -> tuple[Document, tuple[Finding, ...]]:
    """Read YAML from memory; see :func:`read_yaml`."""
    limits = limits or ReadingLimits()
    findings: list[Finding] = []
    if len(data) > limits.file_bytes:
        limit = f"{limits.file_bytes:,} bytes"
        finding = _finding(
            TOO_LARGE, f"the file is larger than {limit}", "split it into several files", Location(shown_as, 1, 1)
        )
        return Document(shown_as, "", None), (finding,)
    text = decode_text(data, shown_as, findings)
    if text is None:
        return Document(shown_as, "", None), tuple(findings)
    builder = _TreeBuilder(LineIndex(text), shown_as, limits, findings)
    root = builder.build()
    return Document(shown_as, text, root), tuple(sorted(findings, key=lambda found: found.location))


def decode_text(data: bytes | str, shown_as: str, findings: list[Finding]) -> str | None:
    """Text of a UTF-8 file without its byte order mark; None after a finding when it is not UTF-8."""
    text = data if isinstance(data, str) else ""
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            position = LineIndex(data[: error.start].decode("utf-8")).position(len(data))
            byte = data[error.start]
            message = f"the file is not UTF-8: byte 0x{byte:02x} can not stand here"
            if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                message = "the file is UTF-16, not UTF-8"
            location = Location(shown_as, position.line, position.column)
            findings.append(_finding(ENCODING, message, "save the file as UTF-8", location))
            return None
    if text.startswith("\ufeff"):
        start = Location(shown_as, 1, 1)
        message = "the file starts with a byte order mark"
        findings.append(_finding(BYTE_ORDER_MARK, message, "save it as UTF-8 without a byte order mark", start))
        return text[1:]
    return text


def _finding(kind: FindingKind, message: str, help: str, location: Location, length: int = 0) -> Finding:
    return Finding(kind.code, kind.slug, kind.level, message, help, location, (), length)


class _Stop(Exception):
    """The file can not be read further; the finding is recorded."""


@dataclass(slots=True)
class _Open:
    """A sequence or mapping whose end has not come yet."""

    kind: NodeKind
    start: int
    anchor: str | None
    items: list[YamlNode] = field(default_factory=list)
    entries: list[tuple[YamlNode, YamlNode]] = field(default_factory=list)
    key: YamlNode | None = None
    keys: dict[str, int] = field(default_factory=dict)
    size: int = 1
    skip_value: bool = False
    """The key was refused: its value is read over."""


class _TreeBuilder:
    def __init__(self, lines: LineIndex, shown_as: str, limits: ReadingLimits, findings: list[Finding]) -> None:
        self.lines = lines
        self.shown_as = shown_as
        self.limits = limits
        self.findings = findings
        self.anchors: dict[str, YamlNode] = {}
        self.aliases = 0
        self.open: list[_Open] = []
        self.root: YamlNode | None = None
        self.documents = 0

    def build(self) -> YamlNode | None:
        """The tree; None when the file can not be read as one."""
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.DocumentStartEvent: self._document,
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.SequenceStartEvent: lambda event: self._enter(event, NodeKind.SEQUENCE),
            yaml.MappingStartEvent: lambda event: self._enter(event, NodeKind.MAPPING),
            yaml.SequenceEndEvent: self._leave,
            yaml.MappingEndEvent: self._leave,
        }
        try:
            for event in yaml.parse(self.lines.text, Loader=_Loader):
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except _Stop:
            return None
        except yaml.reader.ReaderError as error:
            self._unprintable(error)
            return None
        except yaml.MarkedYAMLError as error:
            self._syntax_error(error)
            return None
        if self.root is None:
            self._report(EMPTY, "the file is empty", "write its content, or delete it", 0)
        return self.root

    def _report(self, kind: FindingKind, message: str, help: str, offset: int, end: int | None = None) -> None:
        position = self.lines.position(offset)
        location = Location(self.shown_as, position.line, position.column)
        length = 0 if end is None or "\n" in self.lines.text[offset:end] else end - offset
        self.findings.append(_finding(kind, message, help, location, length))

    # Events

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._report(
                DOCUMENTS,
                "a second YAML document starts here",
                "put each into a file of its own",
                event.start_mark.index,
            )
            raise _Stop

    def _scalar(self, event: Any) -> None:
        self._refuse_tag(event)
        style = ScalarStyle(event.style or "")
        value = core_value(event.value) if style is ScalarStyle.PLAIN else event.value
        node = YamlNode(NodeKind.SCALAR, event.start_mark.index, event.end_mark.index, value, style)
        parent = self.open[-1] if self.open else None
        if parent is not None and parent.kind is NodeKind.MAPPING and parent.key is None:
            # Keys are names: their text counts, whatever it would be as a value (`on`, `2024`, `null`).
            node = YamlNode(NodeKind.SCALAR, node.start, node.end, event.value, style)
        self._define(event.anchor, node)
        self._add(node)

    def _alias(self, event: Any) -> None:
        self.aliases += 1
        node = self.anchors.get(event.anchor)
        offset = event.start_mark.index
        if node is None:
            self._report(
                ALIAS,
                f"'*{event.anchor}' names no anchor above it",
                f"write '&{event.anchor}' before the value it repeats",
                offset,
                event.end_mark.index,
            )
            raise _Stop
        if self.aliases > self.limits.aliases:
            self._report(ALIAS, f"the file has more than {self.limits.aliases} aliases", "write the values out", offset)
            raise _Stop
        self._add(node, offset)

    def _enter(self, event: Any, kind: NodeKind) -> None:
        self._refuse_tag(event)
        if len(self.open) >= self.limits.depth:
            self._report(
                TOO_LARGE,
                f"values are nested deeper than {self.limits.depth} levels",
                "flatten the structure",
                event.start_mark.index,
            )
            raise _Stop
        self.open.append(_Open(kind, event.start_mark.index, event.anchor))

    def _leave(self, event: Any) -> None:
        done = self.open.pop()
        end = event.end_mark.index
        node = YamlNode(
            done.kind, done.start, end, items=tuple(done.items), entries=tuple(done.entries), size=done.size
        )
        self._define(done.anchor, node)
        self._add(node)

    # Building

    def _define(self, anchor: str | None, node: YamlNode) -> None:
        if anchor is not None:
            self.anchors[anchor] = node

    def _add(self, node: YamlNode, used_at: int | None = None) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        parent.size += node.size
        if parent.size > self.limits.nodes:
            self._report(
                TOO_LARGE,
                f"the file holds more than {self.limits.nodes:,} values",
                "split it into several files",
                node.start if used_at is None else used_at,
            )
            raise _Stop
        if parent.kind is NodeKind.SEQUENCE:
            parent.items.append(node)
        elif parent.key is None:
            self._key(parent, node)
        else:
            if not parent.skip_value:
                parent.entries.append((parent.key, node))
            parent.key, parent.skip_value = None, False

    def _key(self, parent: _Open, node: YamlNode) -> None:
        parent.key = node
        if node.kind is not NodeKind.SCALAR or not isinstance(node.value, str):
            self._report(
                KEY,
                "a field name must be text, this is a list or a mapping",
                "quote a name that starts with [ or {",
                node.start,
            )
            parent.skip_value = True
            return
        name = node.value
        if name == "<<" and node.style is ScalarStyle.PLAIN:
            self._report(
                MERGE_KEY, "merge keys ('<<') are not part of YAML 1.2", "write the fields out", node.start, node.end
            )
            parent.skip_value = True
        elif name in parent.keys:
            first = self.lines.position(parent.keys[name])
            self._report(
                DUPLICATE_KEY,
                f'"{name}" is written twice here, first on line {first.line}',
                "keep one of them",
                node.start,
                node.end,
            )
            parent.skip_value = True
        else:
            parent.keys[name] = node.start

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is None:
            return
        message = f"the tag '{_shown_tag(event.tag)}' is not allowed"
        self._report(TAG, message, "leave it out; quote a value that must be text", event.start_mark.index)

    # Syntax errors

    def _unprintable(self, error: yaml.reader.ReaderError) -> None:
        offset = next((at for at, character in enumerate(self.lines.text) if not _printable(character)), 0)
        shown = f"U+{ord(self.lines.text[offset]):04X}" if self.lines.text else str(error)
        self._report(
            ENCODING,
            f"the character {shown} is not allowed in YAML",
            "delete it, or write it as an escape in double quotes",
            offset,
        )

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        offset = int(mark.index) if mark is not None else 0
        text = self.lines.text
        if text[offset : offset + 1] == "\t":
            self._report(TAB, "a tab can not indent YAML", "replace it by spaces", offset, offset + 1)
            return
        problem = error.problem or "the YAML can not be read"
        full = f"{error.context or ''} {problem}"
        help = next(
            (advice for part, advice in SYNTAX_HELP if part in full), "check quotes, brackets and indentation here"
        )
        message = f"not valid YAML: {problem}"
        if error.context and error.context_mark is not None:
            opened = self.lines.position(int(error.context_mark.index))
            message += f" ({error.context} that starts on line {opened.line})"
        self._report(SYNTAX, message, help, offset)


def core_value(text: str) -> bool | int | float | str | None:
    """Value of a plain scalar by the YAML 1.2 core schema. A number too large to hold stays text."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    special = _SPECIAL_FLOAT.fullmatch(text)
    if special:
        return float("nan") if special.group(1) is None else float(special.group(1) + "inf")
    return text


def _shown_tag(tag: str) -> str:
    standard = "tag:yaml.org,2002:"
    return "!!" + tag.removeprefix(standard) if tag.startswith(standard) else tag


def _printable(character: str) -> bool:
    code = ord(character)
    return (
        character in "\t\n\r\x85"
        or 0x20 <= code <= 0x7E
        or 0xA0 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or code >= 0x10000
    )
