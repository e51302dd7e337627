"""The rows that a rule's alerts leave in SecurityAlert: columns, ExtendedProperties, Entities."""

from __future__ import annotations

import base64
import json
import re
import zlib
from random import Random
from typing import Any

import pytest
from alert_builders import MINUTE, NOW, NRT, PER_RESULT, RULE_ID, mapping, raised

from tocsin.kql.literals import parse_datetime
from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.schemas import packaged_tables
from tocsin.sentinel.security_alert import DEFAULT_WORKSPACE, RaisedAlert, security_alert_rows

TEXT = {"A": "string"}


def row(one: RaisedAlert, **settings: Any) -> dict[str, Any]:
    rows = security_alert_rows([one], behaviour=Behaviour(**settings))
    return dict(zip([column.name for column in rows.columns], next(rows.rows()), strict=True))


def extended(one: RaisedAlert) -> dict[str, str]:
    held: dict[str, str] = json.loads(row(one)["ExtendedProperties"])
    return held


def test_the_rows_have_the_packaged_columns_of_security_alert() -> None:
    rows = security_alert_rows(raised([("x",)], TEXT))
    assert rows.columns == packaged_tables("sentinel")["SecurityAlert"]
    assert rows.row_count == 1


def test_the_alert_names_the_rule_and_the_workspace() -> None:
    held = row(*raised([("x",)], TEXT))
    assert held["TenantId"] == DEFAULT_WORKSPACE.id
    assert held["AlertType"] == f"{DEFAULT_WORKSPACE.id}_{RULE_ID}"
    assert (held["AlertName"], held["DisplayName"]) == ("The rule", "The rule")
    assert (held["AlertSeverity"], held["Description"]) == ("Medium", "Its description")


@pytest.mark.parametrize(("kind", "provider", "component"), [
    ({}, "ASI Scheduled Alerts", "Scheduled Alerts"), (NRT, "ASI NRT Alerts", "NRT Alerts"),
])  # fmt: skip
def test_the_provider_says_which_sort_of_rule(kind: dict[str, Any], provider: str, component: str) -> None:
    held = row(*raised([("x",)], TEXT, **kind))
    assert (held["ProviderName"], held["ProductComponentName"]) == (provider, component)
    assert (held["ProductName"], held["VendorName"], held["Status"]) == ("Azure Sentinel", "Microsoft", "New")


def test_start_and_end_time_are_the_lowest_and_highest_time_generated_of_the_rows() -> None:
    held = row(*raised([(NOW - 5,), (NOW - 9,), (None,)], {"TimeGenerated": "datetime"}))
    assert (held["StartTime"], held["EndTime"]) == (NOW - 9, NOW - 5)


def test_an_alert_on_an_empty_result_spans_the_query_window() -> None:
    held = row(*raised([], {"TimeGenerated": "datetime"}, triggerOperator="eq"))
    assert (held["StartTime"], held["EndTime"]) == (NOW - 5 * 60 * MINUTE, NOW)


def test_the_processing_end_time_is_the_time_of_publishing() -> None:
    held = row(*raised([("x",)], TEXT))
    assert held["TimeGenerated"] == held["ProcessingEndTime"] == NOW + 5 * MINUTE


def test_tactics_are_separated_by_commas_and_unknown_when_there_are_none() -> None:
    (two,) = raised([("x",)], TEXT, tactics=["InitialAccess", "Impact"])
    assert row(two)["Tactics"] == "InitialAccess,Impact"
    (none,) = raised([("x",)], TEXT, tactics=[], relevantTechniques=[])
    assert (row(none)["Tactics"], row(none)["Techniques"]) == ("Unknown", "")


def test_techniques_are_separated_by_commas_and_sub_techniques_stand_apart() -> None:
    (one,) = raised([("x",)], TEXT, relevantTechniques=["T1566.002", "T1566", "T1114"])
    assert (row(one)["Techniques"], row(one)["SubTechniques"]) == ("T1566,T1114", "T1566.002")
    assert row(one, techniques_form="json")["Techniques"] == '["T1566","T1114"]'


def test_deprecated_and_unused_columns_are_empty() -> None:
    held = row(*raised([("x",)], TEXT))
    for name in ("ConfidenceLevel", "AlertLink", "CompromisedEntity", "ResourceId", "Entities", "SourceComputerId"):
        assert held[name] == "", name
    assert (held["ConfidenceScore"], held["IsIncident"]) == (None, False)


def test_dynamic_properties_fill_their_columns() -> None:
    columns = dict.fromkeys(("AlertLink", "RemediationSteps", "ProductName", "ProviderName"), "A")
    columns |= {"ConfidenceScore": "N", "SubTechniques": "S"}
    properties = [{"alertProperty": name, "value": column} for name, column in columns.items()]
    override = {"alertDynamicProperties": properties}
    types = {"A": "string", "N": "real", "S": "string"}
    held = row(*raised([("x", 0.25, "T1566.001")], types, alertDetailsOverride=override))
    assert (held["AlertLink"], held["RemediationSteps"], held["ProductName"], held["ProviderName"]) == ("x",) * 4
    assert (held["ConfidenceScore"], held["SubTechniques"]) == (0.25, "T1566.001")


def test_ids_are_different_guids_and_the_same_for_the_same_run() -> None:
    first, again = (raised([("x",), ("y",)], TEXT, **PER_RESULT) for _ in range(2))
    later = raised([("x",), ("y",)], TEXT, run=NOW + MINUTE, **PER_RESULT)
    ids = [one for alert in (*first, *later) for one in (alert.system_alert_id, alert.vendor_original_id)]
    assert len(set(ids)) == 8
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in ids)
    assert first == again


def test_extended_properties_have_the_keys_of_published_alerts_in_their_order_and_only_text() -> None:
    held = extended(*raised([("x",)], TEXT, query="T | where A == 'x'"))
    assert list(held) == [
        "Query Period", "Trigger Operator", "Trigger Threshold", "Correlation Id",
        "Search Query Results Overall Count", "Data Sources", "Query", "Query Start Time UTC", "Query End Time UTC",
        "Analytic Rule Ids", "Event Grouping", "Analytic Rule Name", "ProcessedBySentinel", "Alert generation status",
    ]  # fmt: skip
    assert all(isinstance(value, str) for value in held.values())
    assert held["Query Period"] == "05:00:00"
    assert (held["Trigger Operator"], held["Trigger Threshold"]) == ("GreaterThan", "0")
    assert held["Data Sources"] == '["workspace"]'
    assert held["Analytic Rule Ids"] == f'["{RULE_ID}"]'
    assert (held["Event Grouping"], held["ProcessedBySentinel"]) == ("SingleAlert", "True")
    assert held["Alert generation status"] == "Full alert created"


def test_trigger_and_count_are_those_of_the_rule_and_its_whole_result() -> None:
    held = extended(*raised([("x",)] * 7, TEXT, triggerOperator="ne", triggerThreshold=5))
    assert (held["Trigger Operator"], held["Trigger Threshold"]) == ("NotEqual", "5")
    assert held["Search Query Results Overall Count"] == "7"
    assert held["Correlation Id"] == f"{DEFAULT_WORKSPACE.id}_{RULE_ID}_{NOW + 5 * MINUTE}"


def test_the_query_properties_of_a_near_real_time_alert() -> None:
    held = extended(*raised([("x",)], TEXT, **NRT))
    assert (held["Query Period"], held["Trigger Operator"], held["Trigger Threshold"]) == (
        "00:01:00",
        "GreaterThan",
        "0",
    )
    assert (held["Query Start Time UTC"], held["Query End Time UTC"]) == (
        "2025-07-15 09:59:00Z",
        "2025-07-15 10:00:00Z",
    )


def test_the_query_of_a_single_alert_fixes_the_time_of_the_run() -> None:
    query = extended(*raised([("x",)], TEXT, query="T | take 1"))["Query"]
    assert query.startswith("// ")
    assert query.endswith("\nset query_now = datetime(2025-07-15T10:00:00.0000000Z);\nT | take 1")


@pytest.mark.parametrize(("run", "start", "end"), [
    ("2023-07-24T20:23:59.1070000Z", "2023-07-24 15:23:59Z", "2023-07-24 20:24:00Z"),
    ("2023-07-24T20:24:00.0000000Z", "2023-07-24 15:24:00Z", "2023-07-24 20:24:00Z"),
    ("2023-07-24T20:24:00.0000001Z", "2023-07-24 15:24:00Z", "2023-07-24 20:24:01Z"),
])  # fmt: skip
def test_the_start_of_the_query_window_is_cut_to_seconds_and_its_end_rounded_up(run: str, start: str, end: str) -> None:
    held = extended(*raised([("x",)], TEXT, run=parse_datetime(run) or 0))
    assert (held["Query Start Time UTC"], held["Query End Time UTC"]) == (start, end)


def test_the_period_of_days_is_written_with_days() -> None:
    assert extended(*raised([("x",)], TEXT, queryPeriod="14d"))["Query Period"] == "14.00:00:00"


def test_an_alert_per_event_keeps_the_compressed_event_in_query_and_the_rule_text_in_original_query() -> None:
    types = {"TimeGenerated": "datetime", "A": "string", "N": "long", "D": "dynamic", "G": "bool", "Z": "long"}
    (one,) = raised([(NOW, "ü'x", 3, {"k": [1]}, True, None)], types, query="T | where true", **PER_RESULT)
    held = extended(one)
    assert held["OriginalQuery"] == "T | where true"
    assert held["Event Grouping"] == "AlertPerEvent"
    packed = re.search(r"\['([^']*)'\]", held["Query"])
    assert packed
    assert json.loads(zlib.decompress(base64.b64decode(packed.group(1)))) == {
        "TimeGenerated": "2025-07-15T10:00:00Z", "A": "ü'x", "N": 3, "D": {"k": [1]}, "G": True,
    }  # fmt: skip


def test_an_event_larger_than_ten_kilobytes_is_not_kept() -> None:
    noise = Random(1).randbytes(10_000).hex()
    (one,) = raised([(noise,)], TEXT, **PER_RESULT)
    assert "(compressedRec: string)\n[]\n" in extended(one)["Query"]


def test_the_summary_alert_of_an_alert_per_event_rule_is_written_as_a_single_alert() -> None:
    *singles, last = raised([(str(i),) for i in range(151)], TEXT, **PER_RESULT)
    assert {extended(one)["Event Grouping"] for one in singles} == {"AlertPerEvent"}
    assert extended(last)["Event Grouping"] == "SingleAlert"
    assert "OriginalQuery" not in extended(last)
    assert extended(last)["Search Query Results Overall Count"] == "151"


def test_custom_details_are_a_json_text_of_lists() -> None:
    (one,) = raised([("a",), ("b",)], TEXT, customDetails={"Who": "A"})
    assert extended(one)["Custom Details"] == '{"Who":["a","b"]}'


def test_entities_are_a_json_text_with_ids_and_lower_case_types() -> None:
    mapped = [mapping("IP", Address="A"), mapping("AzureResource", ResourceId="A"), mapping("Account", FullName="U")]
    (one,) = raised([("203.0.113.7", "mia@contoso.com")], {"A": "string", "U": "string"}, entityMappings=mapped)
    assert json.loads(row(one)["Entities"]) == [
        {"$id": "3", "Address": "203.0.113.7", "Type": "ip"},
        {"$id": "4", "ResourceId": "203.0.113.7", "Type": "azure-resource"},
        {"$id": "5", "Name": "mia", "UPNSuffix": "contoso.com", "Type": "account"},
    ]
    assert row(one, first_entity_id=1)["Entities"].startswith('[{"$id":"1","Address"')
