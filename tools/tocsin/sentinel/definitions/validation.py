"""Checks a PUT body against the definitions, and says which field is wrong and why.

Two layers: the JSON Schemas (the official shape, then the limits the service enforces), and the few rules between
fields that a schema cannot say. The texts of those rules follow the service's own where it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tocsin.content.durations import parse_duration
from tocsin.sentinel.definitions.registry import definition

_HOUR = 3_600
_DAY = 86_400


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One reason to refuse a body. ``path`` is the field: ``properties.entityMappings[0].entityType``, "" the body."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'body'}: {self.message}"


def body_problems(resource: str, api_version: str, body: object, *, strict: bool = True) -> tuple[Problem, ...]:
    """Everything that is wrong with the PUT body of a resource; empty when it is acceptable.

    ``body`` is JSON as Python data. ``strict`` adds the service's limits and the rules between fields. KeyError when
    the resource has no definition of that version.
    """
    found = list(_schema_problems(_official(resource, api_version), body))
    if strict and not found:
        limits = _limits(resource, api_version)
        if limits is not None:
            found = list(_schema_problems(limits, body))
        if resource == "alertRules" and isinstance(body, Mapping) and not found:
            found = [problem for rule in _RULES_BETWEEN_FIELDS for problem in rule(body["properties"])]
    return tuple(sorted(set(found)))


@cache
def _official(resource: str, api_version: str) -> Draft202012Validator:
    return _validator(definition(resource, api_version).body)


@cache
def _limits(resource: str, api_version: str) -> Draft202012Validator | None:
    strict = definition(resource, api_version).strict
    return None if strict is None else _validator(strict)


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    checked: Draft202012Validator = _Validator(schema, format_checker=_formats())
    return checked


# --- formats and keywords that JSON Schema leaves to the application -------------------------------------------------


@cache
def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    checker.checks("duration")(_is_duration)
    checker.checks("date-time")(_is_date_time)
    return checker


def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or _duration(value) is not None


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _shortest(_: Any, limit: str, value: object, __: Any) -> Iterator[ValidationError]:
    if _seconds(value) < _seconds(limit):
        yield ValidationError(f"{value} is shorter than {limit}, the least that the service takes")


def _longest(_: Any, limit: str, value: object, __: Any) -> Iterator[ValidationError]:
    if _seconds(value) > _seconds(limit):
        yield ValidationError(f"{value} is longer than {limit}, the most that the service takes")


def _placeholders(_: Any, limit: int, value: object, __: Any) -> Iterator[ValidationError]:
    count = value.count("{{") if isinstance(value, str) else 0
    if count > limit:
        yield ValidationError(f"has {count} placeholders; the service takes {limit}")


_Validator: Final = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"x-min": _shortest, "x-max": _longest, "x-max-parameters": _placeholders}
)


def _duration(text: str) -> timedelta | None:
    """ISO 8601 only: the API does not take the short forms (``5m``) of the YAML schema."""
    return parse_duration(text) if text.startswith("P") and text == text.upper() else None


def _seconds(value: object) -> float:
    duration = _duration(value) if isinstance(value, str) else None
    return duration.total_seconds() if duration else 0


# --- from schema errors to problems -----------------------------------------------------------------------------------


def _schema_problems(validator: Draft202012Validator, body: object) -> Iterator[Problem]:
    for error in validator.iter_errors(body):
        for cause in _causes(error):
            yield Problem(_path_text(cause.absolute_path), _message(cause))


def _causes(error: ValidationError) -> Iterator[ValidationError]:
    """The errors inside the one branch of a ``oneOf``/``anyOf`` that the author meant; the error itself otherwise.

    A branch whose discriminator (``kind``, ``entityType``) or JSON type differs was not meant.
    """
    if error.validator not in ("oneOf", "anyOf") or not error.context:
        yield error
        return
    branches: dict[object, list[ValidationError]] = {}
    for nested in error.context:
        branches.setdefault(nested.schema_path[0], []).append(nested)
    meant = [errors for errors in branches.values() if not any(_not_meant(nested) for nested in errors)]
    if len(meant) == 1:
        for nested in meant[0]:
            yield from _causes(nested)
        return
    discriminators = [nested for errors in branches.values() for nested in errors if nested.validator == "const"]
    if not meant and discriminators:
        allowed = sorted({str(nested.validator_value) for nested in discriminators})
        wrong = discriminators[0]
        yield _copy_at(wrong, f"{wrong.instance!r} is not one of {', '.join(allowed)}")
        return
    yield error


def _not_meant(error: ValidationError) -> bool:
    depth = len(error.relative_path)
    if error.validator == "const":
        return depth == 1 and error.relative_path[0] in ("kind", "entityType")
    return error.validator == "type" and depth == 0


def _copy_at(error: ValidationError, message: str) -> ValidationError:
    return ValidationError(message, path=error.absolute_path, instance=error.instance)


def _message(error: ValidationError) -> str:
    value: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "enum":
            return f"{error.instance!r} is not one of {', '.join(str(item) for item in value if item is not None)}"
        case "maxLength":
            return f"has {len(instance)} characters; the service takes {value}"
        case "maxItems" | "maxProperties":
            return f"has {len(instance)} entries; the service takes {value}"
        case "minItems" | "minLength":
            return "must not be empty"
        case "format":
            return f"{instance!r} is not {_FORMAT_NAMES.get(value, value)}"
        case "pattern":
            return f"{error.instance!r} does not have the form {value}"
        case "anyOf" if "fieldMappings" in error.absolute_path:
            return "misses the identifiers that this entity type requires"
        case "anyOf" if "groupingConfiguration" in error.absolute_path:
            return "matchingMethod Selected needs groupByEntities, groupByAlertDetails or groupByCustomDetails"
        case _:
            return error.message if len(error.message) <= 300 else error.message[:297] + "..."


_FORMAT_NAMES = {
    "duration": "an ISO 8601 duration such as PT5M",
    "date-time": "a time with zone such as 2025-07-15T10:00:00Z",
}


def _path_text(path: Iterable[str | int]) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


# --- rules between fields ---------------------------------------------------------------------------------------------


def _period_covers_frequency(rule: Mapping[str, Any]) -> Iterator[Problem]:
    frequency, period = _seconds(rule.get("queryFrequency")), _seconds(rule.get("queryPeriod"))
    if period < frequency:
        yield Problem("properties.queryPeriod", "'queryPeriod' should be greater than or equal to 'queryFrequency'")
    if period >= 2 * _DAY and frequency < _HOUR:
        message = (
            "When 'queryPeriod' greater than or equal to 2 days, the 'queryFrequency' should be greater than or equal "
            "to 1 hour."
        )
        yield Problem("properties.queryFrequency", message)


def _suppression_covers_frequency(rule: Mapping[str, Any]) -> Iterator[Problem]:
    shorter = _seconds(rule["suppressionDuration"]) < _seconds(rule.get("queryFrequency"))
    if rule["suppressionEnabled"] and shorter:
        message = "'suppressionDuration' should be greater than or equal to 'queryFrequency'"
        yield Problem("properties.suppressionDuration", message)


def _identifiers_are_unique(rule: Mapping[str, Any]) -> Iterator[Problem]:
    for index, mapping in enumerate(rule.get("entityMappings") or ()):
        identifiers = [field["identifier"] for field in mapping["fieldMappings"]]
        for name in sorted({name for name in identifiers if identifiers.count(name) > 1}):
            message = f"Identifier '{name}' is defined multiple times"
            yield Problem(f"properties.entityMappings[{index}].fieldMappings", message)


def _groups_by_what_is_mapped(rule: Mapping[str, Any]) -> Iterator[Problem]:
    grouping = (rule.get("incidentConfiguration") or {}).get("groupingConfiguration") or {}
    mapped: Sequence[tuple[str, set[str], str]] = (
        ("groupByEntities", {mapping["entityType"] for mapping in rule.get("entityMappings") or ()}, "entity"),
        ("groupByCustomDetails", set(rule.get("customDetails") or ()), "custom detail"),
    )
    for field, known, noun in mapped:
        for index, name in enumerate(grouping.get(field) or ()):
            if name not in known:
                path = f"properties.incidentConfiguration.groupingConfiguration.{field}[{index}]"
                yield Problem(path, f"the rule maps no {noun} {name}")


_RULES_BETWEEN_FIELDS: Final[tuple[Callable[[Mapping[str, Any]], Iterator[Problem]], ...]] = (
    _period_covers_frequency,
    _suppression_covers_frequency,
    _identifiers_are_unique,
    _groups_by_what_is_mapped,
)
