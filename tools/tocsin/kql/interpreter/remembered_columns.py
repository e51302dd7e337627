"""Computed columns in runs with a memo: those that are dear and come from columns of a table are computed once for each
record, however many runs see it.

The memo of single calls (``memo``) keeps what a call gives for texts and numbers. This one keeps what a whole
expression gives for the columns of the log that it reads. Dynamics count as the same when they are the
very same object.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

from tocsin.kql import plan
from tocsin.kql.functions.declaration import Style
from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.expressions import children
from tocsin.kql.interpreter.memo import is_costly
from tocsin.kql.interpreter.row_programs import Program
from tocsin.kql.plan import Column, ColumnRef, Expr
from tocsin.kql.types import BOOL, DATETIME, DYNAMIC, GUID, INT, LONG, STRING, TIMESPAN, Value

BY_VALUE: Final = frozenset({BOOL, DATETIME, GUID, INT, LONG, STRING, TIMESPAN})
"""Types of which equal values are one and the same."""
_MOST: Final = 500_000
"""So many values of one column are kept."""


def row_keys(columns: Sequence[Column], rows: Batch) -> tuple[list[Hashable], list[list[Value]]]:
    """What tells each row from others in these columns, and its dynamics: they must be held as long as the keys are."""
    stand_ins: list[list[Any]] = []
    dynamics: list[list[Value]] = []
    for column in columns:
        values = rows.column(column)
        if column.type in BY_VALUE:
            stand_ins.append(values)
        elif column.type is DYNAMIC:
            dynamics.append(values)
            stand_ins.append(list(map(id, values)))
        else:
            stand_ins.append(list(map(repr, values)))
    return stand_ins[0] if len(stand_ins) == 1 else list(zip(*stand_ins, strict=True)), dynamics


class RememberedColumn:
    """An expression whose values are kept. :func:`is_remembered_column` says which can be."""

    def __init__(self, expression: Expr, program: Program) -> None:
        self._reads = tuple(dict.fromkeys(_leaves(expression)))
        self._program = program

    def values(self, execution: Execution, batch: Batch) -> list[Value]:
        """The values in the rows of ``batch``; the execution has a memo."""
        assert execution.memo is not None
        found: dict[Hashable, tuple[Value, tuple[Value, ...]]] = execution.memo.kept(self, dict)
        keys, dynamics = row_keys(self._reads, batch)
        new = [i for i, key in enumerate(keys) if key not in found]
        if new:
            if len(found) + len(new) > _MOST:
                found.clear()
                new = list(range(len(keys)))
            if len(new) == len(keys) > _MOST:
                return self._program.columns(execution, batch)[0]
            made = self._program.columns(execution, batch.pick(new))[0]
            for i, value in zip(new, made, strict=True):
                found[keys[i]] = (value, tuple(values[i] for values in dynamics))
        return [found[key][0] for key in keys]


def is_remembered_column(expression: Expr, scanned: frozenset[Column]) -> bool:
    """Whether an expression is dear, always the same for the same columns, and reads columns of tables only."""
    leaves = _leaves(expression)
    if not isinstance(expression, plan.Call) or not leaves or not scanned.issuperset(leaves):
        return False
    dear = False
    pending: list[Expr] = [expression]
    for each in pending:
        if isinstance(each, plan.Call):
            function = each.function
            if function.style in (Style.CONTEXT, Style.CARRIED) or not function.deterministic or function.serialized:
                return False
            dear = dear or (each is not expression and is_costly(each)) or _writes_dynamic(each)
        elif isinstance(each, (plan.Variable, plan.ScalarQuery, plan.PackRow)) or (
            isinstance(each, plan.ListTest) and each.query is not None
        ):
            return False
        pending.extend(children(each))
    return dear


def _writes_dynamic(call: plan.Call) -> bool:
    return call.function.name == "tostring" and call.arguments[0].type is DYNAMIC


def _leaves(expression: Expr) -> list[Column]:
    found: list[Column] = []
    pending: list[Expr] = [expression]
    for each in pending:
        if isinstance(each, ColumnRef):
            found.append(each.column)
        pending.extend(children(each))
    return found
