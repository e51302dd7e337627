"""Alerts as the service publishes them, and their rows in the table SecurityAlert.

Sources: https://learn.microsoft.com/azure/sentinel/security-alert-schema (columns),
https://learn.microsoft.com/azure/sentinel/troubleshoot-analytics-rules (Query and OriginalQuery of an alert per event),
https://learn.microsoft.com/azure/sentinel/surface-custom-details-in-alerts. The keys of ExtendedProperties, their
order and the form of their values are not documented; they follow alerts that users have published. What is certain
and what is not: ``docs/sentinel-semantics.md``.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from tocsin.content.models import Detection
from tocsin.kql.literals import format_datetime, format_timespan
from tocsin.kql.table import Table
from tocsin.kql.types import TICKS_PER_SECOND, ColumnSchema, ScalarType, Value
from tocsin.sentinel import limits
from tocsin.sentinel.alert_entities import entities_json
from tocsin.sentinel.alerts import Alert, is_per_result
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.rendering import json_form, shown
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.window import Window, query_window, ticks_of

TABLE: Final = "SecurityAlert"

_NAMESPACE: Final = UUID("5f0c2c1e-8c3b-5d43-9a55-0c3f2a7f6b11")
_COMPRESSION: Final = 1


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace whose ids and names stand in alerts and incidents. ``id`` is the workspace's GUID."""

    id: str = "00000000-0000-4000-8000-000000000001"
    name: str = "workspace"
    subscription_id: str = "00000000-0000-4000-8000-000000000002"
    resource_group: str = "resource-group"


DEFAULT_WORKSPACE: Final = Workspace()


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """An alert of one run of one rule.

    ``rule`` is the rule's name below ``detections/`` without ``.yaml``. ``run`` is the nominal time of the run,
    ``published`` the time at which the alert is written (ticks), ``window`` what the run looked at. ``result_rows`` is
    the number of rows of the whole result, ``event`` the row as JSON where the alert covers one event, else empty.
    The ids are the same whenever the same run of the same rule is predicted.
    """

    alert: Alert
    detection: Detection = field(repr=False)
    rule: str
    run: int
    published: int
    window: Window
    system_alert_id: str
    vendor_original_id: str
    correlation_id: str
    result_rows: int
    event: str = field(default="", repr=False)

    @property
    def rule_id(self) -> str:
        """The id of the rule in the workspace."""
        return self.detection.id

    @property
    def kind(self) -> str:
        """``Scheduled`` or ``NRT``."""
        return self.detection.kind


def publish(
    detection: Detection,
    rule: str,
    alerts: Sequence[Alert],
    result: Table,
    *,
    run: int,
    published: int,
    window: Window | None = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> tuple[RaisedAlert, ...]:
    """The alerts that ``alerts.predict`` made of ``result``, as the run at ``run`` publishes them, in order."""
    seen = window or query_window(detection, run)
    base = f"{workspace.id}_{detection.id}"
    per_event = is_per_result(detection)

    def identity(kind: str, number: int) -> str:
        return str(uuid5(_NAMESPACE, f"{kind}/{base}/{run}/{number}"))

    return tuple(
        RaisedAlert(
            alert=alert,
            detection=detection,
            rule=rule,
            run=run,
            published=published,
            window=seen,
            system_alert_id=identity("system", number),
            vendor_original_id=identity("vendor", number),
            correlation_id=f"{base}_{published}",
            result_rows=result.row_count,
            event=_record(result, alert.rows[0]) if per_event and not alert.summary and alert.rows else "",
        )
        for number, alert in enumerate(alerts)
    )


def security_alert_rows(
    raised: Iterable[RaisedAlert],
    *,
    workspace: Workspace = DEFAULT_WORKSPACE,
    behaviour: Behaviour = DEFAULT_BEHAVIOUR,
    columns: Sequence[ColumnSchema] | None = None,
) -> Table:
    """The rows of these alerts in the table SecurityAlert, in order.

    ``columns`` is the schema of the table in the catalogue at hand; without it, the packaged one.
    """
    schema = packaged_tables("sentinel")[TABLE] if columns is None else columns
    return Table.from_records(schema, (_row(one, workspace, behaviour) for one in raised))


def _row(one: RaisedAlert, workspace: Workspace, behaviour: Behaviour) -> dict[str, Value]:
    alert = one.alert
    overridden = dict(alert.properties)
    score = overridden.get("ConfidenceScore")
    component = "Scheduled Alerts" if one.kind == "Scheduled" else "NRT Alerts"
    parents = tuple(dict.fromkeys(technique.partition(".")[0] for technique in alert.techniques))
    children = tuple(technique for technique in alert.techniques if "." in technique)
    return {
        "TenantId": workspace.id,
        "TimeGenerated": one.published,
        "DisplayName": alert.title,
        "AlertName": alert.title,
        "AlertSeverity": alert.severity,
        "Description": alert.description,
        "ProviderName": overridden.get("ProviderName", f"ASI {component}"),
        "VendorName": "Microsoft",
        "VendorOriginalId": one.vendor_original_id,
        "SystemAlertId": one.system_alert_id,
        "ResourceId": "",
        "SourceComputerId": "",
        "AlertType": f"{workspace.id}_{one.rule_id}",
        "ConfidenceLevel": overridden.get("ConfidenceLevel", ""),
        "ConfidenceScore": None if score is None else float(score),
        "IsIncident": False,
        "StartTime": alert.start,
        "EndTime": alert.end,
        "ProcessingEndTime": one.published,
        "RemediationSteps": overridden.get("RemediationSteps", ""),
        "ExtendedProperties": _compact(dict(_extended_properties(one, workspace))),
        "Entities": entities_json(alert.entities, behaviour.first_entity_id) if alert.entities else "",
        "SourceSystem": "Detection",
        "WorkspaceSubscriptionId": workspace.subscription_id,
        "WorkspaceResourceGroup": workspace.resource_group,
        "ExtendedLinks": overridden.get("ExtendedLinks", ""),
        "ProductName": overridden.get("ProductName", "Azure Sentinel"),
        "ProductComponentName": overridden.get("ProductComponentName", component),
        "AlertLink": overridden.get("AlertLink", ""),
        "Status": "New",
        "CompromisedEntity": "",
        "Tactics": ",".join(alert.tactics) or "Unknown",
        "Techniques": _list(parents, behaviour),
        "SubTechniques": overridden.get("SubTechniques") or _list(children, behaviour),
        "Type": TABLE,
        "_TimeReceived": one.published,
    }


def _extended_properties(one: RaisedAlert, workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The keys in the order in which published alerts have them; every value is text."""
    rule = one.detection
    period = rule.query_period or limits.NRT_WINDOW
    yield "Query Period", format_timespan(ticks_of(period))
    yield "Trigger Operator", rule.trigger_operator or "GreaterThan"
    yield "Trigger Threshold", str(rule.trigger_threshold or 0)
    yield "Correlation Id", one.correlation_id
    yield "Search Query Results Overall Count", str(one.result_rows)
    yield "Data Sources", _compact([workspace.name])
    if one.event:
        yield "Query", event_query(one.event)
        yield "OriginalQuery", rule.query
    else:
        yield "Query", _timed_query(rule.query, one.run)
    yield "Query Start Time UTC", _whole_seconds(one.window.start)
    yield "Query End Time UTC", _whole_seconds(one.window.end + TICKS_PER_SECOND - 1)
    yield "Analytic Rule Ids", _compact([one.rule_id])
    yield "Event Grouping", "AlertPerEvent" if one.event else "SingleAlert"
    yield "Analytic Rule Name", rule.name
    if one.alert.custom_details:
        yield "Custom Details", _compact({key: list(values) for key, values in one.alert.custom_details})
    yield "ProcessedBySentinel", "True"
    yield "Alert generation status", "Full alert created"


def event_query(event: str) -> str:
    """The query that gives the event back: it holds the event compressed, unless that is larger than 10 KB."""
    packed = base64.b64encode(zlib.compress(event.encode("utf-8", "surrogatepass"), _COMPRESSION)).decode("ascii")
    literal = f"'{packed}'" if len(packed) <= limits.ALERT_EVENT_BYTES else ""
    return (
        "// might contain sensitive data\n"
        f"let alertedEvent = datatable(compressedRec: string)\n[{literal}]\n"
        "| extend raw = todynamic(zlib_decompress_from_base64_string(compressedRec))"
        " | evaluate bag_unpack(raw) | project-away compressedRec;\n"
        "alertedEvent"
    )


def _timed_query(query: str, run: int) -> str:
    """The rule's query with the run's time fixed, so that an analyst who opens it sees what the run saw."""
    return (
        "// The query_now parameter represents the time (in UTC) at which the scheduled analytics rule ran to produce"
        f" this alert.\nset query_now = datetime({format_datetime(run).removesuffix('Z')}Z);\n{query}"
    )


def _whole_seconds(ticks: int) -> str:
    """``2023-07-24 15:23:59Z``, cut to the second."""
    return format_datetime(ticks)[:19].replace("T", " ") + "Z"


def _list(words: Sequence[str], behaviour: Behaviour) -> str:
    if behaviour.techniques_form == "json":
        return _compact(list(words)) if words else ""
    return ",".join(words)


def _record(result: Table, row: int) -> str:
    """One row as JSON text; nulls are left out."""
    pairs = zip(result.columns, result.data, strict=True)
    held = {column.name: _json_cell(values[row], column.type) for column, values in pairs if values[row] is not None}
    return _compact(held)


def _json_cell(value: Value, type_: ScalarType) -> Any:
    if type_ in (ScalarType.BOOL, ScalarType.INT, ScalarType.LONG, ScalarType.STRING):
        return value
    if type_ is ScalarType.REAL:
        return value if abs(value) < float("inf") else str(value)
    if type_ is ScalarType.DYNAMIC:
        return json_form(value)
    return shown(value, type_)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
