"""KQL035."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.types import DATETIME, UNKNOWN
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext


class QueryNoTimeColumn(DetectionCheck):
    """The result of a rule has no column TimeGenerated.

    Why: the service advises to return it: an analyst sees when things happened, and queries over alerts can join on
    the time (https://learn.microsoft.com/azure/sentinel/create-analytics-rules).

    Fails::

        query: SigninLogs | summarize n = count() by UserPrincipalName

    Right::

        query: SigninLogs | summarize n = count(), TimeGenerated = max(TimeGenerated) by UserPrincipalName

    Fine to ignore: when other columns of the result say when (StartTime, EndTime, a bin of the time).
    """

    code, slug, level = "KQL035", "query.no-time-column", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        columns = detection.query.columns
        if columns and not any(type_ in (DATETIME, UNKNOWN) for type_ in columns.values()):
            message = "the result says of no row when it happened"
            help = "return TimeGenerated: in a summarize, TimeGenerated = max(TimeGenerated)"
            yield self.finding(detection.document, ("query",), message, help, key=True)
