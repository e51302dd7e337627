"""The rows that alerts and incidents leave can be queried, by later rules and by analysts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alert_builders import MINUTE, NOW, PER_RESULT, mapping, raised

from tocsin import kql
from tocsin.kql.table import Table
from tocsin.sentinel.incidents import Closing, IncidentBook
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.security_alert import RaisedAlert, security_alert_rows
from tocsin.sentinel.security_incident import security_incident_rows

CATALOG = kql.Catalog(tables=packaged_tables("sentinel"))
TYPES = {"A": "string", "U": "string", "TimeGenerated": "datetime", "N": "long"}
ROWS = [("203.0.113.7", "mia@contoso.com", NOW - 1, 4), ("203.0.113.8", "it's \\ ü", NOW - 2, 5)]
RULE: dict[str, Any] = {
    "entityMappings": [mapping("IP", Address="A"), mapping("Account", FullName="U")],
    "customDetails": {"Who": "U"},
    **PER_RESULT,
}


def answer(query: str, now: int = NOW, **tables: Table) -> list[tuple[Any, ...]]:
    analysis = kql.analyze(query, CATALOG)
    assert (analysis.errors, analysis.refusals) == ((), ())
    return list(kql.prepare(analysis).run(tables, now=now).table.rows())


def query_of(one: RaisedAlert) -> str:
    (properties,) = security_alert_rows([one]).column("ExtendedProperties")
    query: str = json.loads(properties)["Query"]
    return query


@pytest.mark.parametrize("index", [0, 1])
def test_the_query_of_an_alert_per_event_gives_its_event_back(index: int) -> None:
    one = raised(ROWS, TYPES, **RULE)[index]
    wanted = " | project tostring(A), tostring(U), todatetime(TimeGenerated), tolong(N)"
    assert answer(query_of(one) + wanted) == [ROWS[index]]


def test_the_query_of_a_single_alert_sees_the_time_of_the_run() -> None:
    (one,) = raised(ROWS, TYPES, query="print x = now()")
    assert answer(query_of(one), now=NOW + 60 * MINUTE) == [(NOW,)]


def test_a_later_rule_reads_entities_custom_details_and_the_rule_of_an_alert() -> None:
    alerts = security_alert_rows(raised(ROWS, TYPES, **RULE))
    query = """
        SecurityAlert
        | where TimeGenerated > ago(1h) and ProviderName == "ASI Scheduled Alerts"
        | extend Properties = parse_json(ExtendedProperties)
        | extend RuleId = tostring(parse_json(tostring(Properties["Analytic Rule Ids"]))[0])
        | extend Who = tostring(parse_json(tostring(Properties["Custom Details"])).Who[0])
        | mv-expand Entity = parse_json(Entities)
        | where Entity.Type == "ip"
        | project tostring(Entity.Address), Who, AlertType endswith RuleId
    """
    assert answer(query, SecurityAlert=alerts) == [
        ("203.0.113.7", "mia@contoso.com", True), ("203.0.113.8", "it's \\ ü", True),
    ]  # fmt: skip


def test_the_state_of_an_incident_and_its_alerts_are_found_by_the_usual_query() -> None:
    made = raised(ROWS, TYPES, **RULE)
    book = IncidentBook()
    changes = [*book.take(made), *book.close(1, Closing(NOW + 60 * MINUTE, classification="TruePositive"))]
    query = """
        SecurityIncident
        | summarize arg_max(LastModifiedTime, *) by IncidentNumber
        | mv-expand AlertId = AlertIds to typeof(string)
        | join kind=inner (SecurityAlert | project SystemAlertId, StartTime) on $left.AlertId == $right.SystemAlertId
        | project IncidentNumber, Status, Classification, tolong(AdditionalData.alertsCount), StartTime
        | order by IncidentNumber asc
    """
    tables = {"SecurityAlert": security_alert_rows(made), "SecurityIncident": security_incident_rows(changes)}
    assert answer(query, **tables) == [(1, "Closed", "TruePositive", 1, NOW - 1), (2, "New", "", 1, NOW - 2)]
