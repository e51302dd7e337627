"""SCH009."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.row_counts import row_count, shown, verdict


class ScheduleAlways(DetectionCheck):
    """Every result of the query meets the rule's threshold: each run alerts.

    Why: ``summarize`` without ``by`` gives one row, also of nothing. With a threshold of gt 0 the rule alerts at every
    run, whatever happened.

    Fails::

        query: SigninLogs | where ResultType == "50126" | summarize n = count()
        triggerOperator: gt
        triggerThreshold: 0

    Right::

        query: SigninLogs | where ResultType == "50126" | summarize n = count() | where n > 20

    Fine to ignore: when the rule is a heartbeat.
    """

    code, slug, level = "SCH009", "schedule.always", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        rule, analysis = detection.model, detection.query.analysis
        if rule.trigger_threshold is None or analysis.relation is None or not analysis.ok:
            return
        count = row_count(analysis.relation)
        if verdict(rule.trigger_operator, rule.trigger_threshold, count) is True:
            message = f"the query gives {shown(count)}, which always meets the threshold: every run alerts"
            help = "filter behind the summarize: | where n > …"
            yield self.finding(detection.document, ("triggerThreshold",), message, help)
