"""Entities in the form of ``SecurityAlert.Entities``: a JSON array whose objects carry ``$id`` and ``$ref``.

An entity that occurs again, at the top or inside another one, is written as a reference to its first occurrence.
Source for the fields and types: https://learn.microsoft.com/azure/sentinel/entities-reference; for ``$id`` and
``$ref``: https://learn.microsoft.com/azure/sentinel/security-alert-schema and published alerts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR
from tocsin.sentinel.entities import entity_types
from tocsin.sentinel.rendering import utf8_size

Nested = tuple[tuple[str, "Entity | tuple[Entity, ...]"], ...]

_BOOLS: Final = frozenset({"IsDomainJoined", "IsVolumeAnomaly", "IsAnonymized"})
_LISTS: Final = frozenset({"NetworkMessageIds", "Urls", "Threats", "ThreatDetectionMethods"})
_DEPTH: Final = 8
"""Entities inside entities are read this deep; what lies deeper is left out."""


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of an alert: its type as rules name it, and its identifiers with their text, in mapping order.

    ``nested`` are the entities it holds by field name; only ready-made entities have any.
    """

    type: str
    identifiers: tuple[tuple[str, str], ...]
    nested: Nested = ()

    def as_dict(self) -> dict[str, str]:
        return dict(self.identifiers)

    def with_identifiers(self, other: Entity) -> Entity:
        """This entity with those identifiers of another one that it lacks."""
        return replace(
            self,
            identifiers=tuple({**dict(other.identifiers), **dict(self.identifiers)}.items()),
            nested=tuple({**dict(other.nested), **dict(self.nested)}.items()),
        )


class EntityWriter:
    """Makes the JSON text of entities one by one, numbered from ``first``.

    ``size`` is that of the text so far, in bytes of UTF-8.
    """

    def __init__(self, first: int) -> None:
        self._first = first
        self._ids: dict[Entity, str] = {}
        self._parts: list[str] = []
        self.size = len("[]")

    def add(self, entity: Entity) -> None:
        text = json.dumps(self._form(entity), ensure_ascii=False, separators=(",", ":"))
        self.size += utf8_size(text) + (1 if self._parts else 0)
        self._parts.append(text)

    @property
    def text(self) -> str:
        return f"[{','.join(self._parts)}]"

    def _form(self, entity: Entity) -> dict[str, Any]:
        known = self._ids.get(entity)
        if known is not None:
            return {"$ref": known}
        number = self._ids[entity] = str(self._first + len(self._ids))
        form: dict[str, Any] = {"$id": number, **_fields(entity)}
        for name, held in entity.nested:
            form[name] = self._form(held) if isinstance(held, Entity) else [self._form(one) for one in held]
        form["Type"] = _json_type(entity.type)
        return form


def entities_json(entities: Iterable[Entity], first: int = DEFAULT_BEHAVIOUR.first_entity_id) -> str:
    """The text of the column Entities; ``first`` is the number of the first one."""
    writer = EntityWriter(first)
    for entity in entities:
        writer.add(entity)
    return writer.text


def read_entities(value: Any) -> Iterator[Entity]:
    """The entities of a value of SecurityAlert.Entities, text or dynamic. What is not of that form gives none."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else []
        except (ValueError, RecursionError):
            return
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return
    by_id = {str(item["$id"]): item for item in _objects(value, 2 * _DEPTH) if "$id" in item and "Type" in item}
    for item in value:
        entity = _read(item, by_id, _DEPTH) if isinstance(item, Mapping) else None
        if entity is not None:
            yield entity


def _objects(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth and isinstance(value, Mapping):
        yield value
        for item in value.values():
            yield from _objects(item, depth - 1)
    elif depth and isinstance(value, list):
        for item in value:
            yield from _objects(item, depth - 1)


def _read(item: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]], depth: int) -> Entity | None:
    if "$ref" in item:
        item = by_id.get(str(item["$ref"]), {})
    if not depth or not isinstance(item.get("Type"), str):
        return None
    identifiers: dict[str, str] = {}
    nested: dict[str, Entity | tuple[Entity, ...]] = {}
    for name, held in item.items():
        if name in ("$id", "Type") or held is None:
            continue
        if isinstance(held, Mapping) and ("Type" in held or "$ref" in held):
            inner = _read(held, by_id, depth - 1)
            if inner is not None:
                nested[name] = inner
        elif isinstance(held, list) and held and all(isinstance(one, Mapping) for one in held):
            several = (_read(one, by_id, depth - 1) for one in held)
            nested[name] = tuple(one for one in several if one is not None)
        elif isinstance(held, bool):
            identifiers[name] = "true" if held else "false"
        elif isinstance(held, str):
            identifiers[name] = held
        else:
            identifiers[name] = json.dumps(held, ensure_ascii=False, separators=(",", ":"))
    return Entity(_type_name(item["Type"]), tuple(identifiers.items()), tuple(nested.items()))


def _fields(entity: Entity) -> dict[str, Any]:
    """The identifiers as the service writes them: those that are no part of the entity's schema are left out."""
    known = entity_types().get(entity.type)
    legacy = known.legacy if known else frozenset()
    held = entity.as_dict()
    fields = {name: _typed(name, text) for name, text in held.items() if name not in legacy}
    if "FullName" in legacy and not fields:
        name = "Name" if entity.type == "Account" else "HostName"
        fields[name] = held.get("FullName") or held.get("DisplayName", "")
    return fields


def _typed(name: str, text: str) -> Any:
    if name in _BOOLS and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if name in _LISTS:
        try:
            held = json.loads(text)
        except (ValueError, RecursionError):
            held = text
        return held if isinstance(held, list) else [text]
    return text


def _json_type(name: str) -> str:
    known = entity_types().get(name)
    return known.json_type if known else name


@cache
def _names() -> Mapping[str, str]:
    return {type_.json_type.lower(): name for name, type_ in entity_types().items()}


def _type_name(json_type: str) -> str:
    """The type as rules name it; a type that rules do not have stays as it is."""
    return _names().get(json_type.lower(), json_type)
