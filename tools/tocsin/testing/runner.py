"""Runs the cases of a test file: the detection's query is analysed and prepared once, every case executes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from time import perf_counter

from tocsin import kql
from tocsin.content.finding import Finding
from tocsin.content.models import Detection, TestFile
from tocsin.content.repository import DETECTIONS, Loaded, Repository, load_file
from tocsin.kql.catalog import Catalog
from tocsin.kql.table import Table
from tocsin.sentinel.alerts import Alert, predict
from tocsin.sentinel.catalog import workspace_catalog
from tocsin.sentinel.window import in_window, query_window
from tocsin.testing.execution import QueryFailed, execute
from tocsin.testing.expectation import compare
from tocsin.testing.explain import explain
from tocsin.testing.results import CaseResult, Outcome
from tocsin.testing.scenario import Scenario, ScenarioBuilder, scope_note


@dataclass(frozen=True, slots=True)
class PreparedDetection:
    """A detection with its query ready to run. ``query`` is None where it cannot be, ``problem`` says why."""

    loaded: Loaded[Detection]
    analysis: kql.Analysis
    query: kql.PreparedQuery | None
    problem: str
    not_testable: bool = False


@dataclass(slots=True)
class Bench:
    """A repository under test: its catalogue, and each detection prepared once, when first asked for."""

    repository: Repository
    catalog: Catalog = field(init=False)
    _prepared: dict[str, PreparedDetection] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.catalog = workspace_catalog(self.repository)

    def detection(self, name: str) -> PreparedDetection | None:
        """The detection of this name (``direct_send/unauthorised_source``), None when there is none."""
        loaded = self.repository.detections.get(name)
        if loaded is not None and name not in self._prepared:
            self._prepared[name] = prepare_detection(loaded, self.catalog)
        return self._prepared.get(name)

    def run(self, test: Loaded[TestFile], *, trace: bool = False) -> Iterator[CaseResult]:
        """The results of every case of a test file, in order, as they come."""
        builder = ScenarioBuilder(self.repository, self.catalog, test)
        for index in range(len(test.model.cases)):
            yield self.run_case(test, builder, index, trace=trace)

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


@dataclass(frozen=True, slots=True)
class _Run:
    """One execution of one case."""

    bench: Bench
    test: Loaded[TestFile]
    builder: ScenarioBuilder
    index: int

    def end(self, trace: bool) -> _End:
        name = self.test.model.detection
        prepared = self.bench.detection(name)
        if prepared is None:
            return _End(Outcome.ERROR, self._no_detection(name))
        if prepared.query is None:
            return _End(Outcome.ERROR, prepared.problem, not_testable=prepared.not_testable)
        scenario = self.builder.scenario(self.index)
        if scenario.findings:
            return _End(Outcome.ERROR, "\n".join(_finding_text(one) for one in scenario.findings))
        rule = prepared.loaded.model
        seen = self._seen(prepared, scenario)
        try:
            result = execute(prepared.query, seen, scenario.watchlists, scenario.now, trace=trace)
        except QueryFailed as error:
            where = (
                "" if error.origin else f"{prepared.loaded.document.location_in_text('query', offset=error.start)}: "
            )
            return _End(Outcome.ERROR, f"{where}the query fails when it runs: {error}")
        alerts = predict(rule, result.table, scenario.now)
        case = self.test.model.cases[self.index]
        path = ("cases", self.index, "expect")
        differences = compare(case.expect, alerts, result.table, self.test.document, path)
        explanation = self._explanation(result.steps, rule.query) if trace else ""
        if not differences:
            return _End(Outcome.PASSED, alerts=alerts, explanation=explanation)
        notes = [*self._notes(prepared, scenario, seen), *dict.fromkeys(note for one in alerts for note in one.notes)]
        message = "\n".join((*map(str, differences), *(f"note: {note}" for note in notes)))
        return _End(Outcome.FAILED, message, alerts, explanation)

    def _explanation(self, steps: Sequence[kql.Step], query: str) -> str:
        functions = {name: function.body for name, function in self.bench.catalog.functions.items()}
        return explain(steps, query, functions)

    def _seen(self, prepared: PreparedDetection, scenario: Scenario) -> dict[str, Table]:
        """Every table that the query reads, as far as the run's window shows it; tables not given are empty."""
        window = query_window(prepared.loaded.model, scenario.now)
        tables = {
            name: Table.empty(self.bench.catalog.tables[name])
            for name in prepared.analysis.tables
            if name not in scenario.tables
        }
        return {**tables, **{name: in_window(table, window) for name, table in scenario.tables.items()}}

    def _notes(self, prepared: PreparedDetection, scenario: Scenario, seen: dict[str, Table]) -> Iterator[str]:
        for name, table in scenario.tables.items():
            if name not in prepared.analysis.tables:
                yield f"the query does not read {name}"
            elif note := scope_note(name, table, seen[name]):
                yield note

    def _no_detection(self, name: str) -> str:
        where = self.test.document.location("detection")
        file = f"{DETECTIONS}/{name}.yaml"
        if (self.bench.repository.root / file).is_file():
            return f"{where}: {file} could not be loaded: tocsin lint says why"
        near = get_close_matches(name, self.bench.repository.detections, n=1)
        advice = f"did you mean {near[0]}?" if near else "name it by its path below detections, without .yaml"
        return f"{where}: there is no detection {name}: {advice}"


def _finding_text(finding: Finding) -> str:
    return f"{finding.location}: {finding.message} ({finding.help})"
