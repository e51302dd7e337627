"""The resources that content becomes: one PUT each, in the order in which they can be made."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.compile.normal_form import fingerprint, normalise
from tocsin.content.source import Location
from tocsin.sentinel.definitions import definition

ORDER = ("tables", "watchlists", "savedSearches", "alertRules", "metadata")
"""Resource types in dependency order: what a rule reads is there before the rule."""

API_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "tables": ("2026-03-01",),
    "watchlists": ("2025-09-01",),
    "savedSearches": ("2026-03-01",),
    "alertRules": ("2025-09-01", "2025-10-01-preview"),
    "metadata": ("2025-09-01",),
}
"""API versions in order of preference: a body gets the first one that takes it. Only a preview knows NRT rules and
sub-techniques."""

SOURCE_NAME = "tocsin"
"""Name of the source repository in deployment records, and what tells tocsin's records from others."""

_RECORD_KINDS: Mapping[str, tuple[str, str]] = {
    "watchlists": ("Watchlist", "watchlist"),
    "savedSearches": ("Parser", "parser"),
    "alertRules": ("AnalyticsRule", "analyticsrule"),
}
"""Metadata kind and name prefix. The service has no kind for tables."""


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource of a workspace as git wants it.

    ``type`` and ``name`` are those of the REST path; ``body`` is the PUT body, JSON as Python data. ``title`` is what
    people call it, ``location`` where it is defined, ``version`` the content's own version or "".
    """

    type: str
    name: str
    api_version: str
    body: Mapping[str, Any]
    title: str
    location: Location
    version: str = ""

    @property
    def path(self) -> str:
        """REST path with ``{subscriptionId}``, ``{resourceGroupName}`` and ``{workspaceName}`` left open."""
        return resource_path(self.type, self.name, self.api_version)

    @property
    def normal_form(self) -> dict[str, Any]:
        """The body as :func:`comparable` sees it."""
        return comparable(self.type, self.body)


def resource_path(resource_type: str, name: str, api_version: str) -> str:
    """REST path of a resource, with the three placeholders of the workspace."""
    template = definition(resource_type, api_version).item_path
    return f"{template.rpartition('/')[0]}/{name}"


def comparable(resource_type: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Normal form of a body that is sent or was received; a watchlist's rows count as ``properties.items``."""
    if resource_type == "watchlists" and "rawContent" in body.get("properties", {}):
        properties = body["properties"]
        body = {**body, "properties": {**properties, "items": watchlist_rows(properties["rawContent"])}}
    return normalise(resource_type, body)


def watchlist_rows(raw_content: str) -> list[dict[str, str]]:
    """Rows of a watchlist's CSV text, each by column name."""
    return [dict(row) for row in csv.DictReader(io.StringIO(raw_content, newline=""))]


def deployment_record(resource: Resource) -> Resource | None:
    """The ``metadata`` resource that says what was deployed, with a fingerprint of it; None for types without one.

    It ties the resource to its file in git, and lets a later plan tell a change in git from one made in the portal.
    """
    if resource.type not in _RECORD_KINDS:
        return None
    kind, prefix = _RECORD_KINDS[resource.type]
    properties = {
        "kind": kind,
        "parentId": resource.path,
        "contentId": resource.name,
        "source": {"kind": "SourceRepository", "name": SOURCE_NAME, "sourceId": resource.location.file},
        "customVersion": fingerprint(resource.normal_form),
    }
    if resource.version:
        properties["version"] = resource.version
    return Resource(
        type="metadata",
        name=f"{prefix}-{resource.name}",
        api_version=API_VERSIONS["metadata"][0],
        body={"properties": properties},
        title=f"deployment record of {resource.title}",
        location=resource.location,
        version=resource.version,
    )
