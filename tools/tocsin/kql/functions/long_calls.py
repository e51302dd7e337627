"""Calls of a library that may take long, made in a thread of their own.

Python interrupts nothing that goes on inside a library: neither Ctrl+C nor the end of a query's time would be noticed
before the call returns. Whoever waits for a thread can be interrupted; the call then goes on to its end unheeded, so
its work must have a bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

_LOOK_EVERY = 0.02
"""Seconds until somebody who waits can be interrupted."""

_BATCH = 0.01
"""Seconds for which items are drawn before they are handed over."""


def interruptible(call: Callable[[], T]) -> T:
    """What ``call`` gives or raises; it must let other threads run."""
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001  # raised below, where somebody waits for it
            errors.append(error)

    thread = Thread(target=work, name="tocsin-long-call", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_EVERY)
    if errors:
        raise errors[0]
    return results[0]


def interruptible_stream(stream: Iterator[T]) -> Iterator[T]:
    """The items of ``stream``, of which each may take long to come."""

    def batch() -> tuple[list[T], bool]:
        drawn: list[T] = []
        end = time.monotonic() + _BATCH
        for item in stream:
            drawn.append(item)
            if time.monotonic() > end:
                return drawn, False
        return drawn, True

    def batches() -> Iterator[list[T]]:
        ended = False
        while not ended:
            drawn, ended = interruptible(batch)
            yield drawn

    return chain.from_iterable(batches())
