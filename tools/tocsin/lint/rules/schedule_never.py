"""SCH008."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.row_counts import row_count, shown, verdict


class ScheduleNever(DetectionCheck):
    """No result of the query can meet the rule's threshold: the rule never alerts.

    Why: the threshold counts the rows of the result. A query that ends in ``count`` has one row, whatever it counted.

    Fails::

        query: SigninLogs | where ResultType != "0" | count
        triggerOperator: gt
        triggerThreshold: 10

    Right::

        query: SigninLogs | where ResultType != "0" | summarize n = count() | where n > 10
        triggerOperator: gt
        triggerThreshold: 0

    Fine to ignore: never.
    """

    code, slug, level = "SCH008", "schedule.never", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        rule, analysis = detection.model, detection.query.analysis
        if rule.trigger_threshold is None or analysis.relation is None or not analysis.ok:
            return
        count = row_count(analysis.relation)
        if verdict(rule.trigger_operator, rule.trigger_threshold, count) is False:
            message = f"the query gives {shown(count)}, which never meets the threshold: the rule never alerts"
            help = "compare in the query (summarize n = count() | where n > …), and let the threshold be gt 0"
            yield self.finding(detection.document, ("triggerThreshold",), message, help)
