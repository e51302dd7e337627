"""ALT005."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.types import DYNAMIC, STRING, UNKNOWN
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.empty_columns import constants_of
from tocsin.sentinel import attack, limits


class AlertColumnValues(DetectionCheck):
    """An alert takes its severity or tactics from a column that holds none.

    Why: a value that is no severity (or no tactic) is passed over, and the alert has that of the rule, without a word
    (https://learn.microsoft.com/azure/sentinel/customize-alert-details).

    Fails::

        query: EmailEvents | extend Level = iff(EmailSize > 5, "Critical", "Low")
        alertDetailsOverride: {alertSeverityColumnName: Level}

    Right::

        query: EmailEvents | extend Level = iff(EmailSize > 5, "High", "Low")
        alertDetailsOverride: {alertSeverityColumnName: Level}

    Fine to ignore: when the rule's own severity is meant for these rows. The empty text says so.
    """

    code, slug, level = "ALT005", "alert.column-values", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        override, relation = detection.model.alert_details_override, detection.query.analysis.relation
        if override is None or relation is None:
            return
        known = {column.name: column for column in relation.columns}
        for field, noun, name, values, types in (
            ("alertSeverityColumnName", "severity", override.alert_severity_column_name, limits.SEVERITIES, {STRING}),
            ("alertTacticsColumnName", "tactic", override.alert_tactics_column_name, attack.TACTICS, {STRING, DYNAMIC}),
        ):
            column = known.get(name or "")
            if column is None:
                continue
            path = ("alertDetailsOverride", field)
            if column.type not in types | {UNKNOWN}:
                message = f"{column.name} is {column.type.value}, no {noun}"
                yield self.finding(detection.document, path, message, f"give a text: {', '.join(values[:4])} …")
            elif noun == "severity":
                wrong = [each for each in constants_of(relation, column) if each and each not in values]
                if wrong:
                    message = f'{column.name} is "{wrong[0]}" in some rows, which is no severity'
                    yield self.finding(detection.document, path, message, f"use {', '.join(values)}")
