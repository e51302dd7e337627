"""Local parts of a plan in runs with a memo: what they give for a row is kept, and worked out once.

In each run only the rows of the base that no earlier run had go through the part; what it gave for the others is
there. Rows are the same when all columns that the part reads are: texts and numbers by value, dynamics when they are
the very same object, which is what a log gives again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

from tocsin.kql.functions.identity import identities
from tocsin.kql.interpreter.batch import ARRIVAL, Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Runner
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.remembered_columns import row_keys
from tocsin.kql.locality import LocalPart, Side
from tocsin.kql.plan import Column, Relation
from tocsin.kql.types import Value

_LEFT_BEHIND: Final = 4_096
"""So many rows more than twice those of the last run are kept before the store is cleared of old ones."""

_Span: TypeAlias = tuple[int, int]


class _Store:
    """What a part gave for the rows that it was given so far, column by column."""

    def __init__(self, part: LocalPart) -> None:
        self.sides: list[str] | None = None
        self.spans: dict[Hashable, _Span] = {}
        self.columns: dict[Column, list[Value]] = {column: [] for column in part.shows}
        self.held: dict[Hashable, tuple[Value, ...]] = {}
        """The dynamics of each row: as long as they are held, no other object is taken for them."""
        self.last: Sequence[Hashable] = ()
        """The rows of the last run."""

    def clear(self) -> None:
        """Forget all rows."""
        self.last = ()
        self.spans.clear()
        self.held.clear()
        for values in self.columns.values():
            values.clear()

    def tidy(self) -> None:
        """Forget the rows that the last run did not have, when there are many."""
        if len(self.spans) <= 2 * len(self.last) + _LEFT_BEHIND:
            return
        spans = {key: self.spans[key] for key in self.last}
        index = list(chain.from_iterable(range(*span) for span in spans.values()))
        for values in self.columns.values():
            values[:] = [values[i] for i in index]
        start = 0
        for key, (first, end) in spans.items():
            spans[key] = (start, start + end - first)
            start += end - first
        self.spans = spans
        self.held = {key: self.held[key] for key in self.last}


def remembering(part: LocalPart, plan: Relation, compiler: PlanCompiler, plain: Runner) -> Runner:
    """The runner of the part's root. ``plain`` works it out anew, for runs without a memo."""
    base = compiler.relation(part.base)
    sides = [_side(side, compiler) for side in part.sides]
    given = (part.base, *(side for side in part.sides if isinstance(side, Relation)))
    compiled: list[Runner] = []

    def worked_out(execution: Execution, rows: Batch, found: Mapping[Relation, Batch]) -> Batch:
        """The part over these rows alone, apart from what the run has worked out so far."""
        if not compiled:
            compiled.append(PlanCompiler(plan, given=given).relation(part.root))
        outside = execution.shared
        execution.shared = {part.base: rows, **found}
        try:
            return compiled[0](execution)
        finally:
            execution.shared = outside

    def run(execution: Execution) -> Batch:
        if execution.memo is None or execution.tracer is not None:
            return plain(execution)
        store = execution.memo.kept(part, lambda: _Store(part))
        rows = base(execution)
        seen = [side(execution) for side in sides]
        found = {side: batch for side, (batch, _) in zip(part.sides, seen, strict=True) if batch is not None}
        relations: dict[Relation, Batch] = {side: batch for side, batch in found.items() if isinstance(side, Relation)}
        known = [text for _, text in seen]
        if store.sides != known:
            store.clear()
            store.sides = known
        store.tidy()
        keys, dynamics = row_keys(part.reads, rows)
        new = [i for i, key in enumerate(keys) if key not in store.spans]
        if new:
            picked = rows.pick(new)
            _keep(store, part, [keys[i] for i in new], picked, worked_out(execution, picked, relations), dynamics, new)
        spans = store.spans
        index = list(chain.from_iterable(range(*spans[key]) for key in keys))

        def gather(column: Column) -> list[Value]:
            if column is ARRIVAL:
                return [None] * len(index)
            values = store.columns.get(column)
            if values is None:
                return worked_out(execution, rows, relations).column(column)
            return [values[i] for i in index]

        store.last = keys
        return Batch(len(index), {}, compute=gather)

    return run


def _side(side: Side, compiler: PlanCompiler) -> Callable[[Execution], tuple[Batch | None, str]]:
    """What a side gives in a run, and a text that tells it from others."""
    if isinstance(side, Relation):
        runner = compiler.relation(side)
        columns = side.columns

        def rows(execution: Execution) -> tuple[Batch | None, str]:
            batch = runner(execution)
            return batch, repr([batch.column(column) for column in columns])

        return rows
    value = compiler.single(side)
    return lambda execution: (None, repr(value(execution)))


def _keep(
    store: _Store,
    part: LocalPart,
    keys: Sequence[Hashable],
    rows: Batch,
    result: Batch,
    dynamics: Sequence[list[Value]],
    places: Sequence[int],
) -> None:
    """Put what the part gave for ``rows`` into the store. The rows of the result stand in the order of these."""
    numbers = {key: i for i, key in enumerate(_identities(part.keys, rows))}
    counts = [0] * rows.rows
    for key in _identities(part.root_keys, result):
        counts[numbers[key]] += 1
    start = len(next(iter(store.columns.values())))
    for i, key in enumerate(keys):
        store.spans[key] = (start, start + counts[i])
        start += counts[i]
        store.held[key] = tuple(values[places[i]] for values in dynamics)
    for column, values in store.columns.items():
        values += result.column(column)


def _identities(columns: Sequence[Column], rows: Batch) -> list[Hashable]:
    return list(zip(*(identities(rows.column(column), column.type) for column in columns), strict=True))
