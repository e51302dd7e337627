"""KQL011."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import ParserCheck
from tocsin.lint.context import ParserContext
from tocsin.lint.places import finding_at_text
from tocsin.lint.time_reach import spans


class QueryClockInParser(ParserCheck):
    """A parser filters the time of its records by the clock: ``ago()`` or ``now()`` in its body.

    Why: the rule that calls the parser has a queryPeriod of its own. A fixed time inside makes the rule see less than
    it says, and the next rule, with another period, cannot use the parser.

    Fails::

        ParserQuery: EmailEvents | where TimeGenerated > ago(1d)

    Right::

        ParserParams: [{Name: starttime, Type: datetime, Default: datetime(null)}]
        ParserQuery: EmailEvents | where isnull(starttime) or TimeGenerated >= starttime

    Fine to ignore: when the parser reads the newest state of something, and no rule needs an older one.
    """

    code, slug, level = "KQL011", "query.clock-in-parser", Level.WARNING

    def check_parser(self, parser: ParserContext) -> Iterator[Finding]:
        told: set[int] = set()
        for span in spans(parser.query.relations):
            bounded = span.oldest is not None or (span.youngest is not None and span.youngest.least > 0)
            # What another parser does is told there.
            if bounded and span.origin is None and span.start not in told:
                told.add(span.start)
                message = f"{span.table}.{span.column} is filtered by the clock: rules that call this see less"
                help = "leave the time to the rule's queryPeriod, or make it a parameter"
                yield finding_at_text(self, parser.query, span, message, help)
