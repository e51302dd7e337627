"""The values that a row program works out, as a graph: what each depends on, and how it is written.

Nodes are compared by identity; the compiler makes one node for all expressions that do the same to the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias

from tocsin.kql.functions.row_forms import Writer
from tocsin.kql.plan import Call
from tocsin.kql.types import ScalarType, Value


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """A value that was known when the query was prepared."""

    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class RunValue:
    """A value that a run works out once, in its place among them: what does not depend on the row."""

    place: int
    nullable: bool


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """A column that the rows come with, in its place among them."""

    place: int
    nullable: bool


class Growth(Enum):
    """What must be looked at when a value was made inside a row, so that no row can hold more than the limits allow."""

    NONE = auto()
    TEXT = auto()
    """Its length: it may be longer than what it was made of."""
    NESTED = auto()
    """All of it: a dynamic that was made of dynamics which the same row has made."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A value made of others, all of which are worked out before."""

    operands: tuple[Node, ...]
    write: Writer
    nullable: bool
    growth: Growth = Growth.NONE
    call: Call | None = None
    """What an error is reported at."""
    holds: int = 0
    """How many values a dynamic holds that is made here of scalars; 0 where only the dynamic itself can tell."""
    is_costly: bool = False
    """It costs more than asking whether it has been worked out."""


class Choosing(Enum):
    """Which operand of a choice is its value."""

    AND = auto()
    OR = auto()
    BRANCH = auto()
    """The second where the first is true, else the third."""
    FIRST = auto()
    """The first that is neither null nor empty, else the last."""


Change: TypeAlias = Callable[[Value], Value]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A value chosen from others, which are worked out only when they are asked for; the first one always is."""

    choosing: Choosing
    operands: tuple[Node, ...]
    type: ScalarType
    nullable: bool
    changes: tuple[Change | None, ...] = ()
    """Of a branch: what makes the second and third operand values of the type."""


Made: TypeAlias = Operation | Choice
Node: TypeAlias = Fixed | RunValue | Input | Operation | Choice


def is_row_value(node: Node) -> bool:
    """Whether the value may differ between rows."""
    return not isinstance(node, (Fixed, RunValue))


def may_be_null(node: Node) -> bool:
    """Whether the value can be null."""
    return node.value is None if isinstance(node, Fixed) else node.nullable


def value_of_run(node: Node, known: Sequence[Any]) -> Any:
    """The value of a node that does not depend on rows; ``known`` are the values of the run by place."""
    if isinstance(node, Fixed):
        return node.value
    assert isinstance(node, RunValue)
    return known[node.place]


def in_order(roots: Iterable[Node]) -> list[Made]:
    """What is made for ``roots``, each after what it is made of. Any depth."""
    ordered: dict[Made, None] = {}
    work: list[tuple[Node, bool]] = [(root, False) for root in reversed(list(roots))]
    while work:
        node, ready = work.pop()
        if not isinstance(node, (Operation, Choice)) or node in ordered:
            continue
        if ready:
            ordered[node] = None
        else:
            work.append((node, True))
            work.extend((each, False) for each in reversed(node.operands))
    return list(ordered)


def inputs_of(roots: Sequence[Node]) -> list[Input]:
    """The columns that ``roots`` read."""
    found: dict[Input, None] = {root: None for root in roots if isinstance(root, Input)}
    for made in in_order(roots):
        found.update((each, None) for each in made.operands if isinstance(each, Input))
    return list(found)


def run_values_of(roots: Sequence[Node]) -> list[RunValue]:
    """The values of the run that ``roots`` read, by place."""
    found = {root for root in roots if isinstance(root, RunValue)}
    found.update(each for made in in_order(roots) for each in made.operands if isinstance(each, RunValue))
    return sorted(found, key=lambda each: each.place)
