"""What became of a record, as data: the steps that it went through, where it ended and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tocsin.kql.types import ScalarType, Value


@dataclass(frozen=True, slots=True)
class Site:
    """An operator of the query: its keyword and its place in the text of the query, or of the workspace function
    ``origin``. ``path`` names the operators around it, outermost first (``join``, ``in``, ``mv-apply``)."""

    operator: str
    start: int
    length: int
    origin: str | None
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A value that a condition saw. ``test`` is there when the value was itself worked out from conditions."""

    name: str
    type: ScalarType
    value: Value
    test: Condition | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one row. ``verdict``: what it gave (None: null, which counts as false); ``known`` is false where
    it cannot be asked again (``rand``). ``parts`` are joined by ``word`` (and, or), or it is the one that counts (not,
    case, iff, coalesce); ``reads`` is what a condition without parts saw. ``start`` and ``length`` are its place, 0
    where it has none of its own."""

    text: str
    verdict: bool | None
    known: bool = True
    word: str = ""
    parts: tuple[Condition, ...] = ()
    reads: tuple[Reading, ...] = ()
    start: int = 0
    length: int = 0
    origin: str | None = None

    @property
    def failing(self) -> tuple[Condition, ...]:
        """The smallest conditions that keep this one from being true; empty when it is true or unknown."""
        if self.verdict is True or not self.known:
            return ()
        if self.parts and self.word != "not":
            return tuple(leaf for part in self.parts for leaf in part.failing)
        return (self,)


class End(Enum):
    """How the way of a record ends."""

    RESULT = "result"
    """It is in rows of the result."""
    DROPPED = "dropped"
    """A step did not pass it on."""
    VALUE = "value"
    """It gave a value that a condition looks up (``in``, ``toscalar``)."""
    COMPARED = "compared"
    """Rows of the other side of a join were held against it: it is in no row itself."""
    UNREAD = "unread"
    """No step that ran reads its table."""
    UNKNOWN = "unknown"
    """A step cannot say what became of it."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A step that made something else of the record: it went into a group of ``size`` rows, or ``size`` rows came of
    it. ``values`` are the columns of the row that came out first."""

    site: Site
    kind: str
    """group, joined, expanded"""
    size: int
    values: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """Where one way of a record ends. ``rows`` are the rows that got there: with RESULT those of the result, otherwise
    those that went into ``site``. ``why`` is a sentence; ``test`` the condition that failed."""

    end: End
    site: Site | None
    rows: tuple[int, ...]
    why: str = ""
    test: Condition | None = None
    hops: tuple[Hop, ...] = ()
    result: int = 0
    """Which result, where a query has several (``fork``)."""
    partial: bool = False
    """Other rows that came of the record passed the step (elements of an array, rows of a join)."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one record (the row of its table or watchlist as it was given). ``endings`` has where it got
    furthest first; a record that is in the result may have been dropped on other ways."""

    table: str
    row: int
    endings: tuple[Ending, ...]

    @property
    def reached(self) -> tuple[int, ...]:
        """The rows of the (first) result that the record is part of."""
        return tuple(
            sorted({row for each in self.endings if each.end is End.RESULT and not each.result for row in each.rows})
        )

    @property
    def main(self) -> Ending:
        """The ending that says most."""
        return self.endings[0]


@dataclass(frozen=True, slots=True)
class Sources:
    """The rows that a row of the result was made of, by table and by watchlist alias. ``complete`` is false where a
    step cannot say, so that there may be more."""

    tables: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    watchlists: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    complete: bool = True
