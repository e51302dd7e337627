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
from tocsin.sentinel.incidents import Incident, IncidentChange
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.security_alert import DEFAULT_WORKSPACE, Workspace
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
