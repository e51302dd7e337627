"""Dynamic values level by level: what is asked of every value inside takes a few calls for each level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from tocsin.kql.types import Value

_CONTAINERS = frozenset({list, dict})


def levels(values: Sequence[Value], most: int) -> Iterator[tuple[Sequence[Value], set[type]] | None]:
    """The values, then what the arrays and bags among them hold, and so on, with the types that each level has.

    None ends them where a level would have more than ``most`` values, or there are more than a few levels.
    """
    level: Sequence[Value] = values
    for _ in range(6):
        kinds = set(map(type, level))
        yield level, kinds
        if kinds.isdisjoint(_CONTAINERS):
            return
        held: Sequence[Value] = level
        if not kinds <= _CONTAINERS:
            held = [each for each in level if type(each) in _CONTAINERS]
        if sum(map(len, held)) > most:
            break
        if dict not in kinds:
            level = list(chain.from_iterable(held))
        elif list not in kinds:
            level = list(chain.from_iterable(map(dict.values, held)))
        else:
            level = list(chain.from_iterable(each.values() if type(each) is dict else each for each in held))
    yield None
