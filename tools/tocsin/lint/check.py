"""What a lint check is.

A check is one class in a module of its own below ``rules``; being there is being registered. Its docstring is its
page in the documentation: the first line says what is found; then the paragraphs ``Why:`` (why it matters),
``Fails::`` (an example that it finds), ``Right::`` (the same as it should be) and ``Fine to ignore:`` (when).

A check derives from the class that sees least: a :class:`DetectionCheck`, :class:`ParserCheck` or :class:`QueryCheck`
sees one file and the catalogue, so that it runs beside others in any process and what it found is kept until one of
the two changes. A plain :class:`Check` sees the whole repository and runs whenever anything changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from tocsin.content.finding import Edit, Finding, Fix, Level
from tocsin.content.source import Document, PathPart
from tocsin.lint.context import DetectionContext, LintContext, ParserContext, QueryContext, Unit


class Check(ABC):
    """A check over a repository. ``code`` never changes its meaning; ``slug`` says the same in words.

    ``forwards`` is true where findings carry codes of another tool (the KQL diagnostics). ``needs_repository`` is true
    where a finding rests on what else the repository holds or lacks: such a check does not run on single files.
    """

    code: ClassVar[str]
    slug: ClassVar[str]
    level: ClassVar[Level]
    forwards: ClassVar[bool] = False
    needs_repository: ClassVar[bool] = False

    @abstractmethod
    def check(self, context: LintContext) -> Iterator[Finding]:
        """Everything that this check finds, in any order."""

    def finding(
        self,
        document: Document,
        path: Iterable[PathPart],
        message: str,
        help: str,
        *,
        key: bool = False,
        notes: tuple[str, ...] = (),
        fix: Fix | Edit | None = None,
    ) -> Finding:
        """A finding at the value at ``path`` (with ``key``: at its name), under the check's code and level.

        ``fix`` corrects it; an edit alone is a safe one.
        """
        parts = tuple(path)
        start, end = document.extent(*parts, key=key)
        length = 0 if "\n" in document.text[start:end] else end - start
        location = document.location(*parts, key=key)
        return Finding(self.code, self.slug, self.level, message, help, location, notes, length, _fix(fix))

    def finding_in_text(
        self,
        document: Document,
        path: Iterable[PathPart],
        offset: int,
        length: int,
        message: str,
        help: str,
        *,
        fix: Fix | Edit | None = None,
    ) -> Finding:
        """A finding at a character of the text at ``path``."""
        location = document.location_in_text(*path, offset=offset)
        return Finding(self.code, self.slug, self.level, message, help, location, (), length, _fix(fix))


class UnitCheck(Check):
    """A check that looks at one detection or parser at a time, and at nothing else."""

    def check(self, context: LintContext) -> Iterator[Finding]:
        for unit in context.units:
            yield from self.check_unit(unit)

    @abstractmethod
    def check_unit(self, unit: Unit) -> Iterator[Finding]:
        """Everything that this check finds in one detection or parser."""


class QueryCheck(UnitCheck):
    """A check that looks at the query of a detection or the body of a parser, whichever it is."""

    def check_unit(self, unit: Unit) -> Iterator[Finding]:
        yield from self.check_query(unit.query)

    @abstractmethod
    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        """Everything that this check finds in one query."""


class DetectionCheck(UnitCheck):
    """A check that looks at one detection at a time."""

    def check_unit(self, unit: Unit) -> Iterator[Finding]:
        if isinstance(unit, DetectionContext):
            yield from self.check_detection(unit)

    @abstractmethod
    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        """Everything that this check finds in one detection."""


class ParserCheck(UnitCheck):
    """A check that looks at one parser at a time."""

    def check_unit(self, unit: Unit) -> Iterator[Finding]:
        if isinstance(unit, ParserContext):
            yield from self.check_parser(unit)

    @abstractmethod
    def check_parser(self, parser: ParserContext) -> Iterator[Finding]:
        """Everything that this check finds in one parser."""


def _fix(fix: Fix | Edit | None) -> Fix | None:
    return Fix((fix,)) if isinstance(fix, Edit) else fix
