"""CNT005."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext


class ContentIdChanged(Check):
    """The id of a rule is not what it was at a revision (``--changed-since``).

    Why: to the workspace a new id is a new rule. The old one keeps running beside it until somebody deletes it, both
    alert on the same events, and incidents, automation and metrics of the old one are cut off.

    Fails::

        id: 788ab002-76a5-4a6e-a91f-18ed38aa1ba4      # was e5f0636a-28a5-4c72-9e10-8fab112f6ce4

    Right::

        id: e5f0636a-28a5-4c72-9e10-8fab112f6ce4

    Fine to ignore: when the file now holds another rule, and the old one is meant to go.
    """

    code, slug, level = "CNT005", "rule.id-changed", Level.WARNING

    def check(self, context: LintContext) -> Iterator[Finding]:
        for detection in context.detections:
            before = context.previous(detection.document.path)
            node = before.node("id") if before is not None else None
            was = node.plain() if node is not None else None
            if isinstance(was, str) and was.lower() != detection.model.id.lower():
                message = f"the id was {was}: with another one this is a new rule, and the old one stays"
                yield self.finding(detection.document, ("id",), message, f"write {was}")
