"""Whether a plan can give rows at all when some of the tables it reads hold none: a proof from the plan alone.

A replay asks before each run, so that rules whose tables are quiet cost nothing. "No" is proven; "yes" may be wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from tocsin.kql import plan
from tocsin.kql.lineage import inputs_of, inside, relations
from tocsin.kql.plan import JoinKind, Relation

_ROW_BY_ROW: Final = (
    plan.Filter,
    plan.Projection,
    plan.DistinctRows,
    plan.Expand,
    plan.Apply,
    plan.PartitionRows,
    plan.ParseRows,
    plan.ParsePairs,
    plan.SortRows,
    plan.TakeRows,
    plan.SampleDistinctRows,
    plan.SequenceRows,
    plan.ReduceRows,
    plan.ServiceRows,
)
"""Operators that give nothing for nothing."""

_NEEDS_BOTH: Final = frozenset({JoinKind.INNER, JoinKind.INNER_UNIQUE, JoinKind.LEFT_SEMI, JoinKind.RIGHT_SEMI})
_NEEDS_LEFT: Final = frozenset({JoinKind.LEFT_OUTER, JoinKind.LEFT_ANTI})
_NEEDS_RIGHT: Final = frozenset({JoinKind.RIGHT_OUTER, JoinKind.RIGHT_ANTI})


def refused_of_rows(root: Relation) -> Iterator[tuple[Relation, str]]:
    """The relations of a plan that do to rows what the local engine may refuse to do with any, with the code of the
    refusal: ask a function that only the service can run, or where addresses are, which something may tell."""
    for each in relations(root):
        if isinstance(each, plan.ServiceRows):
            yield each, "TK116"
        elif any(isinstance(part, plan.Call) and part.function.needs_places for part in inside(each)):
            yield each, "TK101"


def can_get_rows(relation: Relation, empty_tables: Collection[str]) -> bool:
    """False where no row gets to the relation, ``empty_tables`` holding none."""
    inputs = inputs_of(relation)
    return not inputs or any(can_give_rows(each, empty_tables) for each in inputs)


def can_give_rows(root: Relation, empty_tables: Collection[str]) -> bool:
    """False where the plan gives no row whatever the time and the other tables are, ``empty_tables`` holding none."""
    known: dict[int, bool] = {}
    work: list[tuple[Relation, bool]] = [(root, False)]
    while work:
        node, ready = work.pop()
        if id(node) in known:
            continue
        inputs = _inputs(node)
        if ready:
            known[id(node)] = _gives(node, [known[id(each)] for each in inputs], empty_tables)
        else:
            work.append((node, True))
            work.extend((each, False) for each in inputs)
    return known[id(root)]


def _inputs(node: Relation) -> tuple[Relation, ...]:
    match node:
        case plan.JoinRows():
            return (node.left, node.right)
        case plan.UnionRows():
            return node.inputs
        case plan.Summarize() | plan.MakeSeriesRows() | plan.TopNestedRows():
            return (node.input,)
        case _ if isinstance(node, _ROW_BY_ROW):
            below: Any = node
            return (below.input,)
        case _:
            return ()


def _gives(node: Relation, inputs: list[bool], empty_tables: Collection[str]) -> bool:
    match node:
        case plan.Scan():
            return node.table not in empty_tables
        case plan.JoinRows():
            left, right = inputs
            if node.kind in _NEEDS_BOTH:
                return left and right
            if node.kind in _NEEDS_LEFT:
                return left
            return right if node.kind in _NEEDS_RIGHT else left or right
        case plan.UnionRows():
            return any(inputs)
        case plan.Summarize():
            return inputs[0] or not node.keys
        case plan.MakeSeriesRows():
            return inputs[0] or not node.keys
        case plan.TopNestedRows():
            return inputs[0] or any(level.others is not None for level in node.levels)
        case _ if isinstance(node, _ROW_BY_ROW):
            return inputs[0]
        case _:
            return True
