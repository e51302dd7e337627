"""ATK003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import attack


class AttackSubtechnique(DetectionCheck):
    """A rule names a sub-technique without its technique.

    Why: the stable interface of the service takes techniques only (``T1566``); sub-techniques have a field of their
    own in its preview versions. A file that names both says the same under either.

    Fails::

        relevantTechniques: [T1114.003]

    Right::

        relevantTechniques: [T1114, T1114.003]

    Fine to ignore: when the file is a community rule kept as it is; compiling adds the technique.
    """

    code, slug, level = "ATK003", "attack.subtechnique", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        named = detection.model.relevant_techniques
        for i, technique in enumerate(named):
            parent = technique.partition(".")[0]
            if attack.SUB_TECHNIQUE.match(technique) and parent not in named:
                message = f"{technique} is named without its technique {parent}"
                yield self.finding(detection.document, ("relevantTechniques", i), message, f"add {parent}")
