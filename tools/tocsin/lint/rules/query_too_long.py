"""KQL004."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


class QueryTooLong(DetectionCheck):
    """The query of a detection is longer than the service takes.

    Why: Sentinel refuses a rule whose query has more than 10,000 characters
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        query: |
          let known = dynamic(["a.example", "b.example", ...]);   // hundreds of them

    Right::

        query: |
          let known = _GetWatchlist('KnownDomains') | project Domain;

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "KQL004", "query.too-long", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        length = len(detection.model.query.rstrip())  # as it is sent
        if length > limits.QUERY_CHARS:
            message = f"the query has {length:,} characters, the service takes {limits.QUERY_CHARS:,}"
            help = "move parts of it into a parser, lists into a watchlist"
            yield self.finding(detection.document, ("query",), message, help)
