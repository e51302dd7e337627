"""Runs the cases of a test file: the detection's query is analysed and prepared once, every case executes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

from tocsin import kql
from tocsin.content.finding import Finding, Level
from tocsin.content.models import Detection, TestCase, TestFile
from tocsin.content.repository import DETECTIONS, Loaded, Repository, load_file
from tocsin.content.settings import load_settings, read_section
from tocsin.content.source import PathPart
from tocsin.kql.catalog import Catalog
from tocsin.kql.table import Table
from tocsin.sentinel.alert_coverage import TooManyTrials
from tocsin.sentinel.alerts import Alert
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.catalog import workspace_catalog
from tocsin.sentinel.incidents import Incident
from tocsin.testing.execution import QueryFailed, WatchedQuery
from tocsin.testing.expectation import compare
from tocsin.testing.explain import explain
from tocsin.testing.explain_case import CaseToExplain
from tocsin.testing.explain_places import Places
from tocsin.testing.explain_text import short
from tocsin.testing.explained import Explained, Key
from tocsin.testing.happened import Happened
from tocsin.testing.moments import shown_time
from tocsin.testing.one_run import run_once, with_alerts_of
from tocsin.testing.results import CaseResult, Outcome
from tocsin.testing.scenario import Scenario, ScenarioBuilder, scope_note
from tocsin.testing.several_runs import TestedRule, run_over_time
from tocsin.testing.strictness import unfounded, unknown_events


@dataclass(frozen=True, slots=True)
class PreparedDetection:
    """A detection with its query ready to run. ``query`` is None where it cannot be, ``problem`` says why."""

    loaded: Loaded[Detection]
    analysis: kql.Analysis
    query: kql.PreparedQuery | None
    problem: str
    not_testable: bool = False


class CannotExplain(Exception):
    """A case that cannot be run; the text says why."""


_RECORDS_TOLD = 8
_RECORDS_LOOKED_AT = 50
"""Records whose fate is told, and looked for, below a failed case."""

_Key: TypeAlias = tuple[str, frozenset[str], bool]


@dataclass(slots=True)
class Bench:
    """A repository under test: its catalogue, and each detection prepared once, when first asked for.

    ``behaviour`` is the service's, as the repository's settings say; None where they are wrong, ``problem`` says why.
    ``limits`` is what one run of a query may use: ``given_limits``, else what the settings say.
    """

    repository: Repository
    given_limits: kql.Limits | None = None
    limits: kql.Limits = field(init=False)
    catalog: Catalog = field(init=False)
    behaviour: Behaviour | None = field(init=False)
    problem: str = field(init=False, default="")
    _prepared: dict[_Key, PreparedDetection] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.catalog = workspace_catalog(self.repository)
        settings, document, problems = load_settings(self.repository.root)
        self.limits = self.given_limits or settings.tests.limits()
        behaviour, more = read_section(document, "sentinel", Behaviour)
        errors = [one for one in (*problems, *more) if one.level is Level.ERROR]
        # With settings that cannot be read nobody knows under which limits and as which service to run.
        self.behaviour = None if errors else behaviour
        self.problem = "\n".join(map(_finding_text, errors))

    def builder(self, test: Loaded[TestFile]) -> ScenarioBuilder:
        """What lays out the cases of a test file of this repository."""
        return ScenarioBuilder(self.repository, self.catalog, test, self.behaviour or DEFAULT_BEHAVIOUR, self.limits)

    def detection(
        self, name: str, addresses: frozenset[str] = frozenset(), places: bool = False
    ) -> PreparedDetection | None:
        """The detection of this name (``direct_send/unauthorised_source``), None when there is none.

        ``addresses`` are those that ``externaldata`` may read, ``places``: where IP addresses are will be told.
        """
        key = (name, addresses, places)
        loaded = self.repository.detections.get(name)
        if loaded is not None and key not in self._prepared:
            catalog = replace(self.catalog, external=addresses, places=places) if addresses or places else self.catalog
            self._prepared[key] = prepare_detection(loaded, catalog)
        return self._prepared.get(key)

    def run(self, test: Loaded[TestFile], *, trace: bool = False) -> Iterator[CaseResult]:
        """The results of every case of a test file, in order, as they come."""
        builder = self.builder(test)
        for index in range(len(test.model.cases)):
            yield self.run_case(test, builder, index, trace=trace)

    def explain_case(
        self, test: Loaded[TestFile], builder: ScenarioBuilder, index: int, records: Collection[Key] | None = None
    ) -> Explained:
        """What became of the records of the case at ``index``: of ``records`` (table and number from 0), or of all.

        Raises CannotExplain when the case cannot be run.
        """
        try:
            return _Run(self, test, builder, index).to_explain().explained(records)
        except _NotRun as error:
            raise CannotExplain(error.end.details) from None
        except QueryFailed as error:
            raise CannotExplain(f"the query fails when it runs: {error}") from None

    def run_case(
        self, test: Loaded[TestFile], builder: ScenarioBuilder, index: int, *, trace: bool = False
    ) -> CaseResult:
        """The result of the case at ``index``. ``trace``: it explains its query's steps."""
        started = perf_counter()
        case = test.model.cases[index]
        ended = _Run(self, test, builder, index).end(trace)
        return CaseResult(
            name=case.name,
            detection=test.model.detection,
            location=test.document.location("cases", index, "name"),
            seconds=perf_counter() - started,
            outcome=ended.outcome,
            message=ended.details.partition("\n")[0],
            details=ended.details,
            alerts=ended.alerts,
            explanation=ended.explanation,
            not_testable=ended.not_testable,
            incidents=ended.incidents,
        )


def prepare_detection(loaded: Loaded[Detection], catalog: Catalog) -> PreparedDetection:
    """Analyse and prepare a detection's query. Never raises for a bad query."""
    analysis = kql.analyze(loaded.model.query, catalog)
    for diagnostics, headline in (
        (analysis.errors, "the query has errors"),
        (analysis.refusals, "not testable: the local engine does not run this query"),
    ):
        if diagnostics:
            places = (loaded.document.location_in_text("query", offset=one.start) for one in diagnostics)
            lines = [f"  {place}: {one.code} {one.message}" for place, one in zip(places, diagnostics, strict=True)]
            refused = diagnostics is analysis.refusals
            return PreparedDetection(loaded, analysis, None, "\n".join((headline, *lines)), refused)
    if analysis.plan is None:
        return PreparedDetection(
            loaded, analysis, None, f"{loaded.document.location('query')}: the query gives no table"
        )
    return PreparedDetection(loaded, analysis, kql.prepare(analysis), "")


def load_test_file(path: Path, root: Path) -> tuple[Loaded[TestFile] | None, tuple[Finding, ...]]:
    """A test file and what is wrong with it; None when it cannot be used. ``root`` is the repository's folder."""
    return load_file(path, root, TestFile)


def run_test_file(
    repository: Repository, test: Loaded[TestFile], *, trace: bool = False, bench: Bench | None = None
) -> tuple[CaseResult, ...]:
    """The results of every case of a test file in order. Give one ``bench`` for several files of a repository."""
    return tuple((bench or Bench(repository)).run(test, trace=trace))


@dataclass(frozen=True, slots=True)
class _End:
    outcome: Outcome
    details: str = ""
    alerts: tuple[Alert, ...] = ()
    explanation: str = ""
    not_testable: bool = False
    incidents: tuple[Incident, ...] = ()


class _NotRun(Exception):
    """The case cannot be run; carries its end."""

    def __init__(self, details: str, *, not_testable: bool = False) -> None:
        super().__init__(details)
        self.end = _End(Outcome.ERROR, details, not_testable=not_testable)


@dataclass(frozen=True, slots=True)
class _Run:
    """One execution of one case."""

    bench: Bench
    test: Loaded[TestFile]
    builder: ScenarioBuilder
    index: int

    def end(self, trace: bool) -> _End:
        try:
            return self._end(trace)
        except _NotRun as error:
            return error.end

    @property
    def _case(self) -> TestCase:
        return self.test.model.cases[self.index]

    def _end(self, trace: bool) -> _End:
        if self.bench.behaviour is None:
            raise _NotRun(self.bench.problem)
        prepared = self._prepared(self.test.model.detection, ("detection",))
        assert prepared.query is not None
        scenario = self.builder.scenario(self.index, prepared.analysis)
        self._refuse(scenario.findings)
        others = [self._rule(name, ("cases", self.index, "alertsOf", i)) for i, name in enumerate(self._case.alerts_of)]
        try:
            run = self._over_time if self._case.over_time else self._once
            ended = run(prepared, prepared.query, scenario, others, trace)
            if ended.outcome is Outcome.FAILED:
                return replace(ended, details="\n".join((ended.details, *self._why())))
            return ended
        except QueryFailed as error:
            where = (
                "" if error.origin else f"{prepared.loaded.document.location_in_text('query', offset=error.start)}: "
            )
            raise _NotRun(f"{where}the query fails when it runs: {error}") from None
        except TooManyTrials as error:
            where = str(self.test.document.location("cases", self.index, "expect"))
            raise _NotRun(f"{where}: {error}") from None

    def _once(
        self,
        prepared: PreparedDetection,
        query: kql.PreparedQuery,
        scenario: Scenario,
        others: Sequence[TestedRule],
        trace: bool,
    ) -> _End:
        rule = prepared.loaded.model
        tables = self._tables(prepared, others, scenario)
        wanted = any(part.incidents is not None for part in self._case.expect.parts())
        run = run_once(self.test.model.detection, rule, query, scenario, tables, incidents=wanted, trace=trace)
        explanation = self._explanation(run.result.steps, rule.query) if trace else ""
        notes = self._notes(prepared, scenario, run.seen)
        return self._compared(rule, run.happened, notes, explanation)

    def _over_time(
        self,
        prepared: PreparedDetection,
        query: kql.PreparedQuery,
        scenario: Scenario,
        others: Sequence[TestedRule],
        trace: bool,
    ) -> _End:
        watched = WatchedQuery(query, scenario.external, scenario.places, trace, limits=scenario.limits)
        rule = TestedRule.of(self.test.model.detection, prepared.loaded.model, watched, prepared.analysis)
        path = ("cases", self.index, "expect")
        events, document = scenario.events(), self.test.document
        self._refuse(tuple(unknown_events(self._case.expect, events, rule.tables, document, path)))
        course = run_over_time(self._case, scenario, rule, others, self.test.document, self.index)
        self._refuse(course.findings)
        assert course.happened is not None
        parts = (f"{shown_time(now)}\n{self._explanation(steps, rule.detection.query)}" for now, steps in watched.steps)
        unread = (f"the query does not read {name}" for name in scenario.tables if name not in rule.tables)
        return self._compared(rule.detection, course.happened, unread, "\n\n".join(parts))

    def _compared(self, rule: Detection, happened: Happened, notes: Iterable[str], explanation: str) -> _End:
        expect, document = self._case.expect, self.test.document
        path = ("cases", self.index, "expect")
        self._refuse(tuple(unfounded(expect, rule, happened.result.columns, document, path)))
        incidents = tuple(one.incident for one in happened.incidents)
        differences = compare(expect, happened, document, path)
        if not differences:
            return _End(Outcome.PASSED, alerts=happened.alerts, explanation=explanation, incidents=incidents)
        told = [*map(str, differences), *(f"note: {note}" for note in (*notes, *happened.notes))]
        if happened.over_time is not None:
            told += happened.over_time.timeline()
        return _End(Outcome.FAILED, "\n".join(told), happened.alerts, explanation, incidents=incidents)

    # Why it ended so

    def to_explain(self) -> CaseToExplain:
        """The case, ready to be run once more for its explanation. Raises _NotRun."""
        prepared = self._prepared(self.test.model.detection, ("detection",))
        assert prepared.query is not None
        scenario = self.builder.scenario(self.index, prepared.analysis)
        self._refuse(scenario.findings)
        others = [self._rule(name, ("cases", self.index, "alertsOf", i)) for i, name in enumerate(self._case.alerts_of)]
        return CaseToExplain(
            self.test,
            self.index,
            prepared.loaded.model,
            prepared.analysis,
            prepared.query,
            scenario,
            others,
            lambda numbered: self._tables(prepared, others, numbered),
        )

    def _why(self) -> Sequence[str]:
        """What became of the records of a failed case, in a few lines."""
        case = self.to_explain()
        if not case.scenario.tables:
            return ()
        try:
            told = case.explained(sources=False, most=_RECORDS_LOOKED_AT)
        except QueryFailed:  # the case itself ran: a limit that only the trace met takes nothing from what it found
            return ()
        loaded = self.bench.repository.detections[self.test.model.detection]
        lines = short(told, Places(loaded, self.bench.repository), _RECORDS_TOLD)
        return ("what became of the records", *(f"  {line}" for line in lines))

    # What the case runs with

    def _tables(
        self, prepared: PreparedDetection, others: Sequence[TestedRule], scenario: Scenario
    ) -> Mapping[str, Table]:
        """Every table that a single run reads: given, written by other rules, or empty. Raises QueryFailed."""
        given = with_alerts_of(others, scenario, prepared.loaded.model) if others else scenario.tables
        known = self.bench.catalog.tables
        return {**{name: Table.empty(known[name]) for name in prepared.analysis.tables if name not in given}, **given}

    def _prepared(self, name: str, path: tuple[PathPart, ...]) -> PreparedDetection:
        """The detection, ready to run. Raises _NotRun."""
        prepared = self.bench.detection(name, self.builder.addresses, self.builder.has_places)
        if prepared is None:
            raise _NotRun(self._no_detection(name, path))
        if prepared.query is None:
            raise _NotRun(prepared.problem, not_testable=prepared.not_testable)
        return prepared

    def _rule(self, name: str, path: tuple[PathPart, ...]) -> TestedRule:
        prepared = self._prepared(name, path)
        assert prepared.query is not None
        scenario = self.builder.scenario(self.index, prepared.analysis)
        watched = WatchedQuery(prepared.query, scenario.external, scenario.places, limits=scenario.limits)
        return TestedRule.of(name, prepared.loaded.model, watched, prepared.analysis)

    def _refuse(self, findings: Sequence[Finding]) -> None:
        if findings:
            raise _NotRun("\n".join(_finding_text(one) for one in findings))

    def _explanation(self, steps: Sequence[kql.Step], query: str) -> str:
        functions = {name: function.body for name, function in self.bench.catalog.functions.items()}
        return explain(steps, query, functions)

    def _notes(self, prepared: PreparedDetection, scenario: Scenario, seen: Mapping[str, Table]) -> Iterator[str]:
        for name, table in scenario.tables.items():
            if name not in prepared.analysis.tables:
                yield f"the query does not read {name}"
            elif note := scope_note(name, table, seen[name]):
                yield note

    def _no_detection(self, name: str, path: tuple[PathPart, ...]) -> str:
        where = self.test.document.location(*path)
        file = f"{DETECTIONS}/{name}.yaml"
        if (self.bench.repository.root / file).is_file():
            return f"{where}: {file} could not be loaded: tocsin lint says why"
        near = get_close_matches(name, self.bench.repository.detections, n=1)
        advice = f"did you mean {near[0]}?" if near else "name it by its path below detections, without .yaml"
        return f"{where}: there is no detection {name}: {advice}"


def _finding_text(finding: Finding) -> str:
    return f"{finding.location}: {finding.message} ({finding.help})"
