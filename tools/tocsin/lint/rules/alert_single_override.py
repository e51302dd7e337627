"""ALT004."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.alert_formats import alert_formats
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.row_counts import row_count
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

    Fine to ignore: when a run hardly ever finds more than one, or all rows have the same value.
    """

    code, slug, level = "ALT004", "alert.single-override", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        grouping = detection.model.event_grouping_settings
        override = detection.model.alert_details_override
        if override is None or (grouping is not None and grouping.aggregation_kind == "AlertPerResult"):
            return
        relation = detection.query.analysis.relation
        if relation is not None and row_count(relation).most in (0, 1):
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
