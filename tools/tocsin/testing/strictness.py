"""Expectations that could never fail: what must not be there, and cannot be there whatever happens.

A typo in what *must* be there is seen at once, because the case fails. In what must *not* be there it would pass for
ever. So a column, a custom detail or an entity that the rule never gives is an error where it is negated or one of
several possibilities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from tocsin.content.finding import Finding
from tocsin.content.models import Detection, Expectation, ExpectedAlert, ExpectedIncident, Several
from tocsin.content.source import Document, PathPart
from tocsin.kql.types import ColumnSchema, ScalarType
from tocsin.testing.happened import GivenEvent
from tocsin.testing.problems import problem
from tocsin.testing.values import WrongType, kql_value

Path = tuple[PathPart, ...]


def unfounded(
    expected: Expectation, rule: Detection, columns: Sequence[ColumnSchema], document: Document, path: Path
) -> Iterator[Finding]:
    """Parts of the expectation at ``path`` that can never be there, where that would go unnoticed."""
    yield from _Search(rule, {column.name: column.type for column in columns}, document).inside(expected, path, False)


def unknown_events(
    expected: Expectation, events: Sequence[GivenEvent], tables: Sequence[str], document: Document, path: Path
) -> Iterator[Finding]:
    """What ``eachEvent`` names and nobody has given, or the query does not read (``tables`` are those it does)."""
    read = [event for event in events if event.table in tables]
    known = dict.fromkeys(name for event in read for name in (event.name, event.table) if name)
    for name in expected.each_event or ():
        where = document.location(*path, "eachEvent", name, key=True)
        if not read:
            help = "give records of a table that the query reads"
            yield problem("TST110", "no record is given, so this always holds", help, where)
        elif name != "*" and name not in known:
            help = f"given and read: {', '.join(known)}"
            yield problem("TST110", f"no given record or table is named {name}", help, where)
    if expected.none_of is not None:
        yield from unknown_events(expected.none_of, events, tables, document, (*path, "not"))
    for i, one in enumerate(expected.any_of or ()):
        yield from unknown_events(one, events, tables, document, (*path, "any", i))


class _Search:
    def __init__(self, rule: Detection, columns: Mapping[str, ScalarType], document: Document) -> None:
        self.rule = rule
        self.columns = columns
        self.document = document
        self.details = list(rule.custom_details or {})
        # Entities that come ready-made from a column may be of any type.
        self.any_entity = bool(rule.sentinel_entities_mappings)
        self.identifiers: dict[str, set[str]] = {}
        for mapping in rule.entity_mappings or ():
            names = self.identifiers.setdefault(mapping.entity_type, set())
            names.update(one.identifier for one in mapping.field_mappings)

    def inside(self, expected: Expectation, path: Path, unnoticed: bool) -> Iterator[Finding]:
        for name, stated in (("alerts", expected.alerts), ("incidents", expected.incidents), ("rows", expected.rows)):
            if stated is not None:
                yield from self._several(stated, (*path, name), unnoticed)
        if expected.none_of is not None:
            yield from self.inside(expected.none_of, (*path, "not"), True)
        for i, one in enumerate(expected.any_of or ()):
            yield from self.inside(one, (*path, "any", i), True)

    def _several(self, stated: Several[Any], path: Path, unnoticed: bool) -> Iterator[Finding]:
        for field in ("these", "exactly", "in_order", "at_least", "any_of", "none_of"):
            members = getattr(stated, field, None)
            if isinstance(members, tuple) and (unnoticed or field in ("any_of", "none_of")):
                key = {"in_order": "inOrder", "at_least": "atLeast", "any_of": "any", "none_of": "not"}.get(
                    field, field
                )
                for i, one in enumerate(members):
                    yield from self._one(one, (*path, key, i))

    def _one(self, stated: Any, path: Path) -> Iterator[Finding]:
        if isinstance(stated, ExpectedAlert):
            for key in stated.custom_details or ():
                if key not in self.details:
                    yield self._never(f"custom detail {key}", key, self.details, (*path, "customDetails", key))
        if isinstance(stated, ExpectedAlert | ExpectedIncident):
            yield from self._entities(stated, path)
        elif isinstance(stated, Mapping):
            yield from self._row(stated, path)

    def _entities(self, stated: ExpectedAlert | ExpectedIncident, path: Path) -> Iterator[Finding]:
        if stated.entities is None or self.any_entity:
            return
        for part in ("includes", "exactly"):
            for type_, entities in (getattr(stated.entities, part) or {}).items():
                at = (*path, "entities", part, type_)
                if type_ not in self.identifiers:
                    yield self._never(f"{type_} entity", type_, self.identifiers, at)
                    continue
                known = self.identifiers[type_]
                for i, one in enumerate(entities):
                    for name in one:
                        # The service adds identifiers of its own to some (a FullName is taken apart).
                        if name not in known and not known & _COMPOUND:
                            yield self._never(f"{type_} identifier {name}", name, known, (*at, i, name))

    def _row(self, stated: Mapping[str, Any], path: Path) -> Iterator[Finding]:
        for name, value in stated.items():
            if name not in self.columns:
                yield self._never(f"column {name}", name, self.columns, (*path, name))
                continue
            try:
                kql_value(value, self.columns[name])
            except WrongType as error:
                message = f"{name} is a {self.columns[name].value}, and {error}: this can never be there"
                yield problem("TST110", message, error.help, self.document.location(*path, name))

    def _never(self, what: str, name: str, known: Any, path: Path) -> Finding:
        near = get_close_matches(name, list(known), n=1, cutoff=0.6)
        help = f"did you mean {near[0]}?" if near else f"it has: {', '.join(known) or 'none'}"
        message = f"the rule never gives a {what}, so this could not be noticed"
        return problem("TST110", message, help, self.document.location(*path, key=True))


_COMPOUND = frozenset(("FullName", "HostName"))
