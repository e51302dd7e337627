"""Which expected thing is which actual one, when the order does not count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

D = TypeVar("D")


class Matching(Generic[D]):
    """Expected things paired with actual ones by the differences between them.

    ``differences[i][j]`` lists how expected ``i`` differs from actual ``j``; an empty list is a match. As many as
    possible are matched without difference; the rest is paired with what differs least.
    """

    def __init__(self, differences: Sequence[Sequence[Sequence[D]]], actual: int) -> None:
        self._differences = differences
        self.exact = self._exact(actual)
        free = [j for j in range(actual) if j not in self.exact.values()]
        open_ = [i for i in range(len(differences)) if i not in self.exact]
        self.closest: dict[int, int] = {}
        for _, i, j in sorted((len(differences[i][j]), i, j) for i in open_ for j in free):
            if i not in self.closest and j not in self.closest.values():
                self.closest[i] = j
        used = {*self.exact.values(), *self.closest.values()}
        self.unexpected = tuple(j for j in range(actual) if j not in used)

    def _exact(self, actual: int) -> dict[int, int]:
        """A largest matching by augmenting paths (Kuhn), so that no order of the lists hides one."""
        holder: dict[int, int] = {}

        def place(i: int, tried: set[int]) -> bool:
            for j in range(actual):
                if not self._differences[i][j] and j not in tried:
                    tried.add(j)
                    if j not in holder or place(holder[j], tried):
                        holder[j] = i
                        return True
            return False

        for i in range(len(self._differences)):
            place(i, set())
        return {i: j for j, i in sorted(holder.items())}
