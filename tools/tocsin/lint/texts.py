"""The texts of content files that people read, and whether they say anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from tocsin.content.models import CustomTable, Detection, Parser, TocsinExtension, Watchlist
from tocsin.content.repository import Loaded, Repository
from tocsin.content.source import Document, PathPart

Content = Loaded[Detection] | Loaded[Parser] | Loaded[Watchlist] | Loaded[CustomTable]


@dataclass(frozen=True, slots=True)
class HumanText:
    """A text for people: where it stands and what it says."""

    path: tuple[PathPart, ...]
    text: str


def contents(repository: Repository) -> Iterator[Content]:
    """Every file of content but tests, in a fixed order."""
    yield from repository.detections.values()
    yield from repository.parsers.values()
    yield from repository.watchlists.values()
    yield from repository.tables.values()


def human_texts(document: Document, model: BaseModel) -> Iterator[HumanText]:
    """The texts of a file that are written for people, with their places."""
    if isinstance(model, Detection):
        yield HumanText(("name",), model.name)
        yield HumanText(("description",), model.description)
        override = model.alert_details_override
        if override is not None:
            for field, text in (
                ("alertDisplayNameFormat", override.alert_display_name_format),
                ("alertDescriptionFormat", override.alert_description_format),
            ):
                yield HumanText(("alertDetailsOverride", field), text or "")
    elif isinstance(model, Parser):
        yield HumanText(("Parser", "Title"), model.header.title)
        yield HumanText(("Description",), model.description)
    elif isinstance(model, Watchlist):
        yield HumanText(("displayName",), model.display_name)
        yield HumanText(("description",), model.description)
    elif isinstance(model, CustomTable):
        yield HumanText(("description",), model.description)
    yield from _of_extension(getattr(model, "extension", None))


def _of_extension(extension: TocsinExtension | None) -> Iterator[HumanText]:
    if extension is None:
        return
    yield HumanText(("x-tocsin", "owner"), extension.owner or "")
    if extension.triage is not None:
        yield HumanText(("x-tocsin", "triage", "meaning"), extension.triage.meaning)
        for part in ("questions", "benign", "contain"):
            for index, text in enumerate(getattr(extension.triage, part)):
                yield HumanText(("x-tocsin", "triage", part, index), text)
    for index, suppression in enumerate(extension.lint.ignore):
        yield HumanText(("x-tocsin", "lint", "ignore", index, "reason"), suppression.reason)


_PLACEHOLDER = re.compile(
    r"\b(?:TODO|FIXME|TBD|XXX+|lorem ipsum|YourConnectorId|YourDataType|changeme|replace[- ]me)\b"
    r"|<(?:your|insert|add|enter)\b[^<>\n]{0,60}>"
    r"|\[(?:your|insert|add|enter) [^\[\]\n]{0,60}\]",
    re.ASCII,
)
_WHOLE = re.compile(
    r"(?:tests?|asdf|foo|bar|baz|abc|n/?a|none|description|name|title|example|(?:new|my) rule|untitled|x+|\.+|-+|\?+)",
    re.IGNORECASE,
)


def placeholder_in(text: str) -> tuple[int, str] | None:
    """Where a text was never written, and what stands there instead; None when it says something."""
    stripped = text.strip().strip("'\"").strip()
    if _WHOLE.fullmatch(stripped):
        return text.index(stripped), stripped
    found = _PLACEHOLDER.search(text)
    return (found.start(), found.group()) if found else None


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return re.findall(r"[^\W_]+", text.lower())
