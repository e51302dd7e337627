"""ATK005."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.editing import set_value
from tocsin.content.finding import Finding, Fix, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import attack


class AttackRetired(DetectionCheck):
    """A rule names a technique that ATT&CK has revoked or deprecated.

    Why: MITRE's page says that it is no more, coverage does not count it, and reports that compare with a newer list
    drop it. A revoked technique has a successor, which the help names; a deprecated one has none.

    Fails::

        relevantTechniques: [T1192]

    Right::

        relevantTechniques: [T1566.002]

    Fine to ignore: when the rule is kept as its publisher made it.
    """

    code, slug, level = "ATK005", "attack.retired", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        changes = attack.changes()
        for i, id_ in enumerate(detection.model.relevant_techniques):
            path = ("relevantTechniques", i)
            if id_ in changes.deprecated:
                message, help = f"ATT&CK has deprecated {id_}", "name the techniques that the rule finds today"
                yield self.finding(detection.document, path, message, help)
            elif id_ in changes.revoked:
                successor = attack.techniques().get(changes.revoked[id_])
                message = f"ATT&CK has revoked {id_}"
                if successor is None:
                    yield self.finding(detection.document, path, message, "look it up at attack.mitre.org")
                    continue
                # The successor may serve other tactics than the rule states: a person decides.
                edit = set_value(detection.document, path, successor.id)
                fix = Fix((edit,), safe=False) if edit is not None else None
                message += f" in favour of {successor.id} ({successor.name})"
                yield self.finding(detection.document, path, message, f"write {successor.id}", fix=fix)
