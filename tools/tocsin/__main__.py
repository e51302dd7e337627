"""The ``tocsin`` program from its first moment: Ctrl+C ends it without a traceback, also while it loads."""

from __future__ import annotations

import signal
import sys
import time
from _thread import interrupt_main, start_new_thread
from types import FrameType

INTERRUPTED = 130
"""The status of a program that Ctrl+C ended, as shells have it."""

_A_MOMENT = 0.005
"""Seconds after which an interrupt is tried again that would have been lost."""


def main() -> None:
    """Load the commands and run one."""
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            # Python drops exceptions in some of its own steps between two modules, and goes on.
            start_new_thread(_interrupt_soon, ())
        else:
            signal.default_int_handler(number, frame)

    # Whoever started the program may have it ignore Ctrl+C, as nohup does.
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heard:
        signal.signal(signal.SIGINT, interrupt)
    try:
        from tocsin.cli import main as run

        run()
    except SystemExit:
        raise
    except BaseException:
        # Where a class is made, Python puts an exception of its own around the interrupt.
        if not interrupted:
            raise
        sys.exit(INTERRUPTED)
    finally:
        if heard:
            # What is left is to tidy up: a second Ctrl+C does not disturb it, a first one ends it without a word.
            signal.signal(signal.SIGINT, signal.SIG_IGN if interrupted else signal.SIG_DFL)


def _interrupt_soon() -> None:
    time.sleep(_A_MOMENT)
    interrupt_main()


if __name__ == "__main__":
    main()
