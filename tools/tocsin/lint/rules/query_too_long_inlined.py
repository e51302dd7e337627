"""KQL016."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.sentinel import limits


class QueryTooLongInlined(Check):
    """The query of a detection would be longer than the service takes if its parsers were written into it.

    Why: as it is, the rule is fine: what a function of the workspace holds does not count. It cannot be taken to
    where the parsers are not: a workspace without them, a custom detection of Defender.

    Fails::

        query: MailMessages | where DirectSend      # the parsers below MailMessages have 12,000 characters

    Right::

        query: EmailEvents | where EmailDirection == "Inbound" | ...

    Fine to ignore: when the rule always goes with its parsers.
    """

    code, slug, level = "KQL016", "query.too-long-inlined", Level.INFO

    def check(self, context: LintContext) -> Iterator[Finding]:
        bodies = {parser.name: parser for parser in context.parsers}
        for detection in context.detections:
            own = len(detection.model.query)
            called = [name for name in detection.query.reads.functions if name in bodies]
            whole = own + sum(len(bodies[name].query.text) for name in called)
            if own <= limits.QUERY_CHARS < whole:
                most = limits.QUERY_CHARS
                message = (
                    f"with {_names(called)} written into it, the query has {whole:,} characters, more than {most:,}"
                )
                help = "keep the parsers deployed beside the rule, or read the tables directly"
                yield self.finding(detection.document, ("query",), message, help, key=True)


def _names(called: list[str]) -> str:
    return called[0] if len(called) == 1 else f"its {len(called)} parsers"
