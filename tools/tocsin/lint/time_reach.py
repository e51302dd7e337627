"""How far back the conditions of a query reach: ``TimeGenerated > ago(7d)`` and its kin, read off the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from tocsin.kql import plan
from tocsin.kql.lineage import conjuncts, inside, scanned
from tocsin.kql.plan import Expr, Relation
from tocsin.kql.types import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MICROSECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    ScalarType,
)

TIME_COLUMNS = frozenset({"TimeGenerated", "Timestamp"})
"""The columns that the service's window goes by; Timestamp holds the same in the tables of Defender."""

_FLOORS = {
    "startofday": TICKS_PER_DAY,
    "startofweek": 7 * TICKS_PER_DAY,
    "startofmonth": 31 * TICKS_PER_DAY,
    "startofyear": 366 * TICKS_PER_DAY,
}
_CEILINGS = {f"end{name.removeprefix('start')}": ticks for name, ticks in _FLOORS.items()}
_PARTS = {
    "second": TICKS_PER_SECOND,
    "minute": TICKS_PER_MINUTE,
    "hour": TICKS_PER_HOUR,
    "day": TICKS_PER_DAY,
    "week": 7 * TICKS_PER_DAY,
}
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time relative to the run: between ``least`` and ``most`` ticks before it, by the time of day it runs at."""

    least: int
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A condition of the query that every row of ``table`` meets: no older than ``oldest``, no younger than
    ``youngest`` (None: not bounded, or not known). ``start``/``length``: the condition, or the bound alone where it is
    written there; they point into the query, or into the workspace function ``origin``."""

    table: str
    column: str
    oldest: Moment | None
    youngest: Moment | None
    start: int
    length: int
    origin: str | None


def spans(relations: Iterable[Relation]) -> list[Span]:
    """The conditions on the time columns of tables in these relations, by their places; each place once."""
    found: dict[tuple[str, int, str], Span] = {}
    for span in _all_spans(relations):
        found.setdefault((span.origin or "", span.start, span.table), span)
    return [found[place] for place in sorted(found)]


def _all_spans(relations: Iterable[Relation]) -> Iterator[Span]:
    for relation in relations:
        if isinstance(relation, plan.Filter):
            for condition in conjuncts(relation.predicate):
                if isinstance(condition, plan.Call):
                    yield from _span(relation, condition)


def asks_for_newest(relations: Iterable[Relation], amount: int) -> bool:
    """Whether the query asks anywhere if a time is no older than ``amount`` ticks: ``IngestedAt > ago(1h)``."""
    for relation in relations:
        for part in inside(relation):
            oldest = _bounds(part)[1] if isinstance(part, plan.Call) else None
            since = moment(oldest) if oldest is not None else None
            if since is not None and since.least <= amount:
                return True
    return False


def moment(value: Expr) -> Moment | None:
    """When a value is, relative to the run; None where it is not known before the query runs."""
    value = _bare(value)
    if not isinstance(value, plan.Call):
        return None
    name, arguments = value.function.name, value.arguments
    if name in ("now", "ago"):
        amount = ticks(arguments[0]) if arguments else 0
        if amount is None:
            return None
        return _moved(Moment(0, 0), amount if name == "ago" else -amount)
    if (name in _FLOORS or name in _CEILINGS) and arguments:
        size = _FLOORS.get(name) or _CEILINGS[name]
        base = moment(arguments[0])
        count = _number(arguments[1]) if len(arguments) > 1 else 0
        if base is None or count is None:
            return None
        base = _moved(base, -count * size)
        return Moment(base.least, base.most + size) if name in _FLOORS else Moment(base.least - size, base.most)
    if name in ("bin", "floor") and len(arguments) == 2:
        base, step = moment(arguments[0]), ticks(arguments[1])
        return Moment(base.least, base.most + step) if base is not None and step is not None else None
    if name in ("+", "-") and len(arguments) == 2:
        base, amount = moment(arguments[0]), ticks(arguments[1])
        if base is not None and amount is not None:
            return _moved(base, amount if name == "-" else -amount)
    if name == "datetime_add" and len(arguments) == 3:
        part, count, base = _bare(arguments[0]), _number(arguments[1]), moment(arguments[2])
        unit = _PARTS.get(str(part.value).lower()) if isinstance(part, plan.Constant) else None
        if base is not None and count is not None and unit is not None:
            return _moved(base, -count * unit)
    return None


def ticks(value: Expr) -> int | None:
    """The ticks of a timespan that is known before the query runs."""
    value = _bare(value)
    if isinstance(value, plan.Constant):
        return value.value if isinstance(value.value, int) and value.type is ScalarType.TIMESPAN else None
    if isinstance(value, plan.Call) and value.function.name in ("*", "+", "-") and len(value.arguments) == 2:
        left, right = value.arguments
        if value.function.name == "*":
            one, other = (left, right) if ticks(left) is not None else (right, left)
            amount, factor = ticks(one), _number(other)
            return amount * factor if amount is not None and factor is not None else None
        first, second = ticks(left), ticks(right)
        if first is not None and second is not None:
            return first + second if value.function.name == "+" else first - second
    if isinstance(value, plan.Call) and value.function.name == "unary-" and value.arguments:
        amount = ticks(value.arguments[0])
        return -amount if amount is not None else None
    return None


def duration(amount: int) -> timedelta:
    """Ticks as a duration; the longest there is for more."""
    most = timedelta.max // timedelta(microseconds=1)
    return timedelta(microseconds=max(-most, min(amount // TICKS_PER_MICROSECOND, most)))


def _bounds(condition: plan.Call) -> tuple[Expr | None, Expr | None, Expr | None]:
    """What a condition compares, and with which oldest and youngest time."""
    name, arguments = condition.function.name, condition.arguments
    if name == "between" and len(arguments) == 3:
        return arguments
    if name in _MIRRORED and len(arguments) == 2:
        tested, bound = arguments
        if moment(tested) is not None:
            tested, bound, name = bound, tested, _MIRRORED[name]
        return (tested, bound, None) if name.startswith(">") else (tested, None, bound)
    return None, None, None


def _span(relation: plan.Filter, condition: plan.Call) -> Iterator[Span]:
    tested, oldest, youngest = _bounds(condition)
    lower = moment(oldest) if oldest is not None else None
    upper = moment(youngest) if youngest is not None else None
    if not isinstance(tested, plan.ColumnRef) or (lower is None and upper is None):
        return
    written = _bare_call(oldest if lower is not None else youngest, condition)
    for table, column in sorted(scanned(relation.input, tested.column)):
        if column in TIME_COLUMNS:
            yield Span(table, column, lower, upper, written.start, written.length, relation.origin)


def _bare_call(bound: Expr | None, condition: plan.Call) -> plan.Call:
    """The bound, where it is written inside the condition; else the condition."""
    inside = isinstance(bound, plan.Call) and (
        condition.start <= bound.start and bound.start + bound.length <= condition.start + condition.length
    )
    return bound if inside and isinstance(bound, plan.Call) and bound.length else condition


def _bare(value: Expr) -> Expr:
    while isinstance(value, plan.Variable | plan.Convert):
        value = value.value if isinstance(value, plan.Variable) else value.operand
    return value


def _number(value: Expr) -> int | None:
    value = _bare(value)
    known = isinstance(value, plan.Constant) and isinstance(value.value, int) and not isinstance(value.value, bool)
    return value.value if known and isinstance(value, plan.Constant) else None


def _moved(base: Moment, amount: int) -> Moment:
    return Moment(base.least + amount, base.most + amount)
