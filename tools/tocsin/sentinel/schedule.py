"""When a rule runs, over what, and what keeps it from running: the clock of one rule.

A run has a *nominal* time T: the query sees it as ``now()``, and the window ends there. It is *executed* a fixed delay
later, so that late records can still arrive. Sources: https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview
(frequency, start, delay, suppression), https://learn.microsoft.com/azure/sentinel/near-real-time-rules,
https://learn.microsoft.com/azure/sentinel/monitor-analytics-rule-integrity (tries, failed NRT minutes),
https://learn.microsoft.com/azure/sentinel/troubleshoot-analytics-rules (rules that are disabled).

All times and spans are ticks of 100 ns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tocsin.content.models import Detection
from tocsin.kql.literals import parse_datetime
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.window import Window, ticks_of

DISABLED_PREFIX: Final = "AUTO DISABLED "
"""What the service puts in front of the name of a rule that it disables."""


@dataclass(frozen=True, slots=True, order=True)
class Try:
    """A try to execute the run whose nominal time is ``nominal``; ``number`` counts from 0."""

    executed: int
    nominal: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a try failed. ``permanent``: by itself it will not go away (a table is gone, a permission changed)."""

    reason: str
    permanent: bool = False


class Hindrance(Enum):
    """What keeps a rule from running."""

    SUPPRESSED = "suppressed"
    DISABLED = "disabled"


def interval(detection: Detection, behaviour: Behaviour = DEFAULT_BEHAVIOUR) -> int:
    """From one nominal time to the next."""
    if is_nrt(detection) or detection.query_frequency is None:
        return ticks_of(behaviour.nrt_window)
    return ticks_of(detection.query_frequency)


def delay(detection: Detection, behaviour: Behaviour = DEFAULT_BEHAVIOUR) -> int:
    """From the nominal time to the execution."""
    return ticks_of(behaviour.nrt_delay if is_nrt(detection) else behaviour.scheduled_delay)


def is_nrt(detection: Detection) -> bool:
    """Whether the rule runs every minute over what was ingested."""
    return detection.kind == "NRT" or detection.query_period is None


def first_run(detection: Detection, start: int, behaviour: Behaviour = DEFAULT_BEHAVIOUR, phase: int = 0) -> int:
    """The first nominal time of a rule that is created or enabled at ``start``.

    That is ``start`` itself, ``phase`` later, or, of a rule with a start time, the first one from ``start`` on that
    lies whole intervals after it.
    """
    given = None if is_nrt(detection) else parse_datetime(detection.start_time_utc or "")
    if given is None:
        return start + phase
    step = interval(detection, behaviour)
    return given if given >= start else given + -(-(start - given) // step) * step


def nominal_times(
    detection: Detection, start: int, end: int, behaviour: Behaviour = DEFAULT_BEHAVIOUR, phase: int = 0
) -> range:
    """The nominal times of a rule from ``start`` to ``end``, both included."""
    return range(first_run(detection, start, behaviour, phase), end + 1, interval(detection, behaviour))


def own_window(detection: Detection, nominal: int, behaviour: Behaviour = DEFAULT_BEHAVIOUR) -> Window:
    """What the run looks at when nothing went wrong before it."""
    if detection.kind == "NRT" or detection.query_period is None:
        return Window(nominal - ticks_of(behaviour.nrt_window), nominal, by_ingestion=True)
    return Window(nominal - ticks_of(detection.query_period), nominal)


class RuleClock:
    """The runs of one rule in order, and what earlier ones do to later ones.

    ``times`` are its nominal times where they do not follow from its schedule.

    Ask :meth:`hindrance` and :meth:`window` when a try is due, and tell how it went: :meth:`ran` or :meth:`failed`.
    """

    def __init__(
        self,
        detection: Detection,
        start: int,
        end: int,
        behaviour: Behaviour = DEFAULT_BEHAVIOUR,
        phase: int = 0,
        times: Sequence[int] | None = None,
    ) -> None:
        self.detection = detection
        self.times = nominal_times(detection, start, end, behaviour, phase) if times is None else times
        self.disabled: Failure | None = None
        """What disabled the rule."""
        self._behaviour = behaviour
        self._delay = delay(detection, behaviour)
        self._quiet_until: int | None = None
        self._first_suppressed: int | None = None
        self._failed_minutes = 0
        self._permanent_failures = 0

    def tries(self) -> Iterator[Try]:
        """The first try of every run, in order."""
        return (Try(nominal + self._delay, nominal) for nominal in self.times)

    def hindrance(self, attempt: Try) -> Hindrance | None:
        """What keeps this try from being executed."""
        if self.disabled is not None:
            return Hindrance.DISABLED
        if self._quiet_until is None or self._moment(attempt) >= self._quiet_until:
            return None
        if self._first_suppressed is None:
            self._first_suppressed = attempt.nominal
        return Hindrance.SUPPRESSED

    def window(self, attempt: Try) -> Window:
        """What this try looks at: its own window, and what it makes up for."""
        own = own_window(self.detection, attempt.nominal, self._behaviour)
        start = own.start
        if own.by_ingestion:
            carried = min(self._failed_minutes, self._behaviour.nrt_failures_carried)
            start -= carried * ticks_of(self._behaviour.nrt_window)
        if self._behaviour.suppressed_runs_made_up and self._first_suppressed is not None:
            start = min(start, own_window(self.detection, self._first_suppressed, self._behaviour).start)
        return Window(start, own.end, own.by_ingestion)

    def ran(self, attempt: Try, alerted: bool) -> None:
        """The try was executed; ``alerted``: it raised an alert."""
        self._settled()
        self._failed_minutes = self._permanent_failures = 0
        duration = self.detection.suppression_duration
        if alerted and self.detection.suppression_enabled and duration is not None:
            self._quiet_until = self._moment(attempt) + ticks_of(duration)

    def failed(self, attempt: Try, failure: Failure) -> Try | None:
        """The try failed. Returns the next try of the same run; None when its window is skipped, or the rule of NRT
        kind, whose next run takes the minute over."""
        if is_nrt(self.detection):
            self._failed_minutes += 1
        elif attempt.number < self._behaviour.retries:
            later = attempt.executed + ticks_of(self._behaviour.retry_interval)
            return Try(later, attempt.nominal, attempt.number + 1)
        self._settled()
        self._permanent_failures = self._permanent_failures + 1 if failure.permanent else 0
        most = self._behaviour.permanent_failures_to_disable
        if most is not None and self._permanent_failures >= most:
            self.disabled = failure
        return None

    def _settled(self) -> None:
        self._first_suppressed = None

    def _moment(self, attempt: Try) -> int:
        return attempt.nominal if self._behaviour.suppression_from_nominal_time else attempt.executed


def disabled_name(detection: Detection) -> str:
    """The name of a rule that the service disabled."""
    return DISABLED_PREFIX + detection.name


def disabled_description(detection: Detection, failure: Failure) -> str:
    """The description of a rule that the service disabled: the reason is added."""
    return f"{detection.description}\n{failure.reason}" if detection.description else failure.reason
