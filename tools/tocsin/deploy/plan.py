"""What a deployment would change, made by comparing three things: git, the workspace, and what was deployed last.

What was deployed last is read from the workspace itself: each resource has a deployment record (a ``metadata``
resource) with a fingerprint. When the workspace does not match the fingerprint, somebody changed it elsewhere; when
git does not, git moved on. A plan keeps the ETag of everything it saw, so that applying it overwrites nothing that it
did not see.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from tocsin.compile import CompiledContent, Resource, compile_content
from tocsin.compile.normal_form import FINGERPRINT_SCHEME, fingerprint
from tocsin.compile.resources import API_VERSIONS, ORDER, SOURCE_NAME, comparable
from tocsin.content.finding import Level
from tocsin.content.repository import Repository
from tocsin.deploy.client import WorkspaceClient
from tocsin.deploy.differences import FieldChange, differences
from tocsin.deploy.environment import Environment
from tocsin.deploy.errors import AliasTaken, ContentRefused

AUTO_DISABLED = "AUTO DISABLED"
"""What the service puts before the name of a rule that it switches off."""


ROWS = "properties.items"
"""Path of the changes that add or remove a row of a watchlist."""


class Action(Enum):
    """What happens to a resource."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"


class Drift(Enum):
    """What happened to a resource outside git since its last deployment."""

    NONE = "none"
    CHANGED = "changed"
    CONFLICT = "conflict"
    """Changed outside git, and changed in git as well."""
    DELETED = "deleted"
    UNKNOWN = "unknown"
    """There is no deployment record to compare with."""


@dataclass(frozen=True, slots=True)
class Write:
    """One PUT: the resource, and the ETag it replaces (None: it must not exist, "": the type has no ETags).

    ``kept_columns`` of a custom table are there and not in git; they stay.
    """

    resource: Resource
    action: Action
    etag: str | None
    fields: tuple[FieldChange, ...] = ()
    kept_columns: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one piece of content: the resource itself, its deployment record, and rows of a watchlist that
    are not in git any more (``stale_items``: ids). ``notes`` tell what the reader should know before applying."""

    content: Write
    record: Write | None
    drift: Drift
    stale_items: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def resource(self) -> Resource:
        return self.content.resource

    @property
    def action(self) -> Action:
        """Update as well when only the deployment record is missing or out of date."""
        if self.content.action is Action.UNCHANGED and self.record and self.record.action is not Action.UNCHANGED:
            return Action.UPDATE
        return self.content.action


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes in the order in which they are made, unchanged ones included. ``unmanaged`` counts, by resource type,
    what is in the workspace and not in git; it is left alone. ``warnings`` are findings of the content."""

    environment: Environment
    changes: tuple[Change, ...]
    unmanaged: Mapping[str, int]

    def count(self, action: Action) -> int:
        return sum(change.action is action for change in self.changes)

    @property
    def has_changes(self) -> bool:
        return any(change.action is not Action.UNCHANGED for change in self.changes)


def make_plan(repository: Repository, environment: Environment, client: WorkspaceClient | None = None) -> Plan:
    """Compare a repository with the workspace of an environment. Reads only.

    ``client`` None opens one for the environment. ContentRefused when the content has errors: what is missing from git
    by mistake must not be missing from the comparison. Other DeployErrors as the service answers.
    """
    content = compile_content(repository)
    if content.refused:
        errors = [finding for finding in content.findings if finding.level is Level.ERROR]
        listed = "\n".join(f"  {finding.location}: {finding.code} {finding.message}" for finding in errors)
        raise ContentRefused(
            f"the content has {len(errors)} error{'s' if len(errors) > 1 else ''}:\n{listed}",
            "correct them first; tocsin lint shows them in full",
        )
    if client is not None:
        return _compare(content, environment, client)
    with WorkspaceClient(environment) as own:
        return _compare(content, environment, own)


@dataclass(frozen=True, slots=True)
class _Workspace:
    """What is there: bodies by lower-case name, for each resource type; items of the watchlists that git has."""

    bodies: Mapping[str, Mapping[str, Mapping[str, Any]]]
    items: Mapping[str, list[Mapping[str, Any]]]

    def find(self, resource: Resource) -> Mapping[str, Any] | None:
        return self.bodies[resource.type].get(resource.name.lower())


def _compare(content: CompiledContent, environment: Environment, client: WorkspaceClient) -> Plan:
    workspace = _read_workspace(content, client)
    _refuse_taken_aliases(content, workspace)
    records = {record.body["properties"]["parentId"]: record for record in content.records}
    changes = tuple(
        _change(resource, records.get(resource.path), workspace, environment) for resource in content.resources
    )
    return Plan(environment, changes, _unmanaged(content, workspace))


def _read_workspace(content: CompiledContent, client: WorkspaceClient) -> _Workspace:
    bodies: dict[str, dict[str, Mapping[str, Any]]] = {}
    for resource_type in ORDER:
        # The newest version shows most: the stable one does not know sub-techniques and NRT rules.
        listed = client.list(resource_type, API_VERSIONS[resource_type][-1])
        bodies[resource_type] = {str(body["name"]).lower(): body for body in listed}
    items = {
        resource.name.lower(): list(client.list("watchlistItems", API_VERSIONS["watchlists"][-1], resource.name))
        for resource in content.resources
        if resource.type == "watchlists" and resource.name.lower() in bodies["watchlists"]
    }
    return _Workspace(bodies, items)


def _refuse_taken_aliases(content: CompiledContent, workspace: _Workspace) -> None:
    """Two functions with one alias make every query that calls them fail."""
    ours = {resource.name.lower(): resource for resource in content.resources if resource.type == "savedSearches"}
    for name, body in workspace.bodies["savedSearches"].items():
        alias = str(body["properties"].get("functionAlias") or "").lower()
        if alias in ours and name != alias:
            raise AliasTaken(
                f'the workspace has a function "{ours[alias].name}" already, in the saved search {name}',
                f"delete that one in the workspace, or rename the parser in {ours[alias].location.file}",
            )


def _change(resource: Resource, record: Resource | None, workspace: _Workspace, environment: Environment) -> Change:
    there = workspace.find(resource)
    items = workspace.items.get(resource.name.lower(), []) if resource.type == "watchlists" else []
    old = None if there is None else _normal_form(resource.type, there, items)
    write = _write(resource, there, old)
    record_there = None if record is None else workspace.find(record)
    record_write = None if record is None else _record_write(record, record_there, environment)
    drift = _drift(resource, record_there, old) if record is not None else Drift.UNKNOWN
    return Change(
        content=write,
        record=record_write,
        drift=drift,
        stale_items=_stale_items(resource, items),
        notes=_notes(resource, there, write, drift),
    )


def _normal_form(resource_type: str, body: Mapping[str, Any], items: list[Mapping[str, Any]]) -> dict[str, Any]:
    if resource_type == "watchlists":
        rows = [item["properties"]["itemsKeyValue"] for item in items]
        properties = {key: value for key, value in body["properties"].items() if key != "rawContent"}
        body = {**body, "properties": {**properties, "items": rows}}
    return comparable(resource_type, body)


def _write(resource: Resource, there: Mapping[str, Any] | None, old: Mapping[str, Any] | None) -> Write:
    if there is None or old is None:
        return Write(resource, Action.CREATE, None)
    wanted = resource.normal_form
    kept: tuple[Mapping[str, Any], ...] = ()
    if resource.type == "tables":
        kept = _columns_only_there(resource, there)
        old = _without_columns(_only_what_git_states(old, wanted), kept)
    fields = (*_row_changes(old, wanted), *differences(_without_rows(old), _without_rows(wanted)))
    if any(field.new is None for field in fields):
        # A version that does not know a field cannot reset it.
        resource = replace(resource, api_version=API_VERSIONS[resource.type][-1])
    etag = str(there.get("etag") or "")
    return Write(resource, Action.UPDATE if fields else Action.UNCHANGED, etag, fields, kept)


def _row_changes(old: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[FieldChange]:
    """Rows of a watchlist have no order, so they are compared as a whole: added or removed."""
    before, after = _rows_by_key(old), _rows_by_key(wanted)
    yield from (FieldChange(ROWS, before[key], None) for key in sorted(before.keys() - after.keys()))
    yield from (FieldChange(ROWS, None, after[key]) for key in sorted(after.keys() - before.keys()))


def _rows_by_key(normal: Mapping[str, Any]) -> dict[str, Any]:
    return {_row_key(row): row for row in normal.get("properties", {}).get("items", ())}


def _row_key(row: Mapping[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def _without_rows(normal: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in normal.get("properties", {}).items() if key != "items"}
    return {**normal, "properties": properties}


def _only_what_git_states(old: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a table that git leaves open are the workspace's own."""
    stated = wanted["properties"]
    return {"properties": {key: value for key, value in old["properties"].items() if key in stated}}


def _without_columns(old: Mapping[str, Any], columns: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    names = {column["name"] for column in columns}
    kept = [column for column in old["properties"]["schema"]["columns"] if column["name"] not in names]
    return {"properties": {**old["properties"], "schema": {"columns": kept}}}


def _columns_only_there(table: Resource, there: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """A PUT without a column drops it with its data, so columns that git does not know are kept."""
    known = {column["name"] for column in table.body["properties"]["schema"]["columns"]}
    columns = there["properties"]["schema"].get("columns") or ()
    return tuple(column for column in columns if column["name"] not in known)


def _record_write(record: Resource, there: Mapping[str, Any] | None, environment: Environment) -> Write:
    if there is None:
        return Write(record, Action.CREATE, None)
    fields = tuple(differences(comparable("metadata", there), comparable("metadata", resolved(record, environment))))
    return Write(record, Action.UPDATE if fields else Action.UNCHANGED, str(there.get("etag") or ""), fields)


def resolved(resource: Resource, environment: Environment) -> Mapping[str, Any]:
    """The body to send to an environment: a record's ``parentId`` names its workspace."""
    if resource.type != "metadata":
        return resource.body
    properties = resource.body["properties"]
    return {**resource.body, "properties": {**properties, "parentId": environment.resolve(properties["parentId"])}}


def _drift(resource: Resource, record_there: Mapping[str, Any] | None, old: Mapping[str, Any] | None) -> Drift:
    deployed = ((record_there or {}).get("properties") or {}).get("customVersion") or ""
    if not deployed.startswith(FINGERPRINT_SCHEME):
        return Drift.NONE if old is None else Drift.UNKNOWN
    if old is None:
        return Drift.DELETED
    wanted = fingerprint(resource.normal_form)
    if fingerprint(old) in (deployed, wanted):
        return Drift.NONE
    return Drift.CHANGED if wanted == deployed else Drift.CONFLICT


def _stale_items(resource: Resource, items: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """Items that the rows in git do not have. An upload only adds rows, so these are deleted one by one."""
    if resource.type != "watchlists":
        return ()
    wanted = _rows_by_key(resource.normal_form).keys()
    return tuple(sorted(str(item["name"]) for item in items if _row_key(_row(item)) not in wanted))


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    normal = comparable("watchlists", {"properties": {"items": [item["properties"]["itemsKeyValue"]]}})
    rows: list[dict[str, Any]] = normal["properties"].get("items") or [{}]
    return rows[0]


def _notes(resource: Resource, there: Mapping[str, Any] | None, write: Write, drift: Drift) -> tuple[str, ...]:
    notes = []
    if drift is Drift.CHANGED:
        notes.append("changed outside git since the last deployment; applying overwrites that")
    if drift is Drift.CONFLICT:
        notes.append("changed in git and outside git since the last deployment; applying overwrites the latter")
    if drift is Drift.DELETED:
        notes.append("deleted outside git since the last deployment; applying creates it again")
        if resource.type == "alertRules":
            notes.append("the service refuses the id of a deleted rule for about a day")
    if there is not None and drift is Drift.UNKNOWN and resource.type != "tables" and write.action is Action.UPDATE:
        notes.append("not deployed by tocsin so far; applying takes it over")
    if there is not None and resource.type == "alertRules":
        if str(there["properties"].get("displayName") or "").startswith(AUTO_DISABLED):
            notes.append("the service switched this rule off after repeated failures; see its description")
        if there.get("kind") != resource.body["kind"]:
            notes.append(f"the kind changes from {there.get('kind')}; the service may refuse that for an existing id")
    for column in write.kept_columns:
        notes.append(f"the column {column['name']} is not in git; it is kept")
    return tuple(notes)


def _unmanaged(content: CompiledContent, workspace: _Workspace) -> dict[str, int]:
    """Resources that git does not have. Of metadata only tocsin's own records count; tables that are no custom ones and
    saved searches that are no functions are not content of a repository."""
    known = {(resource.type, resource.name.lower()) for resource in (*content.resources, *content.records)}
    counts: dict[str, int] = {}
    for resource_type, bodies in workspace.bodies.items():
        is_content = _IS_CONTENT[resource_type]
        count = sum((resource_type, name) not in known and is_content(body) for name, body in bodies.items())
        if count:
            counts[resource_type] = count
    return counts


def _is_custom_table(body: Mapping[str, Any]) -> bool:
    return str(body["name"]).endswith("_CL")


def _is_function(body: Mapping[str, Any]) -> bool:
    return bool(body["properties"].get("functionAlias"))


def _is_own_record(body: Mapping[str, Any]) -> bool:
    source = body["properties"].get("source") or {}
    return bool(source.get("kind") == "SourceRepository" and source.get("name") == SOURCE_NAME)


def _always(_: Mapping[str, Any]) -> bool:
    return True


_IS_CONTENT = {
    "tables": _is_custom_table,
    "watchlists": _always,
    "savedSearches": _is_function,
    "alertRules": _always,
    "metadata": _is_own_record,
}
