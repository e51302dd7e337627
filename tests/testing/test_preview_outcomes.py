"""What previews are made of: every case of the shipped content, and that it says what an analyst needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.content.repository import Repository, load_repository
from tocsin.report.preview import Preview
from tocsin.report.preview_views import preview_of
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR
from tocsin.testing.preview import CasePreviews
from tocsin.testing.runner import Bench, run_test_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def repository() -> Repository:
    return load_repository(ROOT)


@pytest.fixture(scope="module")
def previews(repository: Repository) -> list[Preview]:
    bench = Bench(repository)

    def made() -> Iterator[Preview]:
        for test in repository.tests.values():
            cases = CasePreviews(bench, test, DEFAULT_BEHAVIOUR)
            yield from (preview_of(cases.outcome(index)) for index in range(len(test.model.cases)))

    return list(made())


def test_a_preview_has_the_alerts_that_the_test_saw(repository: Repository, previews: list[Preview]) -> None:
    bench = Bench(repository)
    seen = [result for test in repository.tests.values() for result in run_test_file(repository, test, bench=bench)]
    assert len(seen) == len(previews)
    for result, preview in zip(seen, previews, strict=True):
        assert [one.title for one in preview.alerts] == [one.title for one in result.alerts], preview.case
        assert [one.severity for one in preview.alerts] == [one.severity for one in result.alerts]
        held = [number for incident in preview.incidents for number in incident.alerts]
        assert sorted([*held, *preview.without_incident]) == list(range(1, len(preview.alerts) + 1))


def test_shipped_alerts_say_what_an_analyst_needs(previews: list[Preview]) -> None:
    alerts = [alert for preview in previews for alert in preview.alerts]
    assert len(alerts) > 50
    for alert in alerts:
        assert len(alert.title.encode()) <= 256
        assert alert.entities, alert.title
        assert alert.tactics
        assert alert.techniques
        assert all(one.name for one in alert.techniques)
        assert "Ask first:" in alert.description
        assert "If it is real:" in alert.description
        assert "{{" not in alert.title + alert.description
        # A line that ends within a sentence looks broken in the portal.
        assert all(line.endswith((".", "?")) for line in alert.description.splitlines() if line)
    assert {preview.rule.path for preview in previews if preview.rule.guide is None} == set()
