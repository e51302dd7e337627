"""ATK004."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext


class AttackMissing(DetectionCheck):
    """A rule names no tactic.

    Why: its alerts have the tactic "Unknown", are missed by filters and automation on tactics, and the rule counts
    for no coverage.

    Fails::

        tactics: []

    Right::

        tactics: [Collection]
        relevantTechniques: [T1114]

    Fine to ignore: when the rule watches the health of the service, not an attacker.
    """

    code, slug, level = "ATK004", "attack.missing", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        if not detection.model.tactics:
            named = detection.document.node("tactics") is not None
            path = ("tactics",) if named else ("name",)
            yield self.finding(detection.document, path, "the rule names no ATT&CK tactic", "add tactics: [...]")
