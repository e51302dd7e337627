"""Changes in YAML files that leave every other byte as it is: comments, quotes, layout, line ends.

The functions that make an edit give None where the place is not one that can be changed for certain. What comes of
edits is read again and compared with what was there before it is believed (:func:`edited`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

from tocsin.content.finding import Edit, Level
from tocsin.content.reading import core_value, parse_yaml
from tocsin.content.scalar_offsets import ScalarStyle, source_offsets
from tocsin.content.source import Document, NodeKind, PathPart, YamlNode

_BLOCKS = (ScalarStyle.LITERAL, ScalarStyle.FOLDED)
_BLOCK_HEADER = re.compile(r"[|>]([-+1-9]*)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
# What may stand in a plain scalar, in block and in flow context, without a second thought.
_PLAIN = re.compile(r"[A-Za-z0-9_./$(](?:[A-Za-z0-9_./$()+-]| (?=[A-Za-z0-9_./$()+-]))*")
_UNWRITABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")
_BOM = b"\xef\xbb\xbf"
_STEP = 2
"""Blanks by which a block scalar that we write is indented below its field."""


# ------------------------------------------------------------------------------------------------- making edits


def rename_key(document: Document, path: Sequence[PathPart], name: str) -> Edit | None:
    """The edit that gives the field at ``path`` another name; None when that name is taken beside it."""
    holder = document.node(*path[:-1])
    step = holder.child(path[-1]) if holder is not None else None
    if step is None or holder is None or holder.kind is not NodeKind.MAPPING or holder.child(name) is not None:
        return None
    source = _scalar_source(name, step[0].style)
    return None if source is None else Edit(step[0].start, step[0].end, source)


def set_value(document: Document, path: Sequence[PathPart], value: str) -> Edit | None:
    """The edit that makes the scalar at ``path`` the text ``value``, quoted as it was, or as it must be."""
    node = document.node(*path)
    if node is None or node.kind is not NodeKind.SCALAR or not _is_own(document, node):
        return None
    if node.style in _BLOCKS:
        return set_text(document, path, value)
    if node.style is ScalarStyle.PLAIN and "\n" not in value and not _unwritable(value):
        unquoted = _verified(document, path, Edit(node.start, node.end, value), value)
        if unquoted is not None:
            return unquoted
    source = _scalar_source(value, node.style)
    return None if source is None else Edit(node.start, node.end, source)


def set_source(document: Document, path: Sequence[PathPart], source: str) -> Edit | None:
    """The edit that writes ``source``, which is YAML of one line, for the scalar at ``path``: ``true``, ``[a]``."""
    node = document.node(*path)
    if node is None or node.kind is not NodeKind.SCALAR or node.style in _BLOCKS or not _is_own(document, node):
        return None
    return Edit(node.start, node.end, source)


def edit_in_text(document: Document, path: Sequence[PathPart], start: int, end: int, new: str) -> Edit | None:
    """The edit that puts ``new`` for the characters ``start`` to ``end`` of the text at ``path``.

    Offsets count characters of the value. Both the text replaced and ``new`` have to stay on one line.
    """
    node = document.node(*path)
    if node is None or not isinstance(node.value, str) or "\n" in node.value[start:end] + new or _unwritable(new):
        return None
    offsets = source_offsets(document.text, node.start, node.end, node.style, node.value)
    if offsets is None or not 0 <= start <= end <= len(node.value):
        return None
    first, after = offsets[start], offsets[end - 1] + 1 if end > start else offsets[start]
    if document.text[first:after] != node.value[start:end] and node.style in (*_BLOCKS, ScalarStyle.PLAIN):
        return None
    wanted = node.value[:start] + new + node.value[end:]
    if node.style is ScalarStyle.SINGLE_QUOTED:
        new, after = new.replace("'", "''"), offsets[end] if end < len(node.value) else node.end - 1
    elif node.style is ScalarStyle.DOUBLE_QUOTED:
        new, after = _double_quoted(new)[1:-1], offsets[end] if end < len(node.value) else node.end - 1
    if "\n" in document.text[first:after] or "\r" in document.text[first:after]:
        return None
    return _verified(document, path, Edit(first, after, new), wanted)


def set_text(document: Document, path: Sequence[PathPart], text: str) -> Edit | None:
    """The edit that makes the scalar at ``path`` a text that may have several lines.

    A block scalar keeps its indentation and what its header says of the line ends after the text; a folded one becomes
    a literal one. Other scalars become a block only when the text has several lines. None when the text cannot be
    written so (it starts with a blank, or its closing line ends differ from what the header of the block says).
    """
    node = document.node(*path)
    if node is None or not isinstance(node.value, str) or not _is_own(document, node) or _unwritable(text):
        return None
    if node.style in _BLOCKS:
        return _verified(document, path, _set_block(document, node, text), text)
    if "\n" not in text.rstrip("\n") and not text.endswith("\n"):
        return set_value(document, path, text)
    holder = document.node(*path[:-1])
    step = holder.child(path[-1]) if holder is not None else None
    if step is None or holder is None or holder.kind is not NodeKind.MAPPING or _is_flow(document, holder):
        return None
    behind = document.text[node.end : _line_end(document, node.end)].rstrip("\r\n")
    if behind.strip() or text[:1] in (" ", "\n", "\t"):
        return None  # a comment behind the value would become part of the block's header line
    indent = " " * (document.lines.position(step[0].start).column - 1 + _STEP)
    chomping = {0: "-", 1: ""}.get(len(text) - len(text.rstrip("\n")), "+")
    line_end = newline_of(document.text)
    lines = [(indent + line if line else "") for line in text.rstrip("\n").split("\n")]
    closing = text[len(text.rstrip("\n")) :][1:].replace("\n", line_end)
    edit = Edit(node.start, node.end + len(behind), line_end.join([f"|{chomping}", *lines]) + closing)
    return _verified(document, path, edit, text)


def remove(document: Document, path: Sequence[PathPart]) -> Edit | None:
    """The edit that takes away an element of a list or a field, with its comment on the same line.

    What held nothing else goes with it, so that no empty list or mapping stays.
    """
    holder = document.node(*path[:-1]) if path else None
    step = holder.child(path[-1]) if holder is not None else None
    if holder is None or step is None:
        return None
    parts = [pair[0] for pair in holder.entries] if holder.kind is NodeKind.MAPPING else list(holder.items)
    if len(parts) == 1:
        return remove(document, path[:-1]) if len(path) > 1 else None
    index = next(number for number, part in enumerate(parts) if part is step[0])
    if _is_flow(document, holder):
        if index + 1 < len(parts):
            return Edit(step[0].start, parts[index + 1].start, "")
        previous = holder.entries[index - 1][1] if holder.kind is NodeKind.MAPPING else holder.items[index - 1]
        return Edit(_content_end(document, previous), _content_end(document, step[1]), "")
    first = document.lines.offset(document.lines.position(step[0].start).line)
    before = document.text[first : step[0].start].strip()
    if before != ("-" if holder.kind is NodeKind.SEQUENCE else ""):
        return None
    after = _line_end(document, _content_end(document, step[1]))
    return Edit(first, after, "")


def newline_of(text: str) -> str:
    """The line end of a text: that of its first line; LF when there is none."""
    found = re.search(r"\r\n|\n|\r", text)
    return found.group() if found else "\n"


# ------------------------------------------------------------------------------------------------ applying edits


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Raises ValueError when two of them overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits):
        if edit.start < at:
            raise ValueError("two edits overlap")
        parts += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*parts, text[at:]))


def edited(document: Document, edits: Sequence[Edit]) -> Document | None:
    """The document with the edits made; None when it would be broken or something else in it would change."""
    made, problems = parse_yaml(apply_edits(document.text, edits), document.path)
    broken = made.root is None or any(one.level is Level.ERROR for one in problems)
    if broken and document.root is not None and not _was_broken(document):
        return None
    if document.root is None or made.root is None:
        return made if not broken else None
    return made if _same_besides(document.root, made.root, edits) else None


def _was_broken(document: Document) -> bool:
    return any(one.level is Level.ERROR for one in parse_yaml(document.text, document.path)[1])


def _same_besides(old: YamlNode, new: YamlNode, edits: Sequence[Edit]) -> bool:
    """Whether every value that no edit touches is in ``new`` as it was. Bounded by the nesting the reader allows."""
    if old.kind is NodeKind.SCALAR or new.kind is not old.kind:
        return (new.kind is old.kind and new.value == old.value and type(new.value) is type(old.value)) or _touched(
            old, edits
        )
    if not _touched(old, edits):
        return new.plain() == old.plain()
    if old.kind is NodeKind.SEQUENCE:
        return _same_items(old, new, edits)
    changed_names = 0
    for key, value in old.entries:
        step = new.child(str(key.value))
        if step is None:
            if not (_touched(key, edits) or _covered(key, edits)):
                return False
            changed_names += 1
        elif not _same_besides(value, step[1], edits):
            return False
    added = sum(1 for key, _ in new.entries if old.child(str(key.value)) is None)
    return added <= changed_names or _inserts(old, edits)


def _same_items(old: YamlNode, new: YamlNode, edits: Sequence[Edit]) -> bool:
    if len(old.items) == len(new.items):
        return all(_same_besides(*pair, edits) for pair in zip(old.items, new.items, strict=True))
    left = iter(new.items)
    return all(
        any(_same_besides(item, other, edits) for other in left) for item in old.items if not _covered(item, edits)
    )


def _touched(node: YamlNode, edits: Sequence[Edit]) -> bool:
    return any(edit.start <= node.end and node.start <= edit.end for edit in edits)


def _covered(node: YamlNode, edits: Sequence[Edit]) -> bool:
    return any(edit.start <= node.start and node.start < edit.end for edit in edits)


def _inserts(node: YamlNode, edits: Sequence[Edit]) -> bool:
    return any(edit.start == edit.end and node.start <= edit.start <= node.end for edit in edits)


# ------------------------------------------------------------------------------------------------------- scalars


def _set_block(document: Document, node: YamlNode, text: str) -> Edit | None:
    source = document.text[node.start : node.end]
    header = _BLOCK_HEADER.match(source)
    lines = _LINE.findall(source)
    content = [line for line in lines[1:] if line.strip()]
    if header is None or not content or text[:1] in (" ", "\t") or any(mark.isdigit() for mark in header.group(1)):
        return None
    old, kept = str(node.value), text.rstrip("\n")
    if text[len(kept) :] != old[len(old.rstrip("\n")) :] or not kept:
        return None
    indent = content[0][: len(content[0]) - len(content[0].lstrip(" "))]
    line_end = newline_of(source)
    first_line = lines[0] if node.style is ScalarStyle.LITERAL else "|" + lines[0][1:]
    body = line_end.join(indent + line if line else "" for line in kept.split("\n"))
    blank = sum(1 for _ in takewhile(lambda line: not line.strip(), reversed(lines)))
    last = sum(map(len, lines[: len(lines) - blank]))  # blank lines after the text stay as they are
    last -= len(lines[-1 - blank]) - len(lines[-1 - blank].rstrip("\r\n"))
    return Edit(node.start, node.start + last, first_line + body)


def _verified(document: Document, path: Sequence[PathPart], edit: Edit | None, value: str) -> Edit | None:
    """The edit, when the text at ``path`` reads as ``value`` after it."""
    if edit is None:
        return None
    made, _ = parse_yaml(apply_edits(document.text, [edit]), document.path)
    node = made.node(*path)
    return edit if node is not None and node.value == value else None


def _scalar_source(value: str, style: ScalarStyle) -> str | None:
    """A one-line text as YAML, in the given style where that can hold it."""
    if _unwritable(value) or "\n" in value:
        return None
    if style is ScalarStyle.SINGLE_QUOTED:
        return "'" + value.replace("'", "''") + "'"
    if style is ScalarStyle.PLAIN and _PLAIN.fullmatch(value) and core_value(value) == value:
        return value
    return _double_quoted(value)


def _double_quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _unwritable(text: str) -> bool:
    return _UNWRITABLE.search(text) is not None


# -------------------------------------------------------------------------------------------------------- places


def _is_own(document: Document, node: YamlNode) -> bool:
    """Whether the value is written in one place: no anchor's, which aliases share (an edit would change all)."""
    return document.text[node.start : node.start + 1] not in ("&", "!")


def _is_flow(document: Document, node: YamlNode) -> bool:
    return document.text[node.start : node.start + 1] in ("[", "{")


def _content_end(document: Document, node: YamlNode) -> int:
    """Offset after the last character of a value; the extent of a block goes on to the next value."""
    if node.kind is NodeKind.SCALAR:
        if node.style in _BLOCKS:
            return node.start + len(document.text[node.start : node.end].rstrip())
        return node.end
    if _is_flow(document, node):
        return node.end
    last = node.entries[-1][1] if node.entries else node.items[-1] if node.items else None
    return node.start if last is None else _content_end(document, last)


def _line_end(document: Document, offset: int) -> int:
    """Offset after the line (and its end) that holds ``offset``."""
    return document.lines.offset(document.lines.position(offset).line + 1)


# -------------------------------------------------------------------------------------------------------- files


class FileChanged(Exception):
    """A file is no longer what it was when it was read."""


def replace_file(path: Path, before: str, after: str) -> None:
    """Write ``after`` for ``before``: the whole of a UTF-8 file, or nothing.

    A byte order mark, the permissions and, for a link, the link stay. Raises FileChanged when the file does not hold
    ``before`` any more, and OSError.
    """
    real = path.resolve()
    data = real.read_bytes()
    mark = _BOM if data.startswith(_BOM) else b""
    if data != mark + before.encode():
        raise FileChanged(f"{path} has changed since it was read")
    handle, name = tempfile.mkstemp(prefix=f".{real.name}.", suffix=".tmp", dir=real.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(mark + after.encode())
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(real, made)
        made.replace(real)
    except BaseException:  # Ctrl+C, too: nothing is left beside the file
        made.unlink(missing_ok=True)
        raise
