"""What the plugins basket, autocluster and diffpatterns share: rows as combinations of values, and their patterns.

A pattern fixes the values of some columns and leaves the others open. It is closed when no other column has one value
in all of its rows: of the patterns with the same rows the one that says most.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from tocsin.kql.functions.identity import identities
from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.operators.windows import wrong
from tocsin.kql.plan import Column, ColumnRef, Constant, Expr, PluginRows
from tocsin.kql.types import ScalarType, Value, null_of

LEFT_OUT = "~"
"""Stands for an argument that is left out."""

DEFAULT_THRESHOLD = 0.05

Pattern = tuple[tuple[int, int], ...]
"""Dimensions by number, ascending, each with a combination that has the value meant."""


def given(node: PluginRows, index: int) -> Value:
    """The value of a constant argument; None where it is left out."""
    value = node.arguments[index] if index < len(node.arguments) else None
    return value.value if isinstance(value, Constant) and value.value != LEFT_OUT else None


def number_given(node: PluginRows, index: int, default: float) -> float:
    """The same for a number."""
    value = given(node, index)
    return float(value) if isinstance(value, int | float) else default


@dataclass(frozen=True, slots=True)
class Combinations:
    """The distinct combinations of the dimensions' values: for each dimension something hashable for the value in every
    combination, the value itself, and for every combination its weight and one of its rows."""

    keys: tuple[list[Any], ...]
    values: tuple[list[Value], ...]
    weights: list[Any]
    rows: list[int]

    @property
    def total(self) -> Any:
        """The weight of all."""
        return sum(self.weights)


class Dimensions:
    """The columns of a plugin's input that take part in patterns: all but those that say something about the rows."""

    def __init__(self, node: PluginRows, weight: int, aside: Iterable[Expr] = ()) -> None:
        """``weight`` is the position of the argument that names the column of weights, ``aside`` other arguments that
        name columns without a part in patterns."""
        argument = node.arguments[weight] if weight < len(node.arguments) else None
        named = [each for each in (argument, *aside) if isinstance(each, ColumnRef)]
        apart = {each.column for each in named}
        source = () if node.input is None else node.input.columns
        self._node = node
        self._weight = argument.column if isinstance(argument, ColumnRef) else None
        self.columns = tuple(column for column in source if column not in apart)
        self._shown = dict(zip(source, node.columns[len(node.columns) - len(source) :], strict=True))

    def weights(self, batch: Batch) -> list[Any]:
        """The weight of every row: 1 where no column says it, nothing where it is null."""
        if self._weight is None:
            return [1] * batch.rows
        found = [0 if each is None or each != each else each for each in batch.column(self._weight)]
        if any(each < 0 for each in found):
            raise wrong(self._node, "needs weights of 0 or more")
        return found

    def combinations(self, batch: Batch, weights: Sequence[Any], rows: Iterable[int]) -> Combinations:
        """The combinations that these rows have, in order of appearance."""
        values = [batch.column(column) for column in self.columns]
        keys = [identities(own, column.type) for own, column in zip(values, self.columns, strict=True)]
        place: dict[tuple[Any, ...], int] = {}
        totals: list[Any] = []
        first: list[int] = []
        for row in rows:
            if not weights[row]:
                continue
            at = place.setdefault(tuple(own[row] for own in keys), len(first))
            if at == len(first):
                first.append(row)
                totals.append(0)
            totals[at] += weights[row]
        return Combinations(
            tuple([own[row] for row in first] for own in keys),
            tuple([own[row] for row in first] for own in values),
            totals,
            first,
        )

    def cells(
        self, combinations: Combinations, patterns: Sequence[Pattern], open_values: dict[ScalarType, Value]
    ) -> dict[Column, list[Value]]:
        """The input's columns in the result: the value that a pattern fixes, else the wildcard of the type."""
        number = {column: i for i, column in enumerate(self.columns)}
        found: dict[Column, list[Value]] = {}
        for source, shown in self._shown.items():
            open_ = open_values.get(source.type, null_of(source.type))
            at = number.get(source)
            found[shown] = [
                open_ if at is None or (meant := dict(pattern).get(at)) is None else combinations.values[at][meant]
                for pattern in patterns
            ]
        return found


def wildcards(node: PluginRows, start: int) -> dict[ScalarType, Value]:
    """What stands, by type, for any value, from the arguments that begin at ``start``."""
    options = [each for each in node.arguments[start:] if isinstance(each, Constant) and each.value != LEFT_OUT]
    return {each.type: each.value for each in options}


def closed_patterns(
    execution: Execution,
    node: PluginRows,
    combinations: Combinations,
    enough: Callable[[list[int]], bool],
    most: int | None,
) -> list[tuple[Pattern, list[int]]]:
    """The closed patterns with the numbers of their combinations.

    ``enough`` says whether so many combinations are enough for a pattern; of fewer of them it must not say so when it
    does not of all. ``most``: how many values it takes at most to tell a pattern's rows from others; what follows from
    these comes on top.
    """
    found: list[tuple[Pattern, list[int]]] = []
    count = len(combinations.rows)
    level = [list(range(count))] if count else []
    seen: set[bytes] = set()
    depth = 0
    while level:
        following: list[list[int]] = []
        for members in level:
            execution.check_time()
            pattern: list[tuple[int, int]] = []
            for dimension, keys in enumerate(combinations.keys):
                groups: dict[Any, list[int]] = {}
                for each in members:
                    groups.setdefault(keys[each], []).append(each)
                if len(groups) == 1:
                    pattern.append((dimension, members[0]))
                elif most is None or depth < most:
                    following += [each for each in groups.values() if enough(each) and _new(each, seen)]
            if pattern:
                found.append((tuple(pattern), members))
        level, depth = following, depth + 1
    return found


def _new(members: list[int], seen: set[bytes]) -> bool:
    """Whether these are met for the first time; they are then noted."""
    digest = blake2b(array("L", members).tobytes(), digest_size=16).digest()
    if digest in seen:
        return False
    seen.add(digest)
    return True
