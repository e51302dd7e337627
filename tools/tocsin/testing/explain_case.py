"""Runs a case once more, traced, and gathers what became of its records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tocsin import kql
from tocsin.content.models import Detection, TestFile
from tocsin.content.repository import Loaded
from tocsin.kql.lineage import columns_read
from tocsin.kql.literals import format_datetime
from tocsin.kql.table import Table
from tocsin.kql.types import ScalarType
from tocsin.sentinel.alerts import is_triggered
from tocsin.sentinel.window import SCOPE_COLUMN, Window, query_window
from tocsin.testing.execution import WatchedQuery
from tocsin.testing.explained import MOST_RECORDS, Explained, FateBook, Key, RecordFate, numbered
from tocsin.testing.happened import GivenEvent, Happened
from tocsin.testing.one_run import run_once
from tocsin.testing.scenario import Scenario
from tocsin.testing.several_runs import TestedRule, run_over_time


class Explanation:
    """A case about to be explained. ``rule`` and ``others`` are ready to run, ``empty`` the tables that the query reads
    and the case does not give."""

    def __init__(
        self,
        test: Loaded[TestFile],
        index: int,
        detection: Detection,
        analysis: kql.Analysis,
        query: kql.PreparedQuery,
        scenario: Scenario,
    ) -> None:
        self._test = test
        self._index = index
        self._detection = detection
        self._analysis = analysis
        self._query = query
        self._scenario = scenario

    def explained(
        self,
        given: Mapping[str, Table],
        others: Iterable[TestedRule] = (),
        *,
        records: frozenset[Key] | None = None,
        sources: bool = False,
    ) -> Explained | None:
        """Run the case; ``given`` has all tables of the run, those of the scenario numbered. ``records`` are those in
        question (None: all), ``sources``: find out what the alerts were made of. None when the case cannot be run over
        time. Raises QueryFailed."""
        events = [one for one in self._scenario.events() if records is None or (one.table, one.row) in records]
        events = events[:MOST_RECORDS]
        book = FateBook(frozenset((one.table, one.row) for one in events), sources)
        case = self._test.model.cases[self._index]
        if case.over_time:
            happened = self._over_time(book, tuple(others))
            if happened is None:
                return None
        else:
            happened = self._once(book, given)
        plan = self._analysis.plan
        columns = columns_read(plan)[0] if plan is not None and not self._analysis.pending else {}
        return Explained(
            detection=self._test.model.detection,
            case=case.name,
            location=self._test.document.location("cases", self._index, "name"),
            window=query_window(self._detection, book.runs[-1].now if book.runs else self._scenario.now),
            runs=tuple(book.runs),
            records=tuple(self._record(book, one, happened) for one in events),
            alerts=tuple(book.alert(number, happened) for number in range(1, len(happened.alerts) + 1)),
            tables=self._scenario.tables,
            columns=columns,
        )

    def _once(self, book: FateBook, given: Mapping[str, Table]) -> Happened:
        name = self._test.model.detection
        run = run_once(name, self._detection, self._query, self._scenario, given, incidents=False, trace=True)
        book.note(self._scenario.now, run.seen, run.result)
        return run.happened

    def _over_time(self, book: FateBook, others: tuple[TestedRule, ...]) -> Happened | None:
        watched = WatchedQuery(self._query, self._scenario.external, self._scenario.places, told=book.note)
        rule = TestedRule.of(self._test.model.detection, self._detection, watched, self._analysis)
        case, scenario = self._test.model.cases[self._index], numbered(self._scenario)
        return run_over_time(case, scenario, rule, others, self._test.document, self._index).happened

    def _record(self, book: FateBook, event: GivenEvent, happened: Happened) -> RecordFate:
        found = book.record(event, happened, self._unseen(book, event))
        if found.alerts or found.fate is None or not found.fate.reached:
            return found
        run = next(each for each in book.runs if each.now == found.run)
        if not is_triggered(self._detection, run.rows, self._scenario.behaviour):
            operator, threshold = self._detection.trigger_operator, self._detection.trigger_threshold
            return replace(found, note=f"the result has {run.rows} rows: the rule alerts on {operator} {threshold}")
        return replace(found, note="the run raised no alert of it")

    def _unseen(self, book: FateBook, event: GivenEvent) -> str:
        """Why no run saw a record."""
        reasons = [] if event.table in self._analysis.tables else [f"the query does not read {event.table}"]
        windows = [query_window(self._detection, run.now) for run in book.runs]
        time = event.time
        if windows and not windows[0].by_ingestion:
            if time is None:
                if SCOPE_COLUMN in self._scenario.tables[event.table].types():
                    reasons.append(f"it has no {SCOPE_COLUMN}, so that no run looks at it")
            elif not any(window.holds(time) for window in windows):
                reasons.append(f"its {SCOPE_COLUMN} {clock(time)} lies {_beside(windows, time)}")
        if not reasons:
            reasons.append("it had not arrived when the runs looked, or it arrived too late for them")
        return "; ".join(reasons)


def _beside(windows: list[Window], time: int) -> str:
    """Where a time lies as seen from the windows of the runs, none of which holds it."""
    first, last = windows[0], windows[-1]
    span = f"the window of the run, {clock(first.start)} to {clock(first.end)}"
    if len(windows) > 1:
        span = f"the windows of the {len(windows)} runs, {clock(first.start)} to {clock(last.end)}"
    if time < first.start:
        return f"before {span}"
    if time >= last.end:
        return f"at or after the end of {span}" if time == last.end else f"after {span}"
    return f"between {span}"


def clock(ticks: int) -> str:
    """A time to the second, and as exactly as it takes."""
    text = format_datetime(ticks).removesuffix("Z")
    head, _, fraction = text.partition(".")
    return f"{head}.{fraction.rstrip('0')}Z" if fraction.strip("0") else f"{head}Z"


def is_datetime(table: Table) -> bool:
    """Whether runs look at a part of the table by time."""
    return table.types().get(SCOPE_COLUMN) is ScalarType.DATETIME
