"""SCH002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.durations import short_duration
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


class SchedulePeriod(DetectionCheck):
    """The query looks back less far than the rule's runs are apart, or far back too often.

    Why: the service refuses a queryPeriod below queryFrequency (events between would never be seen), and from a
    queryPeriod of 2 days on a queryFrequency below one hour
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        queryFrequency: 1h
        queryPeriod: 30m

    Right::

        queryFrequency: 1h
        queryPeriod: 1h

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "SCH002", "schedule.period", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        frequency, period = detection.model.query_frequency, detection.model.query_period
        if frequency is None or period is None:
            return
        if period < frequency:
            gap, every = short_duration(frequency - period), short_duration(frequency)
            message = (
                f"queryPeriod {short_duration(period)} is shorter than queryFrequency {every}: "
                f"{gap} of every {every} are never looked at"
            )
            help = f"write {every} or more"
            yield self.finding(detection.document, ("queryPeriod",), message, help)
        elif period >= limits.LONG_PERIOD and frequency < limits.LONG_PERIOD_FREQUENCY_MIN:
            least = short_duration(limits.LONG_PERIOD_FREQUENCY_MIN)
            message = f"a queryPeriod of {short_duration(period)} needs a queryFrequency of at least {least}"
            yield self.finding(detection.document, ("queryFrequency",), message, f"write {least} or more")
