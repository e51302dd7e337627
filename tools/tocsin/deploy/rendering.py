"""A plan as text for people and as JSON for programs."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from tocsin.compile.normal_form import value_at
from tocsin.deploy.differences import FieldChange
from tocsin.deploy.plan import ROWS, Action, Change, Drift, Plan, Write

_SYMBOLS = {Action.CREATE: "+", Action.UPDATE: "~"}
_NOUNS = {
    "tables": ("custom table", "custom tables"),
    "watchlists": ("watchlist", "watchlists"),
    "savedSearches": ("parser", "parsers"),
    "alertRules": ("rule", "rules"),
    "metadata": ("deployment record", "deployment records"),
}
_TELLING = {
    "alertRules": ("enabled", "severity", "queryFrequency", "queryPeriod", "tactics", "techniques", "subTechniques"),
    "savedSearches": ("functionParameters",),
    "watchlists": ("itemsSearchKey",),
}
_PATH_NAMES = {ROWS: "row"}
_DRIFTED = {
    Drift.CHANGED: "changed",
    Drift.CONFLICT: "changed, and so it was in git",
    Drift.DELETED: "deleted",
}


def render_plan(plan: Plan) -> str:
    """The plan as text: first what happened outside git, then what would be done, last the numbers."""
    lines = [*_outside(plan), *_to_do(plan)]
    for resource_type, count in plan.unmanaged.items():
        noun = _NOUNS[resource_type][count != 1]
        lines.append(f"{count} {noun} in the workspace not managed here; left alone.")
    if lines and lines[-1]:
        lines.append("")
    lines.append(summary_line(plan))
    return "\n".join(map(_visible, lines)) + "\n"


def summary_line(plan: Plan) -> str:
    """``Plan: 2 to create, 1 to update, 4 unchanged.`` or ``No changes.``"""
    if not plan.has_changes:
        return "No changes."
    counts = f"{plan.count(Action.CREATE)} to create, {plan.count(Action.UPDATE)} to update"
    return f"Plan: {counts}, {plan.count(Action.UNCHANGED)} unchanged."


def _outside(plan: Plan) -> Iterator[str]:
    drifted = [change for change in plan.changes if change.drift in _DRIFTED]
    if not drifted:
        return
    yield "Outside git since the last deployment:"
    for change in drifted:
        yield f"  ! {_name(change)} was {_DRIFTED[change.drift]}"
    yield ""


def _to_do(plan: Plan) -> Iterator[str]:
    if not plan.has_changes:
        return
    yield f"Changes for {plan.environment.workspace} ({plan.environment.name}):   + create   ~ update"
    yield ""
    for change in plan.changes:
        if change.action is not Action.UNCHANGED:
            yield f"{_SYMBOLS[change.action]} {_name(change)}"
            yield f"    # {change.resource.location.file}"
            yield from (f"    # {note}" for note in change.notes)
            yield from _fields(change)
            yield ""


def _name(change: Change) -> str:
    resource = change.resource
    noun = _NOUNS[resource.type][0]
    return f'{noun} "{resource.title}"' + (f" ({resource.name})" if resource.title != resource.name else "")


def _fields(change: Change) -> Iterator[str]:
    if change.content.action is Action.UNCHANGED:
        yield "    (the content is as it should be; only its deployment record is written)"
        return
    if change.content.action is Action.CREATE:
        yield from _created(change)
    for field in change.content.fields:
        yield from _field(field)


def _created(change: Change) -> Iterator[str]:
    """The few fields that tell what a new resource is; the whole of it is in git."""
    resource = change.resource
    normal = resource.normal_form
    for path in _TELLING.get(resource.type, ()):
        value = value_at(normal, f"properties.{path}")
        if value not in (None, "", []):
            yield f"    + {path}: {_value(value)}"
    if resource.type == "watchlists":
        yield f"    + rows: {len(value_at(normal, ROWS) or ())}"
    if resource.type == "tables":
        yield f"    + columns: {len(value_at(normal, 'properties.schema.columns'))}"


def _field(field: FieldChange) -> Iterator[str]:
    path = _PATH_NAMES.get(field.path, field.path.removeprefix("properties."))
    if _is_long(field.old) and _is_long(field.new):
        yield f"    ~ {path}:"
        diff = difflib.unified_diff(field.old.splitlines(), field.new.splitlines(), lineterm="", n=2)
        yield from (f"        {line}" for line in list(diff)[2:])
        return
    yield f"    {_symbol(field)} {path}: {_shown(field)}"


def _symbol(field: FieldChange) -> str:
    if field.old is None:
        return "+"
    return "-" if field.new is None else "~"


def _shown(field: FieldChange) -> str:
    if field.old is None:
        return _value(field.new)
    return f"{_value(field.old)} -> {_value(field.new)}" if field.new is not None else _value(field.old)


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _visible(line: str) -> str:
    """A line without control characters: a plan is read in a terminal, and remote text must not steer it."""
    return "".join(char if char == "\t" or char.isprintable() else f"\\u{ord(char):04x}" for char in line)


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON data: ``environment``, ``summary``, ``changes`` with their fields and ETags, ``unmanaged``."""
    environment = plan.environment
    return {
        "environment": {
            "name": environment.name,
            "subscription": environment.subscription,
            "resourceGroup": environment.resource_group,
            "workspace": environment.workspace,
            "endpoint": environment.endpoint,
        },
        "summary": {action.value: plan.count(action) for action in Action},
        "changes": [_change_to_json(change) for change in plan.changes],
        "unmanaged": dict(plan.unmanaged),
    }


def _change_to_json(change: Change) -> dict[str, Any]:
    resource = change.resource
    return {
        "action": change.action.value,
        "type": resource.type,
        "name": resource.name,
        "title": resource.title,
        "source": str(resource.location),
        "apiVersion": resource.api_version,
        "drift": change.drift.value,
        "notes": list(change.notes),
        "content": _write_to_json(change.content),
        "record": None if change.record is None else _write_to_json(change.record),
        "rowsToDelete": list(change.stale_items),
    }


def _write_to_json(write: Write) -> dict[str, Any]:
    return {
        "action": write.action.value,
        "etag": write.etag,
        "fields": [{"path": field.path, "old": field.old, "new": field.new} for field in write.fields],
    }
