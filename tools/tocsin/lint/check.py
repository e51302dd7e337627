"""What a lint check is.

A check is one class in a module of its own below ``rules``; being there is being registered. Its docstring is its
page in the documentation: the first line says what is found; then the paragraphs ``Why:`` (why it matters),
``Fails::`` (an example that it finds), ``Right::`` (the same as it should be) and ``Fine to ignore:`` (when).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Document, PathPart
from tocsin.lint.context import DetectionContext, LintContext


class Check(ABC):
    """A check over a repository. ``code`` never changes its meaning; ``slug`` says the same in words.

    ``forwards`` is true where findings carry codes of another tool (the KQL diagnostics).
    """

    code: ClassVar[str]
    slug: ClassVar[str]
    level: ClassVar[Level]
    forwards: ClassVar[bool] = False

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
    ) -> Finding:
        """A finding at the value at ``path`` (with ``key``: at its name), under the check's code and level."""
        parts = tuple(path)
        start, end = document.extent(*parts, key=key)
        length = 0 if "\n" in document.text[start:end] else end - start
        location = document.location(*parts, key=key)
        return Finding(self.code, self.slug, self.level, message, help, location, notes, length)

    def finding_in_text(
        self, document: Document, path: Iterable[PathPart], offset: int, length: int, message: str, help: str
    ) -> Finding:
        """A finding at a character of the text at ``path``."""
        location = document.location_in_text(*path, offset=offset)
        return Finding(self.code, self.slug, self.level, message, help, location, (), length)


class DetectionCheck(Check):
    """A check that looks at one detection at a time."""

    def check(self, context: LintContext) -> Iterator[Finding]:
        for detection in context.detections:
            yield from self.check_detection(detection)

    @abstractmethod
    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        """Everything that this check finds in one detection."""
