"""join and lookup, all kinds.

Keys match when they are equal; a null key matches a null key, as Kusto's do. Rows come out in the order of the left
side, then (right and full outer) the right rows without a match.

Source: https://learn.microsoft.com/kusto/query/join-operator
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any, TypeAlias

from tocsin.kql.functions.identity import identities
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.row_programs import Program
from tocsin.kql.interpreter.tracing import Joined
from tocsin.kql.plan import Column, ColumnRef, JoinKind, JoinRows, Relation
from tocsin.kql.types import ScalarType

Index: TypeAlias = Sequence[int | None] | None
"""Rows of one side, one for each row of the result: None for a row of nulls; no index at all: its rows as they are."""

Pairs = tuple[Index, Index]
Keys = Sequence[Any]


def _inner(left: Keys, right: Keys) -> Pairs:
    only = _only_rows(right)
    if only is not None:
        found = list(map(only.get, left))
        if None not in found:
            return None, found
        return list(_with_match(found)), [j for j in found if j is not None]
    rows_of = _by_key(right)
    matches = list(map(rows_of.get, left))
    counts = [0 if each is None else len(each) for each in matches]
    return list(_repeated(counts)), list(chain.from_iterable(filter(None, matches)))


def _inner_unique(left: Keys, right: Keys) -> Pairs:
    rows_of = _by_key(right)
    lefts: list[int] = []
    rights: list[int] = []
    for i in _first_rows(left):
        matches = rows_of.get(left[i])
        if matches is not None:
            lefts += [i] * len(matches)
            rights += matches
    return lefts, rights


def _left_outer(left: Keys, right: Keys) -> Pairs:
    only = _only_rows(right)
    if only is not None:
        return None, list(map(only.get, left))
    rows_of = _by_key(right)
    matches = list(map(rows_of.get, left))
    counts = [1 if each is None else len(each) for each in matches]
    alone: Sequence[None] = (None,)
    return list(_repeated(counts)), list(chain.from_iterable(alone if each is None else each for each in matches))


def _right_outer(left: Keys, right: Keys) -> Pairs:
    return _and_alone(_inner(left, right), left, right)


def _full_outer(left: Keys, right: Keys) -> Pairs:
    return _and_alone(_left_outer(left, right), left, right)


def _and_alone(pairs: Pairs, left: Keys, right: Keys) -> Pairs:
    """The pairs, and the right rows that have no match."""
    alone = _without_match(right, left)
    if not alone:
        return pairs
    lefts = range(len(left)) if pairs[0] is None else pairs[0]
    return [*lefts, *[None] * len(alone)], [*(pairs[1] or ()), *alone]


def _left_semi(left: Keys, right: Keys) -> Pairs:
    known = set(right)
    kept = [i for i, key in enumerate(left) if key in known]
    return kept, [None] * len(kept)


def _left_anti(left: Keys, right: Keys) -> Pairs:
    kept = _without_match(left, right)
    return kept, [None] * len(kept)


def _right_semi(left: Keys, right: Keys) -> Pairs:
    kept, nothing = _left_semi(right, left)
    return nothing, kept


def _right_anti(left: Keys, right: Keys) -> Pairs:
    kept = _without_match(right, left)
    return [None] * len(kept), kept


def _only_rows(keys: Keys) -> dict[Any, int] | None:
    """The row of each key; None where a key has several."""
    rows = dict(zip(keys, range(len(keys)), strict=True))
    return rows if len(rows) == len(keys) else None


def _first_rows(keys: Keys) -> list[int]:
    """The first row of each key."""
    return sorted(dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True)).values())


def _by_key(keys: Keys) -> dict[Any, list[int]]:
    rows: dict[Any, list[int]] = {}
    for i, key in enumerate(keys):
        found = rows.get(key)
        if found is None:
            rows[key] = [i]
        else:
            found.append(i)
    return rows


def _with_match(found: Sequence[int | None]) -> Iterator[int]:
    return (i for i, each in enumerate(found) if each is not None)


def _repeated(counts: list[int]) -> Iterator[int]:
    """Each row as often as it has matches."""
    return chain.from_iterable(map(repeat, range(len(counts)), counts))


def _without_match(keys: Keys, others: Keys) -> list[int]:
    known = set(others)
    return [i for i, key in enumerate(keys) if key not in known]


_KINDS: dict[JoinKind, Callable[[Keys, Keys], Pairs]] = {
    JoinKind.INNER_UNIQUE: _inner_unique,
    JoinKind.INNER: _inner,
    JoinKind.LEFT_OUTER: _left_outer,
    JoinKind.RIGHT_OUTER: _right_outer,
    JoinKind.FULL_OUTER: _full_outer,
    JoinKind.LEFT_SEMI: _left_semi,
    JoinKind.LEFT_ANTI: _left_anti,
    JoinKind.RIGHT_SEMI: _right_semi,
    JoinKind.RIGHT_ANTI: _right_anti,
}
_PAIRING = frozenset(
    {JoinKind.INNER_UNIQUE, JoinKind.INNER, JoinKind.LEFT_OUTER, JoinKind.RIGHT_OUTER, JoinKind.FULL_OUTER}
)


def _join(node: JoinRows, compiler: PlanCompiler) -> Stage:
    right_side = compiler.relation(node.right, "join")
    left_keys = compiler.program([left for left, _ in node.keys])
    right_keys = compiler.program([right for _, right in node.keys])
    left_types = [left.type for left, _ in node.keys]
    right_types = [right.type for _, right in node.keys]
    pair = _KINDS[node.kind]
    of_right = frozenset(node.right.columns) - frozenset(node.left.columns)
    routes: dict[Column, tuple[int, Column]] = {
        column: (1 if source in of_right else 0, source)
        for column, source in zip(node.columns, node.sources, strict=True)
    }

    keeps_left = node.kind is JoinKind.LEFT_OUTER and all(isinstance(key, ColumnRef) for key, _ in node.keys)
    """Rows of the left side are all there is when the right side has none, and no key can fail."""

    def run(execution: Execution, left: Batch) -> Batch:
        right = right_side(execution)
        if not right.rows and keeps_left and execution.tracer is None:
            return Batch(left.rows, {}, (Part(left), Part(right, [None] * left.rows, fill=True)), routes)
        on_left = _keys(left_keys, left_types, execution, left)
        on_right = _keys(right_keys, right_types, execution, right)
        if node.kind in _PAIRING:
            of_left = set(on_left) if node.kind is JoinKind.INNER_UNIQUE else on_left
            execution.allow_rows(_product(of_left, on_right))
        lefts, rights = pair(on_left, on_right)
        parts = (_part(left, lefts), _part(right, rights))
        rows = left.rows if lefts is None else len(lefts)
        result = Batch(rows, {}, parts, routes)
        if execution.tracer is not None:
            execution.tracer.joined(result, Joined(left, right, on_left, on_right))
        return result

    return run


def _keys(program: Program, types: list[ScalarType], execution: Execution, batch: Batch) -> Keys:
    columns = [
        identities(values, type_) for values, type_ in zip(program.columns(execution, batch), types, strict=True)
    ]
    if not columns:
        return [()] * batch.rows
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def _part(batch: Batch, index: Index) -> Part:
    return Part(batch, index, fill=index is not None and None in index)


def _product(left: Iterable[Any], right: Keys) -> int:
    """How many pairs of rows have equal keys, counted before any is made."""
    counts = Counter(right)
    return sum(map(counts.__getitem__, left))


STAGES: dict[type[Relation], StageCompiler] = {JoinRows: _join}
