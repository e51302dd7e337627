"""How one expected alert, incident or row differs from an actual one, field by field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from tocsin.content.models import EntityType, ExpectedAlert, ExpectedEntities, ExpectedIncident
from tocsin.content.source import PathPart
from tocsin.kql.table import Table
from tocsin.kql.types import ScalarType, Value
from tocsin.sentinel.alert_entities import Entity
from tocsin.sentinel.alerts import Alert
from tocsin.sentinel.entities import entity_types
from tocsin.sentinel.rendering import json_form, shown
from tocsin.testing.happened import IncidentMade
from tocsin.testing.matching import Matching
from tocsin.testing.moments import shown_time, ticks_at
from tocsin.testing.values import WrongType, kql_value


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A field that differs; ``path`` is where its expectation is written, below the expected alert or row."""

    path: tuple[PathPart, ...]
    field: str
    expected: str
    actual: str

    def lines(self) -> tuple[str, ...]:
        return (self.field, f"  expected  {self.expected}", f"  actual    {self.actual}")


def alert_mismatches(expected: ExpectedAlert, alert: Alert, run: int | None, time: int) -> list[Mismatch]:
    """What of ``expected`` the alert that the run at ``run`` raised does not have; ``time`` is the case's."""
    found = [
        *_text("title", expected.title, alert.title),
        *_text("severity", expected.severity, alert.severity),
        *_text("description", expected.description, alert.description),
        *_words("tactics", expected.tactics, alert.tactics),
        *_words("techniques", expected.techniques, alert.techniques),
        *_entities(expected.entities, alert.entities),
    ]
    details = dict(alert.custom_details)
    for key, value in (expected.custom_details or {}).items():
        texts = [plain_text(one) for one in (value if isinstance(value, list | tuple) else [value])]
        if key not in details:
            near = get_close_matches(key, details, n=1)
            actual = f"the rule has no custom detail {key}" + (f"; did you mean {near[0]}?" if near else "")
            found.append(Mismatch(("customDetails", key), f"customDetails.{key}", _shown_list(texts), actual))
        elif not _same_details(texts, details[key]):
            actual = _shown_list(details[key])
            found.append(Mismatch(("customDetails", key), f"customDetails.{key}", _shown_list(texts), actual))
    if expected.run is not None and run is not None and ticks_at(expected.run, time) != run:
        found.append(Mismatch(("run",), "run", shown_time(ticks_at(expected.run, time)), shown_time(run)))
    return found


def incident_mismatches(expected: ExpectedIncident, made: IncidentMade) -> list[Mismatch]:
    """What of ``expected`` the incident does not have."""
    incident = made.incident
    found = [
        *_text("title", expected.title, incident.title),
        *_text("severity", expected.severity, incident.severity),
        *_text("status", expected.status, incident.status),
        *_words("tactics", expected.tactics, incident.tactics),
        *_entities(expected.entities, made.entities),
    ]
    if isinstance(expected.alerts, int) and expected.alerts != len(made.numbers):
        found.append(Mismatch(("alerts",), "alerts", str(expected.alerts), _numbered(made.numbers)))
    elif isinstance(expected.alerts, tuple) and sorted(expected.alerts) != sorted(made.numbers):
        found.append(Mismatch(("alerts",), "alerts", _numbered(expected.alerts), _numbered(made.numbers)))
    if expected.reopened is not None and expected.reopened != made.reopened:
        found.append(Mismatch(("reopened",), "reopened", _yes(expected.reopened), _yes(made.reopened)))
    return found


def row_mismatches(
    expected: Mapping[str, Any], result: Table, row: Sequence[Value], *, whole: bool = False
) -> list[Mismatch]:
    """The stated columns that the row does not have so; with ``whole`` also those that are not stated."""
    columns = {column.name: (column.type, value) for column, value in zip(result.columns, row, strict=True)}
    found = []
    for name, wanted in expected.items():
        text = plain_text(wanted)
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            actual = f"the result has no column {name}" + (f"; did you mean {near[0]}?" if near else "")
            found.append(Mismatch((name,), name, text, actual))
            continue
        type_, value = columns[name]
        try:
            same = _equal(kql_value(wanted, type_), value, type_)
        except WrongType as error:
            found.append(Mismatch((name,), name, text, f"a {type_.value}: {error}"))
            continue
        if not same:
            found.append(Mismatch((name,), name, text, shown(value, type_) or "null"))
    for name, (type_, value) in columns.items() if whole else ():
        if name not in expected:
            found.append(Mismatch((), name, "no such column", shown(value, type_) or "null"))
    return found


def alert_line(alert: Alert) -> str:
    """An alert in one line."""
    return f"[{alert.severity}] {alert.title}" + _entities_line(alert.entities)


def incident_line(made: IncidentMade) -> str:
    """An incident in one line."""
    incident = made.incident
    numbers = ", ".join(map(str, made.numbers))
    what = f"incident {incident.number} [{incident.severity}, {incident.status}] {incident.title}"
    return f"{what}: alert{'' if len(made.numbers) == 1 else 's'} {numbers}"


def row_line(result: Table, row: Sequence[Value]) -> str:
    """A row in one line, without what is null or empty."""
    texts = {c.name: shown(value, c.type) for c, value in zip(result.columns, row, strict=True)}
    return _shown_map({name: text for name, text in texts.items() if text})


def plain_text(value: Any) -> str:
    """A value of the test file as alerts show it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(field: str, wanted: str | None, actual: str) -> Iterator[Mismatch]:
    if wanted is not None and wanted.strip() != actual.strip():
        yield Mismatch((field,), field, wanted.strip(), actual.strip())


def _words(field: str, wanted: Sequence[str] | None, actual: Sequence[str]) -> Iterator[Mismatch]:
    if wanted is not None and sorted(wanted) != sorted(actual):
        yield Mismatch((field,), field, ", ".join(wanted) or "none", ", ".join(actual) or "none")


def _numbered(numbers: Sequence[int]) -> str:
    """How many alerts, and which, so that neither is taken for the other."""
    return f"{len(numbers)}: number{'' if len(numbers) == 1 else 's'} {', '.join(map(str, sorted(numbers)))}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _entities(wanted: ExpectedEntities | None, actual: Sequence[Entity]) -> Iterator[Mismatch]:
    if wanted is None:
        return
    for type_, stated in (wanted.includes or {}).items():
        yield from _included(type_, stated, actual)
    if wanted.exactly is not None:
        yield from _exact_entities(wanted.exactly, actual)


def _included(type_: str, wanted: Sequence[Mapping[str, Any]], actual: Sequence[Entity]) -> Iterator[Mismatch]:
    """Expected entities that are not there: each needs one of its own with at least its identifiers."""
    entities = [entity.as_dict() for entity in actual if entity.type == type_]
    texts = [{name: plain_text(value) for name, value in one.items()} for one in wanted]
    table = [
        [[name for name, value in one.items() if entity.get(name) != value] for entity in entities] for one in texts
    ]
    matching = Matching(table, len(entities))
    there = "; ".join(_shown_map(entity) for entity in entities) or f"no {type_} entity"
    for i, one in enumerate(texts):
        if i not in matching.exact:
            yield Mismatch(("entities", "includes", type_, i), f"entities.{type_}", _shown_map(one), there)


def _exact_entities(
    wanted: Mapping[EntityType, Sequence[Mapping[str, Any]]], actual: Sequence[Entity]
) -> Iterator[Mismatch]:
    texts = [
        (type_, {name: plain_text(value) for name, value in one.items()})
        for type_, stated in wanted.items()
        for one in stated
    ]
    there_are = [(entity.type, entity.as_dict()) for entity in actual]
    table = [[[] if _same_entity(one, entity) else [one] for entity in there_are] for one in texts]
    matching = Matching(table, len(there_are))
    missing = [one for i, one in enumerate(texts) if i not in matching.exact]
    left = [entity for j, entity in enumerate(there_are) if j not in matching.exact.values()]
    if missing or left:
        path = ("entities", "exactly")
        expected = "; ".join(f"{type_} {_shown_map(one)}" for type_, one in missing) or "no other entity"
        there = "; ".join(f"{type_} {_shown_map(one)}" for type_, one in left) or "not there"
        yield Mismatch(path, "entities, exactly", expected, there)


def _same_entity(wanted: tuple[str, Mapping[str, str]], actual: tuple[str, Mapping[str, str]]) -> bool:
    """Whether an entity has just these identifiers. Those that its alert's record does not show need not be stated."""
    type_, stated = wanted
    if type_ != actual[0]:
        return False
    hidden = entity_types()[type_].legacy - stated.keys()
    return stated == {name: value for name, value in actual[1].items() if name not in hidden}


def _same_details(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Same values in any order. A list in a column is one value, JSON text; it may be stated as its items too."""
    return sorted(expected) in (sorted(actual), sorted(_items(actual)))


def _items(texts: Sequence[str]) -> list[str]:
    items: list[str] = []
    for text in texts:
        try:
            value = json.loads(text) if text.startswith("[") else text
        except (ValueError, RecursionError):
            value = text
        items += [plain_text(one) for one in value] if isinstance(value, list) else [text]
    return items


def _equal(wanted: Value, value: Value, type_: ScalarType) -> bool:
    if wanted is None or value is None:
        return wanted is value
    if type_ is ScalarType.REAL:
        return math.isclose(wanted, value, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(wanted) and math.isnan(value))
    if type_ is ScalarType.DYNAMIC:
        return bool(json_form(wanted) == json_form(value))
    return bool(wanted == value)


def _entities_line(entities: Sequence[Entity]) -> str:
    text = "; ".join(f"{entity.type} {_shown_map(entity.as_dict())}" for entity in entities)
    return f"  ({text})" if text else ""


def _shown_map(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}"


def _shown_list(values: Sequence[str]) -> str:
    return "[" + ", ".join(values) + "]"
