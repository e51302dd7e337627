"""KQL010."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import plan
from tocsin.kql.types import DATETIME
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.places import finding_at_text
from tocsin.lint.time_reach import TIME_COLUMNS, spans
from tocsin.sentinel.window import SCOPE_COLUMN


class QueryWindowMissing(DetectionCheck):
    """A query reads a table that has no TimeGenerated, without a filter on time.

    Why: the service lays the queryPeriod around TimeGenerated. Where a table has no such column, each run reads all of
    it, and every row raises the alert again
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        query: EntraIdSignInEvents | where ErrorCode == 50126

    Right::

        query: EntraIdSignInEvents | where Timestamp > ago(1h) | where ErrorCode == 50126

    Fine to ignore: when the table holds a state, not events, and the rule means all of it.
    """

    code, slug, level = "KQL010", "query.window-missing", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        filtered = {span.table for span in spans(detection.query.relations)}
        told: set[tuple[str | None, int]] = set()
        for each in detection.query.relations:
            if not isinstance(each, plan.Scan) or each.table in filtered:
                continue
            times = [column.name for column in each.table_columns if column.type is DATETIME]
            if times and SCOPE_COLUMN not in times and (each.origin, each.start) not in told:
                told.add((each.origin, each.start))
                message = (
                    f"{each.table} has no {SCOPE_COLUMN}: the rule's queryPeriod does not limit what is read of it"
                )
                help = f"filter on its time: where {_time(times)} > ago(…)"
                yield finding_at_text(self, detection.query, each, message, help)


def _time(columns: list[str]) -> str:
    return next((one for one in columns if one in TIME_COLUMNS), columns[0])
