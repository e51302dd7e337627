"""What a rule's frequency and period mean for an event, worked out without any log.

An event lies in the windows of the runs T with T - period <= time < T. Nothing here is measured:
:mod:`tocsin.sentinel.coverage` says what happened to the events of a log.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.content.models import Detection
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.schedule import delay, interval, is_nrt, own_window
from tocsin.sentinel.window import ticks_of


@dataclass(frozen=True, slots=True)
class ScheduleEffect:
    """All spans in ticks. For a rule of NRT kind they count from the time of ingestion, else from TimeGenerated.

    Of each interval between runs, ``gap`` is in no window at all, and ``overlap`` is in more windows than the rest.
    An event is in ``runs_least`` to ``runs_most`` windows. The first of them ends up as an alert more than ``soonest``
    and at most ``latest`` after the event, if it arrives in time. An event that arrives up to ``lateness_safe`` after
    its time is seen for certain (None: nothing is certain, there are gaps), up to ``lateness_possible`` it may be;
    None: whenever it arrives.
    """

    interval: int
    period: int
    delay: int
    by_ingestion: bool
    gap: int
    overlap: int
    runs_least: int
    runs_most: int
    soonest: int
    latest: int
    lateness_safe: int | None
    lateness_possible: int | None


def schedule_effect(detection: Detection, behaviour: Behaviour = DEFAULT_BEHAVIOUR) -> ScheduleEffect:
    """The effect of the rule's schedule, when its runs neither fail nor are suppressed."""
    step, late = interval(detection, behaviour), delay(detection, behaviour)
    window = own_window(detection, 0, behaviour)
    period = window.end - window.start
    if is_nrt(detection):
        limit = behaviour.nrt_lateness_limit
        safe = possible = None if limit is None else ticks_of(limit)
    else:
        # The last run that holds an event comes more than period - interval after it, and at most period.
        safe = period - step + late if period >= step else None
        possible = period + late
    return ScheduleEffect(
        interval=step,
        period=period,
        delay=late,
        by_ingestion=window.by_ingestion,
        gap=max(0, step - period),
        overlap=period % step if period > step else 0,
        runs_least=period // step,
        runs_most=-(-period // step),
        soonest=late,
        latest=min(step, period) + late,
        lateness_safe=safe,
        lateness_possible=possible,
    )
