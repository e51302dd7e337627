"""Work in several processes at once, the same on every system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from threading import current_thread, main_thread

MOST = 16
"""More processes than this gain nothing: the rest of the work is done by one."""


def processors() -> int:
    """How many processes can run at once on this machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST, usable))


@contextmanager
def pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are started anew, not forked: no state of this one leaks into the work.

    Ctrl+C is for this process: the others ignore it and end with it, instead of a traceback from each.
    """
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as executor:
        try:
            yield executor
        except KeyboardInterrupt:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def interrupt_is_for_us() -> Iterator[None]:
    """Processes that start in here ignore Ctrl+C."""
    if current_thread() is not main_thread():
        yield
        return
    usual = signal(SIGINT, SIG_IGN)
    try:
        yield
    finally:
        signal(SIGINT, usual)
