"""What the reports need to know of a test case that ran; the runner's own results fit this."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from tocsin.content.source import Location


class Outcome(Enum):
    """How a case ended. ERROR: it could not be run; that is no pass."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


class CaseReport(Protocol):
    """A test case that ran."""

    @property
    def detection(self) -> str:
        """Path of the detection below detections/, such as ``direct_send/unauthorised_source``."""

    @property
    def name(self) -> str:
        """Name of the case."""

    @property
    def outcome(self) -> Outcome:
        """How it ended."""

    @property
    def seconds(self) -> float:
        """How long it took."""

    @property
    def message(self) -> str:
        """Why it did not pass, in one line; empty when it passed."""

    @property
    def details(self) -> str:
        """Expected against actual, over several lines; may be empty."""

    @property
    def explanation(self) -> str:
        """The rows after each step of the query, over several lines; empty when not asked for."""

    @property
    def not_testable(self) -> bool:
        """Whether it could not be run because the query needs what the local engine refuses. Its outcome is ERROR."""

    @property
    def location(self) -> Location:
        """Where the case is written."""
