"""Where in the query an error happened that does not say so itself.

Limits are looked at wherever time and memory go, and by the watchdog in the middle of any call; none of these know the
query. The frames that an error came through do: those that run the operators of a plan, and those that work on a call,
which by custom have it in a variable named ``call``. To look there costs nothing before something went wrong.
"""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import TypeVar

from tocsin.kql.interpreter.compiler import run_stages
from tocsin.kql.interpreter.errors import EngineError, KqlLimitError, NotRunnable
from tocsin.kql.interpreter.row_source import RowFunction
from tocsin.kql.plan import Call, Relation

T = TypeVar("T")


def placed(error: EngineError) -> EngineError:
    """The error with the place of the innermost operator or call that was being worked out, if it has none yet."""
    found = None if isinstance(error, NotRunnable) else _innermost(error.__traceback__)
    if found is not None and (not error.length or (found.start, found.length) == (error.start, error.length)):
        error.start, error.length, error.origin = found.start, found.length, found.origin
    if isinstance(error, KqlLimitError):
        # The frames hold what the run has made: it should be gone with the run, however long the error is kept.
        error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _innermost(trace: TracebackType | None) -> Relation | Call | None:
    found: Relation | Call | None = None
    function: RowFunction | None = None
    while trace is not None:
        frame = trace.tb_frame
        if function is not None and frame.f_code is function.code:
            call = function.calls.get(trace.tb_lineno)
        else:
            call = _variable(frame, "call", Call)
        if frame.f_code is run_stages.__code__:
            found = _variable(frame, "node", Relation) or found
        elif call is not None and call.length:
            found = call
        function = _variable(frame, "function", RowFunction)
        trace = trace.tb_next
    return found


def _variable(frame: FrameType, name: str, kind: type[T]) -> T | None:
    value = frame.f_locals.get(name) if name in frame.f_code.co_varnames or name in frame.f_code.co_freevars else None
    return value if isinstance(value, kind) else None
