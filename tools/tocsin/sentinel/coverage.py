"""Which events of a log the runs of a rule saw, how often, and why not.

A run *saw* an event when the event lay in the run's window, had been ingested when the run was executed, and the
run succeeded. That says nothing about the query: whether the event took part in an alert is for
:mod:`tocsin.sentinel.alert_coverage`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

from tocsin.sentinel.history import History, Outcome, Run, SimulatedRule
from tocsin.sentinel.log import Log, TimedTable
from tocsin.sentinel.schedule import is_nrt
from tocsin.sentinel.schedule_effect import ScheduleEffect, schedule_effect
from tocsin.sentinel.window import ticks_of


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A record of a log: the row of its table, counted from 0 in the order in which the table was given."""

    table: str
    row: int


class Reason(Enum):
    """Why no run saw an event."""

    LATE = "it arrived after the runs whose windows hold it"
    NOT_RUN = "the runs whose windows hold it did not run"
    GAP = "no window holds it: the rule looks back less far than from one run to the next"
    BEFORE = "it is older than the first window"
    PENDING = "a run after the end of the replay will see it"


@dataclass(frozen=True, slots=True)
class Unseen:
    """An event that no run saw. Times in ticks. With NOT_RUN, ``outcome`` says what kept the last such run."""

    event: Event
    time: int
    arrived: int
    reason: Reason
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class TableCoverage:
    """How often the events of a table were seen: ``times_seen[n]`` events by n runs. ``unseen`` in order of time."""

    table: str
    times_seen: Mapping[int, int]
    unseen: tuple[Unseen, ...]

    @property
    def missed(self) -> tuple[Unseen, ...]:
        """The events that the rule should have seen and never will: not those before the stretch or at its end."""
        return tuple(each for each in self.unseen if each.reason not in (Reason.BEFORE, Reason.PENDING))


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """How often a rule saw the events of the tables that it reads, and what its schedule alone means."""

    rule: str
    effect: ScheduleEffect
    tables: tuple[TableCoverage, ...]


def coverage(history: History, log: Log, rule: str) -> RuleCoverage:
    """What the runs of this rule saw. Tables without TimeGenerated, which have no windows, are left out.

    Raises KeyError for a rule that is not in the history.
    """
    simulated = history.rule(rule)
    runs = history.runs_of(rule)
    count = _ByArrival if is_nrt(simulated.detection) else _ByTime
    timed = (log.tables[name] for name in simulated.tables if name in log.tables)
    tables = tuple(count(history, simulated, runs, table).coverage() for table in timed if table.times is not None)
    return RuleCoverage(rule, schedule_effect(simulated.detection, history.behaviour), tables)


def never_seen(coverages: Iterable[RuleCoverage]) -> tuple[Event, ...]:
    """The events that none of the rules that read their table saw, except those that a later run will see."""
    unseen: dict[str, set[Event]] = {}
    for rule in coverages:
        for table in rule.tables:
            here = {each.event for each in table.unseen if each.reason is not Reason.PENDING}
            unseen[table.table] = unseen[table.table] & here if table.table in unseen else here
    return tuple(sorted(event for events in unseen.values() for event in events))


class _Count:
    """Counts windows over the places of a table's records: a window adds 1 where it starts and takes it where it ends,
    so that a replay of many runs over many records is counted in one pass."""

    def __init__(self, history: History, rule: SimulatedRule, runs: Sequence[Run], table: TimedTable) -> None:
        assert table.times is not None
        self.times: list[int] = table.times
        self.table = table
        self.effect = schedule_effect(rule.detection, history.behaviour)
        self.behaviour = history.behaviour
        self.ran = [run for run in runs if run.outcome is Outcome.RAN]
        self.kept = sorted((run for run in runs if run.outcome is not Outcome.RAN), key=lambda run: run.window.end)
        self.first = min((run.window.start for run in runs), default=history.end)
        self.last = max((run.nominal for run in runs), default=history.start)

    def coverage(self) -> TableCoverage:
        held = self.held(self.ran)
        seen = self.seen(held)
        not_run = self.held(self.kept)
        unseen = [self._unseen(place, held[place], not_run[place]) for place, times in enumerate(seen) if not times]
        return TableCoverage(self.table.name, dict(sorted(Counter(seen).items())), tuple(unseen))

    def held(self, runs: Iterable[Run]) -> list[int]:
        """In how many windows of these runs each record lies."""
        raise NotImplementedError

    def seen(self, held: list[int]) -> list[int]:
        """How many of the runs that ran saw each record."""
        raise NotImplementedError

    def moment(self, place: int) -> int:
        """The time of a record that windows of this rule go by."""
        raise NotImplementedError

    def is_pending(self, place: int) -> bool:
        """Whether a run after the last one will see the record."""
        raise NotImplementedError

    def arrived(self, place: int) -> int:
        """When a record arrived; one that does not say was always there."""
        arrived = self.table.arrivals[place]
        return self.times[place] if arrived is None else arrived

    def _unseen(self, place: int, held: int, not_run: int) -> Unseen:
        row = place if self.table.origin is None else self.table.origin[place]
        reason, outcome = self._reason(place, held, not_run)
        return Unseen(Event(self.table.name, row), self.times[place], self.arrived(place), reason, outcome)

    def _reason(self, place: int, held: int, not_run: int) -> tuple[Reason, Outcome | None]:
        if self.is_pending(place):
            return Reason.PENDING, None
        if held:
            return Reason.LATE, None
        if not_run:
            return Reason.NOT_RUN, self._kept_by(self.moment(place))
        return (Reason.BEFORE if self.moment(place) < self.first else Reason.GAP), None

    def _kept_by(self, moment: int) -> Outcome:
        """What became of the last run that did not run and whose window holds the moment."""
        return max((run for run in self.kept if run.window.holds(moment)), key=lambda run: run.nominal).outcome


class _ByTime(_Count):
    """For scheduled rules, whose windows go by TimeGenerated."""

    def held(self, runs: Iterable[Run]) -> list[int]:
        return _windows_over(self.times, runs)

    def seen(self, held: list[int]) -> list[int]:
        counts = list(held)
        for run in self.ran:
            for place in self.table.later(run.window, run.executed):
                counts[place] -= 1
        return counts

    def moment(self, place: int) -> int:
        return self.times[place]

    def is_pending(self, place: int) -> bool:
        step = self.effect.interval
        latest = self.last + (self.times[place] + self.effect.period - self.last) // step * step
        return latest > max(self.last, self.times[place]) and self.arrived(place) <= latest + self.effect.delay


class _ByArrival(_Count):
    """For NRT rules, whose windows go by the time of ingestion."""

    def held(self, runs: Iterable[Run]) -> list[int]:
        keys, order = self.table.by_arrival()
        counts = [0] * self.table.count
        for place, times in zip(order, _windows_over(keys, runs), strict=True):
            counts[place] = times
        return counts

    def seen(self, held: list[int]) -> list[int]:
        limit = self.behaviour.nrt_lateness_limit
        most = None if limit is None else ticks_of(limit)
        return [0 if self.table.is_too_late(place, most) else times for place, times in enumerate(held)]

    def moment(self, place: int) -> int:
        return self.arrived(place)

    def is_pending(self, place: int) -> bool:
        limit = self.behaviour.nrt_lateness_limit
        too_late = self.table.is_too_late(place, None if limit is None else ticks_of(limit))
        return self.arrived(place) >= self.last and not too_late


def _windows_over(keys: Sequence[int], runs: Iterable[Run]) -> list[int]:
    """How many windows of the runs hold each of the ascending ``keys``."""
    changes = [0] * (len(keys) + 1)
    for run in runs:
        changes[bisect_left(keys, run.window.start)] += 1
        changes[bisect_left(keys, run.window.end)] -= 1
    return list(accumulate(changes))[:-1]
