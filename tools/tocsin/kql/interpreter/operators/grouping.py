"""summarize: groups in order of appearance, aggregates over the values of each group.

Source: https://learn.microsoft.com/kusto/query/summarize-operator
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice, repeat, starmap
from operator import gt, itemgetter, lt
from typing import Any

from tocsin.kql.functions.aggregates_choice import best_row
from tocsin.kql.functions.declaration import Aggregate
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.group_forms import GROUP_FORMS, MOST_ROWS, PLAIN, SINGLE_FORMS, Kernel, bags_of_pairs
from tocsin.kql.functions.identity import identities
from tocsin.kql.functions.integers import wrap_long
from tocsin.kql.interpreter.batch import ARRIVAL, Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.row_programs import Program
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import AggregateCall, Call, Column, ColumnRef, Expr, Relation, Summarize
from tocsin.kql.types import (
    DATETIME,
    DECIMAL,
    DYNAMIC,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    ScalarType,
    Value,
    null_of,
)

Settle = Callable[[Value], Value]

_SETTLE: dict[ScalarType, Settle] = {
    REAL: lambda value: float(value) if isinstance(value, (int, Decimal)) else value,
    DECIMAL: lambda value: Decimal(value) if isinstance(value, int) else value,
    LONG: lambda value: None if value is None else wrap_long(value),
    TIMESPAN: lambda value: None if value is None else wrap_long(value),
    STRING: lambda value: "" if value is None else value,
}


_GROUPS_AT_ONCE = 64
"""Groups that an aggregate is made of before the clock is looked at."""

_EXTREMES: Mapping[str, Callable[[Any, Any], bool]] = {"min": lt, "max": gt}


_FORMED_AT_ONCE = 1_000
"""The same where they are made together."""

_PACKING = frozenset({"bag_pack", "pack", "pack_dictionary"})


class AggregateRunner:
    """One aggregate call: fills its output columns, a value per group."""

    def __init__(self, call: AggregateCall, compiler: PlanCompiler) -> None:
        self.outputs = call.outputs
        self._function = call.function
        self._constant = _constant_places(call.function, len(call.arguments))
        pair = _pair(call)
        self.arguments = pair or call.arguments
        self._program: Program = compiler.program(self.arguments)
        name, types = call.function.name, [each.type for each in call.arguments]
        self._form = bags_of_pairs if pair else GROUP_FORMS[name](types) if name in GROUP_FORMS else None
        self._single = SINGLE_FORMS[name](types) if name in SINGLE_FORMS and not pair else None
        self._settle = [_SETTLE.get(column.type) for column in call.outputs]
        implementation = call.function.implementation
        if implementation is None:
            raise LookupError(f"{call.function.name} has no implementation; the binder must refuse it")
        self._implementation: Callable[..., Any] = _of_pairs(implementation) if pair else implementation
        self._types_given = tuple(each.type for each in call.arguments)
        self._types = (self._types_given,) if call.function.typed else ()

    def columns(self, execution: Execution, batch: Batch, groups: Sequence[Sequence[int]]) -> list[list[Value]]:
        """For each output column the values of the groups, which are row numbers of ``batch``."""
        return self.values_of(execution, self.given(execution, batch), groups, batch.rows)

    def given(self, execution: Execution, batch: Batch) -> list[list[Value]]:
        """The columns of the arguments."""
        return self._program.columns(execution, batch) if batch.rows else self._of_no_rows(execution)

    def values_of(
        self, execution: Execution, arguments: list[list[Value]], groups: Sequence[Sequence[int]], rows: int
    ) -> list[list[Value]]:
        """What :meth:`columns` gives, of the columns of the arguments."""
        if self._function.name in _EXTREMES:
            (values,) = arguments
            return [self._extremes(values, groups)]
        if self._single is not None and isinstance(groups, SingleRows) and rows <= MOST_ROWS:
            execution.check_time()
            execution.allow_cells(2 * rows)  # an array of one value, or what the row holds anyway
            return [self._single(arguments, rows)]
        if self._form is not None and rows <= MOST_ROWS:
            made = [self._formed(execution, self._form, arguments, groups)]
        else:
            made = self._called(execution, arguments, groups)
        for output, values in zip(self.outputs, made, strict=True):
            if output.type is DYNAMIC:
                execution.allow_size(values, DYNAMIC)
        return made

    @staticmethod
    def _formed(
        execution: Execution, form: Kernel, arguments: list[list[Value]], groups: Sequence[Sequence[int]]
    ) -> list[Value]:
        made: list[Value] = []
        for start in range(0, len(groups), _FORMED_AT_ONCE):
            made += form(arguments, groups[start : start + _FORMED_AT_ONCE])
            execution.check_time()
        return made

    def _called(
        self, execution: Execution, arguments: list[list[Value]], groups: Sequence[Sequence[int]]
    ) -> list[list[Value]]:
        given: list[Iterable[Any]] = [
            repeat(values[0] if values else None) if i in self._constant else of_groups(values, groups)
            for i, values in enumerate(arguments)
        ]
        calls = zip(*given, strict=False) if len(given) > len(self._constant) else zip(groups, *given, strict=False)
        results: list[tuple[Value, ...]] = []
        while some := list(islice(calls, _GROUPS_AT_ONCE)):
            results += starmap(self._of_group, some)
            execution.check_time()
        return [
            [row[i] for row in results] if settle is None else [settle(row[i]) for row in results]
            for i, settle in enumerate(self._settle)
        ]

    def _extremes(self, values: list[Value], groups: Sequence[Sequence[int]]) -> list[Value]:
        """Most groups have one row only where records are told apart."""
        better = _EXTREMES[self._function.name]
        settle = self._settle[0]
        if isinstance(groups, SingleRows):
            return values if settle is None else list(map(settle, values))
        if is_plain(values, self._types_given[0]):
            best = min if better is lt else max
            found: list[Value] = [best(own, default=None) for own in of_groups(values, groups)]
            return found if settle is None else list(map(settle, found))
        made = []
        for own in of_groups(values, groups):
            place = best_row(own, better)
            made.append(None if place is None else own[place])
        return made if settle is None else list(map(settle, made))

    def _of_no_rows(self, execution: Execution) -> list[list[Value]]:
        """A constant argument (the size of make_set) has its value without any row, too."""
        nulls = Batch(1, {}, compute=lambda column: [null_of(column.type)])
        values = self._program.columns(execution, nulls) if self._constant else [[] for _ in self._program.outputs]
        return [column if i in self._constant else [] for i, column in enumerate(values)]

    def _of_group(self, *given: Any) -> tuple[Value, ...]:
        try:
            result = self._implementation(*self._types, *given)
        except KqlValueError as error:
            raise KqlRuntimeError(f"{self._function.name}: {error}") from error
        return result if type(result) is tuple else (result,)


def _pair(call: AggregateCall) -> tuple[Expr, ...] | None:
    """The name and the value where a bag is made of pairs: ``make_bag(bag_pack(name, value))``."""
    if call.function.name != "make_bag" or len(call.arguments) != 1:
        return None
    (packed,) = call.arguments
    if not isinstance(packed, Call) or packed.function.name not in _PACKING or len(packed.arguments) != 2:
        return None
    name, value = packed.arguments
    return packed.arguments if name.type is STRING and (value.type in PLAIN or value.type is DYNAMIC) else None


def _of_pairs(make_bag: Callable[..., Any]) -> Callable[..., Any]:
    return lambda names, values: make_bag([{name: value} for name, value in zip(names, values, strict=True)])


def of_groups(values: list[Value], groups: Sequence[Sequence[int]]) -> Iterator[list[Value]]:
    """The values of each group, gathered all at once."""
    if len(groups) == 1 and len(groups[0]) == len(values):
        yield values[:]
        return
    rows = list(chain.from_iterable(groups))
    gathered = list(itemgetter(*rows)(values)) if len(rows) > 1 else [values[row] for row in rows]
    start = 0
    for group in groups:
        end = start + len(group)
        yield gathered[start:end]
        start = end


_PLAIN = frozenset({INT, LONG, DATETIME, TIMESPAN, STRING})


def is_plain(values: list[Value], type_: ScalarType) -> bool:
    """Whether the values compare as Python's do: no nulls among them, and no NaN."""
    return type_ in _PLAIN and None not in values


Choose = Callable[[list[Value], ScalarType, Sequence[Sequence[int]]], list[int]]
"""The row of each group that an aggregate takes all its values from, by the values of its first argument."""


def _first_rows(values: list[Value], type_: ScalarType, groups: Sequence[Sequence[int]]) -> list[int]:
    return [group[0] for group in groups]


def _best_rows(better: Callable[[Any, Any], bool]) -> Choose:
    best = max if better is gt else min

    def choose(values: list[Value], type_: ScalarType, groups: Sequence[Sequence[int]]) -> list[int]:
        if is_plain(values, type_):
            return [best(group, key=values.__getitem__) for group in groups]
        return [
            group[0] if len(group) == 1 else group[best_row([values[row] for row in group], better) or 0]
            for group in groups
        ]

    return choose


_CHOICES: Mapping[str, Choose] = {
    "arg_max": _best_rows(gt),
    "argmax": _best_rows(gt),
    "arg_min": _best_rows(lt),
    "argmin": _best_rows(lt),
    "take_any": _first_rows,
    "any": _first_rows,
}


class RowChoice:
    """An aggregate that shows values of one row of each group. Columns that it passes on are gathered when somebody
    asks for them: of ``arg_max(x, *)`` most are never shown."""

    def __init__(self, call: AggregateCall, compiler: PlanCompiler) -> None:
        pairs = list(zip(call.outputs, call.arguments, strict=True))
        passed = [
            (output, value.column)
            for output, value in pairs
            if isinstance(value, ColumnRef) and value.type is output.type
        ]
        self.routes = dict(passed)
        computed = [(output, value) for output, value in pairs if output not in self.routes]
        self.outputs = tuple(output for output, _ in computed)
        self._settle = [_SETTLE.get(output.type) for output in self.outputs]
        self._program = compiler.program([call.arguments[0], *(value for _, value in computed)])
        self._choose = _CHOICES[call.function.name]
        self._type = call.arguments[0].type

    def chosen(
        self, execution: Execution, batch: Batch, groups: Sequence[Sequence[int]]
    ) -> tuple[Sequence[int], list[list[Value]]]:
        """The row of each group, and the values of the columns that are computed."""
        first, *others = self._program.columns(execution, batch)
        if isinstance(groups, SingleRows):
            return range(batch.rows), [
                values if settle is None else list(map(settle, values))
                for settle, values in zip(self._settle, others, strict=True)
            ]
        rows = self._choose(first, self._type, groups)
        made = [
            [values[row] for row in rows] if settle is None else [settle(values[row]) for row in rows]
            for settle, values in zip(self._settle, others, strict=True)
        ]
        return rows, made

    @staticmethod
    def fits(call: AggregateCall) -> bool:
        """Whether the call shows one row of each group. A single value of ``take_any`` is the first that there is."""
        if call.function.name not in _CHOICES or len(call.outputs) != len(call.arguments):
            return False
        return len(call.arguments) > 1 or _CHOICES[call.function.name] is not _first_rows


def _constant_places(function: Aggregate, count: int) -> frozenset[int]:
    for signature in function.signatures:
        if signature.least <= count and (signature.most is None or count <= signature.most):
            return frozenset(i for i in range(count) if signature.parameter(i, count).constant)
    return frozenset()


class SingleRows(list[tuple[int]]):
    """Groups of one row each: all rows, in their order."""


def grouped(keys: list[list[Value]], types: Sequence[ScalarType], rows: int) -> Sequence[Sequence[int]]:
    """The row numbers of each combination of keys, in order of appearance; without keys one group of all rows."""
    if not keys:
        return [range(rows)]
    stand_ins = [identities(values, type_) for values, type_ in zip(keys, types, strict=True)]
    if any(len(set(each)) == rows for each in stand_ins) or (
        len(stand_ins) > 1 and len(set(zip(*stand_ins, strict=True))) == rows
    ):
        return SingleRows(zip(range(rows), strict=True))
    groups: dict[Any, list[int]] = {}
    rows_of_keys = stand_ins[0] if len(stand_ins) == 1 else zip(*stand_ins, strict=True)
    for i, key in enumerate(rows_of_keys):
        group = groups.get(key)
        if group is None:
            groups[key] = [i]
        else:
            group.append(i)
    return list(groups.values())


def _summarize(node: Summarize, compiler: PlanCompiler) -> Stage:
    key_columns = [key.column for key in node.keys]
    key_types = [column.type for column in key_columns]
    choices = [(call, RowChoice(call, compiler)) for call in node.aggregates if RowChoice.fits(call)]
    others = [call for call in node.aggregates if not RowChoice.fits(call)]
    aggregates = [AggregateRunner(call, compiler) for call in others]
    arguments = [argument for aggregate in aggregates for argument in aggregate.arguments]
    together = compiler.program([*(key.value for key in node.keys), *arguments])
    of_no_rows = [AggregateRunner(call, compiler) for call, _ in choices]
    after = compiler.program([each.value for each in node.after])
    after_columns = [each.column for each in node.after]

    def run(execution: Execution, batch: Batch) -> Batch:
        given = iter(together.columns(execution, batch))
        values = list(islice(given, len(key_columns)))
        groups = grouped(values, key_types, batch.rows)
        are_single = isinstance(groups, SingleRows)
        made: dict[Column, list[Value]] = {
            column: each if are_single else [each[group[0]] for group in groups]
            for column, each in zip(key_columns, values, strict=True)
        }
        for aggregate in aggregates if batch.rows else ():
            own = list(islice(given, len(aggregate.arguments)))
            made.update(zip(aggregate.outputs, aggregate.values_of(execution, own, groups, batch.rows), strict=True))
        for aggregate in () if batch.rows else (*aggregates, *of_no_rows):
            made.update(zip(aggregate.outputs, aggregate.columns(execution, batch, groups), strict=True))
        parts: list[Part] = []
        routes: dict[Column, tuple[int, Column]] = {}
        for _, choice in choices if batch.rows else ():
            rows, computed = choice.chosen(execution, batch, groups)
            made.update(zip(choice.outputs, computed, strict=True))
            routes.update({output: (len(parts), source) for output, source in choice.routes.items()})
            parts.append(Part(batch, None if are_single else rows))
        if parts:
            made[ARRIVAL] = [None] * len(groups)
        result = Batch(len(groups), made, tuple(parts), routes)
        if after_columns:
            values = after.columns(execution, result)
            result = Batch(len(groups), dict(zip(after_columns, values, strict=True)), (Part(result),))
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, groups))
        return result

    return run


STAGES: dict[type[Relation], StageCompiler] = {Summarize: _summarize}
