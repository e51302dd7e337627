"""Which alerts cover which events, and how long it took.

An alert *covers* an event of the run's tables when the event took part in it. Where the engine can say which records a
result row was made of, that says it: give the query, ``traced``. Where it cannot, or without it, a trial says it: **an
alert covers an event when the run would not have raised it just so without the event, or when the event, alone in its
table, raises the very same alert.** The first is what an analyst means by "this is why"; the second finds events that
say the same twice, of which each alone would be dispensable. "Just so" means the same texts, entities, details and
result rows; alerts of a run that are the same in all of it cover the same events. A trial asks the query anew for each
event, so it is for the events in question, not for a day's log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Final, Protocol, TypeAlias

from tocsin import kql
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.table import Table
from tocsin.sentinel.alerts import Alert, predict
from tocsin.sentinel.coverage import Event
from tocsin.sentinel.history import History, Run, SimulatedRule
from tocsin.sentinel.log import Log, TimedTable, view
from tocsin.sentinel.security_alert import RaisedAlert
from tocsin.sentinel.simulation import REPLAY_LIMITS
from tocsin.sentinel.window import ticks_of

MOST_TRIALS: Final = 20_000
"""Trials that are made at most: about a minute's worth of queries."""

Covers: TypeAlias = Callable[[RaisedAlert], Iterable[Event]]
"""The events that an alert covers."""


class TracedQuery(Protocol):
    """Runs a rule's query with a trace: ``partial(query.run, trace=True)`` of a ``kql.PreparedQuery``."""

    def __call__(
        self,
        database: Mapping[str, Table],
        *,
        now: int,
        limits: kql.Limits,
        watchlists: Mapping[str, Table],
    ) -> kql.QueryResult:
        """The result over these tables with its provenance. Raises EngineError."""


class TooManyTrials(ValueError):
    """More events are asked for than trials can be made."""


def alerts_of_events(
    history: History,
    log: Log,
    rule: str,
    events: Iterable[Event] | None = None,
    covers: Covers | None = None,
    most: int = MOST_TRIALS,
    traced: TracedQuery | None = None,
) -> Mapping[Event, tuple[RaisedAlert, ...]]:
    """The alerts of a rule that cover each of ``events`` (None: of what its alerting runs saw), as published.

    An event that was asked for and has no alert has an empty tuple. Raises TooManyTrials when neither ``covers`` nor
    ``traced`` is given (or this cannot say) and more than ``most`` trials would be needed, KeyError for a rule that is
    not in the history.
    """
    wanted = None if events is None else dict.fromkeys(events)
    runs = [run for run in history.runs_of(rule) if run.alerts]
    if covers is None and traced is not None:
        covers = _Traced(history, log, history.rule(rule), runs, wanted, most, traced).covers
    if covers is None:
        covers = partial(_tried, _trials(history, log, history.rule(rule), runs, wanted, most))
    found: dict[Event, list[RaisedAlert]] = {event: [] for event in wanted or ()}
    for run in runs:
        for alert in run.alerts:
            for event in covers(alert):
                if wanted is None or event in wanted:
                    found.setdefault(event, []).append(alert)
    return {event: tuple(found[event]) for event in sorted(found)}


def alerted_twice(covered: Mapping[Event, tuple[RaisedAlert, ...]]) -> Mapping[Event, tuple[RaisedAlert, ...]]:
    """The events that several runs alerted."""
    return {event: alerts for event, alerts in covered.items() if len({alert.run for alert in alerts}) > 1}


@dataclass(frozen=True, slots=True)
class Latency:
    """How long ``count`` events took until their first alert, in ticks."""

    count: int
    best: int
    median: int
    worst: int


def latency(covered: Mapping[Event, tuple[RaisedAlert, ...]], log: Log) -> Latency | None:
    """From TimeGenerated to the publishing of the first alert; None when no event was alerted."""
    times = {table: _times_by_row(log.tables[table]) for table in {event.table for event in covered}}
    spans = [
        alerts[0].published - time
        for event, alerts in covered.items()
        if alerts and (time := times[event.table].get(event.row)) is not None
    ]
    return _latency(spans)


def alert_latency(history: History, rule: str) -> Latency | None:
    """The same without a trial, from the StartTime of each alert, that of the oldest row it shows."""
    return _latency([alert.published - alert.alert.start for run in history.runs_of(rule) for alert in run.alerts])


def _latency(spans: list[int]) -> Latency | None:
    if not spans:
        return None
    return Latency(len(spans), min(spans), round(median(spans)), max(spans))


def _times_by_row(table: TimedTable) -> dict[int, int]:
    if table.times is None:
        return {}
    return dict(zip(table.origin or range(table.count), table.times, strict=True))


# ----------------------------------------------------------------------------------------------------------- trials


def _tried(trials: Mapping[int, _Trial], alert: RaisedAlert) -> Iterable[Event]:
    return trials[alert.run].covered_by(alert)


def _trials(
    history: History,
    log: Log,
    rule: SimulatedRule,
    runs: list[Run],
    wanted: Mapping[Event, None] | None,
    most: int,
) -> Mapping[int, _Trial]:
    """The trials of the runs by nominal time, none of them made yet."""
    trials = {run.nominal: _Trial(history, log, rule, run, wanted) for run in runs}
    needed = sum(len(trial.places) for trial in trials.values())
    if needed > most:
        message = f"{needed:,} trials are needed to say which events the alerts of {rule.name} cover, {most:,} are made"
        raise TooManyTrials(f"{message}: name the events in question")
    return trials


class _Trial:
    """One run, done again without single events and with single events alone."""

    def __init__(
        self, history: History, log: Log, rule: SimulatedRule, run: Run, wanted: Mapping[Event, None] | None
    ) -> None:
        self._history = history
        self._rule = rule
        self._run = run
        self._watchlists = log.watchlists
        self._tables: dict[str, Table] = {}
        self.places: dict[Event, int] = {}
        """Where in its table, as the run saw it, each event stands."""
        lateness = history.behaviour.nrt_lateness_limit
        limit = None if lateness is None else ticks_of(lateness)
        for name in rule.tables:
            recorded = log.tables.get(name)
            written = history.published.get(name)
            sources = [] if recorded is None else [recorded]
            if written is not None:
                sources.append(TimedTable(name, written))
            if not sources:
                continue
            self._tables[name] = view(sources, run.window, run.executed, limit)
            if recorded is not None:
                for place, position in enumerate(recorded.seen(run.window, run.executed, limit)):
                    event = Event(name, position if recorded.origin is None else recorded.origin[position])
                    if wanted is None or event in wanted:
                        self.places[event] = place
        self._covered: dict[str, list[Event]] | None = None

    def covered_by(self, alert: RaisedAlert) -> Iterable[Event]:
        """The events that this alert of the run covers."""
        if self._covered is None:
            self._covered = self._all()
        return self._covered.get(alert.system_alert_id, ())

    def _all(self) -> dict[str, list[Event]]:
        forms = self._forms(self._tables)
        raised = Counter(forms)
        covered: dict[str, list[Event]] = {form: [] for form in raised}
        for event, place in self.places.items():
            table = self._tables[event.table]
            others = [i for i in range(table.row_count) if i != place]
            without = Counter(self._forms({**self._tables, event.table: _rows(table, others)}))
            alone = set(self._forms({**self._tables, event.table: _rows(table, [place])}))
            for form, count in raised.items():
                if without[form] < count or form in alone:
                    covered[form].append(event)
        ids = (alert.system_alert_id for alert in self._run.alerts)
        return {id_: covered[form] for id_, form in zip(ids, forms, strict=True)}

    def _forms(self, tables: Mapping[str, Table]) -> list[str]:
        """The alerts of the run over these tables, each as all that makes it this one and no other."""
        try:
            result = self._rule.query.run(
                tables, now=self._run.nominal, watchlists=self._watchlists, limits=REPLAY_LIMITS
            ).table
        except EngineError:
            return []
        rows = [repr(row) for row in result.rows()]
        behaviour, window = self._history.behaviour, self._run.window
        alerts = predict(self._rule.detection, result, self._run.nominal, behaviour=behaviour, window=window)
        return [_form(alert, sorted(rows[row] for row in alert.rows)) for alert in alerts]

    def made_of(self, traced: TracedQuery) -> dict[str, list[Event]] | None:
        """The events that the rows of each alert were made of; None where the engine cannot say that of all of them."""
        try:
            found = traced(self._tables, now=self._run.nominal, watchlists=self._watchlists, limits=REPLAY_LIMITS)
        except EngineError:
            return None
        if found.provenance is None:
            return None
        events = {(event.table, place): event for event, place in self.places.items()}
        covered: dict[str, list[Event]] = {}
        for raised in self._run.alerts:
            own: dict[Event, None] = {}
            for row in raised.alert.rows:
                if row >= found.table.row_count:
                    return None
                sources = found.provenance.sources(row)
                if not sources.complete:
                    return None
                places = ((table, place) for table, rows in sources.tables.items() for place in rows)
                own |= {events[each]: None for each in places if each in events}
            covered[raised.system_alert_id] = list(own)
        return covered


class _Traced:
    """What alerts cover by the provenance of their rows; runs where the engine cannot say it are tried."""

    def __init__(
        self,
        history: History,
        log: Log,
        rule: SimulatedRule,
        runs: list[Run],
        wanted: Mapping[Event, None] | None,
        most: int,
        traced: TracedQuery,
    ) -> None:
        self._trials = {run.nominal: _Trial(history, log, rule, run, wanted) for run in runs}
        self._traced = traced
        self._name = rule.name
        self._left = most
        self._covered: dict[int, dict[str, list[Event]] | None] = {}

    def covers(self, alert: RaisedAlert) -> Iterable[Event]:
        """The events that an alert covers. Raises TooManyTrials."""
        trial = self._trials[alert.run]
        if alert.run not in self._covered:
            self._covered[alert.run] = trial.made_of(self._traced)
            if self._covered[alert.run] is None:
                self._left -= len(trial.places)
                if self._left < 0:
                    raise TooManyTrials(f"too many trials are needed for {self._name}: name the events in question")
        found = self._covered[alert.run]
        return trial.covered_by(alert) if found is None else found.get(alert.system_alert_id, ())


def _form(alert: Alert, rows: list[str]) -> str:
    return repr((replace(alert, rows=(), notes=()), rows))


def _rows(table: Table, kept: list[int]) -> Table:
    data = tuple([values[i] for i in kept] for values in table.data)
    ingested = None if table.ingested is None else [table.ingested[i] for i in kept]
    return Table(table.columns, data, len(kept), ingested)
