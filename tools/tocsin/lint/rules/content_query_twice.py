"""CNT003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import DetectionContext, LintContext


class ContentQueryTwice(Check):
    """Two rules have the same query, but for blanks and lines.

    Why: what one finds the other finds, too: two alerts for one event. Or a copy was made and never changed.

    Fails::

        query: EmailEvents | where SenderFromDomain == "example.com"    # in two files

    Right::

        query: EmailEvents | where SenderFromDomain == "example.com" and isnotempty(AttachmentCount)

    Fine to ignore: when the rules differ in what is not the query and one of them is switched off, or when they go to
    different workspaces.
    """

    code, slug, level = "CNT003", "rule.query-twice", Level.INFO

    def check(self, context: LintContext) -> Iterator[Finding]:
        first: dict[str, DetectionContext] = {}
        for detection in context.detections:
            other = first.setdefault(" ".join(detection.model.query.split()), detection)
            if other is not detection and other.model.id.lower() != detection.model.id.lower():
                message = f"the query is that of {other.document.path}"
                help = "delete one of the rules, or put what they share into a parser"
                yield self.finding(detection.document, ("query",), message, help, key=True)
