"""SCH010."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.durations import short_duration
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext


class SchedulePause(DetectionCheck):
    """A rule pauses after an alert for longer than it looks back.

    Why: it does not run in the pause, and its next run looks back one queryPeriod. What happens between is seen by
    none: one alert on something small buys an attacker hours
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        queryPeriod: 1h
        suppressionEnabled: true
        suppressionDuration: 5h

    Right::

        queryPeriod: 5h
        suppressionEnabled: true
        suppressionDuration: 5h

    Fine to ignore: when one alert is all that is wanted of such a time. Grouping into incidents loses nothing.
    """

    code, slug, level = "SCH010", "schedule.pause", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        rule = detection.model
        pause, period, frequency = rule.suppression_duration, rule.query_period, rule.query_frequency
        if rule.suppression_enabled and pause and period and frequency and pause > max(period, frequency):
            lost = short_duration(pause - period)
            message = f"after an alert {lost} of {short_duration(pause)} are never looked at"
            help = (
                f"write suppressionDuration: {short_duration(max(period, frequency))}, or group alerts into incidents"
            )
            yield self.finding(detection.document, ("suppressionDuration",), message, help)
