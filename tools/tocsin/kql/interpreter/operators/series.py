"""make-series: per group an array of aggregates over an axis of even steps.

``from`` and ``to`` (exclusive; inclusive in the old ``in range(from, to, step)``) bound the axis; without them it
reaches from the first to the last step that holds data of the series. A step without data has the default value.

Source: https://learn.microsoft.com/kusto/query/make-series-operator
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tocsin.kql.functions.bins import binned
from tocsin.kql.functions.conversions import converter, to_dynamic
from tocsin.kql.interpreter.batch import UNIT, Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.operators.grouping import AggregateRunner, grouped
from tocsin.kql.interpreter.tracing import Link
from tocsin.kql.plan import Column, Expr, MakeSeriesRows, Relation
from tocsin.kql.types import DYNAMIC, LONG_MAX, Value

_NO_DEFAULT = 0
"""What a step without data shows when the query gives no default."""


def _make_series(node: MakeSeriesRows, compiler: PlanCompiler) -> Stage:
    keys = compiler.program([key.value for key in node.keys])
    key_types = [key.value.type for key in node.keys]
    axis = compiler.program([node.axis.value])
    bounds = [_optional(compiler, each) for each in (node.from_, node.to)]
    step_of = compiler.single(node.step)
    aggregates = [AggregateRunner(call, compiler) for call in node.aggregates]
    values_of = compiler.program([array.value for array in node.arrays])
    into_array = [to_dynamic(array.value.type) for array in node.arrays]
    defaults = [_default(compiler, array.default) for array in node.arrays]
    into_axis = to_dynamic(node.axis.value.type)
    key_columns = [key.column for key in node.keys]

    def run(execution: Execution, batch: Batch) -> Batch:
        start, stop = (None if bound is None else bound(execution) for bound in bounds)
        step = step_of(execution)
        if not step or not step > 0:
            raise KqlRuntimeError("the step of make-series must be above 0", node.start, node.length, node.origin)
        if not all(each is None or _is_place(each) for each in (start, stop, step)):
            raise KqlRuntimeError("the axis of make-series must be finite", node.start, node.length, node.origin)
        (places,) = axis.columns(execution, batch)
        kept = [
            i
            for i, value in enumerate(places)
            if value is not None
            and _is_place(value)
            and (start is None or value >= start)
            and (stop is None or value < stop or (node.closed and value == stop))
        ]
        inside = batch.pick(kept)
        places = [places[i] for i in kept]
        key_values = keys.columns(execution, inside)
        groups = grouped(key_values, key_types, inside.rows)
        made: dict[Column, list[Value]] = {
            column: [values[group[0]] for group in groups if group]
            for column, values in zip(key_columns, key_values, strict=True)
        }
        arrays: list[list[Value]] = [[] for _ in node.arrays]
        axes: list[Value] = []
        origins: list[list[int]] = []
        missing = [default(execution) for default in defaults]
        begin = binned(start, step, 0) if node.closed and start is not None else start
        given = [aggregate.given(execution, inside) for aggregate in aggregates]
        for group in groups:
            if not group and not (node.nonempty and start is not None and stop is not None):
                continue
            first = begin if begin is not None else binned(min(places[i] for i in group), step, 0)
            if stop is not None:
                count = _steps(first, stop, step, closed=node.closed)
            else:
                count = _place(max(places[i] for i in group), first, step) + 1
            execution.allow_rows(count, 1 + len(arrays))
            origins.append([kept[i] for i in group])
            axes.append([into_axis(first + i * step) for i in range(count)])
            bins: dict[int, list[int]] = {}
            for i in group:
                bins.setdefault(min(count - 1, _place(places[i], first, step)), []).append(i)
            filled = list(bins)
            found: dict[Column, list[Value]] = {}
            for aggregate, arguments in zip(aggregates, given, strict=True):
                columns = aggregate.values_of(execution, arguments, list(bins.values()), inside.rows)
                found.update(zip(aggregate.outputs, columns, strict=True))
            per_bin = values_of.columns(execution, Batch(len(bins), found))
            for array, values, into, default in zip(arrays, per_bin, into_array, missing, strict=True):
                series = [default] * count
                for place, value in zip(filled, values, strict=True):
                    series[place] = into(value)
                array.append(series)
        made[node.axis.column] = axes
        made.update((array.column, values) for array, values in zip(node.arrays, arrays, strict=True))
        result = Batch(len(axes), made)
        if execution.tracer is not None:
            execution.tracer.link(result, Link(batch, origins))
        return result

    return run


def _is_place(value: Value) -> bool:
    """Whether a value can lie on an axis: NaN and the infinities do not."""
    return not isinstance(value, float) or math.isfinite(value)


def _place(value: Value, first: Value, step: Value) -> int:
    """The step that a value at or after ``first`` lies in; for reals by the same division as ``bin``."""
    if isinstance(value, float) or isinstance(step, float):
        quotient = (value - first) / step
        return math.floor(quotient) if quotient < LONG_MAX else LONG_MAX
    return int((value - first) // step)


def _steps(first: Value, end: Value, step: Value, *, closed: bool) -> int:
    """How many steps start before ``end``, or at it when the axis is closed."""
    if end < first:
        return 0
    count = _place(end, first, step)
    return count + 1 if closed or first + count * step < end else count


def _optional(compiler: PlanCompiler, expression: Expr | None) -> Callable[[Execution], Value] | None:
    return None if expression is None else compiler.single(expression)


def _default(compiler: PlanCompiler, expression: Expr | None) -> Callable[[Execution], Value]:
    if expression is None:
        return lambda execution: _NO_DEFAULT
    program = compiler.program([expression])
    into = converter(expression.type, DYNAMIC)
    return lambda execution: into(program.columns(execution, UNIT)[0][0])


STAGES: dict[type[Relation], StageCompiler] = {MakeSeriesRows: _make_series}
