"""Runs a case once more, traced, and gathers what became of its records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from tocsin import kql
from tocsin.content.models import Detection, TestFile
from tocsin.content.repository import Loaded
from tocsin.kql.lineage import columns_read
from tocsin.kql.literals import format_datetime
from tocsin.kql.table import Table
from tocsin.sentinel.alerts import is_triggered
from tocsin.sentinel.window import SCOPE_COLUMN, Window, query_window
from tocsin.testing.execution import WatchedQuery
from tocsin.testing.explained import MOST_RECORDS, Explained, FateBook, Key, RecordFate, numbered
from tocsin.testing.happened import GivenEvent, Happened
from tocsin.testing.one_run import run_once
from tocsin.testing.scenario import Scenario
from tocsin.testing.several_runs import TestedRule, run_over_time


@dataclass(frozen=True, slots=True)
class CaseToExplain:
    """A case whose rule is ready to run. ``tables_of`` makes all tables of a single run from a scenario."""

    test: Loaded[TestFile]
    index: int
    detection: Detection
    analysis: kql.Analysis
    query: kql.PreparedQuery
    scenario: Scenario
    others: Sequence[TestedRule]
    tables_of: Callable[[Scenario], Mapping[str, Table]]

    def explained(
        self, records: Collection[Key] | None = None, *, sources: bool = True, most: int = MOST_RECORDS
    ) -> Explained:
        """What became of ``records`` (None: of all), and with ``sources`` what the alerts were made of.

        Of more records than ``most`` the first are looked at. Raises QueryFailed.
        """
        events = [one for one in self.scenario.events() if records is None or (one.table, one.row) in records]
        events = events[:most]
        book = FateBook(frozenset((one.table, one.row) for one in events), sources)
        happened = self._happened(book)
        plan = self.analysis.plan
        return Explained(
            detection=self.test.model.detection,
            case=self.test.model.cases[self.index].name,
            location=self.test.document.location("cases", self.index, "name"),
            window=query_window(self.detection, book.runs[-1].now if book.runs else self.scenario.now),
            runs=tuple(book.runs),
            records=tuple(self._record(book, one, happened) for one in events),
            alerts=tuple(book.alert(number, happened) for number in range(1, len(happened.alerts) + 1)),
            tables=self.scenario.tables,
            columns={} if plan is None or self.analysis.pending else columns_read(plan)[0],
        )

    def _happened(self, book: FateBook) -> Happened:
        scenario, case = numbered(self.scenario), self.test.model.cases[self.index]
        name = self.test.model.detection
        if case.over_time:
            watched = WatchedQuery(
                self.query, scenario.external, scenario.places, told=book.note, limits=scenario.limits
            )
            rule = TestedRule.of(name, self.detection, watched, self.analysis)
            course = run_over_time(case, scenario, rule, self.others, self.test.document, self.index)
            return course.happened or Happened((), Table.empty(self.query.columns))
        tables = self.tables_of(scenario)
        run = run_once(name, self.detection, self.query, scenario, tables, incidents=False, trace=True)
        book.note(scenario.now, run.seen, run.result)
        return run.happened

    def _record(self, book: FateBook, event: GivenEvent, happened: Happened) -> RecordFate:
        if event.table not in self.analysis.tables:
            return RecordFate(event, None, None, 0, (), self._unseen(event, happened))
        found = book.record(event, happened, self._unseen(event, happened))
        if found.alerts or found.fate is None or not found.fate.reached:
            return found
        run = next(each for each in book.runs if each.now == found.run)
        if not is_triggered(self.detection, run.rows, self.scenario.behaviour):
            count = f"{run.rows} row{'' if run.rows == 1 else 's'}"
            operator = _OPERATORS.get(self.detection.trigger_operator or "", "")
            wanted = f"{operator} {self.detection.trigger_threshold}"
            return replace(found, note=f"the result has {count}, the rule alerts when there are {wanted}")
        return replace(found, note="no alert was raised of it")

    def _unseen(self, event: GivenEvent, happened: Happened) -> str:
        """Why no run saw a record."""
        reasons = [] if event.table in self.analysis.tables else [f"the query does not read {event.table}"]
        if happened.over_time is not None:
            missed = {(one.event.table, one.event.row): one.reason.value for one in happened.over_time.unseen}
            time = "" if event.time is None else f" at its TimeGenerated {clock(event.time)}"
            reasons.append(missed.get((event.table, event.row), f"no run of the case looks{time}"))
            return reasons[0]
        window = query_window(self.detection, self.scenario.now)
        if not window.by_ingestion and event.time is not None and not window.holds(event.time):
            reasons.append(f"its {SCOPE_COLUMN} {clock(event.time)} lies {_beside(window, event.time)}")
        elif not window.by_ingestion and event.time is None and event.table in self._timed:
            reasons.append(f"it has no {SCOPE_COLUMN}, so that no run looks at it")
        return "; ".join(reasons) or "it arrived too late, or had not arrived when the run looked"

    @property
    def _timed(self) -> set[str]:
        return {name for name, table in self.scenario.tables.items() if SCOPE_COLUMN in table.types()}


_OPERATORS = {"GreaterThan": "more than", "LessThan": "fewer than", "Equal": "exactly", "NotEqual": "other than"}


def _beside(window: Window, time: int) -> str:
    """Where a time lies as seen from the window of the run, which does not hold it."""
    span = f"the window of the run, {clock(window.start)} to {clock(window.end)}"
    if time == window.end:
        return f"at the end of {span}, which is no longer part of it"
    return f"before {span}" if time < window.start else f"after {span}"


def clock(ticks: int) -> str:
    """A time to the second, or as exactly as it takes."""
    head, _, fraction = format_datetime(ticks).removesuffix("Z").partition(".")
    return f"{head}.{fraction.rstrip('0')}Z" if fraction.strip("0") else f"{head}Z"
