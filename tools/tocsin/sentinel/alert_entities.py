"""From result rows to the entities of an alert, and to the JSON in which the service writes them.

Sources: https://learn.microsoft.com/azure/sentinel/map-data-fields-to-entities (limits),
https://learn.microsoft.com/azure/sentinel/entities-reference (identifiers, names that are dropped, Account.Name,
Sentinel entities), https://learn.microsoft.com/azure/sentinel/entities#strong-and-weak-identifiers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tocsin.content.models import EntityMapping, SentinelEntitiesMapping
from tocsin.kql.table import Table
from tocsin.kql.types import ScalarType, Value
from tocsin.sentinel import limits
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.entities import EntityType, entity_types
from tocsin.sentinel.entity_json import Entity, EntityWriter, entities_json, read_entities
from tocsin.sentinel.rendering import shown

__all__ = ["Entity", "EntityMapper", "entities_json"]


@dataclass(frozen=True, slots=True)
class _BoundMapping:
    """A mapping with the values of its columns at hand; columns that the result lacks are left out."""

    type: EntityType
    fields: tuple[tuple[str, list[Value], ScalarType], ...]

    @property
    def name(self) -> str:
        return self.type.name

    def entities(self, rows: Sequence[int]) -> Iterator[Entity]:
        for row in rows:
            entity = _entity(self, row)
            if entity is not None:
                yield entity


@dataclass(frozen=True, slots=True)
class _BoundColumn:
    """A column that holds ready-made entities (sentinelEntitiesMappings)."""

    name: str
    values: list[Value]

    def entities(self, rows: Sequence[int]) -> Iterator[Entity]:
        for row in rows:
            yield from read_entities(self.values[row])


class EntityMapper:
    """Entities of any set of rows of one result; mappings are bound to columns once."""

    def __init__(
        self,
        mappings: Sequence[EntityMapping],
        result: Table,
        ready_made: Sequence[SentinelEntitiesMapping] = (),
        behaviour: Behaviour = DEFAULT_BEHAVIOUR,
    ) -> None:
        columns = {c.name: (values, c.type) for c, values in zip(result.columns, result.data, strict=True)}
        known = entity_types()
        self._behaviour = behaviour
        self._mappings: tuple[_BoundMapping | _BoundColumn, ...] = (
            *(
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
            ),
            *(
                _BoundColumn(one.column_name, columns[one.column_name][0])
                for one in ready_made
                if one.column_name in columns
            ),
        )

    def entities(self, rows: Sequence[int]) -> tuple[tuple[Entity, ...], tuple[str, ...]]:
        """The entities of these rows in order of mapping, then row, equal ones once; and what the limits dropped."""
        if not self._mappings:
            return (), ()
        share = limits.ENTITIES_PER_ALERT // len(self._mappings)
        mapped: dict[Entity, str] = {}
        notes: list[str] = []
        for mapping in self._mappings:
            different = list(islice(_different(mapping.entities(rows)), share + 1))
            if len(different) > share:
                notes.append(f"{mapping.name}: entities beyond the mapping's share of {share} are dropped")
            for entity in different[:share]:
                mapped.setdefault(entity, mapping.name)
        if self._behaviour.entities_merged == "strong":
            mapped = _merged(mapped)
        kept, dropped_of = _fitting(mapped, self._behaviour)
        if dropped_of:
            notes.append(f"{dropped_of}: entities beyond {self._behaviour.entities_bytes} bytes are dropped")
        return kept, tuple(notes)


def _different(entities: Iterable[Entity]) -> Iterator[Entity]:
    seen = set()
    for entity in entities:
        if entity not in seen:
            seen.add(entity)
            yield entity


def _fitting(mapped: dict[Entity, str], behaviour: Behaviour) -> tuple[tuple[Entity, ...], str]:
    """The entities up to the first that would make the field too large, and the name of that one's mapping."""
    writer = EntityWriter(behaviour.first_entity_id)
    kept: list[Entity] = []
    for entity, name in mapped.items():
        writer.add(entity)
        if writer.size > behaviour.entities_bytes:
            return tuple(kept), name
        kept.append(entity)
    return tuple(kept), ""


def _merged(mapped: dict[Entity, str]) -> dict[Entity, str]:
    """Entities that agree in a strong identifier and differ in none, as one that has the identifiers of both."""
    merged: list[tuple[Entity, str]] = []
    places: dict[tuple[str, ...], int] = {}
    for entity, name in mapped.items():
        keys = list(_strong_keys(entity))
        place = next((places[key] for key in keys if key in places), None)
        if place is not None and _agree(merged[place][0], entity):
            merged[place] = (merged[place][0].with_identifiers(entity), merged[place][1])
        else:
            place = len(merged)
            merged.append((entity, name))
        for key in keys:
            places.setdefault(key, place)
    found: dict[Entity, str] = {}
    for entity, name in merged:
        found.setdefault(entity, name)
    return found


def _strong_keys(entity: Entity) -> Iterator[tuple[str, ...]]:
    """What tells the entity apart by itself: type, names and values of each strong set that it has."""
    known = entity_types().get(entity.type)
    held = entity.as_dict()
    for names in known.strong if known else ():
        if names <= held.keys():
            yield (entity.type, *(part for name in sorted(names) for part in (name, held[name])))


def _agree(one: Entity, other: Entity) -> bool:
    legacy = entity_types()[one.type].legacy
    left, right = one.as_dict(), other.as_dict()
    return all(left[name] == right[name] for name in (left.keys() & right.keys()) - legacy)


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
    elif mapping.type.name == "Host":
        _split_host_name(identifiers)
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


def _split_host_name(identifiers: dict[str, str]) -> None:
    """FullName is no part of a host either: what it says is added as HostName and domain."""
    full = identifiers.get("FullName", "")
    if full and "HostName" not in identifiers:
        domain, backslash, name = full.partition("\\")
        if backslash and domain and name:
            identifiers["HostName"] = name
            identifiers.setdefault("NTDomain", domain)
            return
        name, _, suffix = full.partition(".")
        if name and suffix and not name.isdigit():
            identifiers["HostName"] = name
            identifiers.setdefault("DnsDomain", suffix)


def _only_a_built_in_name(identifiers: dict[str, str], type_: EntityType) -> bool:
    others = identifiers.keys() - {"Name", "FullName", "DisplayName"}
    return not others and identifiers.get("Name", identifiers.get("FullName", "")).upper() in type_.dropped_names
