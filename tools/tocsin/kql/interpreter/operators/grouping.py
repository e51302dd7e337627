"""summarize: groups in order of appearance, aggregates over the values of each group.

Source: https://learn.microsoft.com/kusto/query/summarize-operator
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from tocsin.kql.functions.declaration import Aggregate
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.identity import identities
from tocsin.kql.functions.integers import wrap_long
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.expressions import Program
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import AggregateCall, Column, Relation, Summarize
from tocsin.kql.types import DECIMAL, DYNAMIC, LONG, REAL, STRING, TIMESPAN, ScalarType, Value, null_of

Settle = Callable[[Value], Value]

_SETTLE: dict[ScalarType, Settle] = {
    REAL: lambda value: float(value) if isinstance(value, (int, Decimal)) else value,
    DECIMAL: lambda value: Decimal(value) if isinstance(value, int) else value,
    LONG: lambda value: None if value is None else wrap_long(value),
    TIMESPAN: lambda value: None if value is None else wrap_long(value),
    STRING: lambda value: "" if value is None else value,
}


class AggregateRunner:
    """One aggregate call: fills its output columns, a value per group."""

    def __init__(self, call: AggregateCall, compiler: PlanCompiler) -> None:
        self.outputs = call.outputs
        self._function = call.function
        self._constant = _constant_places(call.function, len(call.arguments))
        self._program: Program = compiler.program(call.arguments)
        self._settle = [_SETTLE.get(column.type) for column in call.outputs]
        implementation = call.function.implementation
        if implementation is None:
            raise LookupError(f"{call.function.name} has no implementation; the binder must refuse it")
        self._implementation: Callable[..., Any] = implementation
        self._types = (tuple(each.type for each in call.arguments),) if call.function.typed else ()

    def columns(self, execution: Execution, batch: Batch, groups: Sequence[Sequence[int]]) -> list[list[Value]]:
        """For each output column the values of the groups, which are row numbers of ``batch``."""
        arguments = self._program.columns(execution, batch) if batch.rows else self._of_no_rows(execution)
        results: list[tuple[Value, ...]] = []
        for group in groups:
            results.append(self._of_group(arguments, group))
            execution.check_time()
        made = [
            [row[i] for row in results] if settle is None else [settle(row[i]) for row in results]
            for i, settle in enumerate(self._settle)
        ]
        for output, values in zip(self.outputs, made, strict=True):
            if output.type is DYNAMIC:
                execution.allow_size(values, DYNAMIC)
        return made

    def _of_no_rows(self, execution: Execution) -> list[list[Value]]:
        """A constant argument (the size of make_set) has its value without any row, too."""
        nulls = Batch(1, {}, compute=lambda column: [null_of(column.type)])
        values = self._program.columns(execution, nulls) if self._constant else [[] for _ in self._program.outputs]
        return [column if i in self._constant else [] for i, column in enumerate(values)]

    def _of_group(self, arguments: list[list[Value]], group: Sequence[int]) -> tuple[Value, ...]:
        if not arguments:
            given: list[Any] = [group]
        else:
            given = [
                (values[0] if values else None) if i in self._constant else [values[row] for row in group]
                for i, values in enumerate(arguments)
            ]
        try:
            result = self._implementation(*self._types, *given)
        except KqlValueError as error:
            raise KqlRuntimeError(f"{self._function.name}: {error}") from error
        return result if type(result) is tuple else (result,)


def _constant_places(function: Aggregate, count: int) -> frozenset[int]:
    for signature in function.signatures:
        if signature.least <= count and (signature.most is None or count <= signature.most):
            return frozenset(i for i in range(count) if signature.parameter(i, count).constant)
    return frozenset()


def grouped(keys: list[list[Value]], types: Sequence[ScalarType], rows: int) -> list[list[int]]:
    """The row numbers of each combination of keys, in order of appearance; without keys one group of all rows."""
    if not keys:
        return [list(range(rows))]
    groups: dict[Any, list[int]] = {}
    stand_ins = [identities(values, type_) for values, type_ in zip(keys, types, strict=True)]
    rows_of_keys = stand_ins[0] if len(stand_ins) == 1 else zip(*stand_ins, strict=True)
    for i, key in enumerate(rows_of_keys):
        group = groups.get(key)
        if group is None:
            groups[key] = [i]
        else:
            group.append(i)
    return list(groups.values())


def _summarize(node: Summarize, compiler: PlanCompiler) -> Stage:
    keys = compiler.program([key.value for key in node.keys])
    key_columns = [key.column for key in node.keys]
    key_types = [column.type for column in key_columns]
    aggregates = [AggregateRunner(call, compiler) for call in node.aggregates]
    after = compiler.program([each.value for each in node.after])
    after_columns = [each.column for each in node.after]

    def run(execution: Execution, batch: Batch) -> Batch:
        values = keys.columns(execution, batch)
        groups = grouped(values, key_types, batch.rows)
        made: dict[Column, list[Value]] = {
            column: [each[group[0]] for group in groups] for column, each in zip(key_columns, values, strict=True)
        }
        for aggregate in aggregates:
            made.update(zip(aggregate.outputs, aggregate.columns(execution, batch, groups), strict=True))
        result = Batch(len(groups), made)
        if after_columns:
            computed = after.columns(execution, result)
            result = Batch(len(groups), dict(zip(after_columns, computed, strict=True)), (Part(result),))
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, groups))
        return result

    return run


STAGES: dict[type[Relation], StageCompiler] = {Summarize: _summarize}
