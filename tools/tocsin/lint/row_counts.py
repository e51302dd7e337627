"""How many rows a query gives at least and at most, whatever the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.kql import plan
from tocsin.kql.lineage import inputs_of
from tocsin.kql.plan import Relation


@dataclass(frozen=True, slots=True)
class RowCount:
    """Between ``least`` and ``most`` rows; ``most`` None: any number."""

    least: int
    most: int | None

    def limited(self, count: int) -> RowCount:
        """The first ``count`` of them."""
        return RowCount(min(self.least, count), count if self.most is None else min(self.most, count))


_ANY = RowCount(0, None)
_ONE = RowCount(1, 1)


_Known = dict[int, RowCount]


def row_count(relation: Relation) -> RowCount:
    """The bounds that the operators alone tell."""
    known: _Known = {}
    pending = [relation]
    # Inputs first, without recursion: a query may have any number of steps.
    while pending:
        each = pending[-1]
        missing = [one for one in inputs_of(each) if id(one) not in known]
        if missing:
            pending += missing
            continue
        pending.pop()
        count = _COUNTS.get(type(each))
        known[id(each)] = count(each, known) if count is not None else _ANY
    return known[id(relation)]


def _constant(value: plan.Expr) -> int | None:
    while isinstance(value, plan.Variable | plan.Convert):
        value = value.value if isinstance(value, plan.Variable) else value.operand
    return value.value if isinstance(value, plan.Constant) and isinstance(value.value, int) else None


def _inline(relation: plan.Inline, known: _Known) -> RowCount:
    # A table without a name stands in for what could not be bound.
    return RowCount(len(relation.rows), len(relation.rows)) if relation.operator else _ANY


def _same(relation: Any, known: _Known) -> RowCount:
    return known[id(relation.input)]


def _some(relation: Any, known: _Known) -> RowCount:
    return RowCount(0, known[id(relation.input)].most)


def _parsed(relation: plan.ParseRows, known: _Known) -> RowCount:
    return _some(relation, known) if relation.drop_unmatched else known[id(relation.input)]


def _sorted(relation: plan.SortRows, known: _Known) -> RowCount:
    limit = _constant(relation.limit) if relation.limit is not None else None
    given = known[id(relation.input)]
    if relation.limit is None:
        return given
    return given.limited(limit) if limit is not None else RowCount(0, given.most)


def _taken(relation: plan.TakeRows, known: _Known) -> RowCount:
    count, given = _constant(relation.count), known[id(relation.input)]
    return given.limited(count) if count is not None else RowCount(0, given.most)


def _groups(relation: plan.Summarize | plan.DistinctRows, known: _Known) -> RowCount:
    if isinstance(relation, plan.Summarize) and not relation.keys:
        return _ONE
    given = known[id(relation.input)]
    return RowCount(min(given.least, 1), given.most)


def _union(relation: plan.UnionRows, known: _Known) -> RowCount:
    counts = [known[id(one)] for one in inputs_of(relation)]
    most = [one.most for one in counts]
    return RowCount(sum(one.least for one in counts), None if None in most else sum(one or 0 for one in most))


_COUNTS: Mapping[type[Relation], Callable[[Any, _Known], RowCount]] = {
    plan.Inline: _inline,
    plan.Projection: _same,
    plan.Filter: _some,
    plan.ParseRows: _parsed,
    plan.ParsePairs: _same,
    plan.SortRows: _sorted,
    plan.ServiceRows: _same,
    plan.TakeRows: _taken,
    plan.Summarize: _groups,
    plan.DistinctRows: _groups,
    plan.CountRows: lambda relation, known: _ONE,
    plan.SchemaRows: lambda relation, known: RowCount(len(relation.rows), len(relation.rows)),
    plan.UnionRows: _union,
}


def verdict(operator: str | None, threshold: int, count: RowCount) -> bool | None:
    """Whether a number of rows within the bounds always (True) or never (False) meets a threshold; None: it depends."""
    least, most = count.least, count.most
    above, below = least > threshold, most is not None and most < threshold
    exactly = least == most == threshold
    always, never = {
        "GreaterThan": (above, most is not None and most <= threshold),
        "LessThan": (below, least >= threshold and threshold > 0),
        "Equal": (exactly, above or below),
        "NotEqual": (above or below, exactly),
    }.get(operator or "", (False, False))
    return True if always else False if never else None


def shown(count: RowCount) -> str:
    """The bounds for people."""
    if count.least == count.most:
        return f"{count.least} row{'' if count.least == 1 else 's'}"
    if count.most is None:
        return f"at least {count.least} rows"
    return f"at most {count.most} rows"
