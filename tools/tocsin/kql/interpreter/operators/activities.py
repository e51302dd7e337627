"""evaluate: plugins that follow ids along a time line, and those that look at ordered rows.

Source: https://learn.microsoft.com/kusto/query/user-analytics and the page of each plugin.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from tocsin.kql.functions.aggregates_choice import percentiles
from tocsin.kql.functions.identity import identities
from tocsin.kql.functions.sketches import distinct_hashes
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.operators import frequent_patterns, funnels, segments, sequence_detection
from tocsin.kql.interpreter.operators.grouping import grouped
from tocsin.kql.interpreter.operators.windows import Windows, wrong
from tocsin.kql.plan import Column, PluginRows
from tocsin.kql.types import Value

Event = tuple[Any, Any]
"""Place on the time line and id."""

Measured = Iterator[tuple[Value, ...]]
"""For each result row of one group the places on the time line, then the measures."""


def _activity(bounds: int, axes: int, measure: Callable[..., Measured]) -> StageCompiler:
    """A plugin ``name(id, timeline, bounds…, dimensions…)``: ``measure(node, events, values of the bounds, other ids)``
    is called for every combination of dimensions."""

    def compile_activity(node: PluginRows, compiler: PlanCompiler) -> Stage:
        program = compiler.program(node.arguments[:2])
        values_of = [compiler.single(each) for each in node.arguments[2 : 2 + bounds]]
        by = node.arguments[2 + bounds :]
        dimensions = compiler.program(by)
        id_type = node.arguments[0].type
        others = compiler.relation(node.tables[0], node.plugin) if node.tables else None

        def run(execution: Execution, batch: Batch) -> Batch:
            given = [value(execution) for value in values_of]
            ids, places = program.columns(execution, batch)
            ids = identities(ids, id_type)
            keys = dimensions.columns(execution, batch) if by else []
            known = _ids(execution, node, others)
            found: list[tuple[Value, ...]] = []
            for group in grouped(keys, [each.type for each in by], batch.rows):
                events = [(places[i], ids[i]) for i in group if places[i] is not None and places[i] == places[i]]
                labels = tuple(column[group[0]] for column in keys) if group else ()
                for row in measure(node, events, given, known):
                    found.append((*row[:axes], *labels, *row[axes:]))
                execution.check_time()
            found.sort(key=lambda row: row[:axes])
            execution.allow_rows(len(found), len(node.columns))
            return _batch(node.columns, found)

        return run

    return compile_activity


def _ids(execution: Execution, node: PluginRows, others: Callable[[Execution], Batch] | None) -> frozenset[Any]:
    """The ids that a table of the call lists in its column of the id's type (the only one, or the first that fits)."""
    if others is None:
        return frozenset()
    wanted = node.arguments[0].type
    column = next((each for each in node.tables[0].columns if each.type is wanted), None)
    if column is None:
        raise wrong(node, "finds no ids in the look-back table")
    return frozenset(identities(others(execution).column(column), wanted))


def _batch(columns: Sequence[Column], rows: list[tuple[Value, ...]]) -> Batch:
    data = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in columns]
    return Batch(len(rows), dict(zip(columns, data, strict=True)))


def _seen(windows: Windows, events: Sequence[Event], end: Any) -> dict[int, set[Any]]:
    """The ids of every window that has some."""
    seen: dict[int, set[Any]] = {}
    for place, each in events:
        number = windows.number(place)
        if number >= 0 and place <= end:
            seen.setdefault(number, set()).add(each)
    return dict(sorted(seen.items()))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


# -------------------------------------------------------------------------------------------------------- the plugins


def _active_users(node: PluginRows, events: list[Event], given: list[Value], known: frozenset[Any]) -> Measured:
    """Ids of each window that, at one of their events in it, had been there in enough periods of the time before."""
    start, end, lookback, period, least, size = given
    windows = Windows(node, start, end, size)
    if isinstance(lookback, str) or isinstance(period, str):
        raise wrong(node, "takes lengths for look-back and period")
    if lookback is None or period is None or least is None or not lookback > 0 or not period > 0:
        raise wrong(node, "needs a look-back, a period and a number of periods above 0")
    places: dict[Any, list[Any]] = {}
    for place, each in events:
        places.setdefault(each, []).append(place)
    active: dict[int, set[Any]] = {}
    for each, own in places.items():
        own.sort()
        for at, place in enumerate(own):
            if not start <= place <= end:
                continue
            periods: set[Any] = set()
            for earlier in reversed(own[: bisect_right(own, place, at)]):
                if earlier <= place - lookback or len(periods) >= least:
                    break
                periods.add((earlier - start) // period)
            if len(periods) >= least:
                active.setdefault(windows.number(place), set()).add(each)
    for number, ids in sorted(active.items()):
        yield windows.starts[number], len(ids)


def _sliding_counts(node: PluginRows, events: list[Event], given: list[Value], known: frozenset[Any]) -> Measured:
    """Rows and distinct ids of the windows up to each window, as many as the look-back holds."""
    start, end, lookback, size = given
    windows = Windows(node, start, end, size)
    if isinstance(size, str):
        yield from _sliding_periods(node, windows, events, end, lookback, size)
        return
    if isinstance(lookback, str):
        raise wrong(node, "is run with a length for the look-back, or the same name as for the window")
    if lookback is None or lookback < size:
        raise wrong(node, "needs a look-back of one window or more")
    width = int(lookback // size)
    counts: dict[int, dict[Any, int]] = {}
    for place, each in events:
        number = int((place - start) // size)
        if number > -width and place <= end:
            ids = counts.setdefault(number, {})
            ids[each] = ids.get(each, 0) + 1
    total: dict[Any, int] = {}
    rows = 0
    for number in range(1 - width, len(windows.starts)):
        for change, at in ((1, number), (-1, number - width)):
            for each, count in counts.get(at, {}).items():
                rows += change * count
                total[each] = total.get(each, 0) + change * count
                if not total[each]:
                    del total[each]
        if number >= 0 and rows:
            yield windows.starts[number], rows, len(total)


def _sliding_periods(
    node: PluginRows, windows: Windows, events: list[Event], end: int, lookback: Value, name: str
) -> Measured:
    """The same where windows are weeks, months or years: a look-back holds the whole ones that end with the window,
    which is always one of them."""
    if lookback is None or (isinstance(lookback, str) and lookback != name):
        raise wrong(node, "is run with a length for the look-back, or the same name as for the window")
    events = sorted((each for each in events if each[0] <= end), key=itemgetter(0))
    there: dict[Any, int] = {}
    first = last = 0
    for begin in windows.starts:
        following = windows.period(begin, 1)
        earliest = begin
        if following is not None and not isinstance(lookback, str):
            earliest = min(begin, windows.first_period(following - lookback))
        while last < len(events) and (following is None or events[last][0] < following):
            there[events[last][1]] = there.get(events[last][1], 0) + 1
            last += 1
        while first < last and events[first][0] < earliest:
            gone = events[first][1]
            there[gone] -= 1
            if not there[gone]:
                del there[gone]
            first += 1
        if there:
            yield begin, last - first, len(there)


def _metrics(node: PluginRows, events: list[Event], given: list[Value], known: frozenset[Any]) -> Measured:
    """Ids of each window, those not in the window before, and the share of that window that came back or did not."""
    start, end, size = given
    windows = Windows(node, start, end, size)
    seen = _seen(windows, events, end)
    for number, ids in seen.items():
        before = seen.get(number - 1, set())
        kept = _ratio(len(ids & before), len(before))
        yield windows.starts[number], len(ids), len(ids - before), kept, 1 - kept


def _new_metrics(node: PluginRows, events: list[Event], given: list[Value], known: frozenset[Any]) -> Measured:
    """For the ids that are new in each window: who of them is there in the windows after."""
    start, end, size, cohort = given
    windows = Windows(node, start, end, size)
    seen = _seen(windows, events, end)
    before = set(known)
    only = None if cohort is None else windows.number(cohort)
    for first, ids in seen.items():
        new = ids - before
        before |= ids
        if not new or (only is not None and first != only):
            continue
        for number in range(first, len(windows.starts)):
            there = seen.get(number, set())
            fresh = new if number == first else there - before
            kept = len(new & there)
            lost = len(new) - kept
            yield (
                windows.starts[first], windows.starts[number], len(fresh), kept, lost,
                kept / len(new), lost / len(new),
            )  # fmt: skip


def _sessions(node: PluginRows, events: list[Event], given: list[Value], known: frozenset[Any]) -> Measured:
    """Sessions that begin in each window: events of an id that has none in the look-back before.

    The reference's chart shows windows as bin() cuts them, and that the event at the start itself begins no session.
    """
    start, end, size, lookback = given
    if isinstance(size, str) or isinstance(lookback, str):
        raise wrong(node, "is run with lengths for window and look-back, not with week, month or year")
    if None in (start, end, size, lookback) or not size > 0:
        raise wrong(node, "needs a start, an end, a look-back and windows longer than 0")
    latest: dict[Any, Any] = {}
    counts: dict[Any, int] = {}
    for place, each in sorted(events, key=itemgetter(0)):
        before = latest.get(each)
        latest[each] = place
        if start < place <= end and (before is None or place - before > lookback):
            counts[place // size] = counts.get(place // size, 0) + 1
    for number, count in counts.items():
        yield number * size, count


def _engagement(node: PluginRows, events: list[Event], given: list[Value], known: frozenset[Any]) -> Measured:
    """Ids of each inner window, and of the outer window that ends with it."""
    start, end, inner, outer = given
    windows = Windows(node, start, end, inner)
    if isinstance(inner, str) or isinstance(outer, str) or outer is None or outer < inner:
        raise wrong(node, "needs lengths of its windows, the outer one not shorter than the inner one")
    events = sorted((each for each in events if each[0] <= end), key=itemgetter(0))
    places = [place for place, _ in events]
    there: dict[Any, int] = {}
    first = last = 0
    for begin in windows.starts:
        inner_end = begin + inner
        while last < len(events) and places[last] < inner_end:
            there[events[last][1]] = there.get(events[last][1], 0) + 1
            last += 1
        while first < last and places[first] < inner_end - outer:
            gone = events[first][1]
            there[gone] -= 1
            if not there[gone]:
                del there[gone]
            first += 1
        if there:
            active = {each for _, each in events[bisect_left(places, begin, first, last) : last]}
            yield begin, len(active), len(there), len(active) / len(there)


def _rolling_percentile(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """For each bin the percentile of the values in it and in the bins before, as many as asked for."""
    program = compiler.program([node.arguments[0], node.arguments[2]])
    percent_of, size_of, bins_of = (compiler.single(node.arguments[i]) for i in (1, 3, 4))
    by = node.arguments[5:]
    dimensions = compiler.program(by)
    value_type = node.arguments[0].type

    def run(execution: Execution, batch: Batch) -> Batch:
        percent, size, width = percent_of(execution), size_of(execution), bins_of(execution)
        if percent is None or size is None or isinstance(size, str) or not size > 0 or not width or width < 0:
            raise wrong(node, "needs a percentile, a bin longer than 0 and a number of bins above 0")
        values, places = program.columns(execution, batch)
        keys = dimensions.columns(execution, batch) if by else []
        found: list[tuple[Value, ...]] = []
        for group in grouped(keys, [each.type for each in by], batch.rows):
            bins: dict[Any, list[Value]] = {}
            for i in group:
                if places[i] is not None and places[i] == places[i]:
                    bins.setdefault(places[i] // size, []).append(values[i])
            labels = tuple(column[group[0]] for column in keys) if group else ()
            for number in sorted(bins):
                execution.check_time()
                window = [each for at in bins if number - width < at <= number for each in bins[at]]
                found.append((number * size, *labels, *percentiles((value_type,), window, percent)))
        return _batch(node.columns, found)

    return run


def _rows_near(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """The rows around those for which the condition is true."""
    condition = compiler.program(node.arguments[:1])
    counts = [compiler.single(each) for each in node.arguments[1:]]

    def run(execution: Execution, batch: Batch) -> Batch:
        given = [count(execution) for count in counts]
        before, after = given[0], given[-1]
        if before is None or after is None or before < 0 or after < 0:
            raise wrong(node, "needs numbers of rows of 0 or more")
        kept: list[int] = []
        following = 0
        for row, near in enumerate(condition.columns(execution, batch)[0]):
            if near is True:
                kept.extend(range(max(following, row - before), min(batch.rows, row + after + 1)))
                following = max(following, min(batch.rows, row + after + 1))
        return batch.pick(kept)

    return run


def _dcount_intersect(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """Distinct values of the first hll, of the first two in common, and so on."""
    program = compiler.program(node.arguments)
    made = node.columns[len(node.columns) - len(node.arguments) :]

    def run(execution: Execution, batch: Batch) -> Batch:
        counts: list[list[Value]] = []
        for sketches in zip(*program.columns(execution, batch), strict=True):
            shared = distinct_hashes(sketches[0])
            row: list[Value] = []
            for sketch in sketches:
                other = distinct_hashes(sketch)
                shared = None if shared is None or other is None else shared & other
                row.append(None if shared is None else len(shared))
            counts.append(row)
        columns = [list(column) for column in zip(*counts, strict=True)] if counts else [[] for _ in made]
        return Batch(batch.rows, dict(zip(made, columns, strict=True)), (Part(batch),))

    return run


PLUGINS: dict[str, StageCompiler] = {
    "active_users_count": _activity(6, 1, _active_users),
    "activity_engagement": _activity(4, 1, _engagement),
    "activity_metrics": _activity(3, 1, _metrics),
    "autocluster": segments.autocluster,
    "basket": frequent_patterns.basket,
    "dcount_intersect": _dcount_intersect,
    "diffpatterns": segments.diffpatterns,
    "funnel_sequence": funnels.surroundings,
    "funnel_sequence_completion": funnels.completion,
    "new_activity_metrics": _activity(4, 2, _new_metrics),
    "rolling_percentile": _rolling_percentile,
    "rows_near": _rows_near,
    "sequence_detect": sequence_detection.sequence_detect,
    "session_count": _activity(4, 1, _sessions),
    "sliding_window_counts": _activity(4, 1, _sliding_counts),
}
"""By the plugin's name."""
