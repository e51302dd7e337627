"""Ends a run whose time is up, or whose process has grown too large, in the middle of one call on one value.

An execution looks at its limits between operators and between pieces of a column. A single call (a sketch over millions
of values, a pattern that starts again at every character) can take long after such a look. So a thread looks on, twenty
times a second, and raises an exception in the thread of a run that goes on beyond its limits, between two steps of
Python, as Ctrl+C does. What it cannot end is one call of a library; the sizes of values bound those.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from tocsin.kql.interpreter.errors import out_of_memory, out_of_time
from tocsin.kql.interpreter.process_memory import Headroom

T = TypeVar("T")

_LOOK_EVERY = 0.05
"""Seconds between two looks."""

_GRACE = 0.1
"""Seconds beyond the time limit in which the run itself may notice, where it ends in good order."""

_IDLE_LOOKS = 20
"""So many looks at nothing, and the thread sleeps until the next run."""


class _Overrun(BaseException):
    """A run is beyond its limits. For nobody but :class:`Watchdog` to catch."""


@dataclass(slots=True, eq=False)
class _Run:
    """A run that is looked at. ``beyond`` is set by the watchdog before it raises anything, ``over`` by the run before
    it looks at ``beyond``, so that one of them knows of the other."""

    thread: int
    deadline: float
    headroom: Headroom
    beyond: str = ""
    """What there was too much of."""
    over: bool = False
    """The run has ended: it must not be disturbed any more."""
    left_alone: bool = False
    """The watchdog has seen that."""

    def is_beyond_limits(self) -> bool:
        if time.monotonic() > self.deadline:
            self.beyond = "time"
        elif self.headroom.is_used_up():
            self.beyond = "memory"
        return bool(self.beyond)


class Watchdog:
    """Looks at runs from a thread of its own, which starts with the first of them. One serves a process."""

    def __init__(self, look_every: float = _LOOK_EVERY, grace: float = _GRACE) -> None:
        self._look_every = look_every
        self._grace = grace
        self._runs: list[_Run] = []
        self._awake = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def guarded(self, call: Callable[[], T], seconds: float, headroom: Headroom) -> T:
        """What ``call`` gives. Raises KqlLimitError when it takes longer than ``seconds``, or the process grows too
        much; its traceback leads to where that was."""
        run = _Run(threading.get_ident(), time.monotonic() + seconds + self._grace, headroom)
        try:
            try:
                self._begin(run)
                return call()
            finally:
                self._end(run)
        except _Overrun as overrun:
            self._end(run)  # it may have arrived on the way there
            if not run.beyond:
                raise  # meant for a run around this one
            trace = (overrun.__context__ or overrun).__traceback__  # it may have met an error of the run's own
        error = out_of_time(seconds) if run.beyond == "time" else out_of_memory(headroom.allowed)
        raise error.with_traceback(trace)

    def _begin(self, run: _Run) -> None:
        self._runs.append(run)
        if self._thread is None or not self._thread.is_alive():  # a process that was forked has none
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._look_on, name="tocsin-watchdog", daemon=True)
                    self._thread.start()
        if not self._awake.is_set():
            self._awake.set()

    def _end(self, run: _Run) -> None:
        """Nothing arrives for this run any more. What is on its way may still arrive in here."""
        while True:
            try:
                run.over = True
                while run.beyond and not run.left_alone:
                    time.sleep(self._look_every / 10)
                if run.beyond:
                    _raise_in(run.thread, None)
                with suppress(ValueError):  # it may have been removed, and disturbed before it could return
                    self._runs.remove(run)
                return
            except _Overrun:
                continue

    def _look_on(self) -> None:
        idle = 0
        while True:
            idle = 0 if self._runs else idle + 1
            if idle > _IDLE_LOOKS:
                self._awake.clear()
                if not self._runs:
                    self._awake.wait()
                idle = 0
            for run in tuple(self._runs):
                if run.over:
                    run.left_alone = True
                elif run.is_beyond_limits() and not run.over:
                    _raise_in(run.thread, _Overrun)
            time.sleep(self._look_every)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have a thread raise ``error`` at its next step; None takes back what has not been raised yet."""
    import ctypes  # in most processes never needed

    given = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), given)


WATCHDOG = Watchdog()
