"""The kinds of problems that recorded logs can have; most concern one record, and the replay goes on without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tocsin.content.finding import Finding, FindingKind, Level
from tocsin.content.source import Location

KINDS: Mapping[str, FindingKind] = MappingProxyType(
    {
        kind.code: kind
        for kind in (
            FindingKind(
                "RPL001",
                "log.unreadable",
                about="A file of a replay's log cannot be read, or a part of it is no record; the rest is used.",
            ),
            FindingKind(
                "RPL002",
                "log.wrong-type",
                about="A record of a replay has a value that its column cannot hold; the record is left out.",
            ),
            FindingKind(
                "RPL003",
                "log.untimed",
                Level.WARNING,
                "A record of a replay has no TimeGenerated: no run of a rule ever sees it.",
            ),
            FindingKind(
                "RPL004",
                "log.missing-column",
                Level.INFO,
                "No record of a table has certain columns that rules read: the rules see nulls there.",
            ),
            FindingKind(
                "RPL005",
                "log.missing-table",
                Level.WARNING,
                "Rules read a table of which a replay has no records.",
            ),
        )
    }
)

SHOWN = 10
"""So many findings of each kind are kept; the rest are counted."""


@dataclass(slots=True)
class Problems:
    """Findings about a log: the first few of each kind, and how many there were by code."""

    first: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, message: str, help: str, location: Location) -> None:
        """Count a problem, and keep it when it is one of the first of its kind."""
        self.counts[code] += 1
        if self.counts[code] <= SHOWN:
            kind = KINDS[code]
            self.first.append(Finding(code, kind.slug, kind.level, message, help, location))

    def merge(self, other: Problems) -> None:
        """Take over what another reader found."""
        kept = Counter(one.code for one in self.first)
        for one in other.first:
            if kept[one.code] < SHOWN:
                kept[one.code] += 1
                self.first.append(one)
        self.counts.update(other.counts)

    @property
    def left_out(self) -> int:
        """Findings that were counted and not kept."""
        return sum(self.counts.values()) - len(self.first)

    @property
    def has_errors(self) -> bool:
        """Whether a record or file could not be used."""
        return any(KINDS[code].level is Level.ERROR for code in self.counts)
