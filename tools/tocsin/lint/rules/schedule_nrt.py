"""SCH004."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext


class ScheduleNrt(DetectionCheck):
    """A near-real-time rule has a schedule or a threshold.

    Why: an NRT rule runs every minute over what arrived in the minute before, and alerts on any row. The service has
    no such fields for it, so what the file says does not happen
    (https://learn.microsoft.com/azure/sentinel/near-real-time-rules).

    Fails::

        kind: NRT
        queryPeriod: 1h

    Right::

        kind: NRT

    Fine to ignore: never; delete the fields, or make the rule Scheduled.
    """

    code, slug, level = "SCH004", "schedule.nrt", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        rule = detection.model
        if rule.kind == "NRT":
            for name, value in (
                ("queryFrequency", rule.query_frequency),
                ("queryPeriod", rule.query_period),
                ("triggerOperator", rule.trigger_operator),
                ("triggerThreshold", rule.trigger_threshold),
            ):
                if value is not None:
                    message = f"a near-real-time rule has no {name}"
                    yield self.finding(detection.document, (name,), message, "delete it", key=True)
