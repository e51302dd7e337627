"""The watchdog ends what takes too long in one call, and disturbs nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tocsin.kql.interpreter.errors import KqlLimitError
from tocsin.kql.interpreter.process_memory import Headroom
from tocsin.kql.interpreter.watchdog import Watchdog

ROOM = Headroom(10_000_000_000)
PATIENCE = 20.0
"""Seconds for a machine with other work to do."""


@pytest.fixture(scope="module")
def watchdog() -> Watchdog:
    """One that looks more often than usual."""
    return Watchdog(look_every=0.005, grace=0.01)


def busy(seconds: float) -> Callable[[], str]:
    """Work that looks at no limit."""

    def work() -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        return "done"

    return work


def test_what_is_quick_gives_its_result(watchdog: Watchdog) -> None:
    assert watchdog.guarded(busy(0.0), seconds=5, headroom=ROOM) == "done"


def test_time_ends_a_call(watchdog: Watchdog) -> None:
    began = time.monotonic()
    with pytest.raises(KqlLimitError, match=r"longer than 0\.05 s"):
        watchdog.guarded(busy(10 * PATIENCE), seconds=0.05, headroom=ROOM)
    assert time.monotonic() - began < PATIENCE


def test_memory_ends_a_call(watchdog: Watchdog) -> None:
    def grow() -> None:
        held: list[bytes] = []
        while len(held) < 3_000:
            held.append(b"a" * 1_000_000)
            time.sleep(0.0001)

    with pytest.raises(KqlLimitError, match="more than 50 MB"):
        watchdog.guarded(grow, seconds=5 * PATIENCE, headroom=Headroom(50_000_000))


def test_an_error_of_the_call_stays_what_it_is(watchdog: Watchdog) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watchdog.guarded(fail, seconds=5, headroom=ROOM)


def test_a_run_inside_another_ends_by_the_limit_of_either(watchdog: Watchdog) -> None:
    def inner(seconds: float) -> str:
        with pytest.raises(KqlLimitError, match=f"longer than {seconds:g} s"):
            watchdog.guarded(busy(10 * PATIENCE), seconds, headroom=ROOM)
        return "went on"

    assert watchdog.guarded(lambda: inner(0.05), seconds=PATIENCE, headroom=ROOM) == "went on"
    with pytest.raises(KqlLimitError, match="longer than"):
        watchdog.guarded(
            lambda: watchdog.guarded(busy(10 * PATIENCE), seconds=5 * PATIENCE, headroom=ROOM),
            seconds=0.05,
            headroom=ROOM,
        )


def test_only_the_thread_of_the_run_is_disturbed(watchdog: Watchdog) -> None:
    ends: list[str] = []

    def other() -> None:
        try:
            watchdog.guarded(busy(10 * PATIENCE), seconds=0.05, headroom=ROOM)
        except KqlLimitError:
            ends.append("limit")

    thread = threading.Thread(target=other)
    thread.start()
    assert watchdog.guarded(busy(0.5), seconds=PATIENCE, headroom=ROOM) == "done"
    thread.join(PATIENCE)
    assert ends == ["limit"]


def test_nothing_arrives_after_the_end(watchdog: Watchdog) -> None:
    # Runs that end when their time does: the exception is on its way, or about to be.
    ended = 0
    for number in range(60):
        try:
            watchdog.guarded(busy(0.015 + number / 4_000), seconds=0.01, headroom=ROOM)
        except KqlLimitError:
            ended += 1
        busy(0.006)()
    assert 0 < ended < 60


def test_what_swallows_the_exception_is_disturbed_again(watchdog: Watchdog) -> None:
    swallowed: list[BaseException] = []

    def stubborn() -> None:
        while len(swallowed) < 2:
            try:
                busy(10 * PATIENCE)()
            except BaseException as error:  # noqa: BLE001  # such as the end of an object, which ignores what is raised
                swallowed.append(error)
        busy(10 * PATIENCE)()

    with pytest.raises(KqlLimitError):
        watchdog.guarded(stubborn, seconds=0.01, headroom=ROOM)
    assert len(swallowed) == 2
