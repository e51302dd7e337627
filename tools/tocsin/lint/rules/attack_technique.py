"""ATK001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import attack


class AttackTechnique(DetectionCheck):
    """A rule names an ATT&CK technique that does not exist.

    Why: the alert shows a technique nobody can look up, and coverage counts it as none.

    Fails::

        relevantTechniques: [T9566]

    Right::

        relevantTechniques: [T1566]

    Fine to ignore: when the technique is newer than the ATT&CK versions that tocsin carries. Techniques of the
    matrix for industrial control systems (``T0...``) are not checked; those that ATT&CK once had are ATK005's.
    """

    code, slug, level = "ATK001", "attack.technique", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        changes = attack.changes()
        for i, technique in enumerate(detection.model.relevant_techniques):
            retired = technique in changes.revoked or technique in changes.deprecated
            if attack.technique_named(technique) is None and not retired and not attack.is_industrial(technique):
                message = f"ATT&CK {attack.version()} has no technique {technique}"
                parent = technique.partition(".")[0]
                help = (
                    f"write {parent}, or a sub-technique that exists"
                    if parent in attack.techniques()
                    else "look it up at attack.mitre.org"
                )
                yield self.finding(detection.document, ("relevantTechniques", i), message, help)
