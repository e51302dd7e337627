"""reduce: texts that are alike, and the pattern that they share.

The reference names a paper (a pattern is a line with wildcards in the place of the words that vary), says that texts
belong together from a similarity on, and shows patterns. How similar two texts are is not published: here it is the
share of their terms that are the same in the same place.

Source: https://learn.microsoft.com/kusto/query/reduce-operator
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import Column, ReduceRows, Relation
from tocsin.kql.types import Value

_WILDCARD = "*"
_OTHERS = "others"
_ROUNDING = 1e-9
_NO_WORDS = re.compile(r"([^\W_]+)")

Terms = tuple[str, ...]


@dataclass(slots=True)
class _Group:
    """Texts that are alike: the terms that they share in their places (None: they do not), what stands between these,
    whether some go on behind, and the rows that have them. The first text is the representative."""

    first: str
    terms: list[str | None]
    between: list[str | None]
    longer: bool = False
    rows: list[int] = field(default_factory=list)

    def take(self, terms: Terms, between: Sequence[str]) -> list[tuple[int, str]]:
        """Take a text in; the terms that are no longer shared, with their places."""
        lost: list[tuple[int, str]] = []
        shared = min(len(self.terms), len(terms))
        self.longer = self.longer or len(self.terms) != len(terms)
        for place, own in enumerate(self.terms):
            if own is not None and (place >= shared or own != terms[place]):
                lost.append((place, own))
                self.terms[place] = None
        del self.terms[shared:]
        # With another number of terms nothing is known of what follows the last one that all have.
        del self.between[shared + (not self.longer) :]
        for place, separator in enumerate(self.between):
            if separator != between[place]:
                self.between[place] = None
        return lost

    def pattern(self, dropped: frozenset[str]) -> str:
        """The terms that all share, wildcards where they differ. ``dropped`` separators do not show beside one."""
        pieces: list[str | None] = []
        for place, separator in enumerate(self.between):
            pieces.append(separator)
            if place < len(self.terms):
                pieces.append(self.terms[place])
        if self.longer:
            pieces.append(None)
        for place, piece in enumerate(pieces):
            beside = pieces[max(0, place - 1) : place + 2]
            if piece and place % 2 == 0 and None in beside and all(each in dropped for each in piece):
                pieces[place] = ""
        text = "".join(_WILDCARD if piece is None else piece for piece in pieces)
        return re.sub(r"\*{2,}", _WILDCARD, text) if None in pieces else text


class _Grouping:
    """Puts one text after the other into the group that is most like it."""

    def __init__(self, threshold: float, separators: str | None) -> None:
        self._threshold = threshold
        self._split = _NO_WORDS.split if separators is None else _splitter(separators)
        self.groups: list[_Group] = []
        self._by_term: dict[tuple[int, str], dict[int, None]] = {}

    def put(self, text: str, rows: list[int]) -> None:
        """Put a text that these rows have."""
        pieces = self._split(text)
        between, terms = pieces[::2], tuple(pieces[1::2])
        number = self._most_like(terms)
        if number is None:
            number = len(self.groups)
            self.groups.append(_Group(text, list(terms), list(between)))
            for each in enumerate(terms):
                self._by_term.setdefault(each, {})[number] = None
        else:
            for each in self.groups[number].take(terms, between):
                self._by_term[each].pop(number, None)
        self.groups[number].rows += rows

    def _most_like(self, terms: Terms) -> int | None:
        """The group that shares most terms with these, if it is like enough; the first of several."""
        lists = [self._by_term.get(each, {}) for each in enumerate(terms)]
        # So many terms have to be shared; a group that shares them has one of any that are too many to miss.
        needed = max(1, math.ceil(self._threshold * len(terms) - _ROUNDING))
        lists.sort(key=len)
        candidates = {number for own in lists[: len(terms) - needed + 1] for number in own}
        best: tuple[float, int] | None = None
        for number in candidates:
            others = self.groups[number].terms
            shared = sum([own == other for own, other in zip(terms, others, strict=False)])
            likeness = shared / max(len(terms), len(others))
            if likeness >= self._threshold and (best is None or (likeness, -number) > best):
                best = (likeness, -number)
        return None if best is None else -best[1]


def _splitter(separators: str) -> Callable[[str], list[str]]:
    """Splits a text into what stands between terms and the terms, in turn; it begins and ends with the former."""
    if not separators:
        return lambda text: ["", text, ""] if text else [""]
    return re.compile(f"([^{re.escape(separators)}]+)").split


def _reduce(node: ReduceRows, compiler: PlanCompiler) -> Stage:
    program = compiler.program([node.value])
    pattern, count, representative = node.columns[-3:]
    dropped = frozenset(each for each in node.separators or "" if each.isalnum())

    def run(execution: Execution, batch: Batch) -> Batch:
        rows_of: dict[str, list[int]] = {}
        for row, text in enumerate(program.columns(execution, batch)[0]):
            rows_of.setdefault(text, []).append(row)
        grouping = _Grouping(node.threshold, node.separators)
        for text, rows in rows_of.items():
            execution.check_time()
            grouping.put(text, rows)
        groups = [(each.pattern(dropped), each.first, each.rows) for each in grouping.groups if len(each.rows) > 1]
        groups.sort(key=lambda each: -len(each[2]))
        alone = sorted(row for each in grouping.groups if len(each.rows) == 1 for row in each.rows)
        if alone:
            groups.append((_OTHERS, "", alone))
        if not node.source:
            execution.allow_rows(len(groups), 3)
            result = Batch(
                len(groups),
                {
                    pattern: [each[0] for each in groups],
                    count: [len(each[2]) for each in groups],
                    representative: [each[1] for each in groups],
                },
            )
            if execution.tracer is not None:
                execution.tracer.link(result, Link(batch, [each[2] for each in groups]))
            return result
        own: list[tuple[str, str, list[int]]] = [groups[0]] * batch.rows if groups else []
        for each in groups:
            for row in each[2]:
                own[row] = each
        shown: dict[Column, list[Value]] = {
            pattern: [each[0] for each in own],
            count: [len(each[2]) for each in own],
            representative: [each[1] for each in own],
        }
        return Batch(batch.rows, shown, (Part(batch),))

    return run


STAGES: dict[type[Relation], StageCompiler] = {ReduceRows: _reduce}
