"""How much memory the process has held at most, where the system says so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def _largest_size() -> Callable[[], int] | None:
    if sys.platform == "win32":
        return None
    resource: Any = import_module("resource")
    unit = 1 if sys.platform == "darwin" else 1024

    def read() -> int:
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit

    return read


largest_size = _largest_size()
"""Gives the largest resident size of the process so far, in bytes; None where nothing tells (Windows)."""
