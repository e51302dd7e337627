"""KQL texts in a canonical layout, close to that of the language service's own formatter.

The layout adds and removes blanks and line ends between tokens, nothing else. Where a line ends, the author decides as
far as no construct says otherwise: a pipe that takes several lines has one for each operator, a list that takes several
has one for each element.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kql.syntax.formatting.breaks import line_breaks
from tocsin.kql.syntax.formatting.indents import Region, regions
from tocsin.kql.syntax.formatting.source import Source
from tocsin.kql.syntax.formatting.spaces import close_gaps
from tocsin.kql.syntax.formatting.verification import first_difference
from tocsin.kql.syntax.parser import parse
from tocsin.kql.syntax.tree import Diagnostic, Severity


@dataclass(frozen=True, slots=True)
class Formatted:
    """``text`` in canonical layout; the text as it was when there are ``errors``: of its syntax, or ``TK192`` when the
    layout would have changed its meaning."""

    text: str
    errors: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the text could be laid out."""
        return not self.errors


def format_query(text: str) -> Formatted:
    """``text`` in canonical layout. Lines end as the first line of the text does. Never raises."""
    syntax = parse(text)
    errors = tuple(each for each in syntax.diagnostics if each.severity is Severity.ERROR)
    if errors:
        return Formatted(text, errors)
    line_end = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
    made = _layout(Source(syntax), line_end)
    difference = first_difference(syntax, parse(made))
    if difference:
        return Formatted(text, (_fault(difference),))
    return Formatted(made)


def _fault(difference: str) -> Diagnostic:
    message = f"The layout would have changed the query, so it was left alone; please report it: {difference}"
    return Diagnostic("TK192", Severity.ERROR, message, 0, 0)


def _layout(source: Source, line_end: str) -> str:
    close = close_gaps(source)
    writer = _Writer(source, close, line_breaks(source, close), line_end)
    return writer.write(regions(source))


class _Writer:
    """Writes tokens one after the other and keeps the column of each."""

    def __init__(self, source: Source, close: list[bool], breaks: list[bool], line_end: str) -> None:
        self._source = source
        self._close = close
        self._breaks = breaks
        self._line_end = line_end
        self._parts: list[str] = []
        self._column = 0
        self._columns = [0] * len(source)

    def write(self, found: list[Region]) -> str:
        """The whole text; it ends with a line end unless it is empty."""
        statements = {self._source.first(each) for each in self._source.tree.root.statements}
        pending = iter([*found, None])
        upcoming = next(pending)
        around: list[tuple[int, int]] = []
        for index, text in enumerate(self._source.texts):
            while around and around[-1][0] < index:
                around.pop()
            while upcoming is not None and upcoming.first == index:
                base = around[-1][1] if around else 0
                if upcoming.anchor is not None:
                    base = self._columns[upcoming.anchor]
                around.append((upcoming.last, base + upcoming.step))
                upcoming = next(pending)
            self._gap(index, around[-1][1] if around else 0, index in statements)
            self._columns[index] = self._column
            self._put(text)
        return "".join(self._parts)

    def _gap(self, index: int, indent: int, statement: bool) -> None:
        """What stands before a token: comments, a line end and the indentation, a blank, or nothing."""
        between = self._source.between[index]
        end = self._source.is_end(index)
        trailing, lines = between.trailing, list(between.own_lines)
        if index == 0 and trailing:
            trailing, lines = "", [trailing.strip(), *lines]
        if trailing:
            self._put(trailing if trailing[0].isspace() else f" {trailing}")
        lines = _tidied(lines, first=statement and index > 0, last=statement)
        starts_line = self._breaks[index] or bool(lines) or end
        if starts_line and index:
            self._put(self._line_end)
        for line in lines:
            self._put(f"{' ' * indent}{line}{self._line_end}" if line else self._line_end)
        if end:
            return
        if starts_line:
            self._put(" " * indent)
        elif index and not self._close[index]:
            self._put(" ")

    def _put(self, text: str) -> None:
        self._parts.append(text)
        cut = max(text.rfind("\n"), text.rfind("\r"))
        self._column = self._column + len(text) if cut < 0 else len(text) - cut - 1


def _tidied(lines: list[str], *, first: bool, last: bool) -> list[str]:
    """The lines with several blank ones made one; ``first`` and ``last``: one may stand at that end, too."""
    found: list[str] = []
    for line in lines:
        if line or (found[-1] if found else first):
            found.append(line)
    if found and not found[-1] and not last:
        found.pop()
    return found
