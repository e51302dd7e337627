"""What the program's exit status means; the same for every command (docs/cli.md)."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses."""

    OK = 0
    """Everything asked for was done and nothing is wrong."""
    FAILED = 1
    """Findings at level error, a failed test, a plan that could not be applied."""
    USAGE = 2
    """The command line, a named file or the configuration cannot be used."""
    CHANGES = 3
    """``tocsin plan --exit-code``: the plan has changes."""
