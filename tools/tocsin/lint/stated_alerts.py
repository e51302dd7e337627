"""What the test cases of a detection state of its alerts and incidents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tocsin.content.models import ExpectedAlert, ExpectedEntities, ExpectedIncident, Several, TestCase, TestFile
from tocsin.content.repository import Loaded
from tocsin.lint.context import LintContext


def tests_by_detection(context: LintContext) -> Mapping[str, list[Loaded[TestFile]]]:
    """The test files of each detection, by its name."""
    found: dict[str, list[Loaded[TestFile]]] = {}
    for _, test in sorted(context.repository.tests.items()):
        found.setdefault(test.model.detection, []).append(test)
    return found


def stated_alerts(case: TestCase) -> Iterator[ExpectedAlert]:
    """Every alert that a case describes, those that must not be left out."""
    for part in case.expect.parts():
        yield from _listed(part.alerts)


def stated_entities(case: TestCase) -> Iterator[ExpectedEntities]:
    """What a case states of entities, of alerts and of incidents."""
    described: list[ExpectedAlert | ExpectedIncident] = [*stated_alerts(case)]
    for part in case.expect.parts():
        described += _listed(part.incidents)
    for one in described:
        if one.entities is not None:
            yield one.entities


def _listed(several: Several[ExpectedAlert] | Several[ExpectedIncident] | None) -> Iterator[ExpectedAlert]:
    if several is not None:
        for listed in (several.exactly, several.in_order, several.at_least, several.any_of):
            if isinstance(listed, tuple):
                yield from listed  # type: ignore[misc]
