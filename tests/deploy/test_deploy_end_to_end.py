"""From content to a workspace and back: plan, apply, change, plan again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deploy_workbench import Workbench

from tocsin.deploy.apply import apply_plan
from tocsin.deploy.client import DUMMY_TOKEN, Answer, WorkspaceClient
from tocsin.deploy.dev_server import Fault
from tocsin.deploy.errors import AliasTaken, ChangedSincePlan, ContentRefused, RequestRefused, ServiceUnavailable
from tocsin.deploy.plan import Action, Change, Drift, Plan
from tocsin.deploy.rendering import plan_to_json, render_plan, summary_line

PLAIN = "0d1c2b3a-0000-4000-8000-000000000002"
NEAR_REAL_TIME = "0d1c2b3a-0000-4000-8000-000000000003"
STABLE, PREVIEW = "2025-09-01", "2025-10-01-preview"


def change_of(plan: Plan, name: str) -> Change:
    found = [change for change in plan.changes if change.resource.name == name]
    assert len(found) == 1
    return found[0]


def changed_names(plan: Plan) -> list[str]:
    return [change.resource.name for change in plan.changes if change.action is not Action.UNCHANGED]


def test_everything_is_created_once(workbench: Workbench) -> None:
    plan = workbench.plan()
    assert summary_line(plan) == "Plan: 6 to create, 0 to update, 0 unchanged."
    result = apply_plan(plan, workbench.client)
    assert result.ok
    assert result.summary() == "Applied: 6 created, 0 updated, 0 unchanged."
    again = workbench.plan()
    assert render_plan(again) == "No changes.\n"
    assert not again.has_changes
    before = len([request for request in workbench.server.requests if request.startswith("PUT")])
    assert apply_plan(again, workbench.client).summary() == "No changes."
    assert len([request for request in workbench.server.requests if request.startswith("PUT")]) == before


def test_what_rules_read_is_written_before_them_and_records_after_their_content(workbench: Workbench) -> None:
    workbench.deploy()
    written = [request.split("/")[-2:] for request in workbench.server.requests if request.startswith("PUT")]
    assert [kind for kind, _ in written] == [
        "tables", "watchlists", "metadata", "savedSearches", "metadata",
        "alertRules", "metadata", "alertRules", "metadata", "alertRules", "metadata",
    ]  # fmt: skip


def test_a_changed_field_is_shown_and_deployed(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.edit("detections/mail/plain.yaml", "severity: Low", "severity: High")
    workbench.edit("detections/mail/plain.yaml", '  | where Subject == "x"', '  | where Subject == "y"')
    plan = workbench.plan()
    assert changed_names(plan) == [PLAIN]
    change = change_of(plan, PLAIN)
    assert [(field.path, field.old, field.new) for field in change.content.fields] == [
        ("properties.query", 'MailLog_CL\n| where Subject == "x"', 'MailLog_CL\n| where Subject == "y"'),
        ("properties.severity", "Low", "High"),
    ]
    assert change.drift is Drift.NONE
    assert render_plan(plan) == (
        "Changes for dev-workspace (dev):   + create   ~ update\n"
        "\n"
        f'~ rule "A plain rule" ({PLAIN})\n'
        "    # detections/mail/plain.yaml\n"
        "    ~ query:\n"
        "        @@ -1,2 +1,2 @@\n"
        "         MailLog_CL\n"
        '        -| where Subject == "x"\n'
        '        +| where Subject == "y"\n'
        '    ~ severity: "Low" -> "High"\n'
        "\n"
        "Plan: 0 to create, 1 to update, 5 unchanged.\n"
    )
    assert apply_plan(plan, workbench.client).summary() == "Applied: 0 created, 1 updated, 5 unchanged."
    assert not workbench.plan().has_changes
    there = workbench.client.get("alertRules", PLAIN, STABLE)
    assert there is not None
    assert there.body["properties"]["severity"] == "High"


def test_a_change_made_in_the_portal_is_told_from_one_in_git(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.change_in_portal("alertRules", PLAIN, STABLE, lambda rule: rule.update(enabled=False))
    plan = workbench.plan()
    assert change_of(plan, PLAIN).drift is Drift.CHANGED
    text = render_plan(plan)
    assert text.startswith(f'Outside git since the last deployment:\n  ! rule "A plain rule" ({PLAIN}) was changed\n\n')
    assert "    ~ enabled: false -> true\n" in text
    workbench.edit("detections/mail/plain.yaml", "severity: Low", "severity: High")
    assert change_of(workbench.plan(), PLAIN).drift is Drift.CONFLICT
    workbench.edit("detections/mail/plain.yaml", "severity: High", "severity: Low\nenabled: false")
    adopted = change_of(workbench.plan(), PLAIN)
    assert (adopted.drift, adopted.content.action, adopted.action) == (Drift.NONE, Action.UNCHANGED, Action.UPDATE)
    assert "only its deployment record is written" in render_plan(workbench.plan())
    workbench.deploy()
    assert not workbench.plan().has_changes


def test_a_rule_deleted_in_the_portal_is_pointed_out(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.client.delete("alertRules", PLAIN, STABLE)
    plan = workbench.plan()
    assert (change_of(plan, PLAIN).action, change_of(plan, PLAIN).drift) == (Action.CREATE, Drift.DELETED)
    assert "was deleted" in render_plan(plan)
    result = apply_plan(plan, workbench.client)
    assert [type(failure.error) for failure in result.failures] == [RequestRefused]
    assert "recently deleted" in str(result.failures[0].error)


def test_a_preview_only_field_set_in_the_portal_is_reset_by_the_preview(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.change_in_portal("alertRules", PLAIN, PREVIEW, lambda rule: rule.update(subTechniques=["T1566.001"]))
    change = change_of(workbench.plan(), PLAIN)
    assert [(field.path, field.new) for field in change.content.fields] == [("properties.subTechniques", None)]
    assert change.resource.api_version == PREVIEW


def test_an_etag_that_is_out_of_date_stops_the_write(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.edit("detections/mail/plain.yaml", "severity: Low", "severity: High")
    workbench.edit("detections/mail/near_real_time.yaml", "Informational", "Low")
    plan = workbench.plan()
    workbench.change_in_portal("alertRules", PLAIN, STABLE, lambda rule: rule.update(enabled=False))
    result = apply_plan(plan, workbench.client)
    assert [(failure.change.resource.name, type(failure.error)) for failure in result.failures] == [
        (PLAIN, ChangedSincePlan)
    ]
    assert "changed since the plan" in result.failures[0].error.message
    assert result.summary() == "Applied: 0 created, 1 updated, 4 unchanged, 1 failed, 0 not tried."
    there = workbench.client.get("alertRules", PLAIN, STABLE)
    assert there is not None
    assert (there.body["properties"]["severity"], there.body["properties"]["enabled"]) == ("Low", False)
    assert workbench.deploy().ok
    assert not workbench.plan().has_changes


def test_a_rule_that_appeared_since_the_plan_is_not_overwritten(workbench: Workbench) -> None:
    plan = workbench.plan()
    rule = change_of(plan, PLAIN).resource.body
    foreign = {**rule, "properties": {**rule["properties"], "displayName": "somebody else's"}}
    workbench.client.put("alertRules", PLAIN, STABLE, foreign)
    result = apply_plan(plan, workbench.client)
    assert [type(failure.error) for failure in result.failures] == [ChangedSincePlan]


def test_rows_of_a_watchlist_are_added_and_removed(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.edit("parsers/watchlists/MailPartners.csv", "fabrikam.com,", "adatum.com,new")
    plan = workbench.plan()
    assert changed_names(plan) == ["MailPartners"]
    text = render_plan(plan)
    assert '    - row: {"Domain": "fabrikam.com", "Note": ""}\n' in text
    assert '    + row: {"Domain": "adatum.com", "Note": "new"}\n' in text
    assert apply_plan(plan, workbench.client).ok
    items = workbench.client.list("watchlistItems", STABLE, "MailPartners")
    assert sorted(item["properties"]["itemsKeyValue"]["Domain"] for item in items) == ["adatum.com", "contoso.com"]
    assert not workbench.plan().has_changes


def test_columns_that_git_does_not_know_stay_in_a_table(workbench: Workbench) -> None:
    workbench.deploy()

    def add_column(table: dict[str, Any]) -> None:
        schema = table["schema"]
        table["schema"] = {"name": schema["name"], "columns": [*schema["columns"], {"name": "Extra", "type": "string"}]}
        table.pop("provisioningState")

    workbench.change_in_portal("tables", "MailLog_CL", "2026-03-01", add_column)
    assert not workbench.plan().has_changes
    workbench.edit("parsers/tables/MailLog_CL.yaml", "  - {name: Sender}\n", "  - {name: Sender}\n  - {name: New}\n")
    plan = workbench.plan()
    assert changed_names(plan) == ["MailLog_CL"]
    assert "the column Extra is not in git; it is kept" in render_plan(plan)
    assert apply_plan(plan, workbench.client).ok
    there = workbench.client.get("tables", "MailLog_CL", "2026-03-01")
    assert there is not None
    assert {"Extra", "New"} <= {column["name"] for column in there.body["properties"]["schema"]["columns"]}
    assert not workbench.plan().has_changes


def test_content_of_others_is_counted_and_left_alone(workbench: Workbench) -> None:
    workbench.deploy()
    rule = dict(change_of(workbench.plan(), PLAIN).resource.body)
    workbench.client.put("alertRules", "11111111-0000-4000-8000-000000000000", STABLE, rule)
    plan = workbench.plan()
    assert dict(plan.unmanaged) == {"alertRules": 1}
    assert render_plan(plan) == "1 rule in the workspace not managed here; left alone.\n\nNo changes.\n"


def test_a_function_of_the_same_alias_elsewhere_is_refused(workbench: Workbench) -> None:
    body = {"properties": {"category": "x", "displayName": "y", "query": "T", "functionAlias": "Mail"}}
    workbench.client.put("savedSearches", "made-by-hand", "2026-03-01", body)
    with pytest.raises(AliasTaken, match="made-by-hand"):
        workbench.plan()


def test_content_with_errors_is_never_compared(workbench: Workbench) -> None:
    workbench.edit("detections/mail/plain.yaml", "queryPeriod: 60m", "queryPeriod: 1m")
    with pytest.raises(ContentRefused, match=r"detections/mail/plain\.yaml:7.* COMP006"):
        workbench.plan()
    assert workbench.server.requests == []


@pytest.mark.parametrize(
    "faults",
    [[Fault(429, retry_after=0), Fault(503)], [Fault(drop=True)], [Fault(500), Fault(502)]],
    ids=["throttled", "dropped", "broken"],
)
def test_throttling_and_short_failures_are_waited_out(workbench: Workbench, faults: list[Fault]) -> None:
    plan = workbench.plan()
    workbench.server.fail_next(*faults)
    assert apply_plan(plan, workbench.client).summary() == "Applied: 6 created, 0 updated, 0 unchanged."
    first = [request for request in workbench.server.requests if "/tables/" in request and request.startswith("PUT")]
    assert len(first) == len(faults) + 1


def test_a_lost_answer_is_not_taken_for_somebody_elses_change(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.edit("detections/mail/plain.yaml", "severity: Low", "severity: High")
    plan = workbench.plan()
    workbench.server.fail_next(Fault(503, after=True))
    assert apply_plan(plan, workbench.client).ok
    assert not workbench.plan().has_changes


class Interrupted(Exception):
    """The process ended here."""


class InterruptedClient(WorkspaceClient):
    """Lets so many writes through and then ends: before the next one, or right after it."""

    def __init__(self, client: WorkspaceClient, writes: int, after: bool) -> None:
        self._environment, self._client = client._environment, client._client
        self.left, self.after = writes, after

    def put(self, *arguments: Any, **options: Any) -> Answer:
        self.left -= 1
        if self.left < 0 and not self.after:
            raise Interrupted
        answer = super().put(*arguments, **options)
        if self.left < 0:
            raise Interrupted
        return answer


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("writes", range(11))
def test_stopping_anywhere_and_running_again_converges(workbench: Workbench, writes: int, after: bool) -> None:
    with pytest.raises(Interrupted):
        apply_plan(workbench.plan(), InterruptedClient(workbench.client, writes, after))
    done = len(workbench.server.requests)
    plan = workbench.plan()
    assert plan.has_changes is not (writes == 10 and after)
    assert all(change.drift in (Drift.NONE, Drift.UNKNOWN) for change in plan.changes)
    assert workbench.deploy().ok
    assert not workbench.plan().has_changes
    assert done < len(workbench.server.requests)


def test_a_failing_parser_keeps_the_rules_from_being_deployed(workbench: Workbench) -> None:
    plan = workbench.plan()

    def progress(change: Change, _: int, __: int) -> None:
        if change.resource.type == "savedSearches":
            workbench.server.fail_next(*[Fault(500)] * 3)

    result = apply_plan(plan, workbench.client, progress)
    assert [failure.change.resource.name for failure in result.failures] == ["Mail"]
    assert isinstance(result.failures[0].error, ServiceUnavailable)
    assert result.summary() == "Applied: 2 created, 0 updated, 0 unchanged, 1 failed, 3 not tried."
    assert not [request for request in workbench.server.requests if "alertRules/" in request]


def test_the_plan_as_json_keeps_fields_and_etags_and_no_secret(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.edit("detections/mail/plain.yaml", "severity: Low", "severity: High")
    data = json.loads(json.dumps(plan_to_json(workbench.plan())))
    assert data["summary"] == {"create": 0, "update": 1, "unchanged": 5}
    change = next(change for change in data["changes"] if change["name"] == PLAIN)
    assert change["source"] == "detections/mail/plain.yaml:1:5"
    assert change["content"]["fields"] == [{"path": "properties.severity", "old": "Low", "new": "High"}]
    there = workbench.client.get("alertRules", PLAIN, STABLE)
    assert there is not None
    assert change["content"]["etag"] == there.etag
    assert DUMMY_TOKEN not in json.dumps(data)


def test_text_from_the_workspace_cannot_steer_the_terminal(workbench: Workbench) -> None:
    workbench.deploy()
    workbench.change_in_portal(
        "alertRules", PLAIN, STABLE, lambda rule: rule.update(query="a\n\x1b[2J\u202eb", displayName="\x1b[31mred")
    )
    text = render_plan(workbench.plan())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\u001b[2J" in text
