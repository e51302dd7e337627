"""TST008."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Document
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.stated_alerts import tests_by_detection

_TESTED = (
    "query", "queryPeriod", "queryFrequency", "triggerOperator", "triggerThreshold", "entityMappings", "customDetails",
    "alertDetailsOverride", "eventGroupingSettings",
)  # fmt: skip


class TestsStale(Check):
    """What a rule finds has changed since a revision (``--changed-since``), and none of its tests has.

    Why: either the change has no effect that a test can see, or the tests that would see it are missing. Both are worth
    a look while one still knows why the rule was changed.

    Fails::

        detections/family/rule.yaml                 # query changed
        tests/detections/family/rule.test.yaml      # as before

    Right::

        tests/detections/family/rule.test.yaml      # with the case that the change is for

    Fine to ignore: when the rule was rewritten and is to find exactly what it found. Rules without tests are TST001's.
    """

    code, slug, level = "TST008", "test.stale", Level.INFO
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        history = context.history
        if history is None:
            return
        tests = tests_by_detection(context)
        for detection in context.detections:
            own = tests.get(detection.name, [])
            before = context.previous(detection.document.path)
            if not own or before is None or any(test.path in history.changed for test in own):
                continue
            changed = [name for name in _TESTED if _plain(before, name) != _plain(detection.document, name)]
            if changed:
                message = f"{' and '.join(changed)} changed since the revision, and no test of the rule"
                help = f"add to {own[0].path} the case that the change is for"
                yield self.finding(detection.document, (changed[0],), message, help, key=True)


def _plain(document: Document, name: str) -> object:
    node = document.node(name)
    return node.plain() if node is not None else None
