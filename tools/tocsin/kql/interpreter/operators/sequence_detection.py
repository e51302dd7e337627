"""evaluate sequence_detect: rows that meet one condition after the other within a time.

The reference's example lists a first row once with each row that can follow it, so every combination of rows that fits
is a sequence. Sequences whose rows lie at the same times are listed once, and of rows at one time any may come first.

Source: https://learn.microsoft.com/kusto/query/sequence-detect-plugin
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import takewhile

from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.operators.grouping import grouped
from tocsin.kql.interpreter.operators.windows import wrong
from tocsin.kql.plan import PluginRows
from tocsin.kql.types import BOOL, Value

Event = tuple[int, int]
"""Time and row."""


def sequence_detect(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """A row for each sequence: the dimensions, the time of each step, and from the first to the last."""
    axis, step_of, span_of, *others = node.arguments
    steps = list(takewhile(lambda each: each.type is BOOL, others))
    by = others[len(steps) :]
    program = compiler.program([axis, *steps])
    dimensions = compiler.program(by)
    limits = [compiler.single(each) for each in (step_of, span_of)]

    def run(execution: Execution, batch: Batch) -> Batch:
        step, span = (limit(execution) for limit in limits)
        if not isinstance(step, int) or not isinstance(span, int):
            raise wrong(node, "needs the longest time between two steps and that of a sequence")
        times, *met = program.columns(execution, batch)
        keys = dimensions.columns(execution, batch) if by else []
        found: list[tuple[tuple[int, ...], tuple[Value, ...]]] = []
        for group in grouped(keys, [each.type for each in by], batch.rows):
            labels = tuple(column[group[0]] for column in keys) if group else ()
            events = [
                _few(
                    sorted((times[row], row) for row in group if own[row] is True and times[row] is not None), len(met)
                )
                for own in met
            ]
            seen: set[tuple[int, ...]] = set()
            for places in _sequences(execution, node, events, step, span):
                if places not in seen:
                    seen.add(places)
                    execution.allow_rows(1, len(node.columns))
                    found.append((places, labels))
        found.sort(key=lambda each: each[0])
        rows = [(*labels, *places, places[-1] - places[0]) for places, labels in found]
        data = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in node.columns]
        return Batch(len(rows), dict(zip(node.columns, data, strict=True)))

    return run


def _few(events: list[Event], most: int) -> list[Event]:
    """Of the rows at one time no more than a sequence could have: further ones would lie at the same times."""
    kept: list[Event] = []
    for each in events:
        if len(kept) < most or kept[-most][0] != each[0]:
            kept.append(each)
    return kept


def _sequences(
    execution: Execution, node: PluginRows, events: list[list[Event]], step: int, span: int
) -> Iterator[tuple[int, ...]]:
    """The times of every combination of rows that fits."""
    stack: list[tuple[Event, ...]] = [(each,) for each in reversed(events[0])]
    while stack:
        begun = stack.pop()
        execution.check_time()
        if len(begun) == len(events):
            yield tuple(time for time, _ in begun)
            continue
        following = events[len(begun)]
        first, last = begun[0][0], begun[-1][0]
        begin = bisect_left(following, (last, -1))
        end = bisect_right(following, (min(last + step, first + span) + 1, -1))
        stack += [(*begun, each) for each in reversed(following[begin:end]) if each not in begun]
