"""What must hold for any input: limits of alerts, and that grouping loses nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from alert_builders import MINUTE, NOW, NRT, PER_RESULT, alerts, mapping, raised
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.sentinel import limits
from tocsin.sentinel.alert_entities import entities_json
from tocsin.sentinel.alerts import Alert
from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.entity_json import read_entities
from tocsin.sentinel.incidents import Closing, Incident, IncidentBook, IncidentChange
from tocsin.sentinel.rendering import utf8_size
from tocsin.sentinel.security_alert import security_alert_rows
from tocsin.sentinel.security_incident import security_incident_rows

HUGE = st.builds(lambda text, times: text * times, st.text(max_size=5), st.sampled_from([1, 1, 60, 5_000]))
WORDS = st.one_of(st.sampled_from(["", "a", "mia@contoso.com", "CORP\\mia", "SYSTEM", "High", "T1566", "7"]), HUGE)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), WORDS)
DYNAMICS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6
)
ROW = st.tuples(WORDS, WORDS, st.none() | st.integers(NOW - 10**12, NOW), DYNAMICS, st.none() | st.floats())
TYPES = {"A": "string", "B": "string", "TimeGenerated": "datetime", "D": "dynamic", "N": "real"}

RULES = st.fixed_dictionaries({
    "alertDetailsOverride": st.sampled_from([
        {"alertDisplayNameFormat": "{{A}}", "alertDescriptionFormat": "{{D}} {{B}}", "alertSeverityColumnName": "A"},
        {"alertTacticsColumnName": "D", "alertDynamicProperties": [
            {"alertProperty": name, "value": column} for name, column in (
                ("AlertLink", "A"), ("ConfidenceScore", "N"), ("Techniques", "A"), ("ExtendedLinks", "D"),
                ("SubTechniques", "D"), ("ConfidenceLevel", "A"), ("ProviderName", "B"))]},
    ]),
    "entityMappings": st.sampled_from([
        [], [mapping("Account", Name="A", AadUserId="B"), mapping("Host", FullName="A")],
        [mapping("URL", Url="A"), mapping("MailMessage", Recipient="B", Urls="D"), mapping("IP", Address="D")],
    ]),
    "sentinelEntitiesMappings": st.sampled_from([[], [{"columnName": "D"}, {"columnName": "A"}]]),
    "customDetails": st.sampled_from([{}, {f"Key{i}": column for i, column in enumerate([*TYPES] * 5)}]),
    "grouping": st.sampled_from([{}, PER_RESULT]),
    "kind": st.sampled_from([{}, NRT]),
})  # fmt: skip

# More rows than a run can have alerts: rare among drawn ones.
FULL: dict[str, Any] = {
    "alertDetailsOverride": {"alertDisplayNameFormat": "{{A}}"},
    "entityMappings": [],
    "sentinelEntitiesMappings": [],
    "customDetails": {},
    "grouping": PER_RESULT,
    "kind": {},
}


def of_rule(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        **{k: v for k, v in fields.items() if k not in ("grouping", "kind")},
        **fields["grouping"],
        **fields["kind"],
    }


def check(alert: Alert) -> None:
    assert utf8_size(alert.title) <= limits.PROPERTY_BYTES
    assert utf8_size(alert.description) <= limits.DESCRIPTION_BYTES
    assert alert.severity in limits.SEVERITIES
    assert len(alert.entities) <= limits.ENTITIES_PER_ALERT
    assert utf8_size(entities_json(alert.entities)) <= limits.ENTITIES_BYTES
    assert len(alert.custom_details) <= limits.CUSTOM_DETAILS
    assert all(len(values) <= limits.CUSTOM_DETAIL_VALUES for _, values in alert.custom_details)
    sizes = [utf8_size(text) for key, values in alert.custom_details for text in (key, *values)]
    assert sum(sizes) <= limits.CUSTOM_DETAILS_BYTES
    assert alert.start <= alert.end


@given(rows=st.lists(ROW, min_size=1, max_size=12), times=st.sampled_from([1, 1, 20]), fields=RULES)
@example(rows=[("a", "b", NOW - 1, None, 0.0)] * 8, times=20, fields=FULL)
@example(rows=[("a", "b", NOW - 1, None, 0.0)] * 8, times=20, fields=FULL | {"kind": NRT})
def test_limits_hold_for_any_result(rows: list[Any], times: int, fields: dict[str, Any]) -> None:
    made = raised(rows * times, TYPES, **of_rule(fields))
    most = limits.ALERTS_PER_NRT_RUN if fields["kind"] else limits.ALERTS_PER_RUN
    assert 1 <= len(made) <= most
    assert {row for one in made for row in one.alert.rows} == set(range(len(rows * times)))
    for one in made:
        check(one.alert)
    table = security_alert_rows(made)
    assert table.row_count == len(made)
    for one, properties, entities in zip(
        made, table.column("ExtendedProperties"), table.column("Entities"), strict=True
    ):
        held = json.loads(properties)
        assert all(isinstance(value, str) for value in held.values())
        assert len(held["Query"]) < limits.ALERT_EVENT_BYTES + 500
        assert len(list(read_entities(entities))) == len(one.alert.entities)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=51, max_size=200))
def test_a_run_has_at_most_fifty_customised_titles(rows: list[Any]) -> None:
    override = {"alertDisplayNameFormat": "{{A}}"}
    made = alerts(rows, {"A": "string", "B": "string"}, alertDetailsOverride=override, **PER_RESULT)
    assert len({one.title for one in made} - {"The rule"}) <= limits.OVERRIDE_VALUES


VALUES = st.sampled_from(["", "a", "b", "c"])
ROWS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6)
RUNS = st.lists(st.tuples(st.integers(0, 9 * 60), ROWS, st.sampled_from([1, 1, 40])), min_size=1, max_size=8)
GROUPINGS = st.fixed_dictionaries({
    "enabled": st.booleans(),
    "reopenClosedIncident": st.booleans(),
    "lookbackDuration": st.sampled_from(["PT5M", "PT1H", "PT5H", "P7D"]),
    "selection": st.sampled_from([
        {"matchingMethod": "AllEntities"}, {"matchingMethod": "AnyAlert"},
        {"matchingMethod": "Selected", "groupByEntities": ["IP"], "groupByAlertDetails": ["Severity"]},
        {"matchingMethod": "Selected", "groupByCustomDetails": ["Who"]},
    ]),
})  # fmt: skip
ONE_FOR_ALL: dict[str, Any] = {
    "enabled": True,
    "reopenClosedIncident": False,
    "lookbackDuration": "PT5H",
    "selection": {"matchingMethod": "AnyAlert"},
}
BEHAVIOURS = st.builds(
    Behaviour,
    portal=st.sampled_from(["sentinel", "defender"]),
    defender_grouping=st.sampled_from(["at creation", "window"]),
    alerts_without_entities=st.sampled_from(["apart", "together"]),
    overflow_window=st.sampled_from(["own", "original"]),
    incident_severity=st.sampled_from(["first", "highest"]),
)
MINUTES = {"PT5M": 5, "PT1H": 60, "PT5H": 300, "P7D": 7 * 24 * 60}


@given(RUNS, GROUPINGS, BEHAVIOURS, st.lists(st.integers(0, 9 * 60), max_size=3))
@example(
    runs=[(0, [("a", "b")] * 5, 40), (9, [("a", "b")] * 5, 40)], fields=ONE_FOR_ALL, behaviour=Behaviour(), closed_at=[]
)
def test_every_alert_is_in_exactly_one_incident_of_150_at_most_and_in_its_time_frame(
    runs: list[Any], fields: dict[str, Any], behaviour: Behaviour, closed_at: list[int]
) -> None:
    grouping = {**{k: v for k, v in fields.items() if k != "selection"}, **fields["selection"]}
    changes: dict[str, Any] = {
        "entityMappings": [mapping("IP", Address="A"), mapping("Account", Name="B")],
        "customDetails": {"Who": "B"},
        "incidentConfiguration": {"createIncident": True, "groupingConfiguration": grouping},
        **PER_RESULT,
    }
    book = IncidentBook(behaviour, [Closing(NOW + at * MINUTE) for at in closed_at])
    given_in: list[str] = []
    made: list[IncidentChange] = []
    for at, rows, times in sorted(runs, key=lambda one: one[0]):
        found = raised(rows * times, {"A": "string", "B": "string"}, run=NOW + at * MINUTE, **changes)
        given_in.extend(one.system_alert_id for one in found)
        made.extend(book.take(found))
    kept = [one.system_alert_id for incident in book.incidents for one in incident.alerts]
    assert sorted(kept) == sorted(given_in)
    assert all(1 <= len(incident.alerts) <= limits.ALERTS_PER_INCIDENT for incident in book.incidents)
    if behaviour.overflow_window == "own":
        window = MINUTES[fields["lookbackDuration"]] * MINUTE if fields["enabled"] else 0
        assert all(span(incident) <= window for incident in book.incidents)
    added = [one.system_alert_id for change in made for one in change.added]
    assert sorted(added) == sorted(given_in), "each alert is added by one change"
    check_rows(made, behaviour)


def span(incident: Incident) -> int:
    times = [one.published for one in incident.alerts]
    return max(times) - min(times)


def check_rows(made: Sequence[IncidentChange], behaviour: Behaviour) -> None:
    rows = security_incident_rows(made, behaviour=behaviour)
    assert rows.row_count == len(made)
    assert rows.column("TimeGenerated") == sorted(rows.column("TimeGenerated"))
    assert all(len(ids) == data["alertsCount"] for ids, data in zip(
        rows.column("AlertIds"), rows.column("AdditionalData"), strict=True
    ))  # fmt: skip
