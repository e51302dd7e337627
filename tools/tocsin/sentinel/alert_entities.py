"""From result rows to the entities of an alert.

Sources: https://learn.microsoft.com/azure/sentinel/map-data-fields-to-entities (limits),
https://learn.microsoft.com/azure/sentinel/entities-reference (identifiers, names that are dropped, Account.Name).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tocsin.content.models import EntityMapping
from tocsin.kql.table import Table
from tocsin.kql.types import ScalarType, Value
from tocsin.sentinel import limits
from tocsin.sentinel.entities import EntityType, entity_types
from tocsin.sentinel.rendering import shown


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of an alert: its type as rules name it, and its identifiers with their text, in mapping order."""

    type: str
    identifiers: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, str]:
        return dict(self.identifiers)


@dataclass(frozen=True, slots=True)
class _BoundMapping:
    """A mapping with the values of its columns at hand; columns that the result lacks are left out."""

    type: EntityType
    fields: tuple[tuple[str, list[Value], ScalarType], ...]


class EntityMapper:
    """Entities of any set of rows of one result; mappings are bound to columns once."""

    def __init__(self, mappings: Sequence[EntityMapping], result: Table) -> None:
        columns = {c.name: (values, c.type) for c, values in zip(result.columns, result.data, strict=True)}
        known = entity_types()
        self._mappings = tuple(
            _BoundMapping(
                known[mapping.entity_type],
                tuple(
                    (field.identifier, *columns[field.column_name])
                    for field in mapping.field_mappings
                    if field.column_name in columns
                ),
            )
            for mapping in mappings
            if mapping.entity_type in known
        )

    def entities(self, rows: Sequence[int]) -> tuple[tuple[Entity, ...], tuple[str, ...]]:
        """The entities of these rows in order of mapping, then row, equal ones once; and what the limits dropped."""
        if not self._mappings:
            return (), ()
        share = limits.ENTITIES_PER_ALERT // len(self._mappings)
        found: dict[Entity, None] = {}
        notes: list[str] = []
        size = len("[]")
        for mapping in self._mappings:
            mapped = list(islice(_different(mapping, rows), share + 1))
            if len(mapped) > share:
                notes.append(f"{mapping.type.name}: entities beyond the mapping's share of {share} are dropped")
            for entity in mapped[:share]:
                if entity in found:
                    continue
                size += len(_json(entity, mapping.type).encode("utf-8")) + len(",")
                if size > limits.ENTITIES_BYTES:
                    notes.append(f"{mapping.type.name}: entities beyond {limits.ENTITIES_BYTES} bytes are dropped")
                    return tuple(found), tuple(notes)
                found[entity] = None
        return tuple(found), tuple(notes)


def _different(mapping: _BoundMapping, rows: Sequence[int]) -> Iterator[Entity]:
    seen = set()
    for row in rows:
        entity = _entity(mapping, row)
        if entity is not None and entity not in seen:
            seen.add(entity)
            yield entity


def _entity(mapping: _BoundMapping, row: int) -> Entity | None:
    """The entity of one row, or None when its values do not identify one."""
    identifiers = {}
    for identifier, values, type_ in mapping.fields:
        text = shown(values[row], type_)
        if text:
            identifiers[identifier] = text
    if not mapping.type.is_identified_by(identifiers):
        return None
    if mapping.type.name == "Account":
        _split_account_name(identifiers)
        if _only_a_built_in_name(identifiers, mapping.type):
            return None
    return Entity(mapping.type.name, tuple(identifiers.items()))


def _split_account_name(identifiers: dict[str, str]) -> None:
    """An account's Name holds the part before the ``@`` only; the service puts the rest into UPNSuffix.

    FullName is no part of the entity: it stays for the reader, and what it says is added as Name and domain.
    """
    full = identifiers.get("Name") or identifiers.get("FullName", "")
    name, at, suffix = full.rpartition("@")
    if at and name and suffix:
        identifiers["Name"] = name
        identifiers.setdefault("UPNSuffix", suffix)
        return
    domain, backslash, name = full.partition("\\")
    if backslash and domain and name:
        identifiers["Name"] = name
        identifiers.setdefault("NTDomain", domain)


def _only_a_built_in_name(identifiers: dict[str, str], type_: EntityType) -> bool:
    others = identifiers.keys() - {"Name", "FullName", "DisplayName"}
    return not others and identifiers.get("Name", identifiers.get("FullName", "")).upper() in type_.dropped_names


def _json(entity: Entity, type_: EntityType) -> str:
    return json.dumps({**entity.as_dict(), "Type": type_.json_type}, ensure_ascii=False)
