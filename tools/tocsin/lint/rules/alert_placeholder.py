"""ALT002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.alert_formats import alert_formats
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel.alert_details import placeholders, unbalanced_brace


class AlertPlaceholder(DetectionCheck):
    """An alert's title or description holds a placeholder that is not closed, or names no column.

    Why: such a format makes the deployment fail.

    Fails::

        alertDetailsOverride: {alertDisplayNameFormat: "Direct Send from {{SenderIP}"}

    Right::

        alertDetailsOverride: {alertDisplayNameFormat: "Direct Send from {{SenderIP}}"}

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "ALT002", "alert.placeholder", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        for one in alert_formats(detection):
            path = ("alertDetailsOverride", one.field)
            brace = unbalanced_brace(one.text)
            if brace is not None:
                message = f"the {one.what} has braces that are not balanced"
                help = "write a placeholder as {{Column}}"
                yield self.finding_in_text(detection.document, path, brace, 2, message, help)
            for match in placeholders(one.text):
                if not match.group(1).strip():
                    message = f"a placeholder of the {one.what} names no column"
                    length = len(match.group())
                    help = "write {{Column}} with a column of the result"
                    yield self.finding_in_text(detection.document, path, match.start(), length, message, help)
