"""Rows of a result in which a column is certainly empty: read off the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.kql import plan
from tocsin.kql.lineage import shown_as
from tocsin.kql.plan import Column, Expr, Relation
from tocsin.kql.types import UNKNOWN


@dataclass(frozen=True, slots=True)
class Empty:
    """Where a column is empty. ``leg``: for all rows of one input of a union (that input); ``step``: for all rows of
    the leg that come through this step, or with ``branch`` for those that take one of its branches."""

    step: Relation
    branch: bool = False
    leg: Relation | None = None


def emptiness(relation: Relation, column: Column) -> list[Empty]:
    """The ways in which a result column comes out empty whatever the data, nearest to the result first."""
    found: list[Empty] = []
    pending: list[tuple[Relation, Column, Relation | None]] = [(relation, column, None)]
    seen: set[tuple[int, int]] = set()
    while pending:
        each, wanted, leg = pending.pop(0)
        if (id(each), id(wanted)) in seen:
            continue
        seen.add((id(each), id(wanted)))
        if isinstance(each, plan.UnionRows):
            for one, source in _legs(each, wanted):
                if source is None:
                    found.append(Empty(each, leg=one))
                else:
                    pending.append((one, source, one if len(each.inputs) > 1 else leg))
            continue
        if isinstance(each, plan.Projection):
            for shown, value in zip(each.columns, each.expressions, strict=False):
                if shown is wanted:
                    found += [Empty(each, branch, leg) for branch in _empty_parts(value)]
        pending += [(one, source, leg) for one, source in shown_as(each, wanted)]
    return found


def is_empty(value: Expr) -> bool:
    """Whether an expression is the empty text or a null."""
    while isinstance(value, plan.Variable | plan.Convert):
        value = value.value if isinstance(value, plan.Variable) else value.operand
    if isinstance(value, plan.Call) and value.function.name == "tostring":
        return bool(value.arguments) and is_empty(value.arguments[0])
    # A constant of no known type stands for a name that is reported as unknown.
    return isinstance(value, plan.Constant) and value.type is not UNKNOWN and value.value in ("", None)


def branches(value: Expr) -> tuple[Expr, ...]:
    """What ``iff`` and ``case`` choose between; nothing for other expressions."""
    if isinstance(value, plan.Call):
        if value.function.name in ("iff", "iif"):
            return value.arguments[1:3]
        if value.function.name == "case" and value.arguments:
            return (*value.arguments[1:-1:2], value.arguments[-1])
    return ()


def _empty_parts(value: Expr) -> Iterator[bool]:
    """False where the whole value is empty, True where a branch of it is."""
    if is_empty(value):
        yield False
    elif any(is_empty(branch) for branch in branches(value)):
        yield True


def _legs(union: plan.UnionRows, column: Column) -> Iterator[tuple[Relation, Column | None]]:
    skipped = 1 if union.source_names is not None else 0
    for at, one in enumerate(union.columns):
        if one is column:
            for leg, row in zip(union.inputs, union.sources, strict=True):
                index = at - (skipped if len(row) < len(union.columns) else 0)
                yield leg, row[index] if index >= 0 else column


def constants_of(relation: Relation, column: Column) -> list[str]:
    """The texts that the query itself writes into a column: as a whole, or in a branch of ``iff`` and ``case``."""
    found: list[str] = []
    pending, seen = [(relation, column)], set()
    while pending:
        each, wanted = pending.pop(0)
        if (id(each), id(wanted)) in seen:
            continue
        seen.add((id(each), id(wanted)))
        if isinstance(each, plan.Projection):
            for shown, value in zip(each.columns, each.expressions, strict=False):
                if shown is wanted:
                    found += _texts(value)
        pending += shown_as(each, wanted)
    return found


def _texts(value: Expr) -> list[str]:
    parts = branches(value)
    if parts:
        return [text for part in parts for text in _texts(part)]
    return [value.value] if isinstance(value, plan.Constant) and isinstance(value.value, str) else []
