"""Result tables for people: columns beside each other, or one value below the other where there are too many."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tocsin import kql
from tocsin.cli.kql_values import cells_of

_GAP = "   "
_NARROWEST = 10
"""Columns of the terminal that a column of a table needs to be readable."""

_WIDEST, _PER_COLUMN = 200, 24
"""Columns of a file that a table may take, whatever it holds and for each of its columns."""

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BOLD, _RESET = "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Look:
    """``width`` of the terminal, None where there is none; ``rule`` is the character of the line below the names."""

    width: int | None
    bold: bool
    rule: str


def table_text(table: kql.Table, look: Look) -> str:
    """A table and the number of its rows. Values are measured in columns of a terminal; what would steer the terminal,
    change the direction of a text or not be seen is written as KQL writes it in a string (``\\u001b``)."""
    names = [escaped(column.name) for column in table.columns]
    rows = [tuple(map(escaped, row)) for row in cells_of(table)]
    count = f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}\n" if names else f"{table.row_count:,} rows\n"
    if not names:
        return count
    if look.width is not None and len(names) * _NARROWEST > look.width:
        return "".join(f"{line}\n" for line in _below(names, rows, look.width)) + count
    width = look.width or max(_WIDEST, _PER_COLUMN * len(names))
    return "".join(f"{line}\n" for line in _beside(names, rows, width, look)) + count


def escaped(text: str) -> str:
    """The text without characters that do something to a terminal or cannot be seen."""
    if text.isprintable():
        return text
    return "".join(map(_escaped_character, text))


def _escaped_character(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _beside(names: Sequence[str], rows: Sequence[tuple[str, ...]], width: int, look: Look) -> Iterator[str]:
    natural = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    widths = _shared(natural, width - len(_GAP) * (len(names) - 1))
    for line in _lines(names, widths):
        yield f"{_BOLD}{line}{_RESET}" if look.bold else line
    yield look.rule * (sum(widths) + len(_GAP) * (len(widths) - 1))
    for row in rows:
        yield from _lines(row, widths)
    yield ""


def _below(names: Sequence[str], rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    named = min(max(map(cell_len, names)), width // 2)
    for number, row in enumerate(rows, start=1):
        yield f"row {number}"
        for name, cell in zip(names, row, strict=True):
            yield from _lines((name, cell), (named, width - named - 2), "  ")
        yield ""


def _shared(natural: Sequence[int], room: int) -> list[int]:
    """The widths themselves where they fit; else the widest become equal, so that all of them do."""
    left, count = room, len(natural)
    for width in sorted(natural):
        if width * count > left:
            break
        left -= width
        count -= 1
    return [min(width, max(1, left // count)) for width in natural] if count else list(natural)


def _lines(cells: Sequence[str], widths: Sequence[int], gap: str = _GAP) -> Iterator[str]:
    """A row: as many lines as its longest cell needs."""
    if all(map(int.__le__, map(cell_len, cells), widths)):
        yield _line(cells, widths, gap)
        return
    folded = [_folded(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, folded))):
        yield _line([parts[number] if number < len(parts) else "" for parts in folded], widths, gap)


def _line(cells: Sequence[str], widths: Sequence[int], gap: str) -> str:
    padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
    return gap.join(padded).rstrip()


def _folded(cell: str, width: int) -> list[str]:
    if cell_len(cell) <= width:
        return [cell]
    # A character of two columns does not fit into one.
    wide = max(2, width)
    return [line.plain for line in Text(cell).wrap(_console(), wide, overflow="fold")]


@cache
def _console() -> Console:
    """What rich asks for its settings; nothing is written to it."""
    return Console()
