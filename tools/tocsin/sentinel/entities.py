"""The entity types of Microsoft Sentinel and their identifiers, from packaged data.

Source: https://learn.microsoft.com/azure/sentinel/entities-reference
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class EntityType:
    """One entity type.

    ``required`` holds the sets of identifiers of which a mapping must have one; ``strong`` and ``weak`` the sets that
    tell entities apart by themselves, or only with others; ``legacy`` the identifiers that can be mapped but are not
    part of the entity; ``values`` the closed value lists of an identifier; ``dropped_names`` the account names, upper
    case, that make the service drop an entity known by its name.
    """

    name: str
    json_type: str
    identifiers: tuple[str, ...]
    required: tuple[frozenset[str], ...]
    strong: tuple[frozenset[str], ...]
    weak: tuple[frozenset[str], ...]
    legacy: frozenset[str]
    values: Mapping[str, tuple[str, ...]]
    dropped_names: frozenset[str]

    def is_identified_by(self, identifiers: Collection[str]) -> bool:
        """Whether these identifiers hold one of the required sets."""
        return any(needed <= set(identifiers) for needed in self.required)

    def is_strongly_identified_by(self, identifiers: Collection[str]) -> bool:
        """Whether these identifiers hold one of the strong sets."""
        return any(needed <= set(identifiers) for needed in self.strong)


def _entity_type(name: str, entry: Mapping[str, Any]) -> EntityType:
    def sets(key: str) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(group) for group in entry.get(key, ()))

    return EntityType(
        name=name,
        json_type=entry["json_type"],
        identifiers=tuple(entry["identifiers"]),
        required=sets("required_one_of"),
        strong=sets("strong"),
        weak=sets("weak"),
        legacy=frozenset(entry.get("legacy_only", ())),
        values={key: tuple(values) for key, values in entry.get("enum", {}).items()},
        dropped_names=frozenset(entry.get("dropped_when_name_in", ())),
    )


@cache
def entity_types() -> Mapping[str, EntityType]:
    """Every entity type by its name as rules write it (``Account``, ``IP`` ...)."""
    text = files("tocsin.sentinel").joinpath("data/entities.json").read_text(encoding="utf-8")
    return {name: _entity_type(name, entry) for name, entry in json.loads(text)["types"].items()}
