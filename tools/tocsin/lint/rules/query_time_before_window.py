"""KQL008."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.durations import short_duration
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.places import finding_at_text
from tocsin.lint.time_reach import duration, spans
from tocsin.sentinel import limits
from tocsin.sentinel.window import ticks_of


class QueryTimeBeforeWindow(DetectionCheck):
    """A time filter of the query reaches further back than the rule's queryPeriod.

    Why: the service lays the queryPeriod around every table of the query, in joins and functions too; what is older
    is not there, whatever the filter says. A baseline of seven days is then one of an hour
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        queryPeriod: 1h
        query: SigninLogs | where TimeGenerated > ago(7d) | summarize dcount(IPAddress) by UserPrincipalName

    Right::

        queryPeriod: 7d
        query: SigninLogs | where TimeGenerated > ago(7d) | summarize dcount(IPAddress) by UserPrincipalName

    Fine to ignore: when the query is also used elsewhere, over a longer time, and the rule means its queryPeriod.
    """

    code, slug, level = "KQL008", "query.time-before-window", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        period = detection.model.query_period
        told: set[tuple[str | None, int]] = set()
        if period is None:
            return
        for span in spans(detection.query.relations):
            reach = span.oldest.least if span.oldest is not None else 0
            place = (span.origin, span.start)
            empty = span.youngest is not None and span.youngest.least >= ticks_of(period)  # KQL009's to report
            if reach > ticks_of(period) and not empty and place not in told:
                told.add(place)
                message = (
                    f"the filter on {span.table}.{span.column} reaches back {short_duration(duration(reach))}, "
                    f"the rule sees {short_duration(period)} (queryPeriod)"
                )
                yield finding_at_text(self, detection.query, span, message, _help(reach, short_duration(period)))


def _help(reach: int, period: str) -> str:
    wanted = duration(reach)
    if wanted > limits.PERIOD_MAX:
        longest = short_duration(limits.PERIOD_MAX)
        return f"write queryPeriod: {longest}, the most there is, and keep what is older in a watchlist or a table"
    return f"write queryPeriod: {short_duration(wanted)}, or shorten the filter to {period}"
