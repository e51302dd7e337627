"""SCH001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.durations import short_duration
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


class ScheduleRange(DetectionCheck):
    """A duration of a rule lies outside what the service takes.

    Why: the service refuses the rule: queryFrequency and queryPeriod from 5 minutes to 14 days, suppressionDuration
    from 5 minutes to 24 hours, lookbackDuration from 5 minutes to 7 days
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        queryFrequency: 1m

    Right::

        queryFrequency: 5m

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "SCH001", "schedule.range", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        rule = detection.model
        incidents = rule.incident_configuration
        grouping = incidents.grouping_configuration if incidents is not None else None
        for path, value, least, most in (
            (("queryFrequency",), rule.query_frequency, limits.FREQUENCY_MIN, limits.FREQUENCY_MAX),
            (("queryPeriod",), rule.query_period, limits.PERIOD_MIN, limits.PERIOD_MAX),
            (("suppressionDuration",), rule.suppression_duration, limits.SUPPRESSION_MIN, limits.SUPPRESSION_MAX),
            (
                ("incidentConfiguration", "groupingConfiguration", "lookbackDuration"),
                grouping.lookback_duration if grouping is not None else None,
                limits.GROUPING_LOOKBACK_MIN,
                limits.GROUPING_LOOKBACK_MAX,
            ),
        ):
            if value is not None and not least <= value <= most:
                span = f"{short_duration(least)} to {short_duration(most)}"
                message = f"{path[-1]} is {short_duration(value)}, the service takes {span}"
                nearest = least if value < least else most
                yield self.finding(detection.document, path, message, f"write {short_duration(nearest)}")
