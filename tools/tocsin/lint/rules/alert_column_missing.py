"""ALT001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.columns import missing_columns
from tocsin.lint.context import DetectionContext
from tocsin.lint.mapped_columns import alert_columns


class AlertColumnMissing(DetectionCheck):
    """An alert takes its title, description, severity, tactics or a property from a column that is not in the result.

    Why: the alert falls back to the rule's own text, or the service refuses the rule.

    Fails::

        query: EmailEvents | project SenderIPv4
        alertDetailsOverride: {alertDisplayNameFormat: "Direct Send from {{SenderIP}}"}

    Right::

        query: EmailEvents | project SenderIP = SenderIPv4
        alertDetailsOverride: {alertDisplayNameFormat: "Direct Send from {{SenderIP}}"}

    Fine to ignore: never.
    """

    code, slug, level = "ALT001", "alert.column-missing", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        yield from missing_columns(self, detection, alert_columns(detection))
