"""Findings that a file accepts, with the reason: ``x-tocsin: lint: ignore``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from tocsin.content.editing import remove
from tocsin.content.finding import Finding, FindingKind, Fix, Level
from tocsin.content.models import Suppression
from tocsin.content.repository import Repository
from tocsin.content.source import Document

UNUSED = FindingKind("LNT001", "waiver.unused", Level.WARNING, "A waiver in `x-tocsin` covers nothing any more.")
UNKNOWN = FindingKind("LNT002", "waiver.unknown-code", Level.WARNING, "A waiver names a code that no check has.")
EXPIRED = FindingKind("LNT003", "waiver.expired", Level.WARNING, "The day on which a waiver ends has come.")
KINDS = (UNUSED, UNKNOWN, EXPIRED)


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of a file's ``ignore`` list."""

    document: Document
    index: int
    entry: Suppression

    def covers(self, finding: Finding) -> bool:
        return finding.location.file == self.document.path and self.entry.code in (finding.code, finding.slug)

    def is_over(self, today: date) -> bool:
        """From the day on that ``expires`` names, the finding is shown again."""
        return self.entry.expires is not None and self.entry.expires <= today.isoformat()

    def finding(self, kind: FindingKind, message: str, help: str, fix: Fix | None = None) -> Finding:
        location = self.document.location("x-tocsin", "lint", "ignore", self.index, "code")
        return Finding(kind.code, kind.slug, kind.level, message, help, location, (), len(self.entry.code), fix)

    def removal(self) -> Fix | None:
        """What takes the waiver away, and what held nothing but it."""
        edit = remove(self.document, ("x-tocsin", "lint", "ignore", self.index))
        return None if edit is None else Fix((edit,))


def waivers_of(repository: Repository) -> Iterator[Waiver]:
    """Every waiver of every file."""
    for group in (repository.detections, repository.parsers, repository.watchlists, repository.tables):
        for loaded in group.values():
            for index, entry in enumerate(loaded.model.extension.lint.ignore):
                yield Waiver(loaded.document, index, entry)


def apply(
    findings: Iterable[Finding],
    waivers: Iterable[Waiver],
    known: Collection[str],
    today: date,
    judged: Callable[[str, str], bool] = lambda code, file: True,
) -> Iterator[Finding]:
    """The findings that no waiver covers, and what is wrong with the waivers.

    A waiver that covers nothing is a finding itself, so that none outlives the defect it was written for. ``known``
    are the codes and slugs that exist; codes of KQL (``KS142``) always may. ``judged`` says whether what has a code
    was looked for in a file at all: a waiver of something else is not held to be unneeded.
    """
    listed = list(waivers)
    by_file: dict[str, list[int]] = defaultdict(list)
    for number, waiver in enumerate(listed):
        by_file[waiver.document.path].append(number)
    used = set()
    for finding in findings:
        in_its_file = by_file.get(finding.location.file, ())
        covering = [number for number in in_its_file if listed[number].covers(finding)]
        used.update(covering)
        if all(listed[number].is_over(today) for number in covering):
            yield finding
    for number, waiver in enumerate(listed):
        code = waiver.entry.code
        if number not in used:
            if code not in known and not code.startswith(("KS", "TK")):
                yield waiver.finding(UNKNOWN, f"no check has the code {code}", "write a code such as ENT001")
            elif judged(code, waiver.document.path):
                message = f"nothing in this file is found as {code}: the waiver is not needed"
                yield waiver.finding(UNUSED, message, "delete it", waiver.removal())
        elif waiver.is_over(today):
            message = f"the waiver of {code} ended on {waiver.entry.expires}"
            yield waiver.finding(EXPIRED, message, "correct what it covers, or decide again and set a later day")
