"""ALT003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.alert_formats import alert_formats
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits
from tocsin.sentinel.alert_details import placeholders


class AlertFormatLimits(DetectionCheck):
    """An alert's title or description is too long or has more than three placeholders.

    Why: the service refuses the rule (https://learn.microsoft.com/azure/sentinel/customize-alert-details).

    Fails::

        alertDetailsOverride: {alertDisplayNameFormat: "{{Kind}} by {{User}} from {{IP}} at {{Time}}"}

    Right::

        alertDetailsOverride: {alertDisplayNameFormat: "{{Kind}} by {{User}} from {{IP}}"}

    Fine to ignore: never; the rule cannot be saved. Join columns in the query with ``strcat`` to show more.
    """

    code, slug, level = "ALT003", "alert.format-limits", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        for one in alert_formats(detection):
            path = ("alertDetailsOverride", one.field)
            found = list(placeholders(one.text))
            if len(found) > limits.FORMAT_PARAMETERS:
                most = limits.FORMAT_PARAMETERS
                message = f"the {one.what} has {len(found)} placeholders, the service takes {most}"
                extra = found[most]
                help = "join columns in the query with strcat, or keep the three that matter"
                length = len(extra.group())
                yield self.finding_in_text(detection.document, path, extra.start(), length, message, help)
            if not 1 <= len(one.text) <= one.most:
                message = f"the {one.what} has {len(one.text):,} characters, the service takes 1 to {one.most:,}"
                yield self.finding(detection.document, path, message, "shorten it" if one.text else "delete the field")
