"""TST008."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.content.finding import Finding, Level
from tocsin.content.models import TestFile
from tocsin.content.repository import Loaded
from tocsin.content.source import Document
from tocsin.lint.check import Check
from tocsin.lint.context import DetectionContext, LintContext
from tocsin.lint.history import History
from tocsin.lint.stated_alerts import tests_by_detection

_TESTED = (
    "query", "queryPeriod", "queryFrequency", "triggerOperator", "triggerThreshold", "entityMappings", "customDetails",
    "alertDetailsOverride", "eventGroupingSettings",
)  # fmt: skip


class TestsStale(Check):
    """A rule has changed, and its tests have not.

    Two signs of it: a test file says for which ``version`` of the rule it was written, and the rule has another; or
    what the rule finds has changed since a revision (``--changed-since``), and no test file of the rule has.

    Why: either the change has no effect that a test can see, or the tests that would see it are missing. Both are worth
    a look while one still knows why the rule was changed.

    Fails::

        detections/family/rule.yaml                 # version: 1.2.0, query changed
        tests/detections/family/rule.test.yaml      # version: 1.1.0, as before

    Right::

        tests/detections/family/rule.test.yaml      # version: 1.2.0, with the case that the change is for

    Fine to ignore: when the rule was rewritten and is to find exactly what it found; of the version, never: write the
    new one once you have looked. Rules without tests are TST001's.
    """

    code, slug, level = "TST008", "test.stale", Level.INFO
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        tests = tests_by_detection(context)
        for detection in context.detections:
            own = tests.get(detection.name, [])
            yield from self._of_another_version(detection, own)
            if context.history is not None:
                yield from self._unchanged(detection, own, context.history)

    def _of_another_version(self, detection: DetectionContext, own: Sequence[Loaded[TestFile]]) -> Iterator[Finding]:
        current = detection.model.version
        for test in own:
            stated = test.model.version
            if stated is None or current is None or _numbers(stated) == _numbers(current):
                continue
            message = f"the test was written for version {stated} of the rule, which has version {current}"
            help = f"see whether its cases still say what the rule is to find, then write version: {current}"
            yield self.finding(test.document, ("version",), message, help)

    def _unchanged(
        self, detection: DetectionContext, own: Sequence[Loaded[TestFile]], history: History
    ) -> Iterator[Finding]:
        before = history.previous(detection.document.path)
        if not own or before is None or any(test.path in history.changed for test in own):
            return
        changed = [name for name in _TESTED if _plain(before, name) != _plain(detection.document, name)]
        if changed:
            message = f"{' and '.join(changed)} changed since the revision, and no test of the rule"
            help = f"add to {own[0].path} the case that the change is for"
            yield self.finding(detection.document, (changed[0],), message, help, key=True)


def _numbers(version: str) -> tuple[str, ...]:
    """The parts of a version; ``1.0`` is ``1.0.0``."""
    parts = [part.lstrip("0") for part in version.strip().split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _plain(document: Document, name: str) -> object:
    node = document.node(name)
    return node.plain() if node is not None else None
