"""scan: sequences of rows that match steps, with values carried from row to row.

Each row is held against the steps from the last to the first. A step takes the row when the step before it is active
(it then takes over that step's state), or when it is active itself or the first one. The first step starts a new
sequence when it takes a row while it is not active (the text of the reference says: with each row that it takes; its
example of sessions shows otherwise). Where a step that may be left out is not active, the one before it counts. (The
language service knows ``optional``, the reference does not tell of it.)

Source: https://learn.microsoft.com/kusto/query/scan-operator#matching-logic
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tocsin.kql.interpreter.batch import ARRIVAL, Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.operators.grouping import grouped
from tocsin.kql.interpreter.row_programs import Program
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import Column, Relation, SequenceRows, SequenceStep
from tocsin.kql.types import Value, null_of

Record: TypeAlias = list[Value]
"""The values of the input's columns, then of the declared ones; at the end the number of the row in its partition."""


@dataclass(slots=True)
class _State:
    """What a step knows: the last record of each step up to it, and which sequence it belongs to. ``held`` is a record
    that comes out if no other follows it in the step."""

    records: dict[int, Record] = field(default_factory=dict)
    match: int = 0
    held: Record | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    program: Program
    assigned: tuple[int, ...]
    output: str
    optional: bool


class _Sequences:
    """The matching of one scan over one partition after the other."""

    def __init__(self, node: SequenceRows, compiler: PlanCompiler) -> None:
        current = (*node.input.columns, *node.declared)
        place = {column: i for i, column in enumerate(current)}
        self._steps = [self._compiled(step, place, compiler) for step in node.steps]
        self._current = place
        self._stored = {column: (s, i) for s, step in enumerate(node.steps) for i, column in enumerate(step.state)}
        self._nulls = [null_of(column.type) for column in node.input.columns]
        self._matches = 0
        self._number = 0

    @staticmethod
    def _compiled(step: SequenceStep, place: dict[Column, int], compiler: PlanCompiler) -> _Step:
        program = compiler.program([step.condition, *(each.value for each in step.assignments)])
        return _Step(program, tuple(place[each.column] for each in step.assignments), step.output, step.optional)

    def run(
        self, execution: Execution, rows: list[Record], defaults: Record, put: Callable[[Record, int], None]
    ) -> None:
        """Match the rows of one partition; ``put`` takes each record that comes out and its match id."""
        states: list[_State | None] = [None] * len(self._steps)
        for number, row in enumerate(rows):
            self._number = number
            for k in range(len(self._steps) - 1, -1, -1):
                active = self._active_before(k, states)
                before = None if active is None else states[active]
                taken = self._taken(execution, k, row, before, defaults) if before is not None else None
                if active is not None and before is not None and taken is not None:
                    _release(states[k], put)
                    _release(before, put)
                    states[k], states[active] = before, None
                    self._show(k, taken, before, put)
                    continue
                own = states[k]
                if own is None and not all(step.optional for step in self._steps[:k]):
                    continue
                state = own if own is not None else _State()
                taken = self._taken(execution, k, row, state, defaults)
                if taken is None:
                    continue
                if own is None:
                    state.match = self._matches
                    self._matches += 1
                states[k] = state
                self._show(k, taken, state, put)
        for left in states:
            _release(left, put)

    def _active_before(self, k: int, states: Sequence[_State | None]) -> int | None:
        """The active step that step ``k`` goes on from: the one before it, or past steps that may be left out."""
        for earlier in range(k - 1, -1, -1):
            if states[earlier] is not None:
                return earlier
            if not self._steps[earlier].optional:
                return None
        return None

    def _show(self, k: int, record: Record, state: _State, put: Callable[[Record, int], None]) -> None:
        output = self._steps[k].output
        if output == "all":
            put(record, state.match)
        elif output == "last":
            state.held = record

    def _taken(self, execution: Execution, k: int, row: Record, state: _State, defaults: Record) -> Record | None:
        """The record that step ``k`` makes of the row, noted in ``state``; None when the row does not match."""
        record = [*row, *defaults, self._number]

        def value(column: Column) -> list[Value]:
            if column is ARRIVAL:
                return [None]
            at = self._current.get(column)
            if at is not None:
                return [record[at]]
            step, place = self._stored[column]
            stored = state.records.get(step)
            return [(stored if stored is not None else [*self._nulls, *defaults])[place]]

        condition, *assigned = self._steps[k].program.columns(execution, Batch(1, {}, compute=value))
        if condition[0] is not True:
            return None
        for place, values in zip(self._steps[k].assigned, assigned, strict=True):
            record[place] = values[0]
        state.records[k] = record
        return record


def _release(state: _State | None, put: Callable[[Record, int], None]) -> None:
    """Put out the record that a step held back, now that no other takes its place."""
    if state is not None and state.held is not None:
        put(state.held, state.match)
        state.held = None


def _sequence(node: SequenceRows, compiler: PlanCompiler) -> Stage:
    partition = compiler.program(node.partition_by)
    types = [each.type for each in node.partition_by]
    default_of = [None if each is None else compiler.single(each) for each in node.defaults]
    nulls = [null_of(column.type) for column in node.declared]

    def run(execution: Execution, batch: Batch) -> Batch:
        sequences = _Sequences(node, compiler)
        defaults = [
            null if default is None else default(execution) for default, null in zip(default_of, nulls, strict=True)
        ]
        columns = [batch.column(column) for column in node.input.columns]
        found: list[tuple[Record, int]] = []
        origins: list[tuple[int]] = []
        for group in grouped(partition.columns(execution, batch), types, batch.rows):
            rows = [[values[i] for values in columns] for i in group]
            sequences.run(execution, rows, defaults, lambda record, match: found.append((record, match)))
            origins.extend((group[record[-1]],) for record, _ in found[len(origins) :])
            execution.check_time()
        shown = (*node.input.columns, *node.declared)
        values = {column: [record[i] for record, _ in found] for i, column in enumerate(shown)}
        if node.match_id is not None:
            values[node.match_id] = [match for _, match in found]
        result = Batch(len(found), values)
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, origins))
        return result

    return run


STAGES: dict[type[Relation], StageCompiler] = {SequenceRows: _sequence}
