"""Findings as text: what is wrong, the line it is in, and what to do.

::

    error[KQL142]: the query has no column "SenderFromAdress"
     --> detections/direct_send/unauthorised_source.yaml:23:11
       |
    23 |   | where SenderFromAdress endswith "@contoso.com"
       |           ^^^^^^^^^^^^^^^^
       = columns: SenderFromAddress, SenderIPv4
    help: did you mean SenderFromAddress?
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Location

_Painter = Callable[[str, str], str]
_WIDEST = 160
"""Columns of source shown; longer lines are cut around the finding."""
_NARROWEST = 40
_FRAME = 5
"""Columns beside the line number and the source: the bar, two blanks and a mark for what is cut at each end."""
_WORDS = re.compile(r"\s*\S+\s*$|\s*\S+")
_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_BLUE = "\x1b[1;34m"
_COLORS: Mapping[Level, str] = MappingProxyType(
    {Level.ERROR: "\x1b[1;31m", Level.WARNING: "\x1b[1;33m", Level.INFO: "\x1b[1;36m"}
)


class SourceLines:
    """Lines of the files that findings point into. Files are read once; one that can not be read has no lines."""

    def __init__(self, root: Path | None, texts: Mapping[str, str] | None = None) -> None:
        """``root``: files lie below it, others have no lines; None for paths that the user gave, wherever they are.

        ``texts`` gives the text of files that are already read, by the path findings carry.
        """
        self._root = root
        self._lines = {path: _split(text) for path, text in (texts or {}).items()}

    def line(self, file: str, number: int) -> str | None:
        """Line ``number`` (from 1) of a file, given relative to the root if there is one; None when there is none."""
        if file not in self._lines:
            self._lines[file] = _split(self._read(file))
        lines = self._lines[file]
        return lines[number - 1] if 1 <= number <= len(lines) else None

    def _read(self, file: str) -> str:
        """The file's text; none of a file outside the root, so that a link shows nothing of what it leads to."""
        path = Path(file) if self._root is None else self._root / file
        try:
            shown = self._root is None or path.resolve().is_relative_to(self._root.resolve())
            # Of a device there is no end.
            return path.read_text(encoding="utf-8-sig") if shown and path.is_file() else ""
        except (OSError, ValueError, RuntimeError):  # not there, no text, links in a circle
            return ""


def _split(text: str) -> list[str]:
    """Lines as positions count them: LF, CRLF and CR end one, and no other character does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def wants_color(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour what goes to ``stream``: NO_COLOR (https://no-color.org), FORCE_COLOR, then the terminal."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def render(
    findings: Iterable[Finding], sources: SourceLines, *, color: bool = False, columns: int | None = None
) -> str:
    """All findings in the given order, a blank line after each; empty text for none.

    ``columns`` is the width of the terminal, so that a line of source and its carets stay one below the other.
    """
    return "".join(render_finding(finding, sources, color=color, columns=columns) + "\n" for finding in findings)


def render_finding(finding: Finding, sources: SourceLines, *, color: bool = False, columns: int | None = None) -> str:
    """One finding, ending in a newline."""
    paint = _paint if color else _leave
    level = _COLORS[finding.level]
    head = paint(f"{finding.level.value}[{finding.code}]", level)
    lines = [f"{head}{paint(': ' + visible(finding.message), _BOLD)}"]
    lines += pointer(finding.location, finding.length, sources, color=color, columns=columns, style=level)
    gutter = " " * len(str(finding.location.line))
    lines.extend(f"{gutter} {paint('=', _BLUE)} {visible(note)}" for note in finding.notes)
    if finding.help:
        lines.append(f"{paint('help', _COLORS[Level.INFO])}: {visible(finding.help)}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def pointer(
    location: Location,
    length: int,
    sources: SourceLines,
    *,
    color: bool = False,
    columns: int | None = None,
    style: str = _BOLD,
) -> list[str]:
    """A place as lines: the file, the line of source, carets in ``style`` (an ANSI sequence) below what is meant."""
    paint = _paint if color else _leave
    number = str(location.line)
    gutter = " " * len(number)
    lines = [f"{gutter}{paint('-->', _BLUE)} {visible(str(location))}"]
    source = sources.line(location.file, location.line)
    bar = paint("|", _BLUE)
    if source is not None and source.strip():
        room = _WIDEST if columns is None else min(_WIDEST, max(_NARROWEST, columns - len(number) - _FRAME))
        shown, caret = _excerpt(source, location.column, length, room)
        lines.append(f"{gutter} {bar}")
        lines.append(f"{paint(number, _BLUE)} {bar} {shown}")
        lines.append(f"{gutter} {bar} {_caret_line(caret, paint, style)}")
    return lines


def _caret_line(caret: tuple[int, int], paint: _Painter, style: str) -> str:
    """Carets under the finding: columns before them, and how many."""
    return " " * caret[0] + paint("^" * caret[1], style)


def visible(text: str) -> str:
    """The text with control characters made visible: content must not be able to steer the reader's terminal."""
    if text.isprintable():
        return text
    return "".join(character if _harmless(character) else "\ufffd" for character in text)


def fitted(text: str, columns: int | None) -> str:
    """The text, visible, with lines wider than the terminal broken at a word and indented below their beginning."""
    lines: list[str] = []
    for line in map(visible, text.splitlines()):
        if columns is None or (len(line) <= columns and line.isascii()):
            lines.append(line)
        else:
            indent = min(len(line) - len(line.lstrip(" \t0123456789")) + 4, columns // 2)
            lines.extend(_broken(line, columns, " " * indent))
    return "\n".join(lines)


def _broken(line: str, columns: int, indent: str) -> Iterator[str]:
    """The parts of a line that fit, measured in columns of a terminal; at least a character beside the indent."""
    from rich.cells import cell_len, chop_cells

    columns = max(columns, len(indent) + 2)
    part = ""
    for word in _WORDS.findall(line):
        if part.strip() and cell_len(part) + cell_len(word.rstrip()) > columns:
            yield part.rstrip()
            part = indent + word.lstrip()
        else:
            part += word
        while cell_len(part.rstrip()) > columns:
            first, *rest = chop_cells(part, columns)
            yield first
            part = indent + "".join(rest)
    yield part.rstrip()


def _harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _excerpt(source: str, column: int, length: int, room: int) -> tuple[str, tuple[int, int]]:
    """At most ``room`` characters of the line, with where the carets go in terminal columns and how many there are."""
    start = min(column - 1, len(source))
    end = min(max(start + length, start + 1), max(len(source), start + 1))
    first = 0 if len(source) <= room else max(0, min(start - room // 2, len(source) - room))
    end = min(end, first + room)
    before = "…" if first else ""
    after = "…" if first + room < len(source) else ""
    text = source[first : first + room]
    shown = before + "".join(_cell(character) for character in text) + after
    indent = len(before) + sum(_width(character) for character in source[first:start])
    return shown, (indent, max(1, sum(_width(character) for character in source[start:end])))


def _cell(character: str) -> str:
    return "    " if character == "\t" else visible(character)


def _width(character: str) -> int:
    """Terminal columns a character takes (Unicode Standard Annex 11: wide and fullwidth take two)."""
    if character == "\t":
        return 4
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _paint(text: str, style: str) -> str:
    return f"{style}{text}{_RESET}"


def _leave(text: str, style: str) -> str:
    return text
