"""What came of a case: the side that expectations are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tocsin.kql.table import Table
from tocsin.sentinel.alert_entities import Entity
from tocsin.sentinel.alerts import Alert
from tocsin.sentinel.coverage import Unseen
from tocsin.sentinel.incidents import Incident


@dataclass(frozen=True, slots=True)
class GivenEvent:
    """A record of the case: ``name`` is that of the record it was made from, else empty. ``time``: TimeGenerated."""

    table: str
    row: int
    name: str
    time: int | None

    def __str__(self) -> str:
        return f"{self.table} record {self.row + 1}" + (f" ({self.name})" if self.name else "")


@dataclass(frozen=True, slots=True)
class AlertedEvent:
    """A given record with the runs that alerted it: nominal time and time of publishing, in order."""

    event: GivenEvent
    runs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class OverTime:
    """What only several runs have: ``outcomes`` counts them by how they ended, ``unseen`` are records that no run saw.

    ``alerted`` says of every given record which runs alerted it; it asks the query many times, so only on demand.
    ``timeline`` is the whole in lines.
    """

    outcomes: Mapping[str, int]
    unseen: tuple[Unseen, ...]
    alerted: Callable[[], Sequence[AlertedEvent]]
    timeline: Callable[[], tuple[str, ...]]
    name_of: Callable[[Unseen], str]


@dataclass(frozen=True, slots=True)
class IncidentMade:
    """An incident in the end. ``numbers`` are those of its alerts among the case's, from 1."""

    incident: Incident
    numbers: tuple[int, ...]
    reopened: bool

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities of its alerts, each once."""
        return tuple(dict.fromkeys(entity for one in self.incident.alerts for entity in one.alert.entities))


@dataclass(frozen=True, slots=True)
class Happened:
    """What came of a case.

    ``result`` has the rows of all runs, one after the other. ``runs`` are the nominal times at which the alerts were
    raised, one for each; ``time`` is the case's own, from which distances count. Times are ticks.
    """

    alerts: tuple[Alert, ...]
    result: Table
    time: int = 0
    runs: tuple[int, ...] = ()
    incidents: tuple[IncidentMade, ...] = ()
    over_time: OverTime | None = None
    notes: tuple[str, ...] = field(default=())
