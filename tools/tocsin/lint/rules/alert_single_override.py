"""ALT004."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.alert_formats import alert_formats
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel.alert_details import placeholders


class AlertSingleOverride(DetectionCheck):
    """An alert takes its title or severity from the rows, but one alert covers all rows of a run.

    Why: the service does not document which row's value such an alert shows. The analyst reads one sender in the
    title while the alert covers twenty.

    Fails::

        alertDetailsOverride: {alertDisplayNameFormat: "Direct Send from {{SenderIP}}"}

    Right::

        alertDetailsOverride: {alertDisplayNameFormat: "Direct Send from {{SenderIP}}"}
        eventGroupingSettings: {aggregationKind: AlertPerResult}

    Fine to ignore: when the query returns at most one row, or the same value in all of them.
    """

    code, slug, level = "ALT004", "alert.single-override", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        grouping = detection.model.event_grouping_settings
        override = detection.model.alert_details_override
        if override is None or (grouping is not None and grouping.aggregation_kind == "AlertPerResult"):
            return
        fields = [one.field for one in alert_formats(detection) if next(placeholders(one.text), None)]
        if override.alert_severity_column_name:
            fields.append("alertSeverityColumnName")
        if override.alert_tactics_column_name:
            fields.append("alertTacticsColumnName")
        if fields:
            message = "one alert covers all rows of a run, and its details come from the rows"
            help = "set eventGroupingSettings: {aggregationKind: AlertPerResult}"
            yield self.finding(detection.document, ("alertDetailsOverride", fields[0]), message, help, key=True)
