"""How much memory the process has held at most, where the system says so."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_PEAK = re.compile(rb"^VmHWM:\s*(\d+) kB$", re.MULTILINE)


def _largest_size() -> Callable[[], int] | None:
    if sys.platform == "win32":
        return None
    resource: Any = import_module("resource")
    unit = 1 if sys.platform == "darwin" else 1024

    def accounted() -> int:
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit

    if sys.platform != "linux" or _peak_since_start() is None:
        return accounted
    inherited = accounted()

    def read() -> int:
        # A process starts with the size of the one that started it on its account, and its own shows there only once it
        # is larger. Its status tells its own, at ten times the time.
        known = accounted()
        return known if known > inherited else _peak_since_start() or known

    return read


def _peak_since_start() -> int | None:
    try:
        found = _PEAK.search(Path("/proc/self/status").read_bytes())
    except OSError:
        return None
    return None if found is None else int(found[1]) * 1024


largest_size = _largest_size()
"""Gives the largest resident size of the process so far, in bytes; None where nothing tells (Windows)."""
