"""Test files of detections: samples in, alerts, incidents and rows out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tocsin.content.expectations import Expectation, ExpectedAlert
from tocsin.content.given_records import (
    External,
    Given,
    GivenRecord,
    Instant,
    Moment,
    Places,
    Record,
    RecordSource,
    WatchlistRows,
)
from tocsin.content.schema_types import ContentModel, Duration, Items, Names, SomeItems, Version, problem
from tocsin.kql.literals import parse_datetime

__all__ = [
    "Closing",
    "Delay",
    "Expectation",
    "ExpectedAlert",
    "FailedRun",
    "Given",
    "Instant",
    "Period",
    "RecordSource",
    "TestCase",
    "TestFile",
]


class Period(ContentModel):
    """A stretch of time in which the rule runs by its own schedule."""

    from_: Instant = Field(alias="from")
    """When the rule is enabled: its first run, unless it has a start time."""
    to: Moment
    """The last moment at which a run can be due; a distance counts from the start."""


def _delay(value: Any) -> Any:
    return {"least": value, "most": value} if isinstance(value, str) else value


class Delay(ContentModel):
    """How long records take until they reach the workspace: always the same, or drawn from a spread."""

    least: Duration | None = None
    """The shortest delay."""
    most: Duration | None = None
    """The longest delay."""
    mean: Duration | None = None
    """With this, short delays are common and long ones rare; without it all are as likely."""
    tables: Names[TableDelay] = Field(default_factory=dict)
    """Other delays for some tables."""

    @model_validator(mode="after")
    def _one_spread(self) -> Delay:
        _check_spread(self.least, self.most, self.mean)
        if self.least is self.most is self.mean is None and not self.tables:
            raise problem("value", "this delay says nothing", "write delay: 10m, or {least: 1m, most: 20m}")
        return self


class Spread(ContentModel):
    """The delay of one table."""

    least: Duration | None = None
    """The shortest delay."""
    most: Duration | None = None
    """The longest delay."""
    mean: Duration | None = None
    """With this, short delays are common and long ones rare."""

    @model_validator(mode="after")
    def _one_spread(self) -> Spread:
        _check_spread(self.least, self.most, self.mean)
        return self


def _check_spread(least: Any, most: Any, mean: Any) -> None:
    if mean is None and most is None and least is not None:
        raise problem("value", "a spread needs least and most", "write {least: 1m, most: 20m}, or delay: 10m")
    if mean is not None and not mean:
        raise problem("value", "the mean of a delay must be longer than nothing", "delete it, or write mean: 2m")
    if least is not None and most is not None and least > most:
        raise problem("value", "least is longer than most", "exchange them")


_DELAY_SCHEMA: dict[str, Any] = {"type": "string", "examples": ["10m"]}
_SPREAD_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _DELAY_SCHEMA,
        {
            "type": "object",
            "minProperties": 1,
            "properties": dict.fromkeys(("least", "most", "mean"), _DELAY_SCHEMA),
            "additionalProperties": False,
        },
    ]
}
TableDelay = Annotated[Spread, BeforeValidator(_delay), WithJsonSchema(_SPREAD_SCHEMA)]
Delay.model_rebuild()
AnyDelay = Annotated[
    Delay,
    BeforeValidator(_delay),
    WithJsonSchema(
        {
            "anyOf": [
                _DELAY_SCHEMA,
                {
                    "type": "object",
                    "minProperties": 1,
                    "properties": {
                        **dict.fromkeys(("least", "most", "mean"), _DELAY_SCHEMA),
                        "tables": {"type": "object", "additionalProperties": _SPREAD_SCHEMA},
                    },
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class FailedRun(ContentModel):
    """A run whose tries fail."""

    run: Moment
    """Nominal time of the run."""
    tries: Annotated[int, Field(ge=1)] | None = None
    """How many of its tries fail, from the first one; all when absent."""
    permanent: bool = False
    """Whether it fails for a reason that does not go away by itself: some of these disable the rule."""


class Closing(ContentModel):
    """An analyst closes an incident."""

    incident: Annotated[int, Field(ge=1)]
    """Number of the incident, from 1 in the order in which incidents are made."""
    at: Moment
    """When."""
    classification: Literal["Undetermined", "TruePositive", "BenignPositive", "FalsePositive"] = "Undetermined"
    """How it is classified."""


Portal = Literal["sentinel", "defender"]
_OVER_TIME = ("runs", "each_event", "latency", "unseen")


class TestCase(ContentModel):
    """One situation and what must come of it."""

    __test__ = False

    name: Annotated[str, Field(min_length=1)]
    """What happens here, as a sentence."""
    parameters: SomeItems[Record] | None = None
    """The case is run once for each of these, with ${name} replaced by its value everywhere in it."""
    now: Instant | None = None
    """Time of the run, when it differs from the file's."""
    moments: SomeItems[Instant] | None = None
    """Nominal times of several runs, in order."""
    period: Period | None = None
    """A stretch of time in which the rule runs by its schedule."""
    given: Names[Items[GivenRecord]] = Field(default_factory=dict)
    """Records in each table."""
    watchlists: WatchlistRows | None = None
    """Rows of watchlists, replacing the file's alias by alias."""
    external: External = Field(default_factory=dict)
    """Rows that externaldata finds, by address, replacing the file's address by address."""
    places: Places = Field(default_factory=dict)
    """Where addresses are, for geo_info_from_ip_address, beside the file's."""
    alerts_of: Items[str] = Field(default_factory=tuple)
    """Other detections that run over the same records; their alerts are in SecurityAlert."""
    portal: Portal | None = None
    """Which service makes incidents, when it differs from the file's."""
    delay: AnyDelay | None = None
    """How late records reach the workspace that do not say it themselves."""
    failures: Items[FailedRun] = Field(default_factory=tuple)
    """Runs that fail."""
    close: Items[Closing] = Field(default_factory=tuple)
    """Incidents that are closed on the way."""
    expect: Expectation
    """What must come of it."""

    @property
    def over_time(self) -> bool:
        """Whether the rule runs several times."""
        return self.moments is not None or self.period is not None

    @model_validator(mode="after")
    def _one_time(self) -> TestCase:
        times = [name for name in ("now", "moments", "period") if getattr(self, name) is not None]
        if len(times) > 1:
            raise problem("value", f"{times[0]} and {times[1]} both say when it runs", "keep one of them")
        ticks = [parse_datetime(one) or 0 for one in self.moments or ()]
        if ticks != sorted(set(ticks)):
            raise problem("value", "the moments are not in order of time, each once", "sort them")
        if not self.over_time:
            stated = [name for part in self.expect.parts() for name in _OVER_TIME if getattr(part, name) is not None]
            for name in (*stated, *(name for name in ("failures", "close") if getattr(self, name))):
                field = {"each_event": "eachEvent"}.get(name, name)
                raise problem("value", f"{field} needs more than one run", "write period: {from: …, to: …}, or moments")
        return self


class TestFile(ContentModel):
    """Test cases of one detection."""

    __test__ = False

    detection: Annotated[str, Field(min_length=1)]
    """Path of the detection below detections/, without .yaml."""
    version: Version | None = None
    """Version of the detection that these cases were last held against; lint tells when the rule's is another."""
    now: Instant | None = None
    """Time of the run: now() in the query. Cases may have another, or several."""
    portal: Portal | None = None
    """Which service makes incidents: Sentinel on its own, or Defender when the workspace is onboarded. Without it, as
    the settings say (``[sentinel]`` of tocsin.toml), else Sentinel."""
    include: Items[str] = Field(default_factory=tuple)
    """Files of shared records and watchlists below tests/, such as fixtures/mail.yaml; what is said here wins."""
    watchlists: WatchlistRows = Field(default_factory=dict)
    """Rows of watchlists in all cases. An alias not named here is empty."""
    records: Names[RecordSource] = Field(default_factory=dict)
    """Named records that cases build on."""
    external: External = Field(default_factory=dict)
    """Rows that externaldata finds, by address, in all cases."""
    places: Places = Field(default_factory=dict)
    """Where addresses are, for geo_info_from_ip_address: by address or network."""
    cases: SomeItems[TestCase]
    """The test cases."""
