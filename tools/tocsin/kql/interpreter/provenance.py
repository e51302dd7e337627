"""From the trace of an execution: what became of a record, and which records a row of the result was made of.

Nothing here is worked out before it is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.conditions import Conditions
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.fates import End, Ending, Fate, Hop, Reading, Site, Sources
from tocsin.kql.interpreter.losses import Loss
from tocsin.kql.interpreter.tracing import Firing, Link, Tracer
from tocsin.kql.lineage import inside, relations
from tocsin.kql.plan import (
    Apply,
    CountRows,
    DistinctRows,
    Expand,
    JoinKind,
    JoinRows,
    ListTest,
    MakeSeriesRows,
    PartitionRows,
    Relation,
    SampleDistinctRows,
    ScalarQuery,
    Scan,
    SubqueryInput,
    Summarize,
    TopNestedRows,
    Watchlist,
)

Pair = tuple[int, int]
"""A row that came out and a row that it was made of."""

_SEMI = frozenset({JoinKind.LEFT_SEMI, JoinKind.RIGHT_SEMI})
_ANTI = frozenset({JoinKind.LEFT_ANTI, JoinKind.RIGHT_ANTI})
_GROUPING = (CountRows, DistinctRows, MakeSeriesRows, SampleDistinctRows, Summarize, TopNestedRows)


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Where the rows of a firing come from: by firing the pairs of rows. ``complete``: nothing else is in them."""

    pairs: Mapping[int, Sequence[Pair]]
    complete: bool


class Provenance:
    """The ways of the records through one execution. ``results`` are the batches of the results."""

    def __init__(self, plan: Relation, tracer: Tracer, execution: Execution, results: Sequence[Batch]) -> None:
        self._plan = plan
        self._tracer = tracer
        self.firings: Sequence[Firing] = tracer.firings
        self._edges: dict[int, Edges] = {}
        self._forward: dict[tuple[int, int], dict[int, list[int]]] = {}
        self._results = {tracer.producers[id(batch)]: number for number, batch in enumerate(results)}
        self._execution = execution

    # ------------------------------------------------------------------------------------------------------ asking

    def fate(self, table: str, row: int) -> Fate:
        """What became of a row of a table. Rows count from 0, in the order in which the table was given."""
        return self._fate(table, row, [i for i, each in self._sources(Scan) if each.table == table])

    def fate_of_item(self, alias: str, row: int) -> Fate:
        """What became of a row of a watchlist."""
        return self._fate(alias, row, [i for i, each in self._sources(Watchlist) if each.alias == alias])

    def sources(self, row: int, result: int = 0) -> Sources:
        """The rows that a row of the result was made of. A row that only decided about others (the other side of an
        anti join, a value that was looked up) is not among them."""
        start = next(firing for firing, number in self._results.items() if number == result)
        wanted: dict[int, set[int]] = {start: {row}}
        tables: dict[str, set[int]] = defaultdict(set)
        watchlists: dict[str, set[int]] = defaultdict(set)
        complete = True
        for number in range(start, -1, -1):
            rows = wanted.pop(number, None)
            if rows is None:
                continue
            node = self.firings[number].node
            if isinstance(node, Scan):
                tables[node.table] |= rows
            elif isinstance(node, Watchlist):
                watchlists[node.alias] |= rows
            edges = self.edges(number)
            complete = complete and edges.complete
            for producer, pairs in edges.pairs.items():
                found = {source for made, source in pairs if made in rows}
                if found:
                    wanted.setdefault(producer, set()).update(found)
        return Sources(_sorted(tables), _sorted(watchlists), complete)

    # ------------------------------------------------------------------------------------------------------- edges

    def edges(self, number: int) -> Edges:
        """Where the rows of a firing come from."""
        if number not in self._edges:
            self._edges[number] = self._found_edges(self.firings[number])
        return self._edges[number]

    def origin(self, number: int, row: int) -> Iterator[Pair]:
        """The firings and their rows that a row of a firing was made of."""
        for producer, pairs in self.edges(number).pairs.items():
            yield from ((producer, source) for made, source in pairs if made == row)

    def _found_edges(self, firing: Firing) -> Edges:
        found: dict[int, list[Pair]] = {}
        complete = firing.links is not None
        pending: list[tuple[Link, list[Pair] | None]] = [(link, None) for link in firing.links or ()]
        while pending:
            link, outer = pending.pop()
            pairs = _pairs(link, outer)
            producer = self._tracer.producers.get(id(link.batch))
            if producer is not None:
                found.setdefault(producer, []).extend(pairs)
                continue
            deeper = self._tracer.links_of(link.batch)
            if deeper is None:
                complete = complete and not pairs
            else:
                pending.extend((each, pairs) for each in deeper)
        if firing.joined is not None and isinstance(firing.node, JoinRows) and firing.node.kind in _SEMI:
            self._add_witnesses(firing, found)
        return Edges({producer: sorted(set(pairs)) for producer, pairs in found.items()}, complete)

    def _add_witnesses(self, firing: Firing, found: dict[int, list[Pair]]) -> None:
        """The rows of the other side that a semi join keeps its rows for."""
        joined = firing.joined
        if joined is None:
            return
        left, right = (self._tracer.producers.get(id(batch)) for batch in (joined.left, joined.right))
        kept, kept_keys, other, other_keys = left, joined.left_keys, right, joined.right_keys
        if isinstance(firing.node, JoinRows) and firing.node.kind is JoinKind.RIGHT_SEMI:
            kept, kept_keys, other, other_keys = right, joined.right_keys, left, joined.left_keys
        if kept is None or other is None:
            return
        by_key: dict[Any, list[int]] = defaultdict(list)
        for row, key in enumerate(other_keys):
            by_key[key].append(row)
        witnesses = [(made, row) for made, source in found.get(kept, ()) for row in by_key[kept_keys[source]]]
        found.setdefault(other, []).extend(witnesses)

    @cached_property
    def _consumers(self) -> Mapping[int, Mapping[Relation, Sequence[int]]]:
        """By firing the operators that take its rows, each with its firings."""
        found: dict[int, dict[Relation, list[int]]] = defaultdict(dict)
        for number, firing in enumerate(self.firings):
            for producer in self.edges(number).pairs:
                found[producer].setdefault(firing.node, []).append(number)
        return found

    @cached_property
    def _unclear(self) -> Mapping[int, Firing]:
        """The firings whose rows go into an operator that cannot say what it makes of them, with that operator's."""
        found: dict[int, Firing] = {}
        for number, firing in enumerate(self.firings):
            given = None if firing.given is None else self._tracer.producers.get(id(firing.given))
            if (
                given is not None
                and given not in self.edges(number).pairs
                and not isinstance(firing.node, PartitionRows)
            ):
                found[given] = firing
        return found

    def _onward(self, producer: int, consumer: int) -> Mapping[int, Sequence[int]]:
        """The rows of a firing that took part in rows of another, with those."""
        if (producer, consumer) not in self._forward:
            onward: dict[int, list[int]] = {}
            for made, source in self.edges(consumer).pairs.get(producer, ()):
                onward.setdefault(source, []).append(made)
            self._forward[producer, consumer] = onward
        return self._forward[producer, consumer]

    # ------------------------------------------------------------------------------------------------------- fates

    def _sources(self, kind: type[Any]) -> Iterator[tuple[int, Any]]:
        return ((i, firing.node) for i, firing in enumerate(self.firings) if isinstance(firing.node, kind))

    def _fate(self, name: str, row: int, starts: list[int]) -> Fate:
        if not starts:
            return Fate(name, row, (Ending(End.UNREAD, None, (row,), f"no step that ran reads {name}"),))
        walk = _Walk(self, {start: {row: None} for start in starts})
        found: dict[tuple[End, Any], tuple[int, list[Pair]]] = {}
        for number in range(min(starts), len(self.firings)):
            for each in list(walk.rows.get(number, ())):
                for end, at in self._steps_from(walk, number, each):
                    node = at if end is End.RESULT else self.firings[at].node
                    found.setdefault((end, node), (at, []))[1].append((number, each))
        endings = [self._ending(walk, end, at, pairs) for (end, _), (at, pairs) in found.items()]
        return Fate(name, row, tuple(each for _, each in sorted(endings, key=lambda one: one[0])))

    def _steps_from(self, walk: _Walk, number: int, row: int) -> Iterator[tuple[End, int]]:
        """Follow a row one step; what ends there, with the firing that it ends in."""
        if number in self._results:
            yield End.RESULT, number
        went = False
        lost: list[int] = []
        consumers = self._consumers.get(number, {})
        entered = False
        for node, firings in consumers.items():
            onward = [(each, made) for each in firings for made in self._onward(number, each).get(row, ())]
            for target in onward:
                walk.add(target, (number, row))
            if isinstance(node, SubqueryInput):
                entered = entered or bool(onward)
            elif onward:
                went = True
                walk.passed.add((number, node))
            elif not isinstance(node, Apply) or not entered:
                lost.append(firings[-1])
        for consumer in lost:
            node = self.firings[consumer].node
            compared = isinstance(node, JoinRows) and node.kind in _ANTI and self._is_other_side(consumer, number)
            yield (End.COMPARED if compared else End.DROPPED), consumer
        if went or lost or entered or number in self._results:
            return
        if number in self._unclear:
            yield End.UNKNOWN, next(i for i, each in enumerate(self.firings) if each is self._unclear[number])
        elif self.firings[number].node in self._looked_up:
            yield End.VALUE, number
        else:
            yield End.UNKNOWN, number

    def _is_other_side(self, consumer: int, number: int) -> bool:
        firing = self.firings[consumer]
        if firing.joined is None or not isinstance(firing.node, JoinRows):
            return False
        other = firing.joined.right if firing.node.kind is JoinKind.LEFT_ANTI else firing.joined.left
        return self._tracer.producers.get(id(other)) == number

    @cached_property
    def _looked_up(self) -> frozenset[Relation]:
        """The relations whose values expressions look up."""
        held = (each for relation in relations(self._plan) for each in inside(relation))
        found = [each.query for each in held if isinstance(each, ScalarQuery | ListTest)]
        return frozenset(query for query in found if query is not None)

    @cached_property
    def _conditions(self) -> Conditions:
        return Conditions(self._plan, self._execution.afterwards())

    def _ending(self, walk: _Walk, end: End, at: int, pairs: list[Pair]) -> tuple[tuple[int, ...], Ending]:
        """An ending and its place among the others."""
        number, row = pairs[0]
        rows = tuple(dict.fromkeys(each for _, each in pairs))
        hops = tuple(walk.hops((number, row)))
        if end is End.RESULT:
            result = self._results[number]
            return (0, result), Ending(end, None, tuple(sorted(rows)), hops=hops, result=result)
        firing = self.firings[at]
        why, test = "", None
        if end in (End.DROPPED, End.COMPARED):
            why, test = Loss(self, self._conditions, at, number, row).why()
        elif end is End.VALUE:
            why = f"its value is looked up by {firing.path[-1] if firing.path else 'a condition'}"
        elif end is End.UNKNOWN:
            why = f"{firing.node.operator or 'the step'} cannot say which of its rows come of which records"
        place = {End.DROPPED: 1, End.UNKNOWN: 2}.get(end, 3)
        partial = any((producer, firing.node) in walk.passed for producer, _ in pairs)
        ending = Ending(end, site_of(firing), rows, why, test, hops, partial=partial)
        return (place, len(firing.path), -at), ending


class _Walk:
    """The rows of firings that a record is part of, each with the row that it was reached from."""

    def __init__(self, provenance: Provenance, starts: dict[int, dict[int, Pair | None]]) -> None:
        self.rows = starts
        self.passed: set[tuple[int, Relation]] = set()
        """Firings and the operators that took rows of the record from them."""
        self._provenance = provenance

    def add(self, target: Pair, source: Pair) -> None:
        self.rows.setdefault(target[0], {}).setdefault(target[1], source)

    def hops(self, place: Pair) -> list[Hop]:
        """The steps on the way to a row that made something else of the record."""
        found: list[Hop] = []
        at: Pair | None = place
        while at is not None:
            before = self.rows[at[0]][at[1]]
            hop = None if before is None else self._hop(at, before)
            if hop is not None:
                found.append(hop)
            at = before
        return found[::-1]

    def _hop(self, at: Pair, before: Pair) -> Hop | None:
        firing = self._provenance.firings[at[0]]
        if isinstance(firing.node, _GROUPING):
            size = sum(made == at[1] for made, _ in self._provenance.edges(at[0]).pairs[before[0]])
            return Hop(site_of(firing), "group", size, readings(firing, at[1]))
        kind = {JoinRows: "joined", Expand: "expanded", Apply: "expanded"}.get(type(firing.node))
        if kind is None:
            return None
        size = sum(source == before[1] for _, source in self._provenance.edges(at[0]).pairs[before[0]])
        return Hop(site_of(firing), kind, size)


def readings(firing: Firing, row: int) -> tuple[Reading, ...]:
    """The values of a row that came out of a firing."""
    columns = firing.node.columns
    return tuple(Reading(each.name, each.type, firing.result.column(each)[row]) for each in columns)


def site_of(firing: Firing) -> Site:
    """Where a firing's operator is."""
    node = firing.node
    return Site(node.operator, node.start, node.length, node.origin, firing.path)


def _pairs(link: Link, outer: list[Pair] | None) -> list[Pair]:
    """The pairs of a link; with ``outer``, of rows that came out of the batch that the link belongs to."""
    if outer is None:
        if link.rows is None:
            return [(link.start + i, i) for i in range(link.batch.rows)]
        return [(made, source) for made, sources in enumerate(link.rows) for source in sources]
    if link.rows is None:
        reach = range(link.start, link.start + link.batch.rows)
        return [(made, middle - link.start) for made, middle in outer if middle in reach]
    return [(made, source) for made, middle in outer for source in link.rows[middle]]


def _sorted(found: Mapping[str, Iterable[int]]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(sorted(rows)) for name, rows in sorted(found.items())}
