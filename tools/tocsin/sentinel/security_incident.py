"""The rows that incidents leave in the table SecurityIncident: one for each change.

Sources: https://learn.microsoft.com/azure/azure-monitor/reference/tables/securityincident (columns),
https://learn.microsoft.com/azure/sentinel/manage-soc-with-incident-metrics (a row for each change),
https://learn.microsoft.com/azure/sentinel/move-to-defender (provider name, delay). What the dynamic columns hold
follows rows that users have published.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, Value
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.incidents import Closing, Incident, IncidentBook, IncidentChange
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.security_alert import DEFAULT_WORKSPACE, RaisedAlert, Workspace
from tocsin.sentinel.window import ticks_of

TABLE: Final = "SecurityIncident"

_PORTAL: Final = "https://portal.azure.com/#asset/Microsoft_Azure_Security_Insights/Incident"


def security_incident_rows(
    changes: Iterable[IncidentChange],
    *,
    workspace: Workspace = DEFAULT_WORKSPACE,
    behaviour: Behaviour = DEFAULT_BEHAVIOUR,
    columns: Sequence[ColumnSchema] | None = None,
) -> Table:
    """A row for each change, in order: the incident after it.

    ``columns`` is the schema of the table in the catalogue at hand; without it, the packaged one.
    """
    schema = packaged_tables("sentinel")[TABLE] if columns is None else columns
    delay = ticks_of(behaviour.defender_delay) if behaviour.portal == "defender" else 0
    return Table.from_records(schema, (_row(one.incident, one.time + delay, workspace) for one in changes))


class IncidentRecorder:
    """An incident book that answers with rows of SecurityIncident, for a replay, and keeps what happened."""

    def __init__(
        self,
        behaviour: Behaviour = DEFAULT_BEHAVIOUR,
        closings: Sequence[Closing] = (),
        *,
        workspace: Workspace = DEFAULT_WORKSPACE,
        columns: Sequence[ColumnSchema] | None = None,
    ) -> None:
        self._book = IncidentBook(behaviour, closings)
        self._behaviour = behaviour
        self._workspace = workspace
        self._columns = columns
        self._changes: list[IncidentChange] = []

    @property
    def changes(self) -> tuple[IncidentChange, ...]:
        """Every change so far, in the order of time."""
        return tuple(self._changes)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The incidents as they are now, by number."""
        return self._book.incidents

    def take(self, alerts: Sequence[RaisedAlert]) -> Table:
        """The rows that the alerts of one run cause. Raises ValueError as :meth:`IncidentBook.take` does."""
        return self._rows(self._book.take(alerts))

    def advance(self, time: int) -> Table:
        """The rows of the closings that are due by ``time`` (ticks)."""
        return self._rows(self._book.advance(time))

    def _rows(self, changes: tuple[IncidentChange, ...]) -> Table:
        self._changes.extend(changes)
        return security_incident_rows(
            changes, workspace=self._workspace, behaviour=self._behaviour, columns=self._columns
        )


def _row(incident: Incident, written: int, workspace: Workspace) -> dict[str, Value]:
    products = dict.fromkeys(dict(one.alert.properties).get("ProductName", "Azure Sentinel") for one in incident.alerts)
    return {
        "TenantId": workspace.id,
        "TimeGenerated": written,
        "IncidentName": incident.name,
        "Title": incident.title,
        "Description": incident.description,
        "Severity": incident.severity,
        "Status": incident.status,
        "Classification": incident.classification,
        "ClassificationComment": incident.classification_comment,
        "ClassificationReason": incident.classification_reason,
        "Owner": {"objectId": None, "email": None, "assignedTo": None, "userPrincipalName": None},
        "ProviderName": incident.provider,
        "ProviderIncidentId": str(incident.number),
        "FirstActivityTime": incident.first_activity,
        "LastActivityTime": incident.last_activity,
        "FirstModifiedTime": incident.first_modified,
        "LastModifiedTime": incident.modified,
        "CreatedTime": incident.created,
        "ClosedTime": incident.closed,
        "IncidentNumber": incident.number,
        "RelatedAnalyticRuleIds": [incident.rule_id],
        "AlertIds": [one.system_alert_id for one in incident.alerts],
        "BookmarkIds": [],
        "Comments": [],
        "Tasks": [],
        "Labels": [],
        "IncidentUrl": _url(incident, workspace),
        "AdditionalData": {
            "alertsCount": len(incident.alerts),
            "bookmarksCount": 0,
            "commentsCount": 0,
            "alertProductNames": list(products),
            "tactics": list(incident.tactics),
            "techniques": list(dict.fromkeys(one.partition(".")[0] for one in incident.techniques)),
        },
        "ModifiedBy": incident.modified_by,
        "SourceSystem": "Azure",
        "Type": TABLE,
        "_TimeReceived": written,
    }


def _url(incident: Incident, workspace: Workspace) -> str:
    return (
        f"{_PORTAL}/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}/providers/"
        f"Microsoft.OperationalInsights/workspaces/{workspace.name}/providers/Microsoft.SecurityInsights/Incidents/"
        f"{incident.name}"
    )
