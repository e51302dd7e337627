"""Many runs of many rules over recorded time: what Microsoft Sentinel would have done with a log.

The runs of all rules are taken in the order in which the service executes them. A run sees the records of its window
that had been ingested by then, and the alerts and incidents that earlier runs had published.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Final, TypeAlias

from tocsin import kql
from tocsin.kql.emptiness import can_give_rows
from tocsin.kql.interpreter.errors import EngineError, KqlLimitError
from tocsin.kql.interpreter.memo import Memo
from tocsin.kql.table import Table
from tocsin.sentinel.alerts import is_triggered, predict
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.history import Disabling, History, Outcome, Progress, Run, SimulatedRule
from tocsin.sentinel.incidents import Closing, IncidentBook, IncidentChange
from tocsin.sentinel.log import Log, PublishedTable, TimedTable, view
from tocsin.sentinel.schedule import Failure, Hindrance, RuleClock, Try
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.security_alert import DEFAULT_WORKSPACE, RaisedAlert, Workspace, publish, security_alert_rows
from tocsin.sentinel.security_alert import TABLE as ALERTS
from tocsin.sentinel.security_incident import TABLE as INCIDENTS
from tocsin.sentinel.security_incident import security_incident_rows
from tocsin.sentinel.window import Window, ticks_of

REPLAY_LIMITS: Final = kql.Limits(
    seconds=600, rows=20_000_000, cells=5_000_000_000, characters=50_000_000_000, memory=16_000_000_000
)
"""What one run may use: a day's records of a large tenant, far more than a test's."""


FailureModel: TypeAlias = Callable[[SimulatedRule, Try], Failure | None]
"""Which tries fail, for replays of a bad day."""


class Simulation:
    """A replay of ``log`` through ``rules``, all enabled at ``start``; nominal times go up to ``end`` (ticks).

    ``closings`` are incidents that analysts close on the way, ``failures`` says which tries fail.

    ``worked_out`` are runs of other rules that another simulation of the same stretch, in another process say, has
    worked out: their alerts are published when they were executed. Rules that read alerts
    (:attr:`SimulatedRule.reads_alerts`) belong into the last simulation, all others can be split at will.
    """

    def __init__(
        self,
        rules: Sequence[SimulatedRule],
        log: Log,
        start: int,
        end: int,
        behaviour: Behaviour = DEFAULT_BEHAVIOUR,
        *,
        closings: Sequence[Closing] = (),
        failures: FailureModel | None = None,
        worked_out: Sequence[Run] = (),
        workspace: Workspace = DEFAULT_WORKSPACE,
        limits: kql.Limits = REPLAY_LIMITS,
    ) -> None:
        self._rules = tuple(rules)
        self._log = log
        self._start = start
        self._end = end
        self._behaviour = behaviour
        self._closings = tuple(closings)
        self._failures = failures
        self._worked_out = tuple(sorted(worked_out, key=_last_try))
        self._workspace = workspace
        self._limits = limits

    def run(self, progress: Callable[[Progress], None] | None = None) -> History:
        """Every run of every rule, in the order of execution. ``progress`` is told of each."""
        book = IncidentBook(self._behaviour, self._closings)
        replay = _Replay(self._log, self._behaviour, self._workspace, self._limits, book, self._failures)
        clocks = [
            RuleClock(each.detection, self._start, self._end, self._behaviour, ticks_of(each.phase), each.times)
            for each in self._rules
        ]
        coming = [clock.tries() for clock in clocks]
        due: list[tuple[Try, int]] = []
        for index, tries in enumerate(coming):
            _push(due, index, next(tries, None))
        others = deque(self._worked_out)
        runs: list[Run] = []
        total = sum(len(clock.times) for clock in clocks)
        while due or others:
            if others and (not due or _last_try(others[0]) <= due[0][0]):
                runs.append(replay.publish(others.popleft()))
                continue
            attempt, index = heapq.heappop(due)
            if attempt.number == 0:
                _push(due, index, next(coming[index], None))
            run, again = replay.execute(self._rules[index], clocks[index], attempt)
            _push(due, index, again)
            if run is not None:
                runs.append(run)
                if progress is not None:
                    done = len(runs) - len(self._worked_out) + len(others)
                    progress(Progress(done, total, run.rule, run.nominal))
        replay.advance(max(self._end, replay.moment))
        return History(
            rules=self._rules,
            start=self._start,
            end=self._end,
            behaviour=self._behaviour,
            runs=tuple(runs),
            disabled=tuple(replay.disabled),
            changes=tuple(replay.changes),
            incidents=book.incidents,
            published=replay.tables(),
        )


def _last_try(run: Run) -> Try:
    return Try(run.executed, run.nominal, max(run.tries - 1, 0))


def _push(due: list[tuple[Try, int]], index: int, attempt: Try | None) -> None:
    if attempt is not None:
        heapq.heappush(due, (attempt, index))


class _Replay:
    """The world while the clock runs: what has been published so far, and the views that runs of one moment share."""

    def __init__(
        self,
        log: Log,
        behaviour: Behaviour,
        workspace: Workspace,
        limits: kql.Limits,
        book: IncidentBook,
        failures: FailureModel | None,
    ) -> None:
        self.moment = 0
        self.disabled: list[Disabling] = []
        self.changes: list[IncidentChange] = []
        self._log = log
        self._behaviour = behaviour
        self._workspace = workspace
        self._limits = limits
        self._book = book
        self._failures = failures
        self._arrival = ticks_of(behaviour.alert_arrival)
        latest = behaviour.nrt_lateness_limit
        self._lateness = None if latest is None else ticks_of(latest)
        self._published: dict[str, PublishedTable] = {}
        self._views: dict[tuple[str, Window], Table] = {}
        self._memo = Memo()

    def tables(self) -> Mapping[str, Table]:
        """What has been published, by table."""
        return {name: held.table() for name, held in self._published.items()}

    def execute(self, rule: SimulatedRule, clock: RuleClock, attempt: Try) -> tuple[Run | None, Try | None]:
        """What became of a try: the run, when that was its last one, or the next try."""
        self.advance(attempt.executed)
        hindrance = clock.hindrance(attempt)
        window = clock.window(attempt)
        if hindrance is not None:
            reason = clock.disabled.reason if clock.disabled is not None else ""
            outcome = Outcome.SUPPRESSED if hindrance is Hindrance.SUPPRESSED else Outcome.SKIPPED
            return self._run(rule, attempt, window, outcome, reason=reason), None
        failure = None if self._failures is None else self._failures(rule, attempt)
        is_last = False
        if failure is None:
            started = perf_counter()
            seen = self._seen(rule, window, attempt.executed)
            try:
                result = self._result(rule, seen, attempt.nominal)
            except EngineError as error:
                failure = Failure(f"{error.code}: {error.message}")
                # Our limit, not the service's: a further try would only take as long again.
                is_last = isinstance(error, KqlLimitError)
            else:
                alerts = self._raise(rule, result, attempt, window)
                clock.ran(attempt, bool(alerts))
                run = Run(
                    rule=rule.name,
                    nominal=attempt.nominal,
                    executed=attempt.executed,
                    window=window,
                    outcome=Outcome.RAN,
                    tries=attempt.number + 1,
                    seen=sum(table.row_count for table in seen.values()),
                    rows=result.row_count,
                    alerts=alerts,
                    seconds=perf_counter() - started,
                )
                return run, None
        again = clock.failed(replace(attempt, number=self._behaviour.retries) if is_last else attempt, failure)
        if again is not None:
            return None, again
        if clock.disabled is failure:
            self.disabled.append(Disabling(rule.name, attempt.executed, failure))
        return self._run(rule, attempt, window, Outcome.FAILED, reason=failure.reason), None

    @staticmethod
    def _run(rule: SimulatedRule, attempt: Try, window: Window, outcome: Outcome, *, reason: str) -> Run:
        tries = attempt.number + (outcome is Outcome.FAILED)
        return Run(rule.name, attempt.nominal, attempt.executed, window, outcome, tries, reason=reason)

    def _seen(self, rule: SimulatedRule, window: Window, executed: int) -> dict[str, Table]:
        """The tables of the rule as this run sees them. One of which nothing is known is left out: it is empty."""
        return {name: found for name in rule.tables if (found := self._view(name, window, executed)) is not None}

    def _view(self, name: str, window: Window, executed: int) -> Table | None:
        held = self._views.get((name, window))
        if held is None:
            sources = list(self._sources(name))
            if not sources:
                return None
            held = self._views[name, window] = view(sources, window, executed, self._lateness)
        return held

    def _sources(self, name: str) -> Iterator[TimedTable | PublishedTable]:
        if name in self._log.tables:
            yield self._log.tables[name]
        if name in self._published:
            yield self._published[name]

    def _result(self, rule: SimulatedRule, seen: Mapping[str, Table], nominal: int) -> Table:
        quiet = [name for name in rule.tables if name not in seen or not seen[name].row_count]
        if quiet and rule.plan is not None and not can_give_rows(rule.plan, quiet):
            return Table.empty(rule.query.columns)
        return rule.query.run(
            seen, now=nominal, watchlists=self._log.watchlists, limits=self._limits, memo=self._memo
        ).table

    def _raise(self, rule: SimulatedRule, result: Table, attempt: Try, window: Window) -> tuple[RaisedAlert, ...]:
        if not is_triggered(rule.detection, result.row_count, self._behaviour):
            return ()
        predicted = predict(rule.detection, result, attempt.nominal, behaviour=self._behaviour, window=window)
        alerts = publish(
            rule.detection,
            rule.name,
            predicted,
            result,
            run=attempt.nominal,
            published=attempt.executed,
            window=window,
            workspace=self._workspace,
        )
        self._publish_alerts(alerts)
        return alerts

    def publish(self, run: Run) -> Run:
        """Publish the alerts of a run that was worked out elsewhere."""
        self.advance(run.executed)
        if run.alerts:
            self._publish_alerts(run.alerts)
        return run

    def _publish_alerts(self, alerts: tuple[RaisedAlert, ...]) -> None:
        columns = self._columns(ALERTS)
        rows = security_alert_rows(alerts, workspace=self._workspace, behaviour=self._behaviour, columns=columns)
        self._publish(ALERTS, rows)
        self._note(self._book.take(alerts))

    def advance(self, moment: int) -> None:
        """Let time pass: incidents are closed, and nothing of what runs of the last moment saw is kept."""
        if moment == self.moment:
            return
        self.moment = moment
        self._views.clear()
        self._note(self._book.advance(moment))

    def _note(self, changes: Sequence[IncidentChange]) -> None:
        if not changes:
            return
        self.changes.extend(changes)
        columns = self._columns(INCIDENTS)
        rows = security_incident_rows(changes, workspace=self._workspace, behaviour=self._behaviour, columns=columns)
        self._publish(INCIDENTS, rows)

    def _columns(self, name: str) -> tuple[kql.ColumnSchema, ...]:
        """The schema of a table that the replay writes: that of the records of the log, if it has some."""
        recorded = self._log.tables.get(name)
        return packaged_tables("sentinel")[name] if recorded is None else recorded.columns

    def _publish(self, name: str, rows: Table) -> None:
        held = self._published.get(name)
        if held is None:
            held = self._published[name] = PublishedTable(rows.columns)
        held.append(rows, self._arrival)
        self._views.clear()
