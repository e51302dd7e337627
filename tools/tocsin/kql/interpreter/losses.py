"""Why a step did not pass a row on: a sentence for each operator that loses rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from tocsin.kql.interpreter.conditions import Conditions, Unknown
from tocsin.kql.interpreter.fates import Condition
from tocsin.kql.interpreter.tracing import Joined
from tocsin.kql.plan import (
    Apply,
    Assignment,
    Expand,
    Expr,
    Filter,
    JoinKind,
    JoinRows,
    MakeSeriesRows,
    ParseRows,
    PluginRows,
    Relation,
    SampleDistinctRows,
    SequenceRows,
    SortRows,
    TakeRows,
    TopNestedRows,
)
from tocsin.kql.plan_text import expression_text, value_text
from tocsin.kql.types import STRING

if TYPE_CHECKING:
    from tocsin.kql.interpreter.provenance import Provenance

_NEAR_ENOUGH = 0.6
_NEAR_SHOWN = 3
_COMPARED_KEYS = 2_000


class Loss:
    """One row that a step did not pass on: the row of the firing ``producer``, lost in the firing ``consumer``."""

    def __init__(self, provenance: Provenance, conditions: Conditions, consumer: int, producer: int, row: int) -> None:
        self.provenance = provenance
        self.conditions = conditions
        self.firing = provenance.firings[consumer]
        self.consumer = consumer
        self.producer = producer
        self.row = row
        self.batch = provenance.firings[producer].result

    def why(self) -> tuple[str, Condition | None]:
        """A sentence, and the condition where one failed."""
        node: Any = self.firing.node
        if isinstance(node, Filter):
            return self._filter(node)
        say = _REASONS.get(type(node))
        return ("the step does not pass it on" if say is None else say(self, node)), None

    def _filter(self, node: Filter) -> tuple[str, Condition]:
        test = self.conditions.test(self.provenance, node.predicate, self.producer, self.row, node.origin)
        if not test.known:
            return "the condition was not true; it cannot be asked again", test
        return (
            "the condition is null, which counts as false" if test.verdict is None else "the condition is false",
            test,
        )

    def shown(self, expression: Expr) -> str:
        """The value of an expression in the row, as text."""
        try:
            return value_text(self.conditions.value(expression, self.batch, self.row), expression.type)
        except Unknown:
            return "?"

    def named(self, expressions: Sequence[Expr]) -> str:
        """``User = 'ann', n = 3``"""
        return ", ".join(f"{expression_text(each)} = {self.shown(each)}" for each in expressions)

    def single(self, expression: Expr) -> str:
        """The value of an expression that needs no row, as text."""
        try:
            return value_text(self.conditions.single(expression), expression.type)
        except Unknown:
            return "?"


def _take(loss: Loss, node: TakeRows) -> str:
    if node.sample:
        return f"sample {loss.single(node.count)} drew other rows"
    return (
        f"it was row {loss.row + 1} of {loss.batch.rows}, and {node.operator} keeps the first {loss.single(node.count)}"
    )


def _top(loss: Loss, node: SortRows) -> str:
    keys = [key.value for key in node.keys]
    limit = "0" if node.limit is None else loss.single(node.limit)
    text = f"it has {loss.named(keys)}, and {node.operator} keeps the first {limit} of {loss.batch.rows} rows"
    kept = loss.provenance.edges(loss.consumer).pairs.get(loss.producer, ())
    if kept:
        last = Loss(loss.provenance, loss.conditions, loss.consumer, loss.producer, max(kept)[1])
        text += f"; the last one kept has {last.named(keys)}"
    return text


def _sample_distinct(loss: Loss, node: SampleDistinctRows) -> str:
    return f"{loss.named([node.value])} is not among the {loss.single(node.count)} values that it took"


def _join(loss: Loss, node: JoinRows) -> str:
    joined = loss.firing.joined
    if joined is None:
        return "no row of the other side matches"
    on_left = _is_left(loss, joined)
    own = [left if on_left else right for left, right in node.keys]
    others = [right if on_left else left for left, right in node.keys]
    own_keys, other_keys = joined.left_keys, joined.right_keys
    if not on_left:
        own_keys, other_keys = other_keys, own_keys
    other_batch = joined.right if on_left else joined.left
    side = "right" if on_left else "left"
    key = own_keys[loss.row]
    matches = [i for i, other in enumerate(other_keys) if other == key]
    if node.kind in (JoinKind.LEFT_ANTI, JoinKind.RIGHT_ANTI):
        dropping_side = on_left is (node.kind is JoinKind.LEFT_ANTI)
        if dropping_side:
            return f"the {side} side has its key, {loss.named(own)}, {_times(len(matches))}; an anti join drops it"
        if matches:
            return f"it made the join drop {_rows(len(matches))} of the {side} side: {loss.named(own)}"
        return f"no row of the {side} side has its key, {loss.named(own)}; so it made the join drop nothing"
    if matches and node.kind is JoinKind.INNER_UNIQUE and on_left:
        first = own_keys.index(key)
        return (
            f"innerunique keeps one left row of each key: row {first + 1} was chosen for {loss.named(own)}; "
            "join kind=inner keeps them all"
        )
    if matches:
        return f"a {node.kind.value} join shows no rows of this side"
    if not other_batch.rows:
        return f"the {side} side has no rows at all; the key is {loss.named(own)}"
    text = f"the {side} side ({_rows(other_batch.rows)}) has no row with its key, {loss.named(own)}"
    near = _near_keys(loss, own, others, joined, on_left)
    return f"{text}; the nearest there: {near}" if near else text


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _is_left(loss: Loss, joined: Joined) -> bool:
    """Whether the lost row is of the left side; of a table joined with itself both are."""
    return loss.batch is joined.left


def _near_keys(loss: Loss, own: Sequence[Expr], others: Sequence[Expr], joined: Joined, on_left: bool) -> str:
    """Keys of the other side that look much like that of the row."""
    wanted = ", ".join(loss.shown(each) for each in own)
    batch = joined.right if on_left else joined.left
    keys = joined.right_keys if on_left else joined.left_keys
    first: dict[Any, int] = {}
    for row, key in enumerate(keys[:_COMPARED_KEYS]):
        first.setdefault(key, row)
    scored: list[tuple[float, str]] = []
    for row in first.values():
        try:
            values = [value_text(loss.conditions.value(each, batch, row), each.type) for each in others]
        except Unknown:
            continue
        text = ", ".join(values)
        scored.append((SequenceMatcher(None, _plain(wanted), _plain(text)).ratio(), text))
    scored.sort(key=lambda one: -one[0])
    best = [text for score, text in scored[:_NEAR_SHOWN] if score >= _NEAR_ENOUGH]
    return " or ".join(best)


def _plain(text: str) -> str:
    return text.casefold().replace("'", "")


def _expand(loss: Loss, node: Expand | Apply) -> str:
    values = loss.named([item.value for item in node.items])
    limit = "" if node.limit is None else f" (limit {loss.single(node.limit)})"
    return f"there is no element to make a row of: {values}{limit}"


def _parse(loss: Loss, node: ParseRows) -> str:
    pattern = " ".join(
        part.column.name if part.column is not None else "*" if part.text is None else value_text(part.text, STRING)
        for part in node.pattern
    )
    return f"{loss.named([node.value])} does not match the pattern {pattern}"


def _series(loss: Loss, node: MakeSeriesRows) -> str:
    start, end = ("" if each is None else loss.single(each) for each in (node.from_, node.to))
    return f"{loss.named([node.axis.value])} lies outside the axis from {start or 'the first'} to {end or 'the last'}"


def _nested(loss: Loss, node: TopNestedRows) -> str:
    keys: list[Assignment] = [level.key for level in node.levels]
    return f"its group is not among the best: {loss.named([key.value for key in keys])}"


def _sequence(loss: Loss, node: SequenceRows) -> str:
    return f"no step of scan puts it out ({len(node.steps)} step{'s' * (len(node.steps) > 1)})"


def _plugin(loss: Loss, node: PluginRows) -> str:
    shown = [each for each in node.arguments[:1] if node.input is not None]
    values = f": {loss.named(shown)}" if shown else ""
    return f"{node.plugin} finds nothing for it{values}"


_Say = Callable[[Loss, Any], str]
_REASONS: dict[type[Relation], _Say] = {
    Apply: _expand,
    Expand: _expand,
    JoinRows: _join,
    MakeSeriesRows: _series,
    ParseRows: _parse,
    PluginRows: _plugin,
    SampleDistinctRows: _sample_distinct,
    SequenceRows: _sequence,
    SortRows: _top,
    TakeRows: _take,
    TopNestedRows: _nested,
}
