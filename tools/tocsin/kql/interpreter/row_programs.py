"""Programs: expressions that are evaluated together over the rows of a batch.

A program walks the rows a piece at a time, so that time and memory are looked at in between. What it makes of a row on
the way is gone with the row; what it gives counts against the limits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any, Final

from tocsin.kql.functions.declaration import Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.row_graph import (
    Choice,
    Fixed,
    Input,
    Node,
    Operation,
    RunValue,
    inputs_of,
    is_row_value,
    run_values_of,
    value_of_run,
)
from tocsin.kql.interpreter.row_source import RowFunction, row_function
from tocsin.kql.plan import Call, Column
from tocsin.kql.types import DYNAMIC, STRING, ScalarType, Value

_FIRST: Final = 32
"""Rows of the first piece: one alone may take long or be large."""

_FASTER: Final = 32
"""So many times more rows in the next piece, as long as a piece does not take long: a few rows are two pieces."""

_MOST: Final = 4_096
"""Rows of a piece at most."""

_MOST_SIZED: Final = 128
"""The same where texts or dynamics are made: the largest there is, so many times, is what memory has to hold."""

_SOON: Final = 0.002
_LATE: Final = 0.05
"""Seconds that a piece may take for the next one to be larger, and from which on it is smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class Maker:
    """Works out one value of a run, from the execution, the values known so far and the number of rows. ``needs`` are
    the values that it is made of. ``for_rows``: not without any rows."""

    make: Callable[[Execution, list[Any], int], Any]
    needs: tuple[Node, ...] = ()
    for_rows: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ColumnCall:
    """A call that is given whole columns, or that gives another value each time: its result is a column of its own."""

    call: Call
    implementation: Callable[..., Any]
    arguments: tuple[Node, ...]
    types: tuple[ScalarType, ...]


class Program:
    """Compiled expressions of the rows that meet conditions. The loop over the rows is written at its first use."""

    def __init__(
        self,
        sources: tuple[Column | ColumnCall, ...],
        makers: tuple[Maker, ...],
        conditions: Sequence[Node],
        outputs: Sequence[Node],
        types: Sequence[ScalarType],
    ) -> None:
        """``sources`` are the columns that the graph reads, by place; ``makers`` make the values of the run, each of
        values in places before its own. What nothing needs is left out."""
        self.outputs = outputs
        self._loop = _Loop(conditions, outputs, types)
        reads = inputs_of([*conditions, *outputs])
        roots: list[Node] = [*conditions, *outputs]
        self._given: dict[int, _Loop] = {}
        for read in reads:  # grows while it is walked
            source = sources[read.place]
            if isinstance(source, ColumnCall) and read.place not in self._given:
                self._given[read.place] = _Loop((), source.arguments, source.types)
                roots.extend(source.arguments)
                reads.extend(inputs_of(source.arguments))
        self._sources = [(place, sources[place]) for place in sorted({read.place for read in reads})]
        self._places = len(sources)
        values = run_values_of(roots)
        for value in values:  # grows while it is walked
            values.extend(run_values_of(makers[value.place].needs))
        self._makers = [(place, makers[place]) for place in sorted({value.place for value in values})]
        self._values = len(makers)

    def columns(self, execution: Execution, batch: Batch) -> list[list[Value]]:
        """The values of each expression in each row of ``batch``. The program has no conditions."""
        known = self._run_values(execution, batch)
        if not batch.rows:
            return [[] for _ in self.outputs]
        return self._loop.columns(execution, self._columns(execution, batch, known), known, batch.rows)

    def selected(self, execution: Execution, batch: Batch) -> tuple[Sequence[int], list[list[Value]]]:
        """The numbers of the rows that meet the conditions, and the values of each expression in them."""
        known = self._run_values(execution, batch)
        if not batch.rows:
            return range(0), [[] for _ in self.outputs]
        return self._loop.selected(execution, self._columns(execution, batch, known), known, batch.rows)

    def _run_values(self, execution: Execution, batch: Batch) -> list[Any]:
        known: list[Any] = [None] * self._values
        some = batch.rows or execution.tracer is not None
        for place, maker in self._makers:
            if some or not maker.for_rows:
                known[place] = maker.make(execution, known, batch.rows)
        return known

    def _columns(self, execution: Execution, batch: Batch, known: list[Any]) -> list[list[Value]]:
        columns: list[list[Value]] = [[]] * self._places
        for place, source in self._sources:
            if isinstance(source, ColumnCall):
                given = self._given[place].columns(execution, columns, known, batch.rows)
                columns[place] = _called(source, execution, batch.rows, given)
            else:
                columns[place] = batch.column(source)
        return columns


def _called(source: ColumnCall, execution: Execution, rows: int, given: list[list[Value]]) -> list[Value]:
    call, implementation = source.call, source.implementation
    try:
        if call.function.style is Style.CONTEXT:
            values = implementation(execution, rows, *given)
        elif call.function.style in (Style.COLUMNS, Style.TYPED_COLUMNS):
            values = implementation(rows, *given)
        else:
            values = (implementation(*row) for row in (zip(*given, strict=True) if given else repeat((), rows)))
        return execution.drawn(values, call.type)
    except KqlValueError as error:
        raise KqlRuntimeError(str(error), call.start, call.length) from error


class _Loop:
    """The part of a program that goes over the rows."""

    def __init__(self, conditions: Sequence[Node], outputs: Sequence[Node], types: Sequence[ScalarType]) -> None:
        self._conditions = [each for each in dict.fromkeys(conditions) if is_row_value(each)]
        self._before = [each for each in conditions if not is_row_value(each)]
        """Conditions that all rows meet or none."""
        self._outputs = outputs
        self._made = [place for place, each in enumerate(outputs) if isinstance(each, (Operation, Choice))]
        self._sized = [
            (place, types[output], _holds(outputs[output]))
            for place, output in enumerate(self._made)
            if types[output] in (STRING, DYNAMIC) and _is_new(outputs[output], types[output])
        ]
        self._function: RowFunction | None = None

    def columns(
        self, execution: Execution, columns: list[list[Value]], known: list[Any], rows: int
    ) -> list[list[Value]]:
        """The values of the outputs in each row."""
        made: list[list[Value]] = [[] for _ in self._made]
        if made:
            self._walk(execution, columns, known, rows, made)
        return self._of_outputs(made, columns, known, None, rows)

    def selected(
        self, execution: Execution, columns: list[list[Value]], known: list[Any], rows: int
    ) -> tuple[Sequence[int], list[list[Value]]]:
        """The rows that meet the conditions, and the values of the outputs in them."""
        if any(value_of_run(each, known) is not True for each in self._before):
            return range(0), [[] for _ in self._outputs]
        if not self._conditions:
            return range(rows), self.columns(execution, columns, known, rows)
        made: list[list[Value]] = [[] for _ in self._made]
        kept: list[int] = []
        self._walk(execution, columns, known, rows, [*made, kept])
        return kept, self._of_outputs(made, columns, known, kept, len(kept))

    def _of_outputs(
        self,
        made: list[list[Value]],
        columns: list[list[Value]],
        known: list[Any],
        kept: list[int] | None,
        rows: int,
    ) -> list[list[Value]]:
        results: list[list[Value]] = []
        new = iter(made)
        for output in self._outputs:
            match output:
                case Fixed():
                    results.append([output.value] * rows)
                case RunValue():
                    results.append([known[output.place]] * rows)
                case Input():
                    values = columns[output.place]
                    results.append(values if kept is None else [values[i] for i in kept])
                case _:
                    results.append(next(new))
        return results

    def _walk(
        self, execution: Execution, columns: list[list[Value]], known: list[Any], rows: int, made: list[list[Any]]
    ) -> None:
        function = self._function
        if function is None:
            function = self._function = row_function(self._conditions, [self._outputs[place] for place in self._made])
        stream = self._stream(function, columns, rows)
        done, count = 0, _FIRST
        most = _MOST_SIZED if self._sized else _MOST
        counted = [0] * len(self._sized)
        before = time.monotonic()
        try:
            while done < rows:
                function.rows(islice(stream, count), known, made, execution.grown)
                for number, (place, kind, holds) in enumerate(self._sized):
                    values = made[place]
                    if holds:
                        execution.allow_cells((len(values) - counted[number]) * holds)
                    else:
                        execution.allow_size(values[counted[number] :] if done else values, kind)
                    counted[number] = len(values)
                done += count
                now = time.monotonic()
                execution.check_time_at(now)
                if now - before < _SOON:
                    count = min(count * _FASTER, most)
                elif now - before > _LATE:
                    count = max(1, count // 8)
                before = now
        except KqlValueError as error:
            call = _failed(error, function)
            if call is None:
                raise
            raise KqlRuntimeError(str(error), call.start, call.length) from error

    def _stream(self, function: RowFunction, columns: list[list[Value]], rows: int) -> Iterator[Any]:
        walked: list[Any] = [columns[place] for place in function.inputs]
        if self._conditions:
            walked.insert(0, range(rows))
        if len(walked) == 1:
            return iter(walked[0])
        return zip(*walked, strict=True)


def _holds(node: Node) -> int:
    return node.holds if isinstance(node, Operation) else 0


def _is_new(node: Node, kind: ScalarType) -> bool:
    """Whether a value was made here. What chooses between dynamics, or takes one out of another, makes none."""
    return kind is STRING or (isinstance(node, Operation) and node.call is not None)


def _failed(error: KqlValueError, function: RowFunction) -> Call | None:
    """The call that an error inside the loop comes from."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code is function.code:
            return function.calls.get(trace.tb_lineno)
        trace = trace.tb_next
    return None
