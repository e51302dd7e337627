"""ATK003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext


class AttackSubTechnique(DetectionCheck):
    """A rule names a sub-technique, but not the technique that it is part of.

    Why: the interface has two lists, ``techniques`` for T1566 and ``subTechniques`` for T1566.002, and wants the
    technique of each sub-technique in the first. tocsin adds it when it compiles; tools that send the list of the file
    as it stands are refused, and counts of coverage by technique miss the rule.

    Fails::

        relevantTechniques: [T1566.002]

    Right::

        relevantTechniques: [T1566, T1566.002]

    Fine to ignore: when nothing but tocsin reads the file.
    """

    code, slug, level = "ATK003", "attack.sub-technique", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        named = set(detection.model.relevant_techniques)
        for i, technique in enumerate(detection.model.relevant_techniques):
            parent, dot, _ = technique.partition(".")
            if dot and parent not in named:
                named.add(parent)
                message = f"{technique} is here without its technique {parent}"
                yield self.finding(detection.document, ("relevantTechniques", i), message, f"add {parent}")
