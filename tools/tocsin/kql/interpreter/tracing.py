"""What a traced execution notes: which operator made which rows from which rows.

Most batches say so themselves (``Batch.parts``). Operators that make rows of many (groups, unions, expanded rows) note
it here, and only when a trace was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.plan import Relation

Rows = Sequence[Sequence[int]]
"""For each row that came out the rows that it was made of."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """Where rows come from: for each of them the rows of ``batch``. ``rows`` None: the rows from ``start`` on are those
    of ``batch``, one by one."""

    batch: Batch
    rows: Rows | None = None
    start: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """The two sides of a join and the keys of their rows, in a form that is equal where the keys are."""

    left: Batch
    right: Batch
    left_keys: Sequence[Any]
    right_keys: Sequence[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Firing:
    """One run of one operator. ``given`` is its main input (None: a source). ``links`` is None where the operator
    cannot say where its rows come from. ``path`` names the operators around it, outermost first."""

    node: Relation
    path: tuple[str, ...]
    given: Batch | None
    result: Batch
    links: tuple[Link, ...] | None
    joined: Joined | None = None


class Tracer:
    """The firings of one execution, in order. It keeps every batch, so that the identity of one stays its own."""

    def __init__(self) -> None:
        self.firings: list[Firing] = []
        self.producers: dict[int, int] = {}
        """The number of the firing that gave a batch, by the batch's ``id``."""
        self._links: dict[int, tuple[Link, ...]] = {}
        self._joins: dict[int, Joined] = {}

    def link(self, result: Batch, *links: Link) -> None:
        """Note where the rows of a batch come from."""
        self._links[id(result)] = links

    def concatenated(self, result: Batch, pieces: Iterable[Batch], *others: Link) -> None:
        """Note that the rows are those of ``pieces``, one piece after the other; ``others`` say more of them."""
        links: list[Link] = []
        start = 0
        for piece in pieces:
            links.append(Link(piece, start=start))
            start += piece.rows
        self.link(result, *links, *others)

    def joined(self, result: Batch, joined: Joined) -> None:
        """Note the keys of a join."""
        self._joins[id(result)] = joined

    def fired(self, node: Relation, path: Sequence[str], given: Batch | None, result: Batch) -> Batch:
        """Note a run of an operator. Gives the batch to go on with: each firing has one of its own."""
        if (result is given or id(result) in self.producers) and type(result) is Batch:
            result = Batch(result.rows, {}, (Part(result),))
        links = self.links_of(result)
        if links is None and given is None:
            links = ()
        self.producers[id(result)] = len(self.firings)
        self.firings.append(Firing(node, tuple(path), given, result, links, self._joins.get(id(result))))
        return result

    def links_of(self, batch: Batch) -> tuple[Link, ...] | None:
        """Where the rows of a batch come from, as it was noted or as the batch itself has it; None: nobody says."""
        noted = self._links.get(id(batch))
        if noted is not None:
            return noted
        if not batch.parts:
            return None
        return tuple(Link(part.batch, _rows_of(part)) for part in batch.parts)


def _rows_of(part: Part) -> Rows | None:
    if part.index is None:
        return None
    return [() if i is None else (i,) for i in part.index]
