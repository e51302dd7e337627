"""SCH005."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.durations import short_duration
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext


class ScheduleSuppression(DetectionCheck):
    """A rule pauses after an alert for less time than its runs are apart, or without saying how long.

    Why: the service refuses a suppressionDuration below queryFrequency: the pause would end before the next run.

    Fails::

        queryFrequency: 1h
        suppressionEnabled: true
        suppressionDuration: 30m

    Right::

        queryFrequency: 1h
        suppressionEnabled: true
        suppressionDuration: 5h

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "SCH005", "schedule.suppression", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        rule = detection.model
        if not rule.suppression_enabled:
            return
        duration, frequency = rule.suppression_duration, rule.query_frequency
        if duration is None:
            message = "suppression is on, and nothing says for how long"
            help = "add suppressionDuration, 5m to 24h"
            yield self.finding(detection.document, ("suppressionEnabled",), message, help)
        elif frequency is not None and duration < frequency:
            shown = short_duration(frequency)
            message = f"suppressionDuration {short_duration(duration)} is shorter than queryFrequency {shown}"
            yield self.finding(detection.document, ("suppressionDuration",), message, f"write {shown} or more")
