"""Expressions of the plan, compiled once to flat programs over columns.

A program is a list of actions; each fills one register from registers filled before it. Nothing recurses, so an
expression of any depth runs. A register holds either one value (``Operand.single``: what does not depend on the row)
or a column of values. What is constant when the query is prepared is worked out then.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

from tocsin.kql.functions.column_forms import COLUMN_FORMS, VARIES, Form
from tocsin.kql.functions.declaration import Nulls, Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.sizes import size_of
from tocsin.kql.interpreter.batch import ARRIVAL, UNIT, Batch
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.conversion import conversion
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.membership import membership
from tocsin.kql.interpreter.memo import is_remembered
from tocsin.kql.plan import (
    Call,
    Column,
    ColumnRef,
    Constant,
    Convert,
    Element,
    Expr,
    ListTest,
    Member,
    PackRow,
    ScalarQuery,
    Variable,
)
from tocsin.kql.types import BOOL, DYNAMIC, STRING, ScalarType, Value, null_of

if TYPE_CHECKING:
    from tocsin.kql.interpreter.compiler import PlanCompiler

Registers = list[Any]
Action = Callable[[Execution, Batch, Registers], None]

_CHOOSING = frozenset({"iff", "iif", "case", "coalesce"})

_WORTH_COUNTING = 100_000
"""So many characters made by a program, and those that it does not show are given back to the budget."""

_LARGEST_CONSTANT = 65_536
"""The size of a value that is worked out while the query is prepared."""


@dataclass(frozen=True, slots=True)
class Operand:
    """Where a value is found: fixed when the query was prepared, or in a register as one value or as a column."""

    register: int = -1
    single: bool = False
    fixed: bool = False
    value: Value = None

    def one(self, registers: Registers) -> Value:
        """The value of a fixed or single operand."""
        return self.value if self.fixed else registers[self.register]

    def column(self, registers: Registers, rows: int) -> list[Value]:
        """The value of every row."""
        if self.fixed:
            return [self.value] * rows
        if self.single:
            return [registers[self.register]] * rows
        values: list[Value] = registers[self.register]
        return values

    def stream(self, registers: Registers) -> Any:
        """For ``map`` and ``zip`` beside at least one column: the column, or the one value again and again."""
        if self.fixed:
            return repeat(self.value)
        if self.single:
            return repeat(registers[self.register])
        return registers[self.register]

    @property
    def constant(self) -> bool:
        """One value for all rows."""
        return self.fixed or self.single


@dataclass(frozen=True, slots=True)
class Program:
    """Compiled expressions that are evaluated together."""

    actions: tuple[Action, ...]
    singles: tuple[Action, ...]
    """The actions of what does not depend on rows: without rows these are all that is left to do."""
    outputs: tuple[Operand, ...]
    texts: tuple[int, ...]
    """The registers of strings that are made and shown; the other strings are gone once the program has run."""
    size: int

    def columns(self, execution: Execution, batch: Batch) -> list[list[Value]]:
        """The values of each expression in each row of ``batch``."""
        registers = self._run(execution, batch)
        if not batch.rows:
            return [[] for _ in self.outputs]
        return [output.column(registers, batch.rows) for output in self.outputs]

    def operands(self, execution: Execution, batch: Batch) -> list[Any]:
        """Per expression: the one value where it is constant, else its column."""
        registers = self._run(execution, batch)
        if not batch.rows:
            return [output.one(registers) if output.constant else [] for output in self.outputs]
        return [output.one(registers) if output.constant else registers[output.register] for output in self.outputs]

    def _run(self, execution: Execution, batch: Batch) -> Registers:
        registers: Registers = [None] * self.size
        before = execution.characters
        for action in self.actions if batch.rows or execution.tracer is not None else self.singles:
            action(execution, batch, registers)
        if execution.characters - before > _WORTH_COUNTING and batch.rows:
            kept = sum(sum(map(len, registers[place])) for place in self.texts)
            execution.characters = min(execution.characters, before + kept)
        return registers


class ExpressionCompiler:
    """Compiles a set of expressions to one program."""

    def __init__(self, plan: PlanCompiler) -> None:
        self._plan = plan
        self._actions: list[Action] = []
        self._singles: list[Action] = []
        self._operands: dict[Expr, Operand] = {}
        self._columns: dict[Column, Operand] = {}
        self._known: dict[Hashable, Operand] = {}
        self._size = 0

    def program(self, expressions: Sequence[Expr]) -> Program:
        """The program of ``expressions``, in their order."""
        outputs = tuple(self._compile(expression) for expression in expressions)
        shown = {
            operand.register
            for expression, operand in zip(expressions, outputs, strict=True)
            if expression.type is STRING and not operand.constant and not isinstance(expression, ColumnRef)
        }
        return Program(tuple(self._actions), tuple(self._singles), outputs, tuple(shown), self._size)

    def _compile(self, root: Expr) -> Operand:
        work: list[tuple[Expr, bool]] = [(root, False)]
        while work:
            expression, ready = work.pop()
            if expression in self._operands:
                continue
            if ready:
                self._operands[expression] = self._numbered(expression)
            else:
                work.append((expression, True))
                work.extend((child, False) for child in reversed(children(expression)))
        return self._operands[root]

    def _numbered(self, expression: Expr) -> Operand:
        """The operand of an expression; one that does the same to the same operands is worked out once."""
        key = self._number(expression)
        known = None if key is None else self._known.get(key)
        if known is not None:
            return known
        before = len(self._actions)
        operand = self._operand(expression)
        if operand.single:
            self._singles.extend(self._actions[before:])
        if key is not None:
            self._known[key] = operand
        return operand

    def _number(self, expression: Expr) -> Hashable | None:
        """What the value depends on; None where that cannot be told or where every call gives another value."""
        match expression:
            case Call() if expression.function.deterministic and not expression.function.serialized:
                did: Hashable = (expression.function, expression.type)
            case Convert():
                did = ("convert", expression.type)
            case Member():
                did = ("member", expression.name)
            case Element():
                did = "element"
            case _:
                return None
        given = [(each.type, self._operands[each]) for each in children(expression)]
        if any(isinstance(operand.value, (dict, list)) for _, operand in given):
            return None
        # Values that are equal to Python may differ: true and 1, 0.0 and -0.0.
        return (did, *((kind, each, type(each.value), str(each.value)) for kind, each in given))

    def _operand(self, expression: Expr) -> Operand:
        match expression:
            case Constant():
                return Operand(fixed=True, value=expression.value)
            case ColumnRef():
                return self._column(expression.column)
            case Call():
                return self._call(expression)
            case Convert():
                return self._convert(expression)
            case Member():
                return self._member(expression)
            case Element():
                return self._mapped(element, expression.target, expression.index)
            case Variable():
                compute = self._plan.single(expression.value)
                return self._single(lambda execution: execution.variable(expression, compute))
            case ScalarQuery():
                return self._single(self._plan.scalar_query(expression))
            case ListTest():
                return self._list_test(expression)
            case PackRow():
                return self._pack(expression)

    # ------------------------------------------------------------------------------------------ registers

    def _register(self, single: bool) -> Operand:
        self._size += 1
        return Operand(self._size - 1, single)

    def _column(self, column: Column) -> Operand:
        if column not in self._columns:
            target = self._columns[column] = self._register(single=False)
            place = target.register

            def load(execution: Execution, batch: Batch, registers: Registers) -> None:
                registers[place] = batch.column(column)

            self._actions.append(load)
        return self._columns[column]

    def _single(self, compute: Callable[[Execution], Value]) -> Operand:
        target = self._register(single=True)
        place = target.register

        def load(execution: Execution, batch: Batch, registers: Registers) -> None:
            registers[place] = compute(execution)

        self._actions.append(load)
        return target

    def _mapped(self, function: Callable[..., Value], *expressions: Expr, type_: ScalarType = BOOL) -> Operand:
        """A function of one or more values that takes nulls and never fails. ``type_`` where it makes large values."""
        operands = [self._operands[each] for each in expressions]
        if all(each.fixed for each in operands):
            return Operand(fixed=True, value=function(*(each.value for each in operands)))
        target = self._register(single=all(each.constant for each in operands))
        place = target.register
        if target.single:

            def once(execution: Execution, batch: Batch, registers: Registers) -> None:
                registers[place] = function(*(each.one(registers) for each in operands))

            self._actions.append(once)
            return target

        def run(execution: Execution, batch: Batch, registers: Registers) -> None:
            values = map(function, *(each.stream(registers) for each in operands))
            registers[place] = execution.drawn(values, type_)

        self._actions.append(run)
        return target

    # ------------------------------------------------------------------------------------------ the kinds

    def _convert(self, expression: Convert) -> Operand:
        convert = conversion(expression.operand.type, expression.type)
        if convert is None:
            return self._operands[expression.operand]
        return self._mapped(convert, expression.operand, type_=expression.type)

    def _member(self, expression: Member) -> Operand:
        name = expression.name
        operand = self._operands[expression.target]
        if operand.constant:
            return self._mapped(lambda bag: bag.get(name) if isinstance(bag, dict) else None, expression.target)
        source = operand.register
        target = self._register(single=False)
        place = target.register

        def kernel(bags: list[Value]) -> list[Value]:
            return [bag.get(name) if type(bag) is dict else None for bag in bags]

        def run(execution: Execution, batch: Batch, registers: Registers) -> None:
            registers[place] = execution.made(kernel, [registers[source]], batch.rows)

        self._actions.append(run)
        return target

    def _list_test(self, expression: ListTest) -> Operand:
        if expression.query is None:
            rows = None
        else:
            rows = self._plan.first_column(expression.query)
        test = membership(expression.operator, expression.operand.type)
        operand = self._operands[expression.operand]
        items = [self._operands[each] for each in expression.items]
        kinds = [each.type for each in expression.items]
        if rows is None and operand.fixed and all(each.fixed for each in items):
            ready = test.prepare([(item.value, kind) for item, kind in zip(items, kinds, strict=True)])
            return Operand(fixed=True, value=ready(operand.value))
        if rows is None and all(each.fixed for each in items):
            ready = test.prepare([(item.value, kind) for item, kind in zip(items, kinds, strict=True)])
            return self._mapped(ready, expression.operand)
        constant = all(each.constant for each in items)
        target = self._register(single=operand.constant and constant)
        place = target.register

        def run(execution: Execution, batch: Batch, registers: Registers) -> None:
            found = [] if rows is None else rows(execution)
            if constant:
                given = [(item.one(registers), kind) for item, kind in zip(items, kinds, strict=True)]
                check = test.prepare(given + found)
                if target.single:
                    registers[place] = check(operand.one(registers))
                else:
                    registers[place] = execution.drawn(map(check, operand.stream(registers)), BOOL)
                return
            columns = [item.column(registers, batch.rows) for item in items]
            verdicts = (
                test.prepare([*zip(row, kinds, strict=True), *found])(value)
                for value, row in zip(operand.column(registers, batch.rows), zip(*columns, strict=True), strict=True)
            )
            registers[place] = execution.drawn(verdicts, BOOL)

        self._actions.append(run)
        return target

    def _pack(self, expression: PackRow) -> Operand:
        names = [column.name for column in expression.columns]
        operands = [self._column(column) for column in expression.columns]
        converts = [conversion(column.type, DYNAMIC) for column in expression.columns]
        skip_empty = expression.ignore_null_empty
        target = self._register(single=False)
        place = target.register

        def run(execution: Execution, batch: Batch, registers: Registers) -> None:
            columns = [
                values if convert is None else list(map(convert, values))
                for convert, values in zip(converts, (registers[each.register] for each in operands), strict=True)
            ]
            rows: Iterator[tuple[Value, ...]] = zip(*columns, strict=True) if columns else repeat((), batch.rows)
            bags = [dict(zip(names, row, strict=True)) for row in rows]
            if skip_empty:
                bags = [{k: v for k, v in bag.items() if not _is_empty(v)} for bag in bags]
            registers[place] = bags

        self._actions.append(run)
        return target

    def _call(self, call: Call) -> Operand:
        function = call.function
        if function.style is Style.CARRIED:
            return self._column(ARRIVAL)
        implementation = function.implementation_for([each.type for each in call.arguments])
        if implementation is None:
            raise LookupError(f"{function.name} has no implementation; the binder must refuse it")
        operands = [self._operands[each] for each in call.arguments]
        constant = all(each.constant for each in operands) and function.deterministic and not function.serialized
        if function.style in (Style.VALUES, Style.TYPED):
            evaluate = _values_call(call, implementation, operands)
        else:
            evaluate = _columns_call(call, implementation, operands)
            constant = constant and function.style is Style.COLUMNS
        if constant and all(each.fixed for each in operands):
            folded = _folded(call, implementation, [each.value for each in operands])
            if folded is not None:
                return folded
        target = self._register(single=constant)
        place = target.register
        form = COLUMN_FORMS.get(function.name)
        if form is not None and not constant and not all(each.constant for each in operands):
            self._actions.append(_by_columns(call, form, operands, evaluate, place))
            return target
        # What chooses between dynamics makes none: they were counted when they were made.
        counted = BOOL if function.name in _CHOOSING and call.type is DYNAMIC else call.type

        def run(execution: Execution, batch: Batch, registers: Registers) -> None:
            rows = 1 if constant else batch.rows
            try:
                values = execution.drawn(evaluate(execution, rows, registers), counted)
            except KqlValueError as error:
                raise KqlRuntimeError(str(error), call.start, call.length) from error
            registers[place] = values[0] if constant else values

        self._actions.append(run)
        return target


Evaluate = Callable[[Execution, int, Registers], Iterable[Value]]


def _by_columns(call: Call, form: Form, operands: list[Operand], evaluate: Evaluate, place: int) -> Action:
    """A call that has a form for whole columns; row by row where the form does not take its arguments."""
    types = [each.type for each in call.arguments]
    varying = [each.register for each in operands if not each.constant]
    ready = all(each.fixed for each in operands if each.constant)
    prepared = form(types, [each.value if each.fixed else VARIES for each in operands]) if ready else None

    def run(execution: Execution, batch: Batch, registers: Registers) -> None:
        kernel = prepared
        if not ready:
            kernel = form(types, [each.one(registers) if each.constant else VARIES for each in operands])
        if kernel is not None:
            registers[place] = execution.made(kernel, [registers[each] for each in varying], batch.rows)
            return
        try:
            registers[place] = execution.drawn(evaluate(execution, batch.rows, registers), call.type)
        except KqlValueError as error:
            raise KqlRuntimeError(str(error), call.start, call.length) from error

    return run


def _values_call(call: Call, implementation: Callable[..., Value], operands: list[Operand]) -> Evaluate:
    null = null_of(call.type)
    all_constant = all(each.constant for each in operands)
    constants = [each for each in operands if each.constant]
    columns = [each.register for each in operands if not each.constant]
    propagate = call.function.nulls is Nulls.PROPAGATE

    def once(execution: Execution, rows: int, registers: Registers) -> Iterable[Value]:
        values = [each.one(registers) for each in operands]
        if propagate and None in values:
            return [null] * rows
        return (implementation(*values) for _ in range(rows))

    def seeing(execution: Execution, rows: int, registers: Registers) -> Iterable[Value]:
        return map(implementation, *(each.stream(registers) for each in operands))

    def propagating(execution: Execution, rows: int, registers: Registers) -> Iterable[Value]:
        if any(each.one(registers) is None for each in constants):
            return [null] * rows
        streams = [each.stream(registers) for each in operands]
        if any(None in registers[place] for place in columns):
            return (null if None in values else implementation(*values) for values in zip(*streams, strict=False))
        return map(implementation, *streams)

    if all_constant:
        return once
    plain = propagating if propagate else seeing
    varying = [place for place, each in enumerate(operands) if not each.constant]
    if not is_remembered(call, varying):
        return plain

    def remembering(execution: Execution, rows: int, registers: Registers) -> Iterable[Value]:
        if rows < 2:
            return plain(execution, rows, registers)
        given = [each.one(registers) if each.constant else None for each in operands]
        if propagate and any(each.one(registers) is None for each in constants):
            return [null] * rows
        single = len(varying) == 1

        if single:
            place = varying[0]
            before, after = given[:place], given[place + 1 :]

            def value(key: Any) -> Value:
                return null if propagate and key is None else implementation(*before, key, *after)

        else:

            def value(key: Any) -> Value:
                if propagate and None in key:
                    return null
                arguments = list(given)
                for place, each in zip(varying, key, strict=True):
                    arguments[place] = each
                return implementation(*arguments)

        site = execution.results.site(call, given, value)
        streams = [registers[place] for place in columns]
        return map(site.__getitem__, streams[0] if single else zip(*streams, strict=True))

    return remembering


def _columns_call(call: Call, implementation: Callable[..., list[Value]], operands: list[Operand]) -> Evaluate:
    if call.function.style is Style.CONTEXT:
        return lambda execution, rows, registers: implementation(
            execution, rows, *(each.column(registers, rows) for each in operands)
        )
    return lambda execution, rows, registers: implementation(rows, *(each.column(registers, rows) for each in operands))


def _folded(call: Call, implementation: Callable[..., Any], values: list[Value]) -> Operand | None:
    """The value of a call on literals; None when it fails or grows large, so that the limits of the run apply to it."""
    null = null_of(call.type)
    try:
        if call.function.style is Style.COLUMNS:
            value = implementation(1, *([each] for each in values))[0]
        elif call.function.nulls is Nulls.PROPAGATE and None in values:
            value = null
        else:
            value = implementation(*values)
        if call.type in (STRING, DYNAMIC) and size_of(value) > _LARGEST_CONSTANT:
            return None
    except KqlValueError:
        return None
    return Operand(fixed=True, value=null if value is None else value)


def children(expression: Expr) -> tuple[Expr, ...]:
    """The expressions that must be evaluated before this one."""
    match expression:
        case Call():
            return expression.arguments
        case Convert():
            return (expression.operand,)
        case Member():
            return (expression.target,)
        case Element():
            return (expression.target, expression.index)
        case ListTest():
            return (expression.operand, *expression.items)
        case _:
            return ()


_NOTICED = frozenset({"assert"})
"""Functions that are called for what they do to the query, not for their value."""


def is_pure(expression: Expr) -> bool:
    """Whether an expression does nothing but give a value that depends on the row alone."""
    work = [expression]
    seen: set[Expr] = set()
    while work:
        each = work.pop()
        if each in seen:
            continue
        seen.add(each)
        if isinstance(each, (Variable, ScalarQuery)) or (isinstance(each, ListTest) and each.query is not None):
            return False
        if isinstance(each, Call):
            function = each.function
            if not function.deterministic or function.serialized or function.name in _NOTICED:
                return False
        work.extend(children(each))
    return True


def element(target: Value, index: Value) -> Value:
    """``target[index]`` of a dynamic value; null where there is no such element."""
    if isinstance(target, list) and isinstance(index, int) and not isinstance(index, bool):
        return target[index] if -len(target) <= index < len(target) else None
    if isinstance(target, dict) and isinstance(index, str):
        return target.get(index)
    return None


def _is_empty(value: Value) -> bool:
    return value is None or value == "" or value == [] or value == {}


def constant_value(program: Program, execution: Execution) -> Value:
    """The value of a one-expression program that needs no row."""
    return program.columns(execution, UNIT)[0][0]
