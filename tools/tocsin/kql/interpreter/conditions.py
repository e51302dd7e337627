"""Conditions asked again about one row: which part of them was false, and what it saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.interpreter.expressions import children
from tocsin.kql.interpreter.fates import Condition, Reading
from tocsin.kql.lineage import shown_as
from tocsin.kql.plan import (
    Call,
    Column,
    ColumnRef,
    Constant,
    Convert,
    Expr,
    ListTest,
    PackRow,
    Projection,
    Relation,
    ScalarQuery,
    Summarize,
    Variable,
)
from tocsin.kql.plan_text import expression_text
from tocsin.kql.types import BOOL, DYNAMIC, Value

if TYPE_CHECKING:
    from tocsin.kql.interpreter.provenance import Provenance

_JOINING = frozenset({"and", "or"})
_BRANCHING = frozenset({"case", "iff", "iif"})
_CHOOSING = _BRANCHING | {"coalesce"}
_PICKING = frozenset({"arg_max", "arg_min", "argmax", "argmin", "take_any", "any"})
_DEEPEST = 4
"""How many columns that were worked out from conditions are followed to those."""
_MANY_PARTS = 64
_LISTED = 5


class Unknown(Exception):
    """A value that cannot be worked out again."""


class Conditions:
    """Works out expressions after an execution, for single rows of its batches."""

    def __init__(self, plan: Relation, execution: Execution) -> None:
        self._compiler = PlanCompiler(plan)
        self._execution = execution

    def value(self, expression: Expr, batch: Batch, row: int) -> Value:
        """What an expression gives in a row of a batch. Raises Unknown."""
        inner = list(_all_of(expression))
        calls = [each.function for each in inner if isinstance(each, Call)]
        if not all(each.deterministic for each in calls):
            raise Unknown
        try:
            program = self._compiler.program([expression])
            if any(each.serialized for each in calls):
                return program.columns(self._execution, batch)[0][row]
            return program.columns(self._execution, batch.pick((row,)))[0][0]
        except (EngineError, KqlValueError, RecursionError) as error:
            raise Unknown from error

    def single(self, expression: Expr) -> Value:
        """The value of an expression that needs no row. Raises Unknown."""
        return self.value(expression, Batch(1, {}), 0)

    def test(
        self, provenance: Provenance, expression: Expr, producer: int, row: int, origin: str | None, depth: int = 0
    ) -> Condition:
        """A condition on a row of a firing, taken apart."""
        firing = provenance.firings[producer]
        start, length = (expression.start, expression.length) if isinstance(expression, Call) else (0, 0)
        try:
            verdict, known = self.value(expression, firing.result, row), True
        except Unknown:
            verdict, known = None, False
        word, inner = self._taken_apart(expression, firing.result, row)
        if len(inner) > _MANY_PARTS:
            word, inner = "", []
        parts = tuple(self.test(provenance, each, producer, row, origin, depth) for each in inner)
        reads = () if parts else tuple(self._readings(provenance, expression, producer, row, depth))
        return Condition(expression_text(expression), verdict, known, word, parts, reads, start, length, origin)

    def _taken_apart(self, expression: Expr, batch: Batch, row: int) -> tuple[str, Sequence[Expr]]:
        """The conditions that ``and`` or ``or`` joins, however deep they nest; that which ``not`` turns around; that
        which ``case``, ``iff`` or ``coalesce`` chose for the row."""
        if not isinstance(expression, Call):
            return "", ()
        name = expression.function.name
        if name in _JOINING:
            return name, _joined(expression)
        if name == "not":
            return ("not", expression.arguments) if _has_parts(expression.arguments[0]) else ("", ())
        if name in _CHOOSING and expression.type is BOOL:
            try:
                chosen = self._chosen(expression, batch, row)
            except Unknown:
                return "", ()
            return ("", ()) if isinstance(chosen, Constant) else (name, (chosen,))
        return "", ()

    def _chosen(self, call: Call, batch: Batch, row: int) -> Expr:
        """The argument whose value a case, iff or coalesce gives in a row. Raises Unknown."""
        if call.function.name == "coalesce":
            found = (each for each in call.arguments if self.value(each, batch, row) is not None)
            return next(found, call.arguments[-1])
        *branches, last = call.arguments
        for condition, result in zip(branches[::2], branches[1::2], strict=True):
            if self.value(condition, batch, row) is True:
                return result
        return last

    def _readings(
        self, provenance: Provenance, expression: Expr, producer: int, row: int, depth: int
    ) -> Iterator[Reading]:
        batch = provenance.firings[producer].result
        seen: set[Any] = set()
        lists: list[Relation] = []
        for each in _all_of(expression):
            if each in seen:
                continue
            seen.add(each)
            if isinstance(each, ColumnRef) and each.column not in seen:
                seen.add(each.column)
                test = None
                if depth < _DEEPEST:
                    test = self._definition(provenance, each.column, producer, row, depth + 1)
                yield Reading(each.column.name, each.column.type, batch.column(each.column)[row], test)
            elif isinstance(each, Variable | ScalarQuery):
                try:
                    yield Reading(expression_text(each), each.type, self.value(each, batch, row))
                except Unknown:
                    continue
            elif isinstance(each, ListTest) and each.query is not None:
                lists.append(each.query)
        for query in lists:
            yield from self._list(query)
        for each in children(expression):
            if isinstance(each, Call) and all(isinstance(part, Call | Constant | Convert) for part in _all_of(each)):
                try:
                    yield Reading(expression_text(each), each.type, self.value(each, batch, row))
                except Unknown:
                    continue

    def _list(self, query: Relation) -> Iterator[Reading]:
        """What a condition looks its value up in."""
        found = self._execution.shared.get(query)
        if found is not None:
            values = found.column(query.columns[0])
            shown: list[Value] = list(values[:_LISTED])
            if len(values) > _LISTED:
                shown.append(f"… {len(values)} in all")
            yield Reading("the list", DYNAMIC, shown)

    def _branch(
        self, provenance: Provenance, expression: Expr, producer: int, row: int, origin: str | None, depth: int
    ) -> Condition | None:
        """What made ``case`` or ``iff`` give the value it gave: the condition that was true, or that none was."""
        if not isinstance(expression, Call) or expression.function.name not in _BRANCHING:
            return None
        refused: list[Condition] = []
        for each in expression.arguments[:-1:2]:
            test = self.test(provenance, each, producer, row, origin, depth)
            if test.verdict is True or not test.known:
                return test if test.known else None
            refused.append(test)
        text, start, length = expression_text(expression), expression.start, expression.length
        return Condition(text, False, True, "or", tuple(refused), (), start, length, origin)

    def _definition(
        self, provenance: Provenance, column: Column, producer: int, row: int, depth: int
    ) -> Condition | None:
        """The condition that a column was worked out from, asked about the row that it was worked out for."""
        while True:
            node = provenance.firings[producer].node
            made = _expression_of(node, column)
            if made is not None:
                before = next(provenance.origin(producer, row), None)
                if before is None or not children(made):
                    return None
                if made.type is BOOL:
                    return self.test(provenance, made, *before, node.origin, depth)
                return self._branch(provenance, made, *before, node.origin, depth)
            further = _passed_on(provenance, column, producer, row)
            if further is None:
                return None
            column, producer, row = further


def _expression_of(node: Relation, column: Column) -> Expr | None:
    """The expression that works a column out; None where it is passed on or comes from elsewhere."""
    if not isinstance(node, Projection):
        return None
    found = (each for one, each in zip(node.columns, node.expressions, strict=False) if one is column)
    return next((each for each in found if not isinstance(each, ColumnRef)), None)


def _passed_on(provenance: Provenance, column: Column, producer: int, row: int) -> tuple[Column, int, int] | None:
    """Where a row of a firing has a column from: the column there, the firing and the row."""
    here = provenance.firings[producer].node
    if isinstance(here, Summarize) and all(column is not key.column for key in here.keys):
        return _picked(provenance, here, column, producer, row)
    shown = shown_as(here, column)
    for before, source in provenance.origin(producer, row):
        node = provenance.firings[before].node
        wanted = next((one for relation, one in shown if relation is node), column)
        if wanted in node.columns:
            return wanted, before, source
    return None


def _has_parts(expression: Expr) -> bool:
    return isinstance(expression, Call) and expression.function.name in _JOINING | _CHOOSING


def _picked(
    provenance: Provenance, node: Summarize, column: Column, producer: int, row: int
) -> tuple[Column, int, int] | None:
    """The same for a column of ``arg_max`` and its kin, which shows a row of the group as it is."""
    made = provenance.firings[producer].result
    for call in node.aggregates:
        pairs = list(zip(call.outputs, call.arguments, strict=False))
        if column not in call.outputs or call.function.name not in _PICKING or len(pairs) != len(call.arguments):
            continue
        shown = [(output, given.column) for output, given in pairs if isinstance(given, ColumnRef)]
        wanted = next((source for output, source in shown if output is column), None)
        for before, place in provenance.origin(producer, row):
            given = provenance.firings[before].result
            if wanted is not None and all(
                given.column(source)[place] == made.column(output)[row] for output, source in shown
            ):
                return wanted, before, place
    return None


def _joined(expression: Call) -> Sequence[Expr]:
    """The operands of ``and`` or ``or``, those of the same operator inside included."""
    found: list[Expr] = []
    stack: list[Expr] = [expression]
    while stack:
        each = stack.pop()
        if isinstance(each, Call) and each.function.name == expression.function.name:
            stack.extend(reversed(each.arguments))
        else:
            found.append(each)
    return found


def _all_of(expression: Expr) -> Iterator[Expr]:
    """An expression and all in it, in the order in which they are written. Queries in it stay closed."""
    stack: list[Expr] = [expression]
    while stack:
        each = stack.pop()
        yield each
        if isinstance(each, PackRow):
            stack.extend(ColumnRef(column) for column in reversed(each.columns))
        stack.extend(reversed(children(each)))
