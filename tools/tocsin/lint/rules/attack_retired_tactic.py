"""ATK008."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import attack


class AttackRetiredTactic(DetectionCheck):
    """A rule names the tactic PreAttack, which ATT&CK has given up.

    Why: Sentinel still takes it, but no technique belongs to it, and views of the matrix have no column for it.

    Fails::

        tactics: [PreAttack]

    Right::

        tactics: [Reconnaissance]
        relevantTechniques: [T1595]

    Fine to ignore: when the rule is kept as its publisher made it.
    """

    code, slug, level = "ATK008", "attack.retired-tactic", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        for i, tactic in enumerate(detection.model.tactics):
            if tactic in attack.RETIRED_TACTICS:
                message = f"ATT&CK has no tactic {tactic} any more"
                help = "write Reconnaissance or ResourceDevelopment"
                yield self.finding(detection.document, ("tactics", i), message, help)
