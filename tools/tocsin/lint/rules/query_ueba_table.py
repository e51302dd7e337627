"""KQL034."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql import plan
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.places import finding_at_text
from tocsin.sentinel.column_facts import UEBA_TABLES


class QueryUebaTable(DetectionCheck):
    """A rule reads a table that a workspace has only when UEBA is on, and does not say that it needs it.

    Why: without UEBA the table does not exist and the rule cannot be saved. Named under requiredDataConnectors, the
    need is seen before (https://learn.microsoft.com/azure/sentinel/enable-entity-behavior-analytics).

    Fails::

        query: BehaviorAnalytics | where InvestigationPriority > 7

    Right::

        requiredDataConnectors:
          - connectorId: BehaviorAnalytics
            dataTypes: [BehaviorAnalytics]

    Fine to ignore: when every workspace the rule goes to has UEBA, and nobody else uses the rule.
    """

    code, slug, level = "KQL034", "query.ueba-table", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        needs = {
            name
            for one in detection.model.required_data_connectors
            for name in (one.connector_id or "", *one.data_types)
        }
        if needs & UEBA_CONNECTORS:
            return
        told: set[str] = set()
        for each in detection.query.relations:
            if isinstance(each, plan.Scan) and each.table in UEBA_TABLES - needs - told:
                told.add(each.table)
                message = f"{each.table} exists only where UEBA is on, and the rule does not say that it needs it"
                help = (
                    f"name it: requiredDataConnectors: [{{connectorId: BehaviorAnalytics, dataTypes: [{each.table}]}}]"
                )
                yield finding_at_text(self, detection.query, each, message, help)


UEBA_CONNECTORS = frozenset({"BehaviorAnalytics", "IdentityInfo"})
