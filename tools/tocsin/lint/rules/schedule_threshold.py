"""SCH003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


class ScheduleThreshold(DetectionCheck):
    """The threshold of a rule is outside what the service takes, or can never be met.

    Why: the service refuses thresholds above 10,000; "fewer than 0 rows" never happens, so the rule never alerts.

    Fails::

        triggerOperator: lt
        triggerThreshold: 0

    Right::

        triggerOperator: gt
        triggerThreshold: 0

    Fine to ignore: never.
    """

    code, slug, level = "SCH003", "schedule.threshold", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        operator, threshold = detection.model.trigger_operator, detection.model.trigger_threshold
        if threshold is None:
            return
        if not limits.THRESHOLD_MIN <= threshold <= limits.THRESHOLD_MAX:
            message = f"triggerThreshold is {threshold:,}, the service takes 0 to {limits.THRESHOLD_MAX:,}"
            help = "summarize in the query, and let the threshold count its rows"
            yield self.finding(detection.document, ("triggerThreshold",), message, help)
        elif operator == "LessThan" and threshold == 0:
            message = "no result has fewer than 0 rows: the rule never alerts"
            help = "write eq to alert on an empty result, gt to alert on any row"
            yield self.finding(detection.document, ("triggerOperator",), message, help)
