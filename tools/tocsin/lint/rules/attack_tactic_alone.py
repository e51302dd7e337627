"""ATK007."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import attack


class AttackTacticAlone(DetectionCheck):
    """A rule names techniques and a tactic that none of them serves.

    Why: the tactic claims a coverage that no technique stands for. Often a technique is missing, or the tactic is left
    from the rule that this one was copied from.

    Fails::

        tactics: [InitialAccess, Exfiltration]
        relevantTechniques: [T1566]

    Right::

        tactics: [InitialAccess]
        relevantTechniques: [T1566]

    Fine to ignore: when ATT&CK has no technique for what is meant.
    """

    code, slug, level = "ATK007", "attack.tactic-alone", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        techniques = [attack.technique_named(id_) for id_ in detection.model.relevant_techniques]
        served = {tactic for technique in techniques if technique is not None for tactic in technique.tactics}
        if not techniques or None in techniques:
            return
        for i, tactic in enumerate(detection.model.tactics):
            if tactic not in served and tactic in attack.ENTERPRISE_TACTICS:
                message = f"no technique of the rule serves {tactic}"
                yield self.finding(
                    detection.document, ("tactics", i), message, "add the technique that does, or remove the tactic"
                )
