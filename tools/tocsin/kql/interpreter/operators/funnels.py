"""evaluate funnel_sequence_completion and funnel_sequence: how many ids go through a sequence of states, how far, and
what they do before and after.

Sources: https://learn.microsoft.com/kusto/query/funnel-sequence-completion-plugin,
https://learn.microsoft.com/kusto/query/funnel-sequence-plugin
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from tocsin.kql.functions.conversions import converter
from tocsin.kql.functions.identity import identities
from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.operators.windows import Windows, wrong
from tocsin.kql.literals import parse_timespan
from tocsin.kql.plan import PluginRows
from tocsin.kql.types import DATETIME, DYNAMIC, DynamicTimespan, Value, null_of

Places = dict[Value, list[Any]]
"""By state, where on the time line one id is in it, in order."""


def completion(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """For each window, period and state of the sequence the ids that came as far as that state within the period.

    An id has come to a state when it was in the states before it, in their order, and the time since the first of them
    is no longer than the period. Of events at one place on the time line any may be the earlier one.
    """
    who, axis, start_of, end_of, size_of, state, sequence_of, periods_of = node.arguments
    program = compiler.program([who, axis, state])
    values_of = [compiler.single(each) for each in (start_of, end_of, size_of, sequence_of, periods_of)]

    def run(execution: Execution, batch: Batch) -> Batch:
        start, end, size, sequence, periods = (value(execution) for value in values_of)
        windows = Windows(node, start, end, size)
        if not (isinstance(sequence, list) and sequence and isinstance(periods, list) and periods):
            raise KqlRuntimeError(f"{node.plugin} needs a sequence and periods", node.start, node.length, node.origin)
        lengths = [_length(each, axis.type is DATETIME, node) for each in periods]
        ids, places, states = program.columns(execution, batch)
        wanted = frozenset(sequence)
        seen: dict[int, dict[Any, Places]] = {}
        for each, place, value in zip(identities(ids, who.type), places, states, strict=True):
            if value in wanted and place is not None and start <= place <= end:
                own = seen.setdefault(windows.number(place), {}).setdefault(each, {})
                own.setdefault(value, []).append(place)
        found: list[tuple[Value, ...]] = []
        for number, by_id in sorted(seen.items()):
            for own in by_id.values():
                for several in own.values():
                    several.sort()
            for period in lengths:
                reached = []
                for own in by_id.values():
                    execution.check_time()
                    reached.append(_steps(sequence, own, period))
                for step, value in enumerate(sequence):
                    found.append((windows.starts[number], value, period, sum(each > step for each in reached)))
        execution.allow_rows(len(found), len(node.columns))
        columns = [list(column) for column in zip(*found, strict=True)] if found else [[] for _ in node.columns]
        return Batch(len(found), dict(zip(node.columns, columns, strict=True)))

    return run


def _length(value: Value, of_time: bool, node: PluginRows) -> Any:
    """A period as the time line measures it."""
    length = parse_timespan(value) if of_time and isinstance(value, str) else value
    fits = isinstance(length, DynamicTimespan) or isinstance(value, str) if of_time else isinstance(length, int | float)
    if length is None or isinstance(length, bool | str) or not fits:
        message = f"{node.plugin} needs periods that fit its time line"
        raise KqlRuntimeError(message, node.start, node.length, node.origin)
    return int(length) if of_time else length


def _steps(sequence: Sequence[Value], own: Places, period: Any) -> int:
    """How many states of the sequence an id goes through within the period, from any of its first states on."""
    best = 0
    for begin, first in enumerate(own.get(sequence[0], ())):
        place, used, steps = first, {(sequence[0], begin)}, 1
        for state in sequence[1:]:
            there = own.get(state, [])
            at = bisect_left(there, place)
            while (state, at) in used:
                at += 1
            if at >= len(there) or there[at] - first > period:
                break
            place, steps = there[at], steps + 1
            used.add((state, at))
        best = max(best, steps)
        if best == len(sequence):
            break
    return best


# -------------------------------------------------------------------------------------------- what is before and after

_MOST_SAMPLES = 128

Run = tuple[Value, Any, Any]
"""A state that an id keeps for one event or more, and where on the time line it begins and ends."""


def surroundings(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """For each window how many ids have the sequence between which states: a row for the state before and the one after
    (part 0 of the result), for the one before (1), for the one after (2); the most frequent first.

    Events of one state in a row are one step. The steps of a sequence follow one another with no other state between
    them. Of events at one place on the time line the first row is the earlier one.
    """
    who, axis, start_of, end_of, gap_of, size_of, state, sequence_of = node.arguments
    program = compiler.program([who, axis, state])
    values_of = [compiler.single(each) for each in (start_of, end_of, gap_of, size_of, sequence_of)]
    sample_of = converter(who.type, DYNAMIC)
    nothing = null_of(state.type)

    def run(execution: Execution, batch: Batch) -> Batch:
        start, end, gap, size, sequence = (value(execution) for value in values_of)
        windows = Windows(node, start, end, size)
        if not (isinstance(sequence, list) and sequence) or gap is None or isinstance(gap, str):
            raise wrong(node, "needs a sequence, and the longest way between two of its steps")
        if any(one == other for one, other in pairwise(sequence)):
            raise wrong(node, "is run with sequences that name no state twice in a row")
        ids, places, states = program.columns(execution, batch)
        identity = identities(ids, who.type)
        events: dict[int, dict[Any, list[int]]] = {}
        for row, place in enumerate(places):
            if place is not None and start <= place <= end:
                events.setdefault(windows.number(place), {}).setdefault(identity[row], []).append(row)
        found: list[tuple[Value, ...]] = []
        for number, by_id in sorted(events.items()):
            seen: dict[tuple[Value, ...], dict[Any, Value]] = {}
            for each, rows in by_id.items():
                execution.check_time()
                rows.sort(key=lambda row: places[row])
                for around in _around(_runs(rows, places, states), sequence, gap, nothing):
                    shown = (around, around[:1], around[1:])[node.part]
                    seen.setdefault(shown, {})[each] = ids[rows[0]]
            for shown, there in sorted(seen.items(), key=lambda item: -len(item[1])):
                samples = [sample_of(value) for value in list(there.values())[:_MOST_SAMPLES]]
                found.append((windows.starts[number], *shown, len(there), samples))
        execution.allow_rows(len(found), len(node.columns))
        columns = [list(column) for column in zip(*found, strict=True)] if found else [[] for _ in node.columns]
        return Batch(len(found), dict(zip(node.columns, columns, strict=True)))

    return run


def _runs(rows: Sequence[int], places: Sequence[Any], states: Sequence[Value]) -> list[Run]:
    found: list[Run] = []
    for state, several in groupby(rows, key=lambda row: states[row]):
        own = list(several)
        found.append((state, places[own[0]], places[own[-1]]))
    return found


def _around(runs: Sequence[Run], sequence: Sequence[Value], gap: Any, nothing: Value) -> Iterator[tuple[Value, Value]]:
    """The states before and after each place where the sequence is found."""
    length = len(sequence)
    for at in range(len(runs) - length + 1):
        here = runs[at : at + length]
        fits = all(run[0] == state for run, state in zip(here, sequence, strict=True))
        if fits and all(later[1] - earlier[2] <= gap for earlier, later in pairwise(here)):
            before = runs[at - 1][0] if at else nothing
            after = runs[at + length][0] if at + length < len(runs) else nothing
            yield before, after
