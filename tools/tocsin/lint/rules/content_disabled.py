"""CNT012."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext


class ContentDisabled(DetectionCheck):
    """A rule is switched off, and nothing says why.

    Why: it counts in the list of detections and finds nothing. Switched off for a day, such rules stay so for years.

    Fails::

        enabled: false

    Right::

        enabled: false
        x-tocsin: {status: experimental}

    Fine to ignore: when the status says it (experimental, deprecated), the check is silent; else with the reason.
    """

    code, slug, level = "CNT012", "rule.disabled", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        if not detection.model.enabled and detection.model.extension.status in (None, "test"):
            message, help = "the rule is switched off", "switch it on, or say why: x-tocsin: {status: deprecated}"
            yield self.finding(detection.document, ("enabled",), message, help)
