"""What a case comes to, for a preview: the alerts as they are published, with the rows and incidents of each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from tocsin import kql
from tocsin.content.models import TestFile
from tocsin.content.repository import Loaded
from tocsin.kql.table import Table
from tocsin.report.preview_views import CaseOutcome
from tocsin.sentinel.behaviour import Behaviour, Portal
from tocsin.sentinel.incidents import Incident
from tocsin.sentinel.schedule import delay
from tocsin.sentinel.security_alert import RaisedAlert, publish
from tocsin.testing.execution import QueryFailed, WatchedQuery
from tocsin.testing.happened import Happened
from tocsin.testing.one_run import run_once, with_alerts_of
from tocsin.testing.runner import Bench, PreparedDetection
from tocsin.testing.scenario import Scenario, ScenarioBuilder
from tocsin.testing.several_runs import TestedRule, run_over_time


class NoOutcome(Exception):
    """A case that cannot be run; the text says why, in lines."""


class CasePreviews:
    """The cases of one test file; what they share is prepared once.

    ``behaviour`` is how the service behaves in the workspace at hand; ``portal`` overrides what file and case say.
    """

    def __init__(
        self, bench: Bench, test: Loaded[TestFile], behaviour: Behaviour, portal: Portal | None = None
    ) -> None:
        self._bench = bench
        self._test = test
        self._behaviour = behaviour
        self._portal = portal
        self._builder = ScenarioBuilder(bench.repository, bench.catalog, test, limits=bench.limits)

    def outcome(self, index: int) -> CaseOutcome:
        """What the case at ``index`` comes to. Raises NoOutcome."""
        name = self._test.model.detection
        prepared, query = self._prepared(name)
        scenario = self._scenario(index, prepared)
        others = [self._other(other, index) for other in self._test.model.cases[index].alerts_of]
        try:
            run = self._over_time if self._test.model.cases[index].over_time else self._once
            return run(index, prepared, query, scenario, others)
        except QueryFailed as error:
            document = prepared.loaded.document
            where = "" if error.origin else f"{document.location_in_text('query', offset=error.start)}: "
            raise NoOutcome(f"{where}the query fails when it runs: {error}") from None

    def _once(
        self,
        index: int,
        prepared: PreparedDetection,
        query: kql.PreparedQuery,
        scenario: Scenario,
        others: Sequence[TestedRule],
    ) -> CaseOutcome:
        name, rule = self._test.model.detection, prepared.loaded.model
        given = with_alerts_of(others, scenario, rule) if others else scenario.tables
        catalog = self._bench.catalog.tables
        empty = {one: Table.empty(catalog[one]) for one in prepared.analysis.tables if one not in given}
        run = run_once(name, rule, query, scenario, {**empty, **given}, incidents=True, trace=False)
        return self._outcome(index, prepared, scenario, run.happened, {scenario.now: run.result.table})

    def _over_time(
        self,
        index: int,
        prepared: PreparedDetection,
        query: kql.PreparedQuery,
        scenario: Scenario,
        others: Sequence[TestedRule],
    ) -> CaseOutcome:
        watched = _Recorded(query, scenario.external, scenario.places, limits=scenario.limits)
        rule = TestedRule(self._test.model.detection, prepared.loaded.model, watched, prepared.analysis.tables)
        case = self._test.model.cases[index]
        course = run_over_time(case, scenario, rule, others, self._test.document, index)
        if course.happened is None:
            raise NoOutcome("\n".join(f"{one.location}: {one.message} ({one.help})" for one in course.findings))
        return self._outcome(index, prepared, scenario, course.happened, watched.by_time)

    def _outcome(
        self,
        index: int,
        prepared: PreparedDetection,
        scenario: Scenario,
        happened: Happened,
        results: Mapping[int, Table],
    ) -> CaseOutcome:
        incidents = tuple(made.incident for made in happened.incidents)
        return CaseOutcome(
            rule=self._test.model.detection,
            detection=prepared.loaded.model,
            case=self._test.model.cases[index].name,
            place=str(self._test.document.location("cases", index, "name")),
            time=scenario.now,
            alerts=tuple(_raised(happened, incidents, prepared, self._test.model.detection, scenario, results)),
            results=results,
            incidents=incidents,
            behaviour=scenario.behaviour,
        )

    def _prepared(self, name: str) -> tuple[PreparedDetection, kql.PreparedQuery]:
        prepared = self._bench.detection(name, self._builder.addresses, self._builder.has_places)
        if prepared is None:
            raise NoOutcome(f"there is no detection {name} that can be loaded: tocsin lint says why")
        if prepared.query is None:
            raise NoOutcome(prepared.problem)
        return prepared, prepared.query

    def _other(self, name: str, index: int) -> TestedRule:
        prepared, query = self._prepared(name)
        scenario = self._scenario(index, prepared)
        watched = WatchedQuery(query, scenario.external, scenario.places, limits=scenario.limits)
        return TestedRule(name, prepared.loaded.model, watched, prepared.analysis.tables)

    def _scenario(self, index: int, prepared: PreparedDetection) -> Scenario:
        scenario = self._builder.scenario(index, prepared.analysis)
        if scenario.findings:
            raise NoOutcome("\n".join(f"{one.location}: {one.message} ({one.help})" for one in scenario.findings))
        test = self._test.model
        said = test.cases[index].portal or (test.portal if "portal" in test.model_fields_set else None)
        portal = self._portal or said or self._behaviour.portal
        return replace(scenario, behaviour=replace(self._behaviour, portal=portal))


class _Recorded(WatchedQuery):
    """A watched query that says which run gave which rows."""

    __slots__ = ("by_time",)

    def __init__(self, *given: Any, **more: Any) -> None:
        WatchedQuery.__init__(self, *given, **more)
        self.by_time: dict[int, Table] = {}

    def run(self, *given: Any, now: int = 0, **more: Any) -> kql.QueryResult:
        result = WatchedQuery.run(self, *given, now=now, **more)
        if self.watching:
            self.by_time[now] = result.table
        return result


def _raised(
    happened: Happened,
    incidents: Sequence[Incident],
    prepared: PreparedDetection,
    name: str,
    scenario: Scenario,
    results: Mapping[int, Table],
) -> Iterator[RaisedAlert]:
    """The alerts as they were published: as the incidents hold them, the others made anew (with the same ids)."""
    held = {one.system_alert_id: one for incident in incidents for one in incident.alerts}
    rule = prepared.loaded.model
    late = delay(rule, scenario.behaviour)
    for run, pairs in groupby(zip(happened.runs, happened.alerts, strict=True), key=lambda pair: pair[0]):
        alerts = [alert for _, alert in pairs]
        for one in publish(rule, name, alerts, results[run], run=run, published=run + late):
            yield held.get(one.system_alert_id, one)
