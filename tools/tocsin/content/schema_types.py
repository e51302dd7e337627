"""Building blocks of the content models: base class, field types, and errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from tocsin.content.durations import TriggerOperator, parse_duration, parse_operator

T = TypeVar("T")


class ContentModel(BaseModel):
    """Base of all content models: frozen, no unknown fields, no silent conversions, YAML names in camelCase."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        use_attribute_docstrings=True,
    )


def problem(slug: str, message: str, help: str, *, value: str = "") -> PydanticCustomError:
    """A validation error with its advice; becomes a finding whose slug is ``content.<slug>``.

    ``value`` is the text that says what was written, where there is one: the finding's fix.
    """
    # The texts travel in the context, so braces in them are not taken for placeholders.
    context = {"slug": slug, "message": message, "help": help, "value": value}
    return PydanticCustomError("tocsin", "{message}", context)


class EmptyFor:
    """Reads a null as the given empty value: the service's own exports write ``entityMappings: null``."""

    def __init__(self, empty: Callable[[], Any]) -> None:
        self.empty = empty

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: self.empty() if value is None else value, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "null"}]}


class AnyCase:
    """Reads the names of an enum in any case, as the service does; the model holds their proper form.

    The schema takes the proper form only, so that editors lead there.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.proper = {name.lower(): name for name in names}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: self.proper.get(value.lower(), value) if isinstance(value, str) else value, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema)


class NotEmpty:
    """Refuses an empty list. pydantic's own limit counts valid items only: one wrong item would be reported twice."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "minItems": 1}

    @staticmethod
    def _check(value: Any) -> Any:
        if value == []:
            raise problem("value", "the list is empty", "add an item")
        return value


Items = Annotated[tuple[T, ...], Field(strict=False), EmptyFor(tuple)]
"""A list; null reads as an empty one."""

SomeItems = Annotated[tuple[T, ...], Field(strict=False), NotEmpty()]
"""A list with at least one item."""

Names = Annotated[dict[str, T], EmptyFor(dict)]
"""A mapping from names; null reads as an empty one."""

Text = Annotated[str, EmptyFor(str)]
"""Text; null reads as empty text."""


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    parsed = parse_duration(value) if isinstance(value, str) else None
    if parsed is None:
        shown = f'"{value}"' if isinstance(value, str) else str(value)
        meant = _spoken_duration(value) if isinstance(value, str) else ""
        raise problem("duration", f"{shown} is not a duration", _duration_help(value, meant), value=meant)
    return parsed


def _spoken_duration(text: str) -> str:
    spoken = re.fullmatch(r"\s*([0-9]+)\s*(minute|min|hour|hr|day|second|sec)s?\s*", text, re.IGNORECASE)
    return f"{spoken.group(1)}{spoken.group(2)[0].lower()}" if spoken else ""


def _duration_help(value: Any, meant: str) -> str:
    if (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.isdigit()):
        return f"add a unit: {value}m for minutes, {value}h for hours, {value}d for days"
    if meant:
        return f"write {meant}"
    return "write 5m, 1h or 1d, or ISO 8601 such as PT5M, PT1H or P1D"


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(?:[0-9]{1,6}[dhmsDHMS]|[Pp](?=[0-9Tt])(?:[0-9]{1,6}[Ww]|(?:[0-9]{1,6}[Dd])?(?:[Tt](?=[0-9])"
            r"(?:[0-9]{1,6}[Hh])?(?:[0-9]{1,6}[Mm])?(?:[0-9]{1,6}[Ss])?)?))$",
            "examples": ["5m", "1h", "1d", "PT5M", "P14D"],
        }
    ),
]
"""A span of time, written ``1h`` or ``PT1H``."""


def _operator(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parsed = parse_operator(value)
    if parsed is None:
        symbol = {">": "gt", "<": "lt", "=": "eq", "==": "eq", "!=": "ne", "<>": "ne"}.get(value)
        help = f"write {symbol}" if symbol else "write gt, lt, eq or ne"
        raise problem("value", f'"{value}" is not a trigger operator', help, value=symbol or "")
    return parsed


_OPERATOR_NAMES = ("gt", "lt", "eq", "ne", *get_args(TriggerOperator))


def _any_case(word: str) -> str:
    return "".join(f"[{letter.lower()}{letter.upper()}]" for letter in word)


Operator = Annotated[
    TriggerOperator,
    BeforeValidator(_operator),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^(?:" + "|".join(map(_any_case, _OPERATOR_NAMES)) + ")$",
            "examples": ["gt", "lt", "eq", "ne"],
        }
    ),
]
"""How the number of results is compared with the threshold, by its REST name."""

_RULE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"


def _rule_id(value: Any) -> Any:
    if isinstance(value, str) and not re.match(_RULE_ID, value):
        raise problem("value", f'"{value}" can not be the id of a rule', "write a GUID; python -m uuid makes one up")
    return value


RuleId = Annotated[str, BeforeValidator(_rule_id), Field(json_schema_extra={"pattern": _RULE_ID})]
"""Name of a rule resource: a GUID by custom, though the service takes other names."""


def _version(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        message = f"YAML reads {value} as a number; a version is text"
        raise problem("type", message, "write three parts, such as 1.0.0, or put it in quotes")
    return value


Version = Annotated[str, BeforeValidator(_version), Field(json_schema_extra={"examples": ["1.0.0"]})]
"""A version such as 1.0.0."""
