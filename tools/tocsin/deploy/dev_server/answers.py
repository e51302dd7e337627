"""What the service makes of a body it accepted: what it stores, fills in, computes, and shows on reading."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tocsin.content.durations import iso8601, parse_duration
from tocsin.deploy.dev_server.state import Stored
from tocsin.sentinel.definitions import api_versions, definition

_TYPES: Mapping[str, str] = {
    "alertRules": "Microsoft.SecurityInsights/alertRules",
    "metadata": "Microsoft.SecurityInsights/Metadata",
    "watchlists": "Microsoft.SecurityInsights/Watchlists",
    "watchlistItems": "Microsoft.SecurityInsights/Watchlists/WatchlistItems",
    "savedSearches": "Microsoft.OperationalInsights/savedSearches",
    "tables": "Microsoft.OperationalInsights/workspaces/tables",
}
_DURATIONS = ("queryFrequency", "queryPeriod", "suppressionDuration", "lookbackDuration")
_STANDARD_COLUMNS = (("TenantId", "guid"), ("Type", "string"), ("_ResourceId", "string"))


def stored_body(resource: str, body: Mapping[str, Any], name: str, old: Stored | None) -> dict[str, Any]:
    """What is kept of a PUT body that passed all checks; ``old`` is the version it replaces."""
    kept = {key: body[key] for key in ("kind", "properties") if key in body}
    properties: dict[str, Any] = dict(kept.get("properties") or {})
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    match resource:
        case "alertRules":
            properties = _rewritten_durations(properties) | {"lastModifiedUtc": now}
        case "savedSearches":
            properties = {"version": 2, **properties}
        case "watchlists":
            created = old.body["properties"]["created"] if old else now
            properties = {key: value for key, value in properties.items() if key != "rawContent"} | {
                "watchlistAlias": name,
                "watchlistId": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
                "isDeleted": False,
                "created": created,
                "updated": now,
                "provisioningState": "Succeeded",
            }
        case "tables":
            properties = _described_table(properties, old)
    kept["properties"] = properties
    return kept


def watchlist_items(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Items (id, body) that the inline CSV of a watchlist adds. Equal rows have equal ids: an upload appends, and rows
    that are there already stay single. Source: learn.microsoft.com/azure/sentinel/watchlists-manage, bulk update."""
    properties = body["properties"]
    lines = properties.get("rawContent", "").splitlines(keepends=True)[properties.get("numberOfLinesToSkip", 0) :]
    for row in csv.DictReader(io.StringIO("".join(lines), newline="")):
        identity = "\x1f".join(f"{key}={value}" for key, value in sorted(row.items()))
        yield str(uuid.uuid5(uuid.NAMESPACE_URL, identity)), {"properties": {"itemsKeyValue": dict(row)}}


def watchlist_columns(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Header of a watchlist's inline CSV; empty without content."""
    properties = body["properties"]
    lines = properties.get("rawContent", "").splitlines()[properties.get("numberOfLinesToSkip", 0) :]
    return tuple(next(csv.reader(lines[:1]), ()))


def shown(stored: Stored) -> dict[str, Any]:
    """The resource as a GET returns it: ids, type, ETag, and a null for each optional property that is not set."""
    answer: dict[str, Any] = {
        "id": stored.path,
        "name": stored.path.rpartition("/")[2],
        "type": _TYPES[stored.resource],
        **stored.body,
    }
    if stored.resource != "tables":
        answer["etag"] = stored.etag
    if stored.resource == "alertRules":
        nulls = dict.fromkeys(_nullable(stored.body["kind"]))
        answer["properties"] = nulls | stored.body["properties"]
    return answer


def _nullable(kind: str) -> list[str]:
    """Optional properties of a rule kind, by the newest definition."""
    schemas = definition("alertRules", api_versions("alertRules")[-1]).body["components"]["schemas"]
    name = f"{kind.capitalize() if kind.isupper() else kind}AlertRuleProperties"
    described = schemas.get(name, {"properties": {}})
    return [
        property_name
        for property_name, schema in described["properties"].items()
        if property_name not in described.get("required", ()) and not schema.get("readOnly")
    ]


def _rewritten_durations(value: Any, name: str = "") -> Any:
    """Durations in the shortest form (PT60M becomes PT1H), as .NET writes them."""
    if isinstance(value, Mapping):
        return {key: _rewritten_durations(member, key) for key, member in value.items()}
    duration = parse_duration(value) if name in _DURATIONS and isinstance(value, str) else None
    return value if duration is None else iso8601(duration)


def _described_table(properties: Mapping[str, Any], old: Stored | None) -> dict[str, Any]:
    described = properties.get("schema", {})
    schema = {
        **described,
        "columns": [
            {**column, "isDefaultDisplay": False, "isHidden": False} for column in described.get("columns", ())
        ],
        "tableType": "CustomLog",
        "tableSubType": "DataCollectionRuleBased",
        "standardColumns": [{"name": name, "type": type_name} for name, type_name in _STANDARD_COLUMNS],
    }
    defaults = {"plan": "Analytics", "retentionInDays": 30, "totalRetentionInDays": 30}
    kept = {key: old.body["properties"][key] for key in defaults} if old else {}
    return {**defaults, **kept, **properties, "schema": schema, "provisioningState": "Succeeded"}
