"""What a test states against what the rule did, and the difference in words a person can act on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from tocsin.content.models import Expectation, ExpectedAlert
from tocsin.content.source import Document, Location, PathPart
from tocsin.kql.table import Table
from tocsin.kql.types import ScalarType, Value
from tocsin.sentinel.alerts import Alert
from tocsin.sentinel.rendering import json_form, shown
from tocsin.testing.matching import Matching
from tocsin.testing.values import WrongType, kql_value

_ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that does not hold: where it is written, what is wrong, and the two sides in lines."""

    location: Location
    headline: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((f"{self.headline}  ({self.location})", *(f"  {line}" for line in self.lines)))


@dataclass(frozen=True, slots=True)
class _Mismatch:
    """A field that differs; ``path`` is where its expectation is written, below the expected alert or row."""

    path: tuple[PathPart, ...]
    field: str
    expected: str
    actual: str

    def lines(self) -> tuple[str, ...]:
        return (self.field, f"  expected  {self.expected}", f"  actual    {self.actual}")


def compare(
    expected: Expectation, alerts: Sequence[Alert], result: Table, document: Document, path: tuple[PathPart, ...]
) -> tuple[Difference, ...]:
    """Every way in which alerts and rows differ from what the expectation at ``path`` of ``document`` states."""
    found: list[Difference] = []
    if isinstance(expected.alerts, int):
        if expected.alerts != len(alerts):
            headline = f"{_count(expected.alerts, 'alert')} expected, {_count(len(alerts), 'alert')} raised"
            found.append(Difference(document.location(*path, "alerts"), headline, _listed(alerts, _alert_line)))
    elif expected.alerts is not None:
        table = [[list(_alert_mismatches(one, alert)) for alert in alerts] for one in expected.alerts]
        found += _unmatched("alert", table, alerts, _alert_line, document, (*path, "alerts"))
    rows = list(result.rows())
    if isinstance(expected.rows, int):
        if expected.rows != len(rows):
            headline = f"{_count(expected.rows, 'row')} expected, {_count(len(rows), 'row')} returned"
            lines = _listed(rows, lambda row: _row_line(result, row))
            found.append(Difference(document.location(*path, "rows"), headline, lines))
    elif expected.rows is not None:
        table = [[list(_row_mismatches(one, result, row)) for row in rows] for one in expected.rows]
        found += _unmatched("row", table, rows, lambda row: _row_line(result, row), document, (*path, "rows"))
    return tuple(found)


def _unmatched(
    noun: str,
    differences: Sequence[Sequence[Sequence[_Mismatch]]],
    actual: Sequence[Any],
    line: Callable[[Any], str],
    document: Document,
    path: tuple[PathPart, ...],
) -> list[Difference]:
    matching = Matching(differences, len(actual))
    found = []
    for i in range(len(differences)):
        if i in matching.closest:
            mismatches = differences[i][matching.closest[i]]
            lines = tuple(text for one in mismatches for text in one.lines())
            location = document.location(*path, i, *mismatches[0].path)
            found.append(Difference(location, f"{noun} {i + 1} of {len(differences)} differs", lines))
        elif i not in matching.exact:
            headline = f"{noun} {i + 1} of {len(differences)} is missing: {_count(len(actual), noun)} came"
            found.append(Difference(document.location(*path, i), headline, _listed(actual, line)))
    if matching.unexpected:
        extra = [actual[j] for j in matching.unexpected]
        headline = f"{_count(len(extra), noun)} more than expected ({len(differences)} expected, {len(actual)} came)"
        found.append(Difference(document.location(*path), headline, _listed(extra, line)))
    return found


def _alert_mismatches(expected: ExpectedAlert, alert: Alert) -> list[_Mismatch]:
    found = []

    def text(field: str, wanted: str | None, actual: str) -> None:
        if wanted is not None and wanted.strip() != actual.strip():
            found.append(_Mismatch((field,), field, wanted.strip(), actual.strip()))

    text("title", expected.title, alert.title)
    text("severity", expected.severity, alert.severity)
    text("description", expected.description, alert.description)
    if expected.tactics is not None and sorted(expected.tactics) != sorted(alert.tactics):
        found.append(
            _Mismatch(("tactics",), "tactics", ", ".join(expected.tactics), ", ".join(alert.tactics) or "none")
        )
    for type_, wanted in (expected.entities or {}).items():
        found += _entity_mismatches(type_, wanted, alert)
    details = dict(alert.custom_details)
    for key, value in (expected.custom_details or {}).items():
        texts = [_plain_text(one) for one in (value if isinstance(value, list | tuple) else [value])]
        if key not in details:
            near = get_close_matches(key, details, n=1)
            actual = f"the rule has no custom detail {key}" + (f"; did you mean {near[0]}?" if near else "")
            found.append(_Mismatch(("customDetails", key), f"customDetails.{key}", _shown_list(texts), actual))
        elif not _same_details(texts, details[key]):
            actual = _shown_list(details[key])
            found.append(_Mismatch(("customDetails", key), f"customDetails.{key}", _shown_list(texts), actual))
    return found


def _entity_mismatches(type_: str, wanted: Sequence[Mapping[str, Any]], alert: Alert) -> list[_Mismatch]:
    """Expected entities that are not there: each needs one of its own with at least its identifiers."""
    entities = [entity.as_dict() for entity in alert.entities if entity.type == type_]
    texts = [{name: _plain_text(value) for name, value in one.items()} for one in wanted]
    table = [
        [[name for name, value in one.items() if entity.get(name) != value] for entity in entities] for one in texts
    ]
    matching = Matching(table, len(entities))
    actual = "; ".join(_shown_map(entity) for entity in entities) or f"no {type_} entity"
    return [
        _Mismatch(("entities", type_, i), f"entities.{type_}", _shown_map(one), actual)
        for i, one in enumerate(texts)
        if i not in matching.exact
    ]


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
        items += [_plain_text(one) for one in value] if isinstance(value, list) else [text]
    return items


def _row_mismatches(expected: Mapping[str, Any], result: Table, row: Sequence[Value]) -> list[_Mismatch]:
    columns = {column.name: (column.type, value) for column, value in zip(result.columns, row, strict=True)}
    found = []
    for name, wanted in expected.items():
        text = _plain_text(wanted)
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            actual = f"the result has no column {name}" + (f"; did you mean {near[0]}?" if near else "")
            found.append(_Mismatch((name,), name, text, actual))
            continue
        type_, value = columns[name]
        try:
            same = _equal(kql_value(wanted, type_), value, type_)
        except WrongType as error:
            found.append(_Mismatch((name,), name, text, f"a {type_.value}: {error}"))
            continue
        if not same:
            found.append(_Mismatch((name,), name, text, shown(value, type_) or "null"))
    return found


def _equal(wanted: Value, value: Value, type_: ScalarType) -> bool:
    if wanted is None or value is None:
        return wanted is value
    if type_ is ScalarType.REAL:
        return math.isclose(wanted, value, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(wanted) and math.isnan(value))
    if type_ is ScalarType.DYNAMIC:
        return bool(json_form(wanted) == json_form(value))
    return bool(wanted == value)


def _plain_text(value: Any) -> str:
    """A value of the test file as alerts show it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _alert_line(alert: Alert) -> str:
    entities = "; ".join(f"{entity.type} {_shown_map(entity.as_dict())}" for entity in alert.entities)
    return f"[{alert.severity}] {alert.title}" + (f"  ({entities})" if entities else "")


def _row_line(result: Table, row: Sequence[Value]) -> str:
    texts = {c.name: shown(value, c.type) for c, value in zip(result.columns, row, strict=True)}
    return _shown_map({name: text for name, text in texts.items() if text})


def _listed(things: Sequence[Any], line: Callable[[Any], str]) -> tuple[str, ...]:
    lines = [line(one) for one in things[:_ROWS_SHOWN]]
    if len(things) > _ROWS_SHOWN:
        lines.append(f"… and {len(things) - _ROWS_SHOWN} more")
    return tuple(lines)


def _count(number: int, noun: str) -> str:
    words = {0: "no"}
    return f"{words.get(number, str(number))} {noun}{'' if number == 1 else 's'}"


def _shown_map(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}"


def _shown_list(values: Sequence[str]) -> str:
    return "[" + ", ".join(values) + "]"
