"""Target ``rest``: one file for each request body, and ``index.json`` that says how and in which order to send them."""

from __future__ import annotations

from tocsin.compile.content import CompiledContent
from tocsin.compile.json_text import json_bytes
from tocsin.compile.resources import Resource
from tocsin.content.finding import Finding

INDEX = "index.json"


def rest_files(content: CompiledContent) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    """Bodies by path below the output folder: ``alertRules/<id>.json``, ``watchlists/<alias>.json``, ...

    Paths and ids of the workspace are left open as ``{subscriptionId}``, ``{resourceGroupName}`` and
    ``{workspaceName}``, in the index and in the ``parentId`` of metadata bodies.
    """
    every = (*content.resources, *content.records)
    files = {_file(resource): json_bytes(resource.body) for resource in every}
    requests = [
        {
            "order": order,
            "method": "PUT",
            "path": resource.path,
            "apiVersion": resource.api_version,
            "body": _file(resource),
            "source": resource.location.file,
        }
        for order, resource in enumerate(every, start=1)
    ]
    placeholders = ["subscriptionId", "resourceGroupName", "workspaceName"]
    files[INDEX] = json_bytes({"placeholders": placeholders, "requests": requests})
    return files, ()


def _file(resource: Resource) -> str:
    return f"{resource.type}/{resource.name}.json"
