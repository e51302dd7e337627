"""Conditions that no row, or every row, meets: read off the tree with what its parts were bound to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tocsin.kql import lineage, plan
from tocsin.kql.plan import Column
from tocsin.kql.syntax import tree
from tocsin.kql.types import NUMBERS, STRING, UNKNOWN
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    Comparison,
    bare,
    column_of,
    comparisons,
    conjuncts,
    nodes,
    step_before,
    type_of,
    value_of,
)
from tocsin.sentinel.column_facts import VALUES

_CASED = {
    **dict.fromkeys(("==", "in", "has_cs", "contains_cs", "startswith_cs", "endswith_cs"), True),
    **dict.fromkeys(("!=", "!in", "!has_cs", "!contains_cs", "!startswith_cs", "!endswith_cs"), False),
}
"""Operators for which case counts, and whether a value in another case makes the test false (True) or true."""
_PARTS = frozenset({"has", "hasprefix", "hassuffix", "contains", "startswith", "endswith"})
_LOWER = {"tolower": str.lower, "toupper": str.upper}
_ORDER = {">", ">=", "<", "<="}


@dataclass(frozen=True, slots=True, eq=False)
class Certainty:
    """A condition that is always the same: ``always`` true or false, why, and what to do."""

    node: tree.Node
    always: bool
    reason: str
    help: str


def certainties(query: QueryContext) -> Iterator[Certainty]:
    """Every condition of a query that does not depend on the row."""
    for comparison in comparisons(query):
        yield from _of_constants(comparison)
        yield from _empty_text(comparison)
        yield from _changed_case(query, comparison)
        yield from _listed_values(query, comparison)
    for call in nodes(query, tree.FunctionCall):
        yield from _null_text(query, call)
    for where in nodes(query, tree.Where):
        predicate = bare(where.predicate)
        if isinstance(predicate, tree.Literal) and isinstance(predicate.value, bool):
            help = "delete the step" if predicate.value else "delete the step, or write the condition that is meant"
            yield Certainty(predicate, predicate.value, "it is a constant", help)
    for chain in _chains(query):
        yield from _contradictions(query, chain)
    for node in nodes(query, tree.Binary):
        if node.operator == "or":
            yield from _tautologies(query, node)


# ------------------------------------------------------------------------------------------------ single conditions


def _of_constants(comparison: Comparison) -> Iterator[Certainty]:
    """``1 == 1``: both sides are written out."""
    left, right = bare(comparison.left), bare(comparison.items[0])
    if comparison.operator in ("==", "!=") and isinstance(left, tree.Literal) and isinstance(right, tree.Literal):
        always = (left.value == right.value) is (comparison.operator == "==")
        help = "compare a column, or delete the condition"
        yield Certainty(comparison.node, always, "both sides are constants", help)


def _empty_text(comparison: Comparison) -> Iterator[Certainty]:
    """``x has ""``: every text holds the empty one."""
    if comparison.operator.lstrip("!").removesuffix("_cs") in _PARTS and _literal(comparison.items[0]) == "":
        always = not comparison.operator.startswith("!")
        yield Certainty(comparison.node, always, "every text holds the empty text", "write isempty(…) or isnotempty(…)")


def _changed_case(query: QueryContext, comparison: Comparison) -> Iterator[Certainty]:
    """``tolower(x) == "Admin"``: the text has a letter that the value cannot have."""
    call = bare(comparison.left)
    fold = _LOWER.get(call.name.text) if isinstance(call, tree.FunctionCall) else None
    if fold is None or comparison.operator not in _CASED or not comparison.items:
        return
    texts = [(item, _literal(item)) for item in comparison.items]
    wrong = [item for item, text in texts if text is not None and fold(text) != text]
    if wrong and isinstance(call, tree.FunctionCall) and len(wrong) == len(texts):
        always = not _CASED[comparison.operator]
        written = query.text[wrong[0].start : wrong[0].end]
        reason = f"{call.name.text}() never gives {written}"
        yield Certainty(comparison.node, always, reason, f"write {fold(written)}, or compare with =~ without it")


def _listed_values(query: QueryContext, comparison: Comparison) -> Iterator[Certainty]:
    """``EmailDirection == "inbound"``: the column has a closed list of values, this one in another case."""
    column = column_of(query, comparison.left)
    if column is None or comparison.operator not in ("==", "!=", "in", "!in"):
        return
    known = [VALUES[place] for place in _places(query, comparison.left, column) if place in VALUES]
    if not known:
        return
    right = {value for values in known for value in values}
    spelt = {value.lower(): value for value in right}
    meant = [
        spelt[text.lower()]
        for item in comparison.items
        if (text := _literal(item)) is not None and text not in right and text.lower() in spelt
    ]
    if meant and len(meant) == len(comparison.items):
        always = comparison.operator.startswith("!")
        yield Certainty(comparison.node, always, f"{column.name} never has this value", f'write "{meant[0]}"')


def _null_text(query: QueryContext, call: tree.FunctionCall) -> Iterator[Certainty]:
    """``isnull(text)``: a string is never null."""
    if call.name.text in ("isnull", "isnotnull") and len(call.arguments) == 1:
        column = column_of(query, call.arguments[0])
        if column is not None and column.type is STRING:
            better = call.name.text.replace("null", "empty")
            help = f"write {better}({column.name})"
            yield Certainty(call, call.name.text == "isnotnull", "a string is empty, never null", help)


# -------------------------------------------------------------------------------------------- conditions together


@dataclass(frozen=True, slots=True, eq=False)
class _Test:
    """A column compared with constants."""

    node: tree.Expression
    column: Column
    operator: str
    values: tuple[Any, ...]


def _chains(query: QueryContext) -> Iterator[list[tree.Expression]]:
    """The conditions that a row meets together: those of a ``where``, and of the ``where`` steps next to it."""
    for pipe in nodes(query, tree.Pipe):
        chain: list[tree.Expression] = []
        for operator in pipe.operators:
            if isinstance(operator, tree.Where):
                chain += conjuncts(operator.predicate)
            elif chain:
                yield chain
                chain = []
        if chain:
            yield chain


def _test(query: QueryContext, node: tree.Expression) -> _Test | None:
    items: tuple[tree.Expression, ...]
    if isinstance(node, tree.Binary):
        operator, left, items = node.operator, node.left, (node.right,)
    elif isinstance(node, tree.ListTest):
        operator, left, items = node.operator, node.left, node.items
    else:
        return None
    column = column_of(query, left)
    values = [value_of(query, item) for item in items]
    constants = [value for value in values if isinstance(value, plan.Constant)]
    if column is None or len(constants) != len(values) or any(isinstance(one.value, list) for one in constants):
        return None
    alike = all(one.type is column.type or {one.type, column.type} <= NUMBERS for one in constants)
    return _Test(node, column, operator, tuple(one.value for one in constants)) if alike else None


def _contradictions(query: QueryContext, chain: list[tree.Expression]) -> Iterator[Certainty]:
    """Two conditions on one column that no value meets."""
    tests = [test for test in (_test(query, node) for node in chain) if test is not None]
    told = set()
    for at, second in enumerate(tests):
        for first in tests[:at]:
            if first.column is second.column and id(second) not in told and _exclude(first, second):
                told.add(id(second))
                line = query.document.location_in_text(*query.path, offset=first.node.start).line
                written = query.text[first.node.start : first.node.end].replace("\n", " ")
                reason = f"every row here has {written[:60]} (line {line})"
                yield Certainty(second.node, False, reason, "write or, or correct one of the two")


def _exclude(first: _Test, second: _Test) -> bool:
    for one, other in ((first, second), (second, first)):
        if one.operator in ("==", "in") and all(not _meets(value, other) for value in one.values):
            return True
    if {first.operator, second.operator} <= _ORDER and first.column.type in NUMBERS:
        low, high = (first, second) if first.operator.startswith(">") else (second, first)
        if low.operator.startswith(">") and high.operator.startswith("<"):
            below, above = low.values[0], high.values[0]
            strict = low.operator == ">" or high.operator == "<"
            return below is not None and above is not None and bool(below > above or (strict and below == above))
    return False


def _meets(value: Any, test: _Test) -> bool:
    """Whether a value may meet a test; True where that is not certain."""
    others = test.values
    if value is None or None in others:
        return True
    if test.operator in ("==", "in"):
        return value in others
    if test.operator in ("!=", "!in"):
        return value not in others
    if test.operator in ("=~", "in~"):
        return str(value).lower() in {str(each).lower() for each in others}
    if test.operator in _ORDER and not isinstance(value, str):
        other = others[0]
        met: bool = {">": value > other, ">=": value >= other, "<": value < other, "<=": value <= other}[test.operator]
        return met
    return True


def _tautologies(query: QueryContext, node: tree.Binary) -> Iterator[Certainty]:
    """``x != "a" or x != "b"``: every value differs from one of them."""
    left, right = (_test(query, bare(one)) for one in (node.left, node.right))
    if left is None or right is None or left.column is not right.column:
        return
    if left.operator == right.operator == "!=" and left.values != right.values:
        yield Certainty(node, True, "every value differs from one of the two", "write and, or !in (…)")
    elif {left.operator, right.operator} == {"==", "!="} and left.values == right.values:
        yield Certainty(node, True, "one of the two holds for every value", "delete it, or correct one of the two")


def _literal(node: tree.Expression) -> str | None:
    node = bare(node)
    return node.value if isinstance(node, tree.Literal) and isinstance(node.value, str) else None


def _places(query: QueryContext, node: tree.Expression, column: Column) -> set[tuple[str, str]]:
    before = step_before(query, node.start)
    if before is None or type_of(query, node) is UNKNOWN:
        return set()
    return lineage.scanned(before, column)
