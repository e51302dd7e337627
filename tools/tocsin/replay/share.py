"""A share of a replay: some of the rules over the tables that they read, in one process."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

from tocsin import kql
from tocsin.content.repository import Repository, load_repository
from tocsin.replay.loading import TableFacts, load_table
from tocsin.replay.problems import Problems
from tocsin.replay.rules import RuleSet, prepare_rules, watchlist_tables
from tocsin.replay.sources import LogFile
from tocsin.sentinel.alert_coverage import (
    Latency,
    TooManyTrials,
    alert_latency,
    alerted_twice,
    alerts_of_events,
    latency,
)
from tocsin.sentinel.arrival import Arrival, ConstantDelay
from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.coverage import Reason, Unseen, coverage
from tocsin.sentinel.history import History, Progress, Run
from tocsin.sentinel.log import Log, TimedTable
from tocsin.sentinel.simulation import Simulation

EXAMPLES: Final = 3
"""Unseen events that are shown of each table and reason."""
MOST_TRIALS: Final = 400
"""Trials that a replay makes for one rule to find events alerted twice, where a trace does not tell."""
MOST_TRACED: Final = 1_000_000
"""Records of one rule's alerting runs that are traced to find the events behind its alerts."""

_MADE_BEFORE_COLLECTION: Final = 200_000
"""So many objects are made before the youngest are looked through for garbage; Python's own number is 700."""

Tell = Callable[[str, str, int, int], None]
"""Told the phase (``reading``, ``replaying``), what is at work, how much is done and how much there is."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to replay, apart from the choice of rules. ``start`` and ``end`` in ticks; None: by the records."""

    root: Path
    files: Mapping[str, tuple[LogFile, ...]]
    start: int | None
    end: int | None
    behaviour: Behaviour
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Missed:
    """Events of a table that a rule did not see, by reason; ``examples`` are the first of each reason."""

    table: str
    events: int
    unseen: Mapping[Reason, int]
    examples: tuple[Unseen, ...]


@dataclass(frozen=True, slots=True)
class RuleReach:
    """What the runs of a rule reached. ``twice`` counts events that several runs alerted; None: too many to try, or the
    rule raised nothing. ``latency`` is exact where ``by_event``, else counted from the oldest row of each alert."""

    rule: str
    tables: tuple[Missed, ...]
    twice: int | None
    latency: Latency | None
    by_event: bool


@dataclass(frozen=True, slots=True)
class ShareResult:
    """What a share found."""

    runs: tuple[Run, ...]
    reach: tuple[RuleReach, ...]
    seconds: float


class Share:
    """Some rules, prepared, and the records that they read. Loading and running are two steps: from when to when a
    replay goes may depend on the records of all shares."""

    def __init__(self, request: Request, rules: Sequence[str], repository: Repository | None = None) -> None:
        self._request = request
        self._repository = repository or load_repository(request.root)
        self.rule_set: RuleSet = prepare_rules(self._repository, rules)
        self.problems = Problems()
        self.facts: dict[str, TableFacts] = {}
        self._tables: dict[str, TimedTable] = {}

    def load(self, tell: Tell) -> None:
        """Read the records. Raises MissingLibrary."""
        # Records hold no cycles: looking for garbage among millions of them again and again only takes time.
        with _no_collection():
            self._load(tell)

    def _load(self, tell: Tell) -> None:
        arrival = Arrival(ConstantDelay(self._request.delay))
        wanted = [name for name in self.rule_set.columns if name in self._request.files]
        total = sum(file.size for name in wanted for file in self._request.files[name])
        before = 0
        for name in wanted:
            files = self._request.files[name]
            starts = dict(
                zip((file.shown for file in files), _sums(before, [file.size for file in files]), strict=True)
            )

            def advance(shown: str, bytes_read: int, starts: Mapping[str, int] = starts, name: str = name) -> None:
                tell("reading", name, starts[shown] + bytes_read, total)

            schema = self.rule_set.catalog.tables.get(name, ())
            read = self.rule_set.columns[name]
            columns = frozenset(column.name for column in schema) if read is None else read
            table, self.facts[name] = load_table(name, files, schema, columns, self.problems, advance)
            self._tables[name] = TimedTable(name, table, arrival)
            before += sum(file.size for file in files)

    def run(self, start: int, end: int, tell: Tell, worked_out: Sequence[Run] = ()) -> tuple[History, ShareResult]:
        """Run the rules from ``start`` to ``end`` (ticks); ``worked_out`` are runs of other shares."""
        began = perf_counter()
        watchlists = watchlist_tables(self._repository, self.rule_set.catalog, start)
        log = Log(self._tables, watchlists)

        def told(progress: Progress) -> None:
            tell("replaying", progress.rule, progress.done, progress.of)

        behaviour = self._request.behaviour
        simulation = Simulation(self.rule_set.rules, log, start, end, behaviour, worked_out=worked_out)
        with _rare_collection():
            history = simulation.run(told)
        queries = self.rule_set.queries
        reach = tuple(_reach(history, log, rule.name, queries[rule.name]) for rule in self.rule_set.rules)
        own = {rule.name for rule in self.rule_set.rules}
        runs = tuple(run for run in history.runs if run.rule in own)
        return history, ShareResult(runs, reach, perf_counter() - began)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Nobody looks for garbage in here."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _rare_collection() -> Iterator[None]:
    """What is there now is never looked at in here, and what is made only now and then: runs make millions of lists,
    and hardly a cycle."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_MADE_BEFORE_COLLECTION, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _sums(start: int, sizes: Sequence[int]) -> list[int]:
    sums = []
    for size in sizes:
        sums.append(start)
        start += size
    return sums


def _reach(history: History, log: Log, rule: str, query: kql.PreparedQuery) -> RuleReach:
    tables = []
    for table in coverage(history, log, rule).tables:
        reasons = Counter(each.reason for each in table.unseen)
        shown: Counter[Reason] = Counter()
        examples = []
        for each in table.unseen:
            if shown[each.reason] < EXAMPLES:
                shown[each.reason] += 1
                examples.append(each)
        events = sum(table.times_seen.values())
        tables.append(Missed(table.table, events, dict(reasons), tuple(examples)))
    alerting = [run for run in history.runs_of(rule) if run.alerts]
    if not alerting:
        return RuleReach(rule, tuple(tables), None, None, by_event=False)
    traced = partial(query.run, trace=True) if sum(run.seen for run in alerting) <= MOST_TRACED else None
    try:
        covered = alerts_of_events(history, log, rule, most=MOST_TRIALS, traced=traced)
    except TooManyTrials:
        return RuleReach(rule, tuple(tables), None, alert_latency(history, rule), by_event=False)
    return RuleReach(rule, tuple(tables), len(alerted_twice(covered)), latency(covered, log), by_event=True)
