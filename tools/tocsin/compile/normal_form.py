"""One form for what git wants and for what the service returns, so that the two can be compared.

The service answers with more than it was given: read-only fields, explicit nulls for unset ones, its defaults, other
spellings of one duration. ``NORMAL_FORMS`` is the one table of what is ignored or filled in, for each resource.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tocsin.content.durations import iso8601, parse_duration

Json = Any
"""JSON as Python data: dict, list, str, int, float, bool, None."""

FINGERPRINT_SCHEME = "tocsin1.sha256:"
"""Prefix of a fingerprint. It changes when the normal form changes, so that fingerprints of an older one are not
mistaken for a difference in content."""


@dataclass(frozen=True, slots=True)
class NormalForm:
    """How bodies of one resource are brought to one form. Paths are dotted, below the body.

    ``managed``: the fields that tocsin compares; None means all but ``read_only``. ``defaults``: values the service
    fills in. ``unordered``: lists that mean a set: order and repetition do not count. ``durations``: ISO 8601 texts.
    ``texts``: line ends do not count. ``case_insensitive``: resource ids. ``members``: of the objects in a list, the
    fields that are compared.
    """

    managed: tuple[str, ...] | None = None
    read_only: tuple[str, ...] = ()
    defaults: Mapping[str, Json] = field(default_factory=dict)
    unordered: tuple[str, ...] = ()
    durations: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    case_insensitive: tuple[str, ...] = ()
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_GROUPING = "properties.incidentConfiguration.groupingConfiguration"

NORMAL_FORMS: Mapping[str, NormalForm] = {
    "alertRules": NormalForm(
        read_only=("id", "name", "type", "etag", "systemData", "properties.lastModifiedUtc"),
        defaults={
            "properties.description": "",
            "properties.suppressionEnabled": False,
            "properties.suppressionDuration": "PT5H",
            "properties.eventGroupingSettings.aggregationKind": "SingleAlert",
            "properties.incidentConfiguration.createIncident": True,
            f"{_GROUPING}.enabled": False,
            f"{_GROUPING}.reopenClosedIncident": False,
            f"{_GROUPING}.lookbackDuration": "PT5H",
            f"{_GROUPING}.matchingMethod": "AllEntities",
        },
        unordered=(
            "properties.tactics",
            "properties.techniques",
            "properties.subTechniques",
            f"{_GROUPING}.groupByEntities",
            f"{_GROUPING}.groupByAlertDetails",
            f"{_GROUPING}.groupByCustomDetails",
        ),
        durations=(
            "properties.queryFrequency",
            "properties.queryPeriod",
            "properties.suppressionDuration",
            f"{_GROUPING}.lookbackDuration",
        ),
        texts=("properties.query", "properties.description"),
    ),
    "savedSearches": NormalForm(
        managed=(
            "properties.category",
            "properties.displayName",
            "properties.query",
            "properties.functionAlias",
            "properties.functionParameters",
            "properties.version",
            "properties.tags",
        ),
        defaults={"properties.functionParameters": "", "properties.version": 2},
        texts=("properties.query",),
    ),
    "watchlists": NormalForm(
        managed=(
            "properties.displayName",
            "properties.description",
            "properties.provider",
            "properties.source",
            "properties.itemsSearchKey",
            "properties.labels",
            "properties.items",
        ),
        defaults={"properties.description": ""},
        unordered=("properties.labels", "properties.items"),
        texts=("properties.description",),
    ),
    "tables": NormalForm(
        managed=(
            "properties.schema.columns",
            "properties.plan",
            "properties.retentionInDays",
            "properties.totalRetentionInDays",
        ),
        unordered=("properties.schema.columns",),
        members={"properties.schema.columns": ("name", "type")},
    ),
    "metadata": NormalForm(
        read_only=("id", "name", "type", "etag", "systemData"),
        case_insensitive=("properties.parentId",),
    ),
}


def normalise(resource: str, body: Mapping[str, Json]) -> dict[str, Json]:
    """A body of ``resource`` (a table row of ``NORMAL_FORMS``) in normal form; the argument is left as it is."""
    form = NORMAL_FORMS[resource]
    result: dict[str, Json] = _without_empty(body)
    if form.managed is not None:
        result = _only(result, form.managed)
    for path in form.read_only:
        _remove(result, path)
    for path, default in form.defaults.items():
        _fill(result, path, default)
    for path, names in form.members.items():
        _rewrite(result, (path,), partial(_only_members, names))
    _rewrite(result, form.durations, _canonical_duration)
    _rewrite(result, form.unordered, _canonical_order)
    _rewrite(result, form.texts, _canonical_text)
    _rewrite(result, form.case_insensitive, str.lower)
    return result


def fingerprint(normal: Mapping[str, Json]) -> str:
    """Short text that is equal for equal normal forms: what a deployment record keeps of what was deployed."""
    text = json.dumps(normal, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return FINGERPRINT_SCHEME + hashlib.sha256(text.encode("utf-8")).hexdigest()


def _without_empty(value: Json) -> Json:
    """Without nulls, empty lists and empty objects: the service does not tell them from an absent field."""
    if isinstance(value, Mapping):
        members = {key: _without_empty(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not None and member not in ([], {})}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def _only(body: Mapping[str, Json], paths: Iterable[str]) -> dict[str, Json]:
    kept: dict[str, Json] = {}
    for path in paths:
        found = value_at(body, path)
        if found is not None:
            _fill(kept, path, found)
    return kept


def value_at(body: Mapping[str, Json], path: str) -> Json:
    """The value at a dotted path; None when there is none."""
    found: Json = body
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _fill(body: dict[str, Json], path: str, value: Json) -> None:
    *parents, last = path.split(".")
    for part in parents:
        body = body.setdefault(part, {})
    body.setdefault(last, value)


def _remove(body: dict[str, Json], path: str) -> None:
    parent, _, last = path.rpartition(".")
    holder = value_at(body, parent) if parent else body
    if isinstance(holder, dict):
        holder.pop(last, None)


def _rewrite(body: dict[str, Json], paths: Iterable[str], change: Callable[[Json], Json]) -> None:
    for path in paths:
        parent, _, last = path.rpartition(".")
        holder = value_at(body, parent)
        if isinstance(holder, dict) and last in holder:
            holder[last] = change(holder[last])


def _only_members(names: tuple[str, ...], items: Json) -> Json:
    return [{name: item[name] for name in names if name in item} for item in items]


def _canonical_duration(value: Json) -> Json:
    duration = parse_duration(value) if isinstance(value, str) else None
    return value if duration is None else iso8601(duration)


def _canonical_order(value: Json) -> Json:
    if not isinstance(value, list):
        return value
    distinct = {json.dumps(item, sort_keys=True): item for item in value}
    return [distinct[key] for key in sorted(distinct)]


def _canonical_text(value: Json) -> Json:
    return value.replace("\r\n", "\n").rstrip() if isinstance(value, str) else value
