"""The ``tocsin`` program from its first moment: Ctrl+C ends it without a traceback, also while it loads."""

from __future__ import annotations

import signal
import sys

INTERRUPTED = 130
"""The status of a program that Ctrl+C ended, as shells have it."""


def main() -> None:
    """Load the commands and run one."""
    try:
        from tocsin.cli import main as run

        run()
    except KeyboardInterrupt:
        # A second Ctrl+C does not disturb the end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
