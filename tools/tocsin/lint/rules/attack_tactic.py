"""ATK002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import attack


class AttackTactic(DetectionCheck):
    """A rule names a technique, but none of the tactics that the technique serves.

    Why: Sentinel's own check of rules refuses it ("No valid tactic corresponding to the technique ... was provided"),
    and the MITRE page of the workspace shows the rule in the wrong place.

    Fails::

        tactics: [Impact]
        relevantTechniques: [T1566]

    Right::

        tactics: [InitialAccess]
        relevantTechniques: [T1566]

    Fine to ignore: when the technique is used for a tactic that ATT&CK does not list for it, with the reason.
    """

    code, slug, level = "ATK002", "attack.tactic", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        stated = detection.model.tactics
        for i, id_ in enumerate(detection.model.relevant_techniques):
            technique = attack.technique_named(id_)
            if technique is not None and not set(technique.tactics) & set(stated):
                instead = f": it belongs to {' and '.join(technique.tactics)}, the rule has {' and '.join(stated)}"
                message = f"{id_} ({technique.name}) serves no tactic of the rule{instead if stated else ''}"
                help = f"add {' or '.join(technique.tactics)} to tactics, or remove the technique"
                yield self.finding(detection.document, ("relevantTechniques", i), message, help)
