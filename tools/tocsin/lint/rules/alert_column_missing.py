"""ALT001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.alert_formats import alert_formats
from tocsin.lint.check import DetectionCheck
from tocsin.lint.columns import ColumnUse, missing_columns
from tocsin.lint.context import DetectionContext
from tocsin.sentinel.alert_details import placeholders

_OVERRIDE = "alertDetailsOverride"


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
        for use, missing in missing_columns(detection, self._uses(detection)):
            found = self.finding(detection.document, use.path, missing.message, missing.help, notes=missing.notes)
            if use.offset is not None:
                location = detection.document.location_in_text(*use.path, offset=use.offset)
                found = Finding(
                    self.code, self.slug, self.level, found.message, found.help, location, found.notes, len(use.column)
                )
            yield found

    def _uses(self, detection: DetectionContext) -> Iterator[ColumnUse]:
        override = detection.model.alert_details_override
        if override is None:
            return
        for one in alert_formats(detection):
            for match in placeholders(one.text):
                column = match.group(1).strip()
                if column:
                    yield ColumnUse(column, f"the {one.what}", (_OVERRIDE, one.field), match.start(1))
        for field, what, single in (
            ("alertSeverityColumnName", "the alert severity", override.alert_severity_column_name),
            ("alertTacticsColumnName", "the alert tactics", override.alert_tactics_column_name),
        ):
            if single:
                yield ColumnUse(single, what, (_OVERRIDE, field))
        for i, dynamic in enumerate(override.alert_dynamic_properties):
            path = (_OVERRIDE, "alertDynamicProperties", i, "value")
            yield ColumnUse(dynamic.value, f"the alert property {dynamic.alert_property}", path)
