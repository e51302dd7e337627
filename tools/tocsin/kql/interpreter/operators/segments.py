"""evaluate autocluster and diffpatterns: few patterns that tell much of many rows.

The reference says what a pattern's worth is, and by which method patterns are sought: local searches from some rows
on, each of which adds one value after the other (Seed-Expand). Which rows it begins with, when it stops and which
patterns are too alike is not published.

Sources: https://learn.microsoft.com/kusto/query/autocluster-plugin,
https://learn.microsoft.com/kusto/query/diffpatterns-plugin, and
Ofer, Eldar, Shalev, Resheff: Algorithms for Telemetry Data Mining using Discrete Attributes (ICPRAM 2017)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.kql.functions.conversions import converter
from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.operators.patterns import (
    DEFAULT_THRESHOLD,
    Combinations,
    Dimensions,
    Pattern,
    closed_patterns,
    given,
    number_given,
    wildcards,
)
from tocsin.kql.plan import PluginRows
from tocsin.kql.types import STRING, Value

_SIZE_WEIGHT = 0.5
_SEEDS = 25

_LEAST_SHARE = 0.05
"""Of the rows that no earlier segment has: smaller segments are not listed."""

_ALIKE = 0.9
"""Two patterns are alike when so many rows of the smaller one are also the other's."""

# ------------------------------------------------------------------------------------------------------ autocluster


def autocluster(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """Segments one after the other, each the best of the rows that those before have not."""
    dimensions = Dimensions(node, weight=1)
    size_weight = number_given(node, 0, _SIZE_WEIGHT)
    seeds = int(number_given(node, 2, _SEEDS))
    open_values = wildcards(node, 3)

    def run(execution: Execution, batch: Batch) -> Batch:
        combinations = dimensions.combinations(batch, dimensions.weights(batch), range(batch.rows))
        left = list(range(len(combinations.rows)))
        patterns: list[Pattern] = []
        counts: list[Any] = []
        while left:
            search = _Search(combinations, left, size_weight)
            best: tuple[float, Any, Pattern] | None = None
            for seed in _spread(left, seeds):
                execution.check_time()
                found = search.best(seed)
                if best is None or found[0] > best[0]:
                    best = found
            if best is None or best[1] < _LEAST_SHARE * combinations.total or not best[2]:
                break
            members = set(_members(combinations, best[2]))
            patterns.append(best[2])
            counts.append(sum(combinations.weights[each] for each in members))
            left = [each for each in left if each not in members]
        segment, count, percent = node.columns[:3]
        return Batch(
            len(patterns),
            {
                segment: list(range(len(patterns))),
                count: [round(each) for each in counts],
                percent: [100 * each / combinations.total for each in counts],
                **dimensions.cells(combinations, patterns, open_values),
            },
        )

    return run


def _spread(left: Sequence[int], count: int) -> list[int]:
    """As many of these as are wanted, at even distances."""
    if len(left) <= count:
        return list(left)
    return [left[number * len(left) // count] for number in range(count)]


def _members(combinations: Combinations, pattern: Pattern) -> list[int]:
    wanted = [(combinations.keys[dimension], meant) for dimension, meant in pattern]
    return [each for each in range(len(combinations.rows)) if all(keys[each] == keys[meant] for keys, meant in wanted)]


_Path = tuple[tuple[int, Any], ...]
"""Dimensions with their values, in the order in which a search adds them."""


@dataclass(frozen=True, slots=True)
class _State:
    """Combinations with the same values of some dimensions, and what each value of the others weighs among them."""

    members: Sequence[int]
    weights: Mapping[int, Mapping[Any, Any]]


class _Search:
    """Searches among the combinations that are left, from one of them on."""

    def __init__(self, combinations: Combinations, left: Sequence[int], size_weight: float) -> None:
        self._combinations = combinations
        self._size_weight = size_weight
        self._total = combinations.total
        self._states: dict[_Path, _State] = {(): self._state(left, range(len(combinations.keys)))}

    def best(self, seed: int) -> tuple[float, Any, Pattern]:
        """The best pattern on the way from no value of the seed to all, with its score and its weight among the
        combinations that are left. Each step adds the value that keeps most of them."""
        values = [own[seed] for own in self._combinations.keys]
        fixed: tuple[int, ...] = ()
        path: _Path = ()
        best: tuple[float, Any, tuple[int, ...]] = (0.0, 0, ())
        while len(fixed) < len(values):
            state = self._states[path]
            chosen = max(state.weights, key=lambda each: state.weights[each][values[each]])
            size = state.weights[chosen][values[chosen]]
            if self._score(size, len(values)) <= best[0]:
                break
            fixed = (*fixed, chosen)
            path = (*path, (chosen, values[chosen]))
            score = self._score(size, len(fixed))
            if score > best[0]:
                best = (score, size, fixed)
            if path not in self._states:
                own, meant = self._combinations.keys[chosen], values[chosen]
                members = [each for each in state.members if own[each] == meant]
                self._states[path] = self._state(members, (each for each in state.weights if each != chosen))
        return best[0], best[1], tuple((dimension, seed) for dimension in sorted(best[2]))

    def _state(self, members: Sequence[int], open_: Iterable[int]) -> _State:
        weights = self._combinations.weights
        found: dict[int, dict[Any, Any]] = {}
        for dimension in open_:
            own = self._combinations.keys[dimension]
            sums: dict[Any, Any] = {}
            for each in members:
                sums[own[each]] = sums.get(own[each], 0) + weights[each]
            found[dimension] = sums
        return _State(members, found)

    def _score(self, weight: Any, fixed: int) -> float:
        """The geometric mean of the share of rows and the share of columns, weighted as the call says."""
        of_all = len(self._combinations.keys)
        return float((weight / self._total) ** self._size_weight * (fixed / of_all) ** (1 - self._size_weight))


# ----------------------------------------------------------------------------------------------------- diffpatterns


def diffpatterns(node: PluginRows, compiler: PlanCompiler) -> Stage:
    """Patterns whose shares of two sets of rows differ by the threshold or more, the greatest difference first."""
    split = node.arguments[0]
    names = compiler.program([split])
    text = converter(split.type, STRING)
    wanted = [compiler.single(each) for each in node.arguments[1:3]]
    dimensions = Dimensions(node, weight=3, aside=(split,))
    threshold = number_given(node, 4, DEFAULT_THRESHOLD)
    limit = given(node, 5)
    most = limit if isinstance(limit, int) else None
    open_values = wildcards(node, 6)

    def run(execution: Execution, batch: Batch) -> Batch:
        sets = [value(execution) for value in wanted]
        weights = dimensions.weights(batch)
        labels = [text(each) for each in names.columns(execution, batch)[0]]
        combinations = dimensions.combinations(
            batch, weights, (row for row, label in enumerate(labels) if label in sets)
        )
        place = {key: i for i, key in enumerate(zip(*combinations.keys, strict=True))}
        sides = [
            _weights_of(dimensions, batch, weights, [row for row, label in enumerate(labels) if label == one], place)
            for one in sets
        ]
        totals = [sum(side) for side in sides]
        found: list[tuple[Pattern, list[int]]] = []
        if all(totals):

            def enough(members: list[int]) -> bool:
                return any(
                    sum([side[each] for each in members]) >= threshold * total
                    for side, total in zip(sides, totals, strict=True)
                )

            found = closed_patterns(execution, node, combinations, enough, most)
        ranked: list[tuple[float, Pattern, list[int], list[Any]]] = []
        for pattern, members in found:
            counts = [sum(side[each] for each in members) for side in sides]
            difference = abs(counts[0] / totals[0] - counts[1] / totals[1])
            if difference >= threshold:
                ranked.append((difference, pattern, members, counts))
        ranked.sort(key=lambda each: (-round(each[0], 12), len(each[1]), each[1]))
        taken = _unlike(execution, node, ranked, combinations.weights)
        execution.allow_rows(len(taken), len(node.columns))
        shares = [[100 * counts[side] / totals[side] for side in (0, 1)] for _, _, _, counts in taken]
        data: list[list[Value]] = [
            list(range(len(taken))),
            *([round(counts[side]) for _, _, _, counts in taken] for side in (0, 1)),
            *([round(each[side], 2) for each in shares] for side in (0, 1)),
            [round(abs(each[0] - each[1]), 2) for each in shares],
        ]
        patterns = [pattern for _, pattern, _, _ in taken]
        cells = dimensions.cells(combinations, patterns, open_values)
        return Batch(len(taken), {**dict(zip(node.columns, data, strict=False)), **cells})

    return run


def _weights_of(
    dimensions: Dimensions, batch: Batch, weights: Sequence[Any], rows: list[int], place: dict[tuple[Any, ...], int]
) -> list[Any]:
    """What these rows weigh in each combination."""
    own = dimensions.combinations(batch, weights, rows)
    found: list[Any] = [0] * len(place)
    for key, weight in zip(zip(*own.keys, strict=True), own.weights, strict=True):
        found[place[key]] = weight
    return found


def _unlike(
    execution: Execution,
    node: PluginRows,
    ranked: Sequence[tuple[float, Pattern, list[int], list[Any]]],
    weights: Sequence[Any],
) -> list[tuple[float, Pattern, list[int], list[Any]]]:
    """Those that are not alike one before them."""
    taken: list[tuple[float, Pattern, list[int], list[Any]]] = []
    sizes: list[tuple[frozenset[int], Any]] = []
    for each in ranked:
        execution.check_time()
        members = frozenset(each[2])
        size = sum(weights[one] for one in members)
        alike = any(
            sum(weights[one] for one in members & other) >= _ALIKE * min(size, other_size)
            for other, other_size in sizes
        )
        if not alike:
            taken.append(each)
            sizes.append((members, size))
    return taken
