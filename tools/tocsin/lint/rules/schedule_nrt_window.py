"""SCH007."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.durations import short_duration
from tocsin.content.finding import Finding, Level
from tocsin.kql import plan
from tocsin.kql.syntax import tree
from tocsin.kql.types import DATETIME
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.query_check import (
    nodes,
    value_of,
)
from tocsin.lint.time_reach import duration, ticks
from tocsin.sentinel import limits
from tocsin.sentinel.window import ticks_of


class ScheduleNrtWindow(DetectionCheck):
    """A near-real-time rule counts over more than the minute that it sees.

    Why: a run sees the records that arrived in one minute and knows nothing of the one before. A bin of an hour holds
    one minute of it; the threshold behind it is met by a burst only
    (https://learn.microsoft.com/azure/sentinel/near-real-time-rules).

    Fails::

        kind: NRT
        query: SigninLogs | summarize n = count() by UserPrincipalName, bin(TimeGenerated, 1h) | where n > 20

    Right::

        kind: Scheduled
        queryFrequency: 1h
        queryPeriod: 1h

    Fine to ignore: when the bin only rounds the time for show.
    """

    code, slug, level = "SCH007", "schedule.nrt-window", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        if detection.model.kind != "NRT":
            return
        query = detection.query
        for call in nodes(query, tree.FunctionCall):
            value = value_of(query, call)
            if call.name.text not in ("bin", "floor") or not isinstance(value, plan.Call):
                continue
            span = ticks(value.arguments[1]) if len(value.arguments) == 2 else None
            if value.type is DATETIME and span is not None and span > ticks_of(limits.NRT_WINDOW):
                shown = short_duration(duration(span))
                yield self._told(detection, call, f"a bin of {shown} holds the one minute that the run sees")
        for operator in nodes(query, tree.MakeSeries):
            yield self._told(detection, operator, "a series holds the one minute that the run sees")

    def _told(self, detection: DetectionContext, node: tree.Node, message: str) -> Finding:
        length = len(detection.query.text[node.start : node.end].partition("\n")[0])
        help = "make the rule Scheduled, with the queryPeriod that is counted over"
        return self.finding_in_text(detection.document, ("query",), node.start, length, message, help)
