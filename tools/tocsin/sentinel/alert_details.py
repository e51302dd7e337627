"""What a rule's alertDetailsOverride makes of a result row: title, description, severity, tactics, properties.

Source: https://learn.microsoft.com/azure/sentinel/customize-alert-details. An override that does not hold for a row
(an empty value, one too long, one outside the closed list) leaves the rule's own value; more than 50 different
values of one field in a run drop every one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.content.models import AlertDetailsOverride
from tocsin.kql.table import Table
from tocsin.kql.types import ScalarType, Value
from tocsin.sentinel import attack, limits
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.rendering import shown, utf8_size

PLACEHOLDER: Final = re.compile(r"{{([^{}]*)}}")

Reader = Callable[[int], str | None]
"""The overriding value of a row (by index), None where the rule's own value stands."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """The overriding values of every row of one result; None where the rule's own value stands.

    ``properties`` holds the dynamic properties (``AlertLink`` ...) by name. ``notes`` say why a field was given up
    for the whole run.
    """

    titles: Sequence[str | None]
    descriptions: Sequence[str | None]
    severities: Sequence[str | None]
    tactics: Sequence[tuple[str, ...] | None]
    techniques: Sequence[tuple[str, ...] | None]
    properties: dict[str, Sequence[str | None]]
    notes: tuple[str, ...]


def placeholders(text: str) -> Iterator[re.Match[str]]:
    """The ``{{Column}}`` of a format in order; group 1 is the column, blanks around it included."""
    return PLACEHOLDER.finditer(text)


def unbalanced_brace(text: str) -> int | None:
    """Where a ``{{`` or ``}}`` stands that is no part of a placeholder; None when there is none.

    Such a format makes the deployment fail (https://github.com/Azure/Azure-Sentinel/pull/10606).
    """
    rest = PLACEHOLDER.sub(lambda match: " " * len(match.group()), text)
    found = re.search(r"{{|}}", rest)
    return found.start() if found else None


def resolve(
    override: AlertDetailsOverride | None, result: Table, behaviour: Behaviour = DEFAULT_BEHAVIOUR
) -> Overrides:
    """Every override of a rule for every row of its result."""
    rows = range(result.row_count)
    nothing: Sequence[None] = [None] * result.row_count
    if override is None:
        return Overrides(nothing, nothing, nothing, nothing, nothing, {}, ())
    columns = _Columns(result)
    notes: list[str] = []

    def capped(field: str, values: list[str | None]) -> list[str | None]:
        different = len({value for value in values if value is not None})
        if different <= limits.OVERRIDE_VALUES:
            return values
        notes.append(
            f"{field}: {different} different values in one run, more than {limits.OVERRIDE_VALUES}: all are dropped"
        )
        return [None] * len(values)

    def formatted(field: str, template: str | None, size: int) -> Sequence[str | None]:
        parameters = len(list(placeholders(template or "")))
        if parameters > limits.FORMAT_PARAMETERS:
            most = limits.FORMAT_PARAMETERS
            notes.append(f"{field}: {parameters} parameters, the service takes {most}: the rule's own stands")
            return nothing
        return capped(field, [columns.fill(template, row, size) for row in rows]) if template else nothing

    def listed(field: str, column: str | None, allowed: Callable[[str], bool]) -> Sequence[tuple[str, ...] | None]:
        lists = [columns.words(column, row, allowed) for row in rows] if column else []
        kept = capped(field, [None if words is None else ",".join(words) for words in lists])
        return [words if flag is not None else None for words, flag in zip(lists, kept, strict=True)] or nothing

    severities: list[str | None] = [None] * result.row_count
    if override.alert_severity_column_name:
        severities = [columns.one_of(override.alert_severity_column_name, row, limits.SEVERITIES) for row in rows]
    properties: dict[str, Sequence[str | None]] = {}
    techniques: Sequence[tuple[str, ...] | None] = nothing
    for dynamic in override.alert_dynamic_properties or ():
        name = str(dynamic.alert_property)
        if behaviour.portal == "defender":
            if name in _NOT_IN_DEFENDER:
                notes.append(f"{name}: cannot be customised in a workspace that is onboarded to Defender")
                continue
            if name == "ProductName":
                notes.append(f"{name}: Defender drops alerts of Microsoft sources whose ProductName is customised")
        if name == "Techniques":
            techniques = listed(name, dynamic.value, lambda word: bool(attack.TECHNIQUE.match(word)))
        elif name == "SubTechniques":
            words = listed(name, dynamic.value, lambda word: bool(attack.SUB_TECHNIQUE.match(word)))
            properties[name] = [None if one is None else ",".join(one) for one in words]
        else:
            properties[name] = capped(name, [columns.property(name, dynamic.value, row) for row in rows])
    return Overrides(
        titles=formatted("title", override.alert_display_name_format, limits.PROPERTY_BYTES),
        descriptions=formatted("description", override.alert_description_format, limits.DESCRIPTION_BYTES),
        severities=severities,
        tactics=listed("tactics", override.alert_tactics_column_name, attack.TACTICS.__contains__),
        techniques=techniques,
        properties=properties,
        notes=tuple(notes),
    )


class _Columns:
    """The values of a result by column name and row."""

    def __init__(self, result: Table) -> None:
        self._values: dict[str, tuple[list[Value], ScalarType]] = {
            c.name: (values, c.type) for c, values in zip(result.columns, result.data, strict=True)
        }

    def text(self, column: str, row: int) -> str:
        """The value as text; empty for null and for a column that the result does not have."""
        held = self._values.get(column)
        return shown(held[0][row], held[1]) if held else ""

    def fill(self, template: str, row: int, size: int) -> str | None:
        """The format with the values of a row; None when a value is empty or the whole is too long."""
        values = {match.group(1): self.text(match.group(1).strip(), row) for match in placeholders(template)}
        if not all(values.values()):
            return None
        return _within(PLACEHOLDER.sub(lambda match: values[match.group(1)], template), size)

    def one_of(self, column: str, row: int, allowed: Sequence[str]) -> str | None:
        text = self.text(column, row)
        return text if text in allowed else None

    def words(self, column: str, row: int, allowed: Callable[[str], bool]) -> tuple[str, ...] | None:
        """A value that is one word or a dynamic list of words; None unless every word is allowed."""
        held = self._values.get(column)
        value = held[0][row] if held else None
        words = value if isinstance(value, list) else [value]
        if not words or not all(isinstance(word, str) and allowed(word) for word in words):
            return None
        return tuple(words)

    def property(self, name: str, column: str, row: int) -> str | None:
        """A dynamic property's value; None when it is empty, too long or not of the property's kind."""
        text = self.text(column, row)
        size = limits.DESCRIPTION_BYTES if name in _COLLECTIONS else limits.PROPERTY_BYTES
        return _within(text, size) if text and _VALID.get(name, bool)(text) else None


_NOT_IN_DEFENDER = frozenset({"ProductComponentName", "ProviderName"})

_COLLECTIONS = frozenset({"ExtendedLinks", "RemediationSteps"})


def _is_score(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False


_VALID: dict[str, Callable[[str], bool]] = {
    "ConfidenceLevel": limits.CONFIDENCE_LEVELS.__contains__,
    "ConfidenceScore": _is_score,
}


def _within(text: str, size: int) -> str | None:
    return text if utf8_size(text) <= size else None
