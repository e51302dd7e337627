"""ATK006."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import attack


class AttackNextVersion(DetectionCheck):
    """A rule names a technique that is not in all of the ATT&CK versions in use: gone in 19, or new in it.

    Why: ATT&CK 19 split Defense Evasion into Stealth and Defense Impairment and gave some techniques new ids. The
    interface of Sentinel has the tactics up to version 18 (tocsin carries 18.1), so rules stay with those; a report on
    version 19 misses the old ids, and pages of the workspace do not know the new ones.

    Fails::

        relevantTechniques: [T1562.001]      # T1685 in version 19

    Right::

        relevantTechniques: [T1562.001]
        x-tocsin: {lint: {ignore: [{code: ATK006, reason: T1685 once Sentinel has ATT&CK 19}]}}

    Fine to ignore: as long as Sentinel has version 18; the waiver marks what is to be renamed then.
    """

    code, slug, level = "ATK006", "attack.next-version", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        changes = attack.changes()
        for i, id_ in enumerate(detection.model.relevant_techniques):
            if id_ in changes.going:
                successor = changes.coming.get(changes.going[id_])
                then = f": there it is {successor.id} ({successor.name})" if successor is not None else ""
                message = f"{id_} is no more in ATT&CK {attack.next_version()}{then}"
                help = "keep it while Sentinel has version 18; note what it becomes"
                yield self.finding(detection.document, ("relevantTechniques", i), message, help)
            elif id_ in changes.coming:
                before = sorted(old for old, new in changes.going.items() if new == id_)
                message = f"{id_} is new in ATT&CK {attack.next_version()}, Sentinel has {attack.version()}"
                help = f"write {before[0]} until then" if before else "leave it out until then"
                yield self.finding(detection.document, ("relevantTechniques", i), message, help)
