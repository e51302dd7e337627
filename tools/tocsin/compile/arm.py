"""Target ``arm``: one deployable template with everything, in dependency order.

Template syntax: https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax; limits:
https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#template-limits
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.compile.content import CompiledContent
from tocsin.compile.findings import content_finding
from tocsin.compile.json_text import json_bytes
from tocsin.compile.resources import ORDER, Resource
from tocsin.content.finding import Finding
from tocsin.content.source import Location

TEMPLATE = "azuredeploy.json"
TEMPLATE_BYTES = 4 * 1024 * 1024
TEMPLATE_RESOURCES = 800

_SENTINEL = "Microsoft.SecurityInsights"
_WORKSPACE_TYPE = "Microsoft.OperationalInsights/workspaces"
_OWN_CHILDREN = ("tables", "savedSearches")
"""Children of the workspace itself; the others belong to the Sentinel extension on it."""


def arm_files(content: CompiledContent) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    """The template as one file; a finding instead when it exceeds what one deployment takes.

    Its one parameter is ``workspace``, as in what the portal exports; children of a workspace have no location.
    """
    every = (*content.resources, *content.records)
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "workspace": {
                "type": "string",
                "metadata": {"description": "Name of the Log Analytics workspace that Microsoft Sentinel runs on."},
            },
        },
        "resources": [_template_resource(resource, content) for resource in every],
    }
    data = json_bytes(template)
    too_large = []
    if len(data) > TEMPLATE_BYTES:
        too_large.append(f"the template has {len(data):,} bytes; a deployment takes {TEMPLATE_BYTES:,}")
    if len(every) > TEMPLATE_RESOURCES:
        too_large.append(f"the template has {len(every):,} resources; a deployment takes {TEMPLATE_RESOURCES:,}")
    if too_large:
        place = Location(every[0].location.file, 1, 1)
        help = "deploy with tocsin apply, which has no such limit, or compile to --target rest"
        return {}, tuple(content_finding("COMP013", place, message, help) for message in too_large)
    return {TEMPLATE: data}, ()


def _template_resource(resource: Resource, content: CompiledContent) -> dict[str, Any]:
    template: dict[str, Any] = {
        "type": _arm_type(resource.type),
        "apiVersion": resource.api_version,
        "name": _arm_name(resource),
        **literal(resource.body),
    }
    depends = [_resource_id(earlier) for earlier in _needed(resource, content)]
    if depends:
        template["dependsOn"] = depends
    if resource.type == "metadata":
        template["properties"]["parentId"] = _resource_id(_parent(resource, content))
    return template


def _needed(resource: Resource, content: CompiledContent) -> list[Resource]:
    """What must be there first: for a record its parent, for all else everything of the types before its own."""
    if resource.type == "metadata":
        return [_parent(resource, content)]
    place = ORDER.index(resource.type)
    return [earlier for earlier in content.resources if ORDER.index(earlier.type) < place]


def _parent(record: Resource, content: CompiledContent) -> Resource:
    parent_id = record.body["properties"]["parentId"]
    return next(resource for resource in content.resources if resource.path == parent_id)


def _arm_type(resource_type: str) -> str:
    if resource_type in _OWN_CHILDREN:
        return f"{_WORKSPACE_TYPE}/{resource_type}"
    return f"{_WORKSPACE_TYPE}/providers/{resource_type}"


def _arm_name(resource: Resource) -> str:
    name = resource.name if resource.type in _OWN_CHILDREN else f"{_SENTINEL}/{resource.name}"
    return f"[concat(parameters('workspace'), {_quoted('/' + name)})]"


def _resource_id(resource: Resource) -> str:
    if resource.type in _OWN_CHILDREN:
        child = f"{_WORKSPACE_TYPE}/{resource.type}"
        return f"[resourceId({_quoted(child)}, parameters('workspace'), {_quoted(resource.name)})]"
    workspace = f"resourceId({_quoted(_WORKSPACE_TYPE)}, parameters('workspace'))"
    child = f"{_SENTINEL}/{resource.type}"
    return f"[extensionResourceId({workspace}, {_quoted(child)}, {_quoted(resource.name)})]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any) -> Any:
    """A JSON value that the template engine leaves as it is.

    Text in square brackets is an expression to it, unless a second bracket opens it.
    """
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") and value.endswith("]") else value
    if isinstance(value, Mapping):
        return {key: literal(member) for key, member in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    return value
