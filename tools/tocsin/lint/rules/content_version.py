"""CNT004."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Document, PathPart
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext

_UNVERSIONED = frozenset(("version", "x-tocsin", "Parser"))


class ContentVersion(Check):
    """A rule or parser has changed since a revision (``--changed-since``), but its version has not been raised.

    Why: the version is how people, galleries and update checks tell that what runs is not what they know. tocsin's own
    additions (``x-tocsin``) are not sent to the service and need no new version.

    Fails::

        version: 1.0.0        # as before; the query has changed

    Right::

        version: 1.0.1

    Fine to ignore: when nobody but this repository uses the version.
    """

    code, slug, level = "CNT004", "rule.version", Level.WARNING

    def check(self, context: LintContext) -> Iterator[Finding]:
        kinds: tuple[tuple[tuple[Document, ...], tuple[PathPart, ...]], ...] = (
            (tuple(one.document for one in context.detections), ("version",)),
            (tuple(one.document for one in context.parsers), ("Parser", "Version")),
        )
        for documents, place in kinds:
            for document in documents:
                before = context.previous(document.path)
                if before is not None and before.text != document.text:
                    yield from self._compare(document, before, place)

    def _compare(self, document: Document, before: Document, place: tuple[PathPart, ...]) -> Iterator[Finding]:
        old, new = _content(before), _content(document)
        changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
        if not changed:
            return
        was, is_ = _text(before, place), _text(document, place)
        if not is_:
            message, help = f"{_and(changed)} changed, and there is no version", "add version: 1.0.0"
            yield self.finding(document, place[:-1] or ("name",), message, help)
        elif was and _numbers(is_) <= _numbers(was):
            lowered = f"was lowered from {was} to {is_}" if _numbers(is_) < _numbers(was) else f"is still {was}"
            message = f"{_and(changed)} changed since the revision, and the version {lowered}"
            yield self.finding(document, place, message, f"write {_next(was)}")


def _content(document: Document) -> dict[str, object]:
    """What is sent to the service, field by field."""
    plain = document.root.plain() if document.root is not None else None
    return {name: value for name, value in plain.items() if name not in _UNVERSIONED} if isinstance(plain, dict) else {}


def _text(document: Document, place: tuple[PathPart, ...]) -> str:
    node = document.node(*place)
    value = node.plain() if node is not None else None
    return str(value) if value is not None else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d{1,9}", version.partition("-")[0])))


def _next(version: str) -> str:
    numbers = [*_numbers(version), 0, 0, 0][:3]
    return ".".join(map(str, (*numbers[:2], numbers[2] + 1)))


def _and(names: list[str]) -> str:
    shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more fields"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
