"""Calls whose value does not depend on the row alone: those that are constant, and those whose results are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from tocsin.kql.functions.declaration import Nulls, Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.sizes import size_of
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.interpreter.row_graph import Fixed, Node, is_row_value, value_of_run
from tocsin.kql.plan import Call
from tocsin.kql.types import DYNAMIC, STRING, Value, null_of

_LARGEST_CONSTANT: Final = 65_536
"""The size of a value that is worked out while the query is prepared."""

_WORTH_REMEMBERING: Final = 10
"""Rows from which on a run without a memo keeps the results of costly functions."""


def constant_call(
    call: Call, implementation: Callable[..., Any], nodes: Sequence[Node]
) -> Callable[[Execution, list[Any], int], Value]:
    """The one value of a call whose arguments are the same in all rows."""
    function = call.function
    null = null_of(call.type)

    def make(execution: Execution, known: list[Any], rows: int) -> Value:
        values = [value_of_run(each, known) for each in nodes]
        try:
            if function.style in (Style.COLUMNS, Style.TYPED_COLUMNS):
                value = implementation(1, *([each] for each in values))[0]
            elif function.style is Style.CONTEXT:
                value = implementation(execution, 1, *([each] for each in values))[0]
            elif function.nulls is Nulls.PROPAGATE and None in values:
                value = null
            else:
                value = implementation(*values)
            value = null if value is None else value
            execution.allow_size([value], call.type)
        except KqlValueError as error:
            raise KqlRuntimeError(str(error), call.start, call.length, call.origin) from error
        execution.check_time()
        return value

    return make


def remembered_call(
    call: Call, implementation: Callable[..., Value], nodes: Sequence[Node], varying: Sequence[int]
) -> Callable[[Execution, list[Any], int], Callable[[Any], Value]]:
    """A function of the varying argument (of a tuple of them) that looks results up before it makes them."""
    propagate = call.function.nulls is Nulls.PROPAGATE
    null = null_of(call.type)
    constant = [place for place in range(len(nodes)) if place not in varying]

    def given(known: list[Any]) -> list[Value]:
        return [None if is_row_value(each) else value_of_run(each, known) for each in nodes]

    def evaluation(values: list[Value]) -> Callable[[Any], Value]:
        if propagate and any(values[place] is None for place in constant):
            return lambda key: null
        return _with_constants(implementation, values, varying)

    fixed = all(isinstance(nodes[place], Fixed) for place in constant)
    values_before = given([]) if fixed else []
    evaluate_before = evaluation(values_before) if fixed else None

    def make(execution: Execution, known: list[Any], rows: int) -> Callable[[Any], Value]:
        values = values_before if fixed else given(known)
        evaluate = evaluate_before or evaluation(values)
        if execution.memo is None and rows < _WORTH_REMEMBERING:
            return evaluate
        return execution.results.site(call, values, evaluate).__getitem__

    return make


def _with_constants(
    implementation: Callable[..., Value], values: list[Value], varying: Sequence[int]
) -> Callable[[Any], Value]:
    """The function of the varying argument, or of a tuple of them, once the others are known."""
    if len(varying) == 1:
        before, after = values[: varying[0]], values[varying[0] + 1 :]
        if not before and not after:
            return implementation
        if not after:
            return partial(implementation, *before)

        def of_one(key: Any) -> Value:
            return implementation(*before, key, *after)

        return of_one

    def of_several(key: Any) -> Value:
        arguments = list(values)
        for place, each in zip(varying, key, strict=True):
            arguments[place] = each
        return implementation(*arguments)

    return of_several


def folded_call(call: Call, implementation: Callable[..., Any], values: list[Value]) -> Fixed | None:
    """The value of a call on literals; None when it fails or grows large, so that the limits of the run apply to it."""
    null = null_of(call.type)
    try:
        if call.function.style in (Style.COLUMNS, Style.TYPED_COLUMNS):
            value = implementation(1, *([each] for each in values))[0]
        elif call.function.nulls is Nulls.PROPAGATE and None in values:
            value = null
        else:
            value = implementation(*values)
        if call.type in (STRING, DYNAMIC) and size_of(value) > _LARGEST_CONSTANT:
            return None
    except KqlValueError:
        return None
    return Fixed(null if value is None else value)
