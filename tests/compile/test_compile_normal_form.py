"""What counts as the same, and what as a difference."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.compile.normal_form import NORMAL_FORMS, fingerprint
from tocsin.compile.resources import ORDER, comparable


def rule(**properties: Any) -> dict[str, Any]:
    return {"kind": "Scheduled", "properties": {"displayName": "n", "queryFrequency": "PT1H", **properties}}


def watchlist(**properties: Any) -> dict[str, Any]:
    return {"properties": {"displayName": "n", **properties}}


GROUPING = {
    "enabled": False,
    "reopenClosedIncident": False,
    "lookbackDuration": "PT5H",
    "matchingMethod": "AllEntities",
}

SAME: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "explicit nulls": ("alertRules", rule(), rule(customDetails=None, entityMappings=[], templateVersion=None)),
    "read-only fields": (
        "alertRules",
        rule(),
        {"id": "/x", "name": "x", "etag": '"1"', **rule(lastModifiedUtc="2025-01-01T00:00:00Z")},
    ),
    "durations": ("alertRules", rule(queryPeriod="P1D"), rule(queryPeriod="PT24H", queryFrequency="PT60M")),
    "defaults": (
        "alertRules",
        rule(),
        rule(
            suppressionEnabled=False,
            suppressionDuration="PT5H",
            eventGroupingSettings={"aggregationKind": "SingleAlert"},
            incidentConfiguration={"createIncident": True, "groupingConfiguration": GROUPING},
        ),
    ),
    "order of tactics": ("alertRules", rule(tactics=["A", "B"]), rule(tactics=["B", "A"])),
    "line ends": ("alertRules", rule(query="a\nb"), rule(query="a\r\nb\r\n")),
    "rows in another order, twice": (
        "watchlists",
        watchlist(rawContent="A,B\n1,2\n3,4\n3,4\n"),
        watchlist(items=[{"B": "4", "A": "3"}, {"A": "1", "B": "2"}], provisioningState="Succeeded"),
    ),
    "column details": (
        "tables",
        {"properties": {"schema": {"columns": [{"name": "A", "type": "string", "description": "x"}]}}},
        {"properties": {"schema": {"columns": [{"name": "A", "type": "string", "isHidden": False}]}}},
    ),
    "case of an id": (
        "metadata",
        {"properties": {"kind": "Parser", "parentId": "/subscriptions/A"}},
        {"properties": {"kind": "Parser", "parentId": "/SUBSCRIPTIONS/a"}},
    ),
}

DIFFERENT: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "enabled": ("alertRules", rule(enabled=True), rule(enabled=False)),
    "a default against another value": ("alertRules", rule(), rule(suppressionEnabled=True)),
    "order of entities": (
        "alertRules",
        rule(entityMappings=[{"entityType": "IP"}, {"entityType": "Host"}]),
        rule(entityMappings=[{"entityType": "Host"}, {"entityType": "IP"}]),
    ),
    "case of a query": ("alertRules", rule(query="a"), rule(query="A")),
    "kind": ("alertRules", rule(), {**rule(), "kind": "NRT"}),
    "false against absent": ("alertRules", rule(enabled=False), rule()),
    "a row": ("watchlists", watchlist(rawContent="A\n1\n"), watchlist(rawContent="A\n2\n")),
    "an empty cell against no column": (
        "watchlists",
        watchlist(rawContent="A,B\n1,\n"),
        watchlist(rawContent="A\n1\n"),
    ),
    "alias": ("savedSearches", watchlist(functionAlias="a"), watchlist(functionAlias="b")),
}


def test_every_resource_has_a_normal_form() -> None:
    assert set(NORMAL_FORMS) == set(ORDER)


@pytest.mark.parametrize(("resource", "one", "other"), SAME.values(), ids=SAME.keys())
def test_same(resource: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert comparable(resource, one) == comparable(resource, other)
    assert fingerprint(comparable(resource, one)) == fingerprint(comparable(resource, other))


@pytest.mark.parametrize(("resource", "one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different(resource: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert comparable(resource, one) != comparable(resource, other)
    assert fingerprint(comparable(resource, one)) != fingerprint(comparable(resource, other))


@pytest.mark.parametrize(("resource", "one", "other"), SAME.values(), ids=SAME.keys())
def test_a_normal_form_is_its_own_normal_form(resource: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    for body in (one, other):
        assert comparable(resource, comparable(resource, body)) == comparable(resource, body)
