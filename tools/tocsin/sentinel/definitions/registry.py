"""The packaged definitions: one JSON file for each resource and API version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """What one API version says of one resource.

    Paths are templates with ``{subscriptionId}``, ``{resourceGroupName}``, ``{workspaceName}`` and the resource's own
    name last. ``parameters`` are the JSON Schemas of those. ``body`` is a JSON Schema of a PUT body, ``strict`` a
    second one with the service's limits, None when there is none. ``paged``: the list may continue at a ``nextLink``.
    """

    resource: str
    api_version: str
    collection_path: str
    item_path: str
    parameters: Mapping[str, Mapping[str, Any]]
    paged: bool
    put_statuses: tuple[int, ...]
    delete_statuses: tuple[int, ...]
    body: Mapping[str, Any]
    strict: Mapping[str, Any] | None


@cache
def _versions() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for entry in files(__package__).iterdir():
        if entry.name.endswith(".json"):
            resource, version = entry.name.removesuffix(".json").split(".", 1)
            found.setdefault(resource, []).append(version)
    return {resource: tuple(sorted(versions)) for resource, versions in sorted(found.items())}


def resources() -> tuple[str, ...]:
    """Names of the resources that have a definition, as they stand in a path: ``alertRules``, ``metadata``, ..."""
    return tuple(_versions())


def api_versions(resource: str) -> tuple[str, ...]:
    """API versions packaged for a resource, oldest first. KeyError for an unknown resource."""
    return _versions()[resource]


@cache
def definition(resource: str, api_version: str) -> Definition:
    """The definition of a resource in one API version. KeyError when it is not packaged."""
    if api_version not in _versions().get(resource, ()):
        raise KeyError(f"no definition of {resource} {api_version}")
    text = files(__package__).joinpath(f"{resource}.{api_version}.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    return Definition(
        resource=raw["resource"],
        api_version=raw["apiVersion"],
        collection_path=raw["collectionPath"],
        item_path=raw["itemPath"],
        parameters=raw["parameters"],
        paged=raw["paged"],
        put_statuses=tuple(raw["putStatuses"]),
        delete_statuses=tuple(raw["deleteStatuses"]),
        body={"$ref": raw["body"], "components": {"schemas": raw["schemas"]}},
        strict=raw.get("strict"),
    )
