"""What a test case states: alerts, incidents, rows and runs, and what may not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from tocsin.content.detections import EntityType, Severity, Tactic
from tocsin.content.given_records import Moment, Record, kind_of_value
from tocsin.content.schema_types import ContentModel, Duration, Items, NotEmpty, SomeItems, problem

T = TypeVar("T")

_COUNT_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "integer", "minimum": 0}, {"const": "none"}]}


class Shorthand:
    """Reads the short forms of a model; the schema takes them beside the whole one.

    ``short`` is the field that is meant where a bare list or mapping is written.
    """

    def __init__(self, expand: Callable[[Any], Any], short: str = "", *more: dict[str, Any]) -> None:
        self.expand = expand
        self.short = short
        self.more = more

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler(schema)
        forms = [*self.more]
        if self.short:
            field = handler.resolve_ref_schema(whole)["properties"][self.short]
            forms.append(next(part for part in field.get("anyOf", [field]) if part.get("type") != "null"))
        return {"anyOf": [*forms, whole]}


def _number(value: Any, noun: str) -> int:
    if value == "none":
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        help = f"write {noun}: 1, {noun}: none, or a list"
        if noun == "rows":
            message, help = "a number of rows or a list of rows", "write rows: 2, or a list of {Column: value}"
        else:
            message = f"a number of {noun}, none, or a list of {noun}"
        raise problem("type", f"found {kind_of_value(value)}, wanted {message}", help)
    return value


def _several(noun: str, listed: str) -> Callable[[Any], Any]:
    def expand(value: Any) -> Any:
        if value is None or isinstance(value, dict | ContentModel):
            return value
        if isinstance(value, list | tuple):
            return {listed: value}
        return {"count": _number(value, noun)}

    return expand


def _is_list(value: Any) -> str:
    return "as list" if isinstance(value, list | tuple) else "as count"


class Several(ContentModel, Generic[T]):
    """What is stated of several things; every part must hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    count: Annotated[int, Field(ge=0)] | None = None
    """So many."""
    exactly: Items[T] | None = None
    """As many as listed, one of each, in any order."""
    in_order: SomeItems[T] | None = None
    """As many as listed, in this order."""
    at_least: (
        Annotated[
            Annotated[int, Field(ge=1), Tag("as count")]
            | Annotated[tuple[T, ...], Field(strict=False), NotEmpty(), Tag("as list")],
            Discriminator(_is_list),
        ]
        | None
    ) = None
    """At least so many, or at least these; others may be there."""
    at_most: Annotated[int, Field(ge=0)] | None = None
    """At most so many."""
    any_of: SomeItems[T] | None = Field(default=None, alias="any")
    """At least one of these is there."""
    none_of: SomeItems[T] | None = Field(default=None, alias="not")
    """None of these is there."""

    @property
    def least(self) -> int:
        """How many there must be for this to hold."""
        listed = (self.exactly, getattr(self, "these", None), self.in_order, self.at_least)
        counts = [len(one) if isinstance(one, tuple) else one for one in listed if one is not None]
        return max(self.count or 0, *counts, 1 if self.any_of else 0)

    @model_validator(mode="after")
    def _can_fail(self) -> Several[T]:
        if not any(getattr(self, name) is not None for name in type(self).model_fields):
            raise problem("asserts-nothing", "this states nothing", "write a number, a list, or atLeast, any, not …")
        whole = [name for name in ("count", "exactly", "these", "in_order") if getattr(self, name, None) is not None]
        if len(whole) > 1:
            raise problem("value", "how many there are is said more than once", "keep one of count, exactly, inOrder")
        if self.at_most is not None and self.least > self.at_most:
            raise problem("value", "atMost is less than what must be there: this can never hold", "raise atMost")
        return self


def _entities(value: Any) -> Any:
    if not isinstance(value, dict) or "exactly" in value or "includes" in value:
        return value
    return {"includes": value}


_Stated = dict[EntityType, Items[Record]]


class ExpectedEntities(ContentModel):
    """Entities by type: those that must be there, or all there are."""

    includes: _Stated | None = None
    """Entities that must be there, each with at least these identifiers."""
    exactly: _Stated | None = None
    """All entities, each with exactly these identifiers."""

    @model_validator(mode="after")
    def _can_fail(self) -> ExpectedEntities:
        if (self.includes is None) == (self.exactly is None):
            raise problem(
                "value", "write includes or exactly", "entities: {IP: [{Address: …}]} says what must be there"
            )
        if self.includes is not None and not all(self.includes.values()):
            empty = next(type_ for type_, listed in self.includes.items() if not listed)
            raise problem("cannot-fail", f"no {empty} entity is stated, so this always holds", _ENTITIES_HELP)
        if self.includes == {} or any(not one for listed in (self.includes or {}).values() for one in listed):
            raise problem("cannot-fail", "no identifier of an entity is stated, so this says little", _ENTITIES_HELP)
        return self


_ENTITIES_HELP = "state identifiers, or write exactly: {} for no entity at all"

EntitiesShorthand = Annotated[ExpectedEntities, Shorthand(_entities, "includes")]
_Tactics = Annotated[tuple[Tactic, ...], Field(strict=False)]


class ExpectedAlert(ContentModel):
    """What is stated of one alert; what is not stated is not checked."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    title: str | None = None
    """Title of the alert."""
    severity: Severity | None = None
    """Severity of the alert."""
    description: str | None = None
    """Description of the alert."""
    tactics: _Tactics | None = None
    """Tactics of the alert, in any order."""
    techniques: Items[str] | None = None
    """Techniques of the alert, in any order."""
    entities: EntitiesShorthand | None = None
    """Entities that must be there, by type, each with at least these identifiers; or exactly those."""
    custom_details: Record | None = None
    """Custom details that must be there: a value or a list of values."""
    run: Moment | None = None
    """The run that raises it: the nominal time, now() of the query."""

    @model_validator(mode="after")
    def _states_something(self) -> ExpectedAlert:
        if not self.model_fields_set:
            raise problem(
                "asserts-nothing",
                "this expected alert states nothing",
                "state a title, severity, entities …, or write the number of alerts",
            )
        if self.custom_details == {}:
            raise problem("cannot-fail", "no custom detail is stated, so this always holds", "state one, or delete it")
        return self


class ExpectedIncident(ContentModel):
    """What is stated of one incident as it is in the end; what is not stated is not checked."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    title: str | None = None
    """Title of the incident."""
    severity: Severity | None = None
    """Severity of the incident."""
    status: Literal["New", "Active", "Closed"] | None = None
    """Status at the end."""
    alerts: (
        Annotated[
            Annotated[int, Field(ge=1), Tag("as count")]
            | Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False), NotEmpty(), Tag("as list")],
            Discriminator(_is_list),
        ]
        | None
    ) = None
    """How many alerts it holds, or which: their numbers from 1 in the order in which the case's alerts come."""
    entities: EntitiesShorthand | None = None
    """Entities of its alerts that must be there, by type; or exactly those."""
    tactics: _Tactics | None = None
    """Tactics of its alerts, in any order."""
    reopened: bool | None = None
    """Whether it was closed and opened again."""

    @model_validator(mode="after")
    def _states_something(self) -> ExpectedIncident:
        if not self.model_fields_set:
            raise problem(
                "asserts-nothing",
                "this expected incident states nothing",
                "state a title, severity, alerts …, or write the number of incidents",
            )
        return self


def _row(value: Any) -> Any:
    if value == {}:
        raise problem("asserts-nothing", "this expected row states nothing", "state a column, or write how many rows")
    return value


Row = Annotated[Record, BeforeValidator(_row), Field(json_schema_extra={"minProperties": 1})]


class Alerts(Several[ExpectedAlert]):
    """Alerts in the order in which they come."""


class Incidents(Several[ExpectedIncident]):
    """Incidents in the order in which they are made."""


class Rows(Several[Row]):
    """Rows that the query returns; of several runs, one after the other."""

    exactly: Items[Row] | None = None
    """As many as listed, in any order, each with exactly these columns."""
    these: Items[Row] | None = None
    """As many as listed, in any order, each with at least these columns: what a bare list says."""


def _runs(value: Any) -> Any:
    return {"ran": value} if isinstance(value, int) and not isinstance(value, bool) else value


class Runs(ContentModel):
    """How many runs ended in which way."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    ran: Annotated[int, Field(ge=0)] | None = None
    """Runs that were executed."""
    suppressed: Annotated[int, Field(ge=0)] | None = None
    """Runs that suppression kept from running."""
    failed: Annotated[int, Field(ge=0)] | None = None
    """Runs whose last try failed."""
    skipped: Annotated[int, Field(ge=0)] | None = None
    """Runs that did not happen because the rule had been disabled."""

    @model_validator(mode="after")
    def _states_something(self) -> Runs:
        if not self.model_fields_set:
            raise problem("asserts-nothing", "this states nothing of the runs", "write how many ran")
        return self


class LatencyLimit(ContentModel):
    """How long events may take until they are alerted."""

    at_most: Duration
    """From the TimeGenerated of an event to its first alert, at most."""


Times = Literal["once", "atLeastOnce", "atMostOnce", "never"]


def _each_event(value: Any) -> Any:
    return {"*": value} if isinstance(value, str) else value


def _some_events(value: Any) -> Any:
    if value == {}:
        raise problem("cannot-fail", "no event is named, so this always holds", "write eachEvent: once")
    return value


_TIMES_SCHEMA: dict[str, Any] = {"enum": ["once", "atLeastOnce", "atMostOnce", "never"]}


def _no_events(value: Any) -> Any:
    return 0 if value == "none" else value


class Expectation(ContentModel):
    """What must come of a case; every part must hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    alerts: Annotated[Alerts, Shorthand(_several("alerts", "exactly"), "exactly", _COUNT_SCHEMA)] | None = None
    """Number of alerts, none, what each alert looks like, or more about them. ``none`` is read as 0."""
    rows: Annotated[Rows, Shorthand(_several("rows", "these"), "these", _COUNT_SCHEMA)] | None = None
    """Number of result rows, the columns of each row that matter, or more about them."""
    incidents: Annotated[Incidents, Shorthand(_several("incidents", "exactly"), "exactly", _COUNT_SCHEMA)] | None = None
    """Number of incidents, none, what each looks like, or more about them."""
    runs: Annotated[Runs, Shorthand(_runs, "", {"type": "integer", "minimum": 0})] | None = None
    """How many runs there are."""
    each_event: (
        Annotated[
            dict[str, Times],
            BeforeValidator(_some_events),
            BeforeValidator(_each_event),
            WithJsonSchema(
                {
                    "anyOf": [
                        _TIMES_SCHEMA,
                        {"type": "object", "minProperties": 1, "additionalProperties": _TIMES_SCHEMA},
                    ]
                }
            ),
        ]
        | None
    ) = None
    """By how many runs each given record is alerted: of all, or by named record or table."""
    latency: LatencyLimit | None = None
    """How long events take until they are alerted."""
    unseen: Annotated[int, Field(ge=0), BeforeValidator(_no_events), WithJsonSchema(_COUNT_SCHEMA)] | None = None
    """How many given records no run of the rule ever sees: a number, or none."""
    none_of: Expectation | None = Field(default=None, alias="not")
    """What must not hold."""
    any_of: SomeItems[Expectation] | None = Field(default=None, alias="any")
    """Of these, one at least must hold."""

    @model_validator(mode="after")
    def _states_something(self) -> Expectation:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise problem("asserts-nothing", "this case checks nothing", "state expect.alerts or expect.rows")
        if self.any_of is not None and len(self.any_of) < 2:
            raise problem("value", "any needs two expectations to choose from", "write it without any, or add another")
        return self

    @property
    def alerts_something(self) -> bool:
        """Whether this holds only when the rule finds something."""
        if any(stated is not None and stated.least > 0 for stated in (self.alerts, self.rows, self.incidents)):
            return True
        return self.latency is not None or not {"once", "atLeastOnce"}.isdisjoint((self.each_event or {}).values())

    def parts(self) -> tuple[Expectation, ...]:
        """This expectation and those inside it."""
        inner = (*((self.none_of,) if self.none_of else ()), *(self.any_of or ()))
        return (self, *(part for one in inner for part in one.parts()))
