"""CNT002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import DetectionContext, LintContext


class ContentNameTwice(Check):
    """Two rules have one name, whatever the case of its letters.

    Why: display names are unique in a workspace (the portal refuses the second); where both do arrive, their alerts
    and incidents cannot be told apart.

    Fails::

        name: Direct Send from an unauthorised source    # in two files

    Right::

        name: Direct Send from an unauthorised source to a VIP

    Fine to ignore: when the two never go to the same workspace.
    """

    code, slug, level = "CNT002", "rule.name-twice", Level.WARNING

    def check(self, context: LintContext) -> Iterator[Finding]:
        first: dict[str, DetectionContext] = {}
        for detection in context.detections:
            other = first.setdefault(" ".join(detection.model.name.split()).casefold(), detection)
            if other is not detection:
                message = f'the name "{detection.model.name}" is already that of {other.document.path}'
                note = f"first used at {other.document.location('name')}"
                help = "say in the name what sets the two apart"
                yield self.finding(detection.document, ("name",), message, help, notes=(note,))
