"""join and lookup, all kinds.

Keys match when they are equal; a null key matches a null key, as Kusto's do. Rows come out in the order of the left
side, then (right and full outer) the right rows without a match.

Source: https://learn.microsoft.com/kusto/query/join-operator
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tocsin.kql.functions.identity import identities
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.expressions import Program
from tocsin.kql.interpreter.tracing import Joined
from tocsin.kql.plan import Column, JoinKind, JoinRows, Relation
from tocsin.kql.types import ScalarType

Index: TypeAlias = list[int | None]
Pairs = tuple[Index, Index]
Matches = dict[Any, list[int]]
Keys = Sequence[Any]


def _inner(left: Keys, right: Keys) -> Pairs:
    by_key = _by_key(right)
    rows = [(i, j) for i, key in enumerate(left) for j in by_key.get(key, ())]
    return [i for i, _ in rows], [j for _, j in rows]


def _inner_unique(left: Keys, right: Keys) -> Pairs:
    by_key = _by_key(right)
    first: dict[Any, int] = {}
    for i, key in enumerate(left):
        first.setdefault(key, i)
    rows = [(i, j) for key, i in first.items() for j in by_key.get(key, ())]
    return [i for i, _ in rows], [j for _, j in rows]


def _left_outer(left: Keys, right: Keys) -> Pairs:
    by_key = _by_key(right)
    rows = [(i, j) for i, key in enumerate(left) for j in by_key.get(key, (None,))]
    return [i for i, _ in rows], [j for _, j in rows]


def _right_outer(left: Keys, right: Keys) -> Pairs:
    lefts, rights = _inner(left, right)
    alone = _without_match(right, left)
    return lefts + [None] * len(alone), rights + alone


def _full_outer(left: Keys, right: Keys) -> Pairs:
    lefts, rights = _left_outer(left, right)
    alone = _without_match(right, left)
    return lefts + [None] * len(alone), rights + alone


def _left_semi(left: Keys, right: Keys) -> Pairs:
    known = set(right)
    kept: Index = [i for i, key in enumerate(left) if key in known]
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


def _by_key(keys: Keys) -> Matches:
    by_key: Matches = {}
    for i, key in enumerate(keys):
        by_key.setdefault(key, []).append(i)
    return by_key


def _without_match(keys: Keys, others: Keys) -> Index:
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

    def run(execution: Execution, left: Batch) -> Batch:
        right = right_side(execution)
        on_left = _keys(left_keys, left_types, execution, left)
        on_right = _keys(right_keys, right_types, execution, right)
        if node.kind in _PAIRING:
            execution.allow_rows(_product(on_left, on_right), node)
        lefts, rights = pair(on_left, on_right)
        parts = (Part(left, lefts, fill=None in lefts), Part(right, rights, fill=None in rights))
        result = Batch(len(lefts), {}, parts, routes)
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


def _product(left: Keys, right: Keys) -> int:
    """How many pairs of rows have equal keys, counted before any is made."""
    counts: dict[Any, int] = {}
    for key in right:
        counts[key] = counts.get(key, 0) + 1
    return sum(counts.get(key, 0) for key in left)


STAGES: dict[type[Relation], StageCompiler] = {JoinRows: _join}
