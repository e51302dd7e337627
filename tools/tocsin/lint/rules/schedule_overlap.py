"""SCH006."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tocsin.content.durations import short_duration
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.time_reach import asks_for_newest
from tocsin.sentinel.window import ticks_of


class ScheduleOverlap(DetectionCheck):
    """The windows of a rule's runs overlap, so that one event is seen by several runs.

    Why: every run that sees the event alerts on it; the service does not compare runs
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        queryFrequency: 5m
        queryPeriod: 1h
        query: EmailEvents | where EmailDirection == "Inbound" and SenderFromDomain == "contoso.com"

    Right::

        queryFrequency: 1h
        queryPeriod: 1h

    Fine to ignore: when the rule counts over the window, or compares with what came before. A rule that looks back for
    late events asks only what arrived since the last run: ``ingestion_time() > ago(5m)``.
    """

    code, slug, level = "SCH006", "schedule.overlap", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        frequency, period = detection.model.query_frequency, detection.model.query_period
        if not frequency or not period or period <= frequency or _asks_for_new(detection, frequency):
            return
        runs = -(-period // frequency)
        paused = detection.model.suppression_duration if detection.model.suppression_enabled else None
        if paused is not None and paused >= period:
            return
        message = f"up to {runs} runs see an event, and each of them can alert on it"
        help = f"write queryPeriod: {short_duration(frequency)}, or ask only for what is new: ingestion_time() > ago(…)"
        yield self.finding(detection.document, ("queryPeriod",), message, help)


def _asks_for_new(detection: DetectionContext, frequency: timedelta) -> bool:
    """Whether some table is only asked for what came since the last run."""
    return asks_for_newest(detection.query.relations, ticks_of(frequency))
