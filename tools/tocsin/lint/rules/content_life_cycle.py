"""CNT006."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.content.models import Detection
from tocsin.lint.check import Check
from tocsin.lint.context import DetectionContext, LintContext


class ContentLifeCycle(Check):
    """A rule lacks what its status in ``x-tocsin`` promises.

    A rule in ``production`` has an owner, a triage guide, a description, references and a version, and is switched on;
    TST001 asks for its tests. A ``deprecated`` one names what replaces it or the day on which it goes.

    Why: whoever gets the alert at night has this file and nothing else; and a deprecated rule without an end stays for
    ever.

    Fails::

        x-tocsin: {status: deprecated}

    Right::

        x-tocsin: {status: deprecated, replacedBy: direct_send/unauthorised_source, retiredOn: 2027-01-31}

    Fine to ignore: never; choose another status until it is true.
    """

    code, slug, level = "CNT006", "rule.life-cycle", Level.WARNING
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        names = {detection.name for detection in context.detections}
        for detection in context.detections:
            status = detection.model.extension.status
            if status == "production":
                yield from self._production(detection)
            elif status == "deprecated":
                yield from self._deprecated(detection, names)
            else:
                yield from self._living(detection)

    def _production(self, detection: DetectionContext) -> Iterator[Finding]:
        model = detection.model
        lacking = [word for word, there in _promised(model) if not there]
        if lacking:
            message = f"the rule is in production, but has no {' and no '.join(lacking)}"
            help = "add it, or set status: test"
            yield self.finding(detection.document, ("x-tocsin", "status"), message, help)
        if not model.enabled:
            message, help = "the rule is in production, but switched off", "set status: deprecated, or enabled: true"
            yield self.finding(detection.document, ("enabled",), message, help)

    def _deprecated(self, detection: DetectionContext, names: set[str]) -> Iterator[Finding]:
        extension = detection.model.extension
        if extension.replaced_by is None and extension.retired_on is None:
            message = "the rule is deprecated, but nothing says what replaces it or when it goes"
            help = "add replacedBy: family/rule, or retiredOn: YYYY-MM-DD"
            yield self.finding(detection.document, ("x-tocsin", "status"), message, help)
        if extension.replaced_by is not None and extension.replaced_by not in names - {detection.name}:
            message = f"there is no detection {extension.replaced_by} that could replace this one"
            help = "name it by its path below detections, without .yaml"
            yield self.finding(detection.document, ("x-tocsin", "replacedBy"), message, help)

    def _living(self, detection: DetectionContext) -> Iterator[Finding]:
        extension = detection.model.extension
        for field, value in (("replacedBy", extension.replaced_by), ("retiredOn", extension.retired_on)):
            if value is not None:
                message = f"{field} says that the rule goes, but its status is not deprecated"
                help = f"set status: deprecated, or delete {field}"
                yield self.finding(detection.document, ("x-tocsin", field), message, help)


def _promised(model: Detection) -> tuple[tuple[str, bool], ...]:
    extension = model.extension
    return (
        ("owner", bool(extension.owner)),
        ("triage guide", extension.triage is not None and bool(extension.triage.meaning.strip())),
        ("description", bool(model.description.strip())),
        ("references", bool(extension.references)),
        ("version", bool(model.version)),
    )
