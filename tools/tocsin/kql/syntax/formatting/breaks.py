"""Where a line ends: where the author ended it, where a construct is too wide, and where a construct that takes several
lines has a place for each of its parts."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from tocsin.kql.syntax import tree
from tocsin.kql.syntax.formatting.source import Source

WIDEST = 80
"""Characters that a pipe, a list of an operator, a condition or a datatable may have on one line."""

WIDEST_SCHEMA = 60
"""Characters that the schema of a datatable may have on one line."""

_OPENERS = frozenset("([{")

SUBQUERY_CALLS = frozenset({"toscalar", "totable", "materialize"})
"""Calls that hold a query rather than arguments."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a line ends between tokens ``first`` and ``last`` (with ``entry``: or before the first), or when they
    take more than ``widest`` characters, lines end before each of ``targets``. Without ``spreads`` it is the width
    alone that counts."""

    first: int
    last: int
    targets: tuple[int, ...]
    widest: int | None = None
    entry: bool = False
    spreads: bool = True


def line_breaks(source: Source, close: list[bool]) -> list[bool]:
    """For each token whether it starts a line."""
    breaks = _Breaks(source, close)
    rules = [rule for node in source.tree.root.walk() for rule in _rules(node, source)]
    for bar in _bars_at_line_ends(source):
        breaks.move(bar + 1, bar)
    for comma in (index for index, text in enumerate(source.texts) if text == ","):
        breaks.move(comma, comma + 1)
    for index in _glued(source):
        breaks.remove(index)
    rules.sort(key=lambda rule: (rule.last - rule.first, -rule.first))
    for rule in rules:
        if rule.widest is not None and breaks.width(rule.first, rule.last) > rule.widest and not breaks.any(rule):
            breaks.add(rule.targets)
    changed = True
    while changed:
        changed = False
        for rule in rules:
            changed |= breaks.apply(rule)
    return breaks.found


class _Breaks:
    """The line breaks found so far."""

    def __init__(self, source: Source, close: list[bool]) -> None:
        self._source = source
        self.found = [each.line_break or each.comments for each in source.between]
        self.found[0] = False
        self._order = [index for index, found in enumerate(self.found) if found]
        self._tall = [index for index, text in enumerate(source.texts) if "\n" in text or "\r" in text]
        self._ends = list(accumulate(len(text) + (not tight) for text, tight in zip(source.texts, close, strict=True)))

    def width(self, first: int, last: int) -> int:
        """Characters of the tokens on one line."""
        return self._ends[last] - self._ends[first] + len(self._source.texts[first])

    def any(self, rule: Rule) -> bool:
        """Whether a line ends inside."""
        return _within(self._order, rule.first + (not rule.entry), rule.last) or _within(
            self._tall, rule.first, rule.last
        )

    def add(self, targets: tuple[int, ...]) -> bool:
        """End lines before tokens; whether one is new. A token after a comma that had to start a line stays with it."""
        new = False
        for index in targets:
            lonely = index and self._source.texts[index - 1] == "," and self.found[index - 1]
            if index and not self.found[index] and not lonely:
                self.found[index] = new = True
                insort(self._order, index)
        return new

    def remove(self, index: int) -> bool:
        """No line ends before this token, unless a comment does; whether one did."""
        if not self.found[index] or self._source.between[index].comments:
            return False
        self.found[index] = False
        del self._order[bisect_left(self._order, index)]
        return True

    def move(self, index: int, to: int) -> None:
        """End the line before another token instead."""
        if self.remove(index):
            self.add((to,))

    def apply(self, rule: Rule) -> bool:
        """Follow a rule; whether that changed something."""
        return rule.spreads and self.any(rule) and self.add(rule.targets)


def _within(ordered: list[int], first: int, last: int) -> bool:
    at = bisect_left(ordered, first)
    return at < len(ordered) and ordered[at] <= last


def _bars_at_line_ends(source: Source) -> Iterator[int]:
    for node in source.tree.root.walk():
        for operators in _operator_runs(node):
            yield from _bars(operators, source)


def _glued(source: Source) -> Iterator[int]:
    """Tokens that never start a line: the bracket of a call, what belongs to a name or follows a sign, a value inside a
    row of a datatable."""
    for node in source.tree.root.walk():
        if isinstance(node, tree.FunctionCall):
            yield source.last(node.name) + 1
        elif isinstance(node, tree.Unary):
            yield source.first(node) + 1
        elif isinstance(node, tree.Name):
            yield from range(source.first(node) + 1, source.last(node) + 1)
        elif isinstance(node, tree.DataTable):
            per_row = _per_row(node)
            yield from (source.first(each) for at, each in enumerate(node.values) if per_row and at % per_row)


# ------------------------------------------------------------------------------------------------------------- rules


def _operator_runs(node: tree.Node) -> Iterator[tuple[tree.Operator, ...]]:
    """The operators of a pipe, and those of a subquery without a source: ``mv-apply … on ( … | … )``."""
    for name in _RUNS.get(type(node), ()):
        operators = getattr(node, name)
        if operators:
            yield operators


_RUNS: dict[type[tree.Node], tuple[str, ...]] = {
    tree.Pipe: ("operators",),
    tree.MvApply: ("subquery",),
    tree.PartitionBy: ("subquery",),
    tree.ForkBranch: ("operators",),
    tree.Facet: ("with_",),
    tree.MakeGraph: ("partition",),
}


def _bars(operators: tuple[tree.Operator, ...], source: Source) -> list[int]:
    """The ``|`` before operators."""
    starts = [source.first(operator) for operator in operators]
    return [index - 1 for index in starts if index and source.texts[index - 1] == "|"]


def _pipe(node: tree.Node, source: Source) -> Iterator[Rule]:
    for operators in _operator_runs(node):
        first = source.first(node if isinstance(node, tree.Pipe) else operators[0])
        last = source.last(operators[-1])
        bars = _bars(operators, source)
        if bars:
            opened = (first,) if first and source.texts[first - 1] in _OPENERS else ()
            yield Rule(first, last, (*bars, *opened), WIDEST)


def _statements(node: tree.Query | tree.FunctionBody, source: Source) -> Iterator[Rule]:
    """Every statement starts a line."""
    parts: list[tree.Node] = [*node.statements]
    if isinstance(node, tree.FunctionBody) and node.result is not None and node.statements:
        parts.append(node.result)
    for index in map(source.first, parts):
        yield Rule(index, index, (index,), widest=0)


def _function(node: tree.FunctionDeclaration, source: Source) -> Iterator[Rule]:
    opened, closed = source.first(node.body), source.last(node.body)
    if source.texts[opened] == "{":
        yield from _statements(node.body, source)
        inner = (opened + 1,) if closed > opened + 1 else ()
        yield Rule(opened, closed, (opened, *inner, closed))
    if node.parameters:
        left, right = source.first(node.parameters[0]) - 1, source.last(node.parameters[-1]) + 1
        yield Rule(left, right, (left, *map(source.first, node.parameters), right))


def _call(node: tree.FunctionCall, source: Source) -> Iterator[Rule]:
    opened, closed = source.last(node.name) + 1, source.last(node)
    if node.arguments and node.name.text not in SUBQUERY_CALLS and source.texts[opened] == "(":
        yield Rule(opened, closed, (*map(source.first, node.arguments), closed))


def _datatable(node: tree.DataTable, source: Source) -> Iterator[Rule]:
    opened, closed = datatable_values(node, source)
    per_row = _per_row(node)
    if not per_row:
        return
    first = source.first(node)
    rows = tuple(source.first(value) for value in node.values[::per_row])
    yield Rule(first, closed, (opened, *rows, closed), WIDEST)
    left, right = source.first(node.schema), source.last(node.schema)
    yield Rule(left, right, (left, *map(source.first, node.schema.columns), right), WIDEST_SCHEMA)


def _per_row(node: tree.DataTable) -> int:
    """Values a line of a datatable: a row of the table, or of one column as many as fit, ten at most; 0: no values."""
    if len(node.schema.columns) != 1 or not node.values:
        return len(node.schema.columns) if node.values else 0
    widths = [each.end - each.start for each in node.values]
    if max(widths) >= WIDEST // 2:
        return 1
    for count in (10, 8, 6, 4):
        rows = [sum(widths[at : at + count]) + 2 * count for at in range(0, len(widths), count)]
        if max(rows) <= WIDEST:
            return count
    return 1


def datatable_values(node: tree.DataTable, source: Source) -> tuple[int, int]:
    """The ``[`` and ``]`` of a datatable."""
    closed = source.last(node)
    opened = source.last(node.hints[-1] if node.hints else node.schema) + 1
    while source.texts[opened] != "[" and opened < closed:
        opened += 1
    return opened, closed


def _operator(node: tree.Operator, source: Source) -> Iterator[Rule]:
    first, last = source.first(node), source.last(node)
    parts = [(source.first(child), source.last(child)) for child in node.children()]
    parts = sorted((start, end) for start, end in parts if first < start <= end)
    words = CLAUSES.get(type(node), frozenset())
    clauses = tuple(index for index in _own_tokens(first + 1, last, parts) if source.texts[index] in words)
    if clauses:
        yield Rule(first, last, clauses)
    for run in _comma_lists(parts, source):
        if source.texts[run[0][0] - 1] in _OPENERS:
            continue
        yield Rule(run[0][0], run[-1][1], tuple(start for start, _ in run), WIDEST, entry=True)
    if isinstance(node, tree.Where):
        yield from _condition(node.predicate, source)


def _own_tokens(first: int, last: int, parts: list[tuple[int, int]]) -> Iterator[int]:
    """The tokens of an operator that belong to none of its parts."""
    at = first
    for start, end in parts:
        yield from range(at, start)
        at = max(at, end + 1)
    yield from range(at, last + 1)


def _comma_lists(parts: list[tuple[int, int]], source: Source) -> Iterator[list[tuple[int, int]]]:
    """Runs of two and more parts with commas between."""
    run: list[tuple[int, int]] = []
    for part in parts:
        if run and part[0] == run[-1][1] + 2 and source.texts[part[0] - 1] == ",":
            run.append(part)
            continue
        if len(run) > 1:
            yield run
        run = [part]
    if len(run) > 1:
        yield run


def _condition(node: tree.Expression, source: Source) -> Iterator[Rule]:
    """A long chain of ``and`` or of ``or`` has a line for each part."""
    if not isinstance(node, tree.Binary) or node.operator not in ("and", "or"):
        return
    operators: list[int] = []
    each: tree.Expression = node
    while isinstance(each, tree.Binary) and each.operator == node.operator:
        operators.append(source.last(each.left) + 1)
        each = each.left
    if len(operators) > 1:
        yield Rule(source.first(node), source.last(node), tuple(operators), WIDEST, spreads=False)


CLAUSES: dict[type[tree.Operator], frozenset[str]] = {
    tree.Count: frozenset({"as"}),
    tree.Evaluate: frozenset({":"}),
    tree.Facet: frozenset({"with"}),
    tree.Find: frozenset({"in", "where", "project", "project-smart", "project-away"}),
    tree.GraphMatch: frozenset({"where", "project"}),
    tree.Join: frozenset({"on", "where"}),
    tree.Lookup: frozenset({"on"}),
    tree.MakeGraph: frozenset({"with", "partitioned-by"}),
    tree.MakeSeries: frozenset({"on", "from", "to", "step", "in", "by"}),
    tree.MvApply: frozenset({"limit", "id"}),
    tree.MvExpand: frozenset({"limit"}),
    tree.ParseKv: frozenset({"with"}),
    tree.Reduce: frozenset({"with"}),
    tree.Render: frozenset({"with"}),
    tree.Scan: frozenset({"order", "partition", "declare"}),
    tree.Search: frozenset({"in"}),
    tree.Summarize: frozenset({"by"}),
    tree.TopHitters: frozenset({"by"}),
}
"""The words that begin a part of an operator: each starts a line when the operator takes several."""

_RULES: tuple[tuple[type[tree.Node], Callable[[Any, Source], Iterator[Rule]]], ...] = (
    *((kind, _pipe) for kind in _RUNS),
    (tree.Query, _statements),
    (tree.FunctionDeclaration, _function),
    (tree.FunctionCall, _call),
    (tree.DataTable, _datatable),
    (tree.Operator, _operator),
)


def _rules(node: tree.Node, source: Source) -> Iterator[Rule]:
    for kind, rules in _RULES:
        if isinstance(node, kind):
            yield from rules(node, source)
