"""Tests of detections: recorded samples in, the alerts an analyst would see out.

The parts are loaded when they are first asked for: the pytest plugin below this package starts with every pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.testing.parallel import run_tests
    from tocsin.testing.results import CaseResult, Outcome
    from tocsin.testing.runner import Bench, load_test_file, run_test_file

__all__ = ["Bench", "CaseResult", "Outcome", "load_test_file", "run_test_file", "run_tests"]

_HOME = {
    "run_tests": "tocsin.testing.parallel",
    **dict.fromkeys(("CaseResult", "Outcome"), "tocsin.testing.results"),
    **dict.fromkeys(("Bench", "load_test_file", "run_test_file"), "tocsin.testing.runner"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
