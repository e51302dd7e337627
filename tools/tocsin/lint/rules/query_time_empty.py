"""KQL009."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.durations import short_duration
from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.places import finding_at_text
from tocsin.lint.time_reach import duration, spans
from tocsin.sentinel.window import ticks_of


class QueryTimeEmpty(DetectionCheck):
    """A time filter keeps only records that are older than the rule's queryPeriod.

    Why: the service lays the queryPeriod around every table of the query, so this part of the query never has a row.
    A comparison with a past that is always empty finds everything new, or nothing
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        queryPeriod: 1d
        query: |
          let known = SigninLogs | where TimeGenerated between (ago(14d) .. ago(1d)) | distinct IPAddress;
          SigninLogs | where TimeGenerated > ago(1d) | where IPAddress !in (known)

    Right::

        queryPeriod: 14d

    Fine to ignore: never.
    """

    code, slug, level = "KQL009", "query.time-empty", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        period = detection.model.query_period
        told: set[tuple[str | None, int]] = set()
        if period is None:
            return
        for span in spans(detection.query.relations):
            place = (span.origin, span.start)
            if span.youngest is not None and span.youngest.least >= ticks_of(period) and place not in told:
                told.add(place)
                age = short_duration(duration(span.youngest.least))
                message = (
                    f"the filter keeps records of {span.table} older than {age}, "
                    f"but the rule sees only {short_duration(period)} (queryPeriod): never a row"
                )
                if span.oldest is not None:
                    age = short_duration(duration(span.oldest.most))
                help = f"write a queryPeriod of {age}{'' if span.oldest else ' and more'}, or filter inside it"
                yield finding_at_text(self, detection.query, span, message, help)
