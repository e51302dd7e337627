"""What content becomes: the bodies of its resources, field by field."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tocsin.compile import CompiledContent, compile_content
from tocsin.compile.triage import DESCRIPTION_LIMIT, description_with_triage
from tocsin.content.models import Triage
from tocsin.content.repository import load_repository
from tocsin.sentinel.definitions import body_problems

CONTENT = Path(__file__).parent / "content"


@pytest.fixture(scope="module")
def compiled() -> CompiledContent:
    return compile_content(load_repository(CONTENT))


def body(compiled: CompiledContent, name: str) -> dict[str, Any]:
    found = [one for one in (*compiled.resources, *compiled.records) if one.name == name]
    assert len(found) == 1, f"{name}: {found}"
    return dict(found[0].body)


def test_good_content_has_no_findings(compiled: CompiledContent) -> None:
    assert compiled.findings == ()


def test_every_body_is_acceptable_to_its_definition(compiled: CompiledContent) -> None:
    every = (*compiled.resources, *compiled.records)
    assert len(every) == 11
    for resource in every:
        assert body_problems(resource.type, resource.api_version, resource.body) == (), resource.name


def test_resources_come_in_the_order_they_can_be_made(compiled: CompiledContent) -> None:
    assert [resource.type for resource in compiled.resources] == [
        "tables", "watchlists", "savedSearches", "alertRules", "alertRules", "alertRules",
    ]  # fmt: skip


def test_a_rule_with_every_field(compiled: CompiledContent) -> None:
    assert body(compiled, "0d1c2b3a-0000-4000-8000-000000000001") == {
        "kind": "Scheduled",
        "properties": {
            "displayName": "[Mail] every field that a scheduled rule has]",
            "description": (
                "Finds mail.\n\nWhat it means: Somebody sent an invoice.\n\n"
                "Questions to decide:\n- Is the sender known?\n- Was a link clicked?\n\n"
                "Known benign causes:\n- The finance department\n\nIf it is real:\n- Purge the message"
            ),
            "enabled": True,
            "severity": "High",
            "query": (
                'Mail(5)\n| where Subject has "invoice"\n'
                '| project TimeGenerated, Sender, SenderIP, Recipients = "a", Severity = "High"'
            ),
            "queryFrequency": "PT1H",
            "queryPeriod": "P14D",
            "triggerOperator": "GreaterThan",
            "triggerThreshold": 0,
            "suppressionEnabled": True,
            "suppressionDuration": "PT5H",
            "tactics": ["InitialAccess", "DefenseEvasion"],
            "techniques": ["T1566", "T1656"],
            "subTechniques": ["T1566.002", "T1566.001"],
            "entityMappings": [
                {"entityType": "IP", "fieldMappings": [{"identifier": "Address", "columnName": "SenderIP"}]}
            ],
            "customDetails": {"Recipients": "Recipients"},
            "alertDetailsOverride": {
                "alertDisplayNameFormat": "Invoice from {{Sender}}",
                "alertSeverityColumnName": "Severity",
                "alertDynamicProperties": [{"alertProperty": "RemediationSteps", "value": "Recipients"}],
            },
            "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
            "incidentConfiguration": {
                "createIncident": True,
                "groupingConfiguration": {
                    "enabled": True,
                    "reopenClosedIncident": False,
                    "lookbackDuration": "PT12H",
                    "matchingMethod": "Selected",
                    "groupByEntities": ["IP"],
                    "groupByCustomDetails": ["Recipients"],
                },
            },
        },
    }


def test_a_plain_rule_gets_the_portal_defaults_and_no_empty_fields(compiled: CompiledContent) -> None:
    assert body(compiled, "0d1c2b3a-0000-4000-8000-000000000002")["properties"] == {
        "displayName": "A plain rule",
        "enabled": True,
        "severity": "Low",
        "query": 'MailLog_CL\n| where Subject == "x"',
        "queryFrequency": "PT5M",
        "queryPeriod": "PT1H",
        "triggerOperator": "LessThan",
        "triggerThreshold": 1,
        "suppressionEnabled": False,
        "suppressionDuration": "PT5H",
        "tactics": ["InitialAccess"],
        "techniques": ["T1566"],
        "incidentConfiguration": {"createIncident": True},
    }


def test_only_what_needs_a_preview_version_gets_it(compiled: CompiledContent) -> None:
    versions = {one.title: one.api_version for one in compiled.resources if one.type == "alertRules"}
    assert versions == {
        "A plain rule": "2025-09-01",
        "A near-real-time rule": "2025-10-01-preview",
        "[Mail] every field that a scheduled rule has]": "2025-10-01-preview",
    }


def test_a_parser_is_a_workspace_function(compiled: CompiledContent) -> None:
    assert body(compiled, "Mail")["properties"] == {
        "category": "Function",
        "displayName": "Mail, normalised",
        "functionAlias": "Mail",
        "functionParameters": "least:long=1, domain:string='*'",
        "query": "MailLog_CL\n| where Size > least and Sender !in ((_GetWatchlist('MailPartners') | project Domain))",
        "version": 2,
    }


def test_a_watchlist_carries_its_rows(compiled: CompiledContent) -> None:
    properties = body(compiled, "MailPartners")["properties"]
    assert properties["rawContent"] == 'Domain,Note\ncontoso.com,"first, and best"\nfabrikam.com,\n'
    assert properties["itemsSearchKey"] == "Domain"
    assert properties["source"] == "MailPartners.csv"


def test_a_custom_table_has_the_type_names_of_the_api(compiled: CompiledContent) -> None:
    columns = body(compiled, "MailLog_CL")["properties"]["schema"]["columns"]
    assert {column["name"]: column["type"] for column in columns} == {
        "TimeGenerated": "dateTime",
        "Sender": "string",
        "SenderIP": "string",
        "Subject": "string",
        "Size": "long",
        "Delivered": "boolean",
    }


def test_a_deployment_record_ties_a_rule_to_its_file(compiled: CompiledContent) -> None:
    rule = "0d1c2b3a-0000-4000-8000-000000000001"
    properties = body(compiled, f"analyticsrule-{rule}")["properties"]
    assert properties["kind"] == "AnalyticsRule"
    assert properties["contentId"] == rule
    assert properties["version"] == "1.2.3"
    assert properties["source"] == {
        "kind": "SourceRepository",
        "name": "tocsin",
        "sourceId": "detections/mail/everything.yaml",
    }
    assert properties["parentId"].endswith(f"/providers/Microsoft.SecurityInsights/alertRules/{rule}")
    assert properties["parentId"].startswith("/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/")


def test_a_template_version_is_sent_with_its_template_only(tmp_path: Path) -> None:
    for template, expected in ((None, None), ("0d1c2b3a-0000-4000-8000-00000000000f", "1.0.0")):
        root = changed(tmp_path / str(template), "detections/mail/plain.yaml", "severity: Low",
                       "severity: Low\ntemplateVersion: 1.0.0"
                       + (f"\nalertRuleTemplateName: {template}" if template else ""))  # fmt: skip
        rule = body(compile_content(load_repository(root)), "0d1c2b3a-0000-4000-8000-000000000002")
        assert rule["properties"].get("templateVersion") == expected


REFUSED = {
    "a query of more than 10,000 characters": (
        "detections/mail/plain.yaml", '  | where Subject == "x"', '  | where Subject == "' + "x" * 10_000 + '"',
        "COMP001", 12,
    ),
    "an identifier that the entity type does not have": (
        "detections/mail/everything.yaml", "identifier: Address,", "identifier: Adress,", "COMP002", 23,
    ),
    "a name of a custom detail that is too long": (
        "detections/mail/everything.yaml", "customDetails:\n", "customDetails:\n  RecipientsOfTheMessage: Sender\n",
        "COMP003", 25,
    ),
    "more than three columns in a title": (
        "detections/mail/everything.yaml", "Invoice from {{Sender}}", "{{A}} {{B}} {{C}} {{D}}", "COMP004", 27,
    ),
    "grouping by an entity that is not mapped": (
        "detections/mail/everything.yaml", "groupByEntities: [IP]", "groupByEntities: [Host]", "COMP005", 39,
    ),
    "a period shorter than the frequency": (
        "detections/mail/plain.yaml", "queryFrequency: 5m", "queryFrequency: 2h", "COMP006", 7,
    ),
    "a long period with a short frequency": (
        "detections/mail/plain.yaml", "queryPeriod: 60m", "queryPeriod: 2d", "COMP006", 6,
    ),
    "suppression shorter than the frequency": (
        "detections/mail/everything.yaml", "suppressionDuration: 5h", "suppressionDuration: 30m", "COMP006", 19,
    ),
    "a name of more than 256 characters": (
        "detections/mail/plain.yaml", "name: A plain rule", "name: " + "n" * 257, "COMP008", 2,
    ),
    "a function name that is reserved": (
        "parsers/Mail.yaml", "ParserName: Mail", "ParserName: _Mail", "COMP011", 4,
    ),
    "a column type that tables do not have": (
        "parsers/tables/MailLog_CL.yaml", "{name: Size, type: long}", "{name: Size, type: timespan}", "COMP012", 8,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_expressed_is_a_finding_at_its_place(
    case: tuple[str, str, str, str, int], tmp_path: Path
) -> None:
    file, old, new, code, line = case
    content = compile_content(load_repository(changed(tmp_path, file, old, new)))
    assert {one.code for one in content.findings} == {code}
    assert (content.findings[0].location.file, content.findings[0].location.line) == (file, line)
    assert content.refused
    assert content.findings[0].message
    assert content.findings[0].help


def test_the_limit_is_10_entity_mappings(tmp_path: Path) -> None:
    one = "  - entityType: IP\n    fieldMappings:\n      - {identifier: Address, columnName: SenderIP}\n"
    file = "detections/mail/everything.yaml"
    ten = compile_content(load_repository(changed(tmp_path / "10", file, one, one * 10)))
    eleven = compile_content(load_repository(changed(tmp_path / "11", file, one, one * 11)))
    assert ten.findings == ()
    assert [finding.code for finding in eleven.findings] == ["COMP002"]


def test_a_guide_that_does_not_fit_is_left_out_by_whole_sections_and_reported(tmp_path: Path) -> None:
    root = changed(tmp_path, "detections/mail/everything.yaml", "  Finds mail.", "  " + "m" * 4_900)
    content = compile_content(load_repository(root))
    assert [finding.code for finding in content.findings] == ["COMP010"]
    assert not content.refused
    description = body(content, "0d1c2b3a-0000-4000-8000-000000000001")["properties"]["description"]
    assert description == "m" * 4_900 + "\n\nWhat it means: Somebody sent an invoice."


@pytest.mark.parametrize("spare", [0, 1])
def test_the_description_may_fill_the_limit_to_the_last_character(spare: int) -> None:
    triage = Triage(meaning="x")
    guide = "\n\nWhat it means: x"
    description = "d" * (DESCRIPTION_LIMIT - len(guide) + spare)
    text, complete = description_with_triage(description, triage)
    assert complete is (spare == 0)
    assert text == (description + guide if spare == 0 else description)


def changed(root: Path, file: str, old: str, new: str) -> Path:
    """A copy of the content with one text replaced."""
    shutil.copytree(CONTENT, root, dirs_exist_ok=True)
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")
    return root
