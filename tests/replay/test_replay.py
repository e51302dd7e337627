"""``tocsin replay`` as people and pipelines call it, over logs and rules made here."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli import app
from tocsin.content.repository import load_repository
from tocsin.replay.running import replay
from tocsin.replay.share import Request, Share
from tocsin.replay.sources import find_files
from tocsin.replay.summary import figures_of
from tocsin.sentinel.behaviour import Behaviour

DAY = "2026-09-14"
SIGN_INS = """\
id: 11111111-2222-4333-8444-555555555555
name: Sign-ins that fail
version: 1.0.0
kind: Scheduled
description: Counts them.
severity: Medium
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
tactics: [CredentialAccess]
relevantTechniques: [T1110]
query: |
  SigninLogs
  | where ResultType != '0'
  | summarize TimeGenerated = max(TimeGenerated), Failures = count() by UserPrincipalName, IPAddress
  | where Failures >= 3
entityMappings:
  - entityType: Account
    fieldMappings: [{identifier: FullName, columnName: UserPrincipalName}]
  - entityType: IP
    fieldMappings: [{identifier: Address, columnName: IPAddress}]
alertDetailsOverride:
  alertDisplayNameFormat: "{{UserPrincipalName}} failed {{Failures}} times"
eventGroupingSettings: {aggregationKind: AlertPerResult}
incidentConfiguration: {createIncident: true}
"""
ON_ALERTS = """\
id: 21111111-2222-4333-8444-555555555555
name: Alerts about one account
version: 1.0.0
kind: Scheduled
description: Reads what other rules raised.
severity: High
queryFrequency: 1h
queryPeriod: 1d
triggerOperator: gt
triggerThreshold: 0
tactics: [CredentialAccess]
relevantTechniques: [T1110]
query: |
  SecurityAlert
  | where AlertName has 'failed'
  | summarize TimeGenerated = max(TimeGenerated), Alerts = count() by Title = DisplayName
"""
MAILS = """\
id: 31111111-2222-4333-8444-555555555555
name: Mails from one address
version: 1.0.0
kind: Scheduled
description: A second table.
severity: Low
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
tactics: [InitialAccess]
relevantTechniques: [T1566]
query: EmailEvents | where SenderIPv4 == '203.0.113.7' | project TimeGenerated, SenderIPv4
"""
BROKEN = MAILS.replace("31111111", "41111111").replace("SenderIPv4 ==", "SenderIpv4 ==").replace("Mails from", "Broken")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A repository of three rules, one of which reads the alerts of others."""
    root = tmp_path / "content"
    for name, text in (("signins", SIGN_INS), ("on_alerts", ON_ALERTS), ("mails", MAILS)):
        path = root / "detections" / "family" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def sign_in(time: str, user: str = "a@contoso.com", result: str = "50126", **more: Any) -> dict[str, Any]:
    """A record of SigninLogs."""
    record = {"UserPrincipalName": user, "IPAddress": "203.0.113.7", "ResultType": result, "AppDisplayName": "unread"}
    return {"TimeGenerated": f"{DAY}T{time}Z", **record, **more}


def jsonl(records: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Logs of an hour with one account that fails three times, and one mail."""
    folder = tmp_path / "logs"
    folder.mkdir()
    tries = [sign_in(f"10:{minute}:00") for minute in (10, 20, 30)]
    (folder / "SigninLogs.jsonl").write_text(jsonl([*tries, sign_in("10:40:00", "b@contoso.com")]), encoding="utf-8")
    mail = {"TimeGenerated": f"{DAY}T12:30:00Z", "SenderIPv4": "203.0.113.7"}
    (folder / "EmailEvents.json").write_text(json.dumps([mail]), encoding="utf-8")
    return folder


def run(content: Path, logs: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["replay", str(logs), "--root", str(content), *arguments])


def answer(content: Path, logs: Path, *arguments: str) -> dict[str, Any]:
    result = run(content, logs, "--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def alerts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one["title"], one["run"][11:16]) for one in found["alerts"]]


def test_alerts_come_at_the_runs_after_their_events_and_rules_that_read_alerts_see_them(
    content: Path, logs: Path
) -> None:
    found = answer(content, logs)
    assert (found["from"][11:16], found["to"][11:16]) == ("10:00", "13:00")
    assert alerts(found) == [
        ("a@contoso.com failed 3 times", "11:00"),
        ("Alerts about one account", "12:00"),
        ("Mails from one address", "13:00"),
        ("Alerts about one account", "13:00"),
    ]
    assert [rule["rule"] for rule in found["rules"]] == ["family/mails", "family/on_alerts", "family/signins"]
    assert all(rule["runs"] == {"ran": 4} for rule in found["rules"])
    assert [one["title"] for one in found["incidents"]] == [title for title, _ in alerts(found)]
    assert found["entities"][0]["rules"] == ["family/signins"]


def test_several_processes_find_what_one_finds(content: Path, logs: Path) -> None:
    one, two = answer(content, logs, "-n", "1"), answer(content, logs, "-n", "2")
    for found in (one, two):
        del found["seconds"], found["secondsReading"]
        for rule in found["rules"]:
            del rule["seconds"]
    assert one == two


def test_rules_and_the_stretch_are_chosen(content: Path, logs: Path) -> None:
    found = answer(content, logs, "-k", "SIGN", "--from", f"{DAY}T10:15:00Z", "--to", f"{DAY}T12:00:00Z")
    assert [rule["rule"] for rule in found["rules"]] == ["family/signins"]
    # The windows begin at 09:15, 10:15: the first holds the first failure, no window holds all three.
    assert alerts(found) == []
    assert answer(content, logs, "--rule", "family/mails")["events"] == 1


def test_late_records_are_told(content: Path, logs: Path) -> None:
    late = sign_in("10:50:00", "c@contoso.com", _IngestionTime=f"{DAY}T11:30:00Z")
    with (logs / "SigninLogs.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(jsonl([late]))
    rule = answer(content, logs, "-k", "signins")["rules"][0]
    assert rule["unseen"] == [{"table": "SigninLogs", "reason": "late", "events": 1}]
    assert rule["alertedTwice"] == 0
    assert rule["latency"] == {"from": "event", "best": 2100.0, "median": 2700.0, "worst": 3300.0}
    all_late = answer(content, logs, "-k", "signins", "--delay", "2h")["rules"][0]
    assert (all_late["alerts"], all_late["unseen"][0]["events"]) == (0, 5)


@pytest.mark.parametrize("portal", ["sentinel", "defender"])
def test_the_portal_makes_the_incidents(content: Path, logs: Path, portal: str) -> None:
    assert answer(content, logs, "--portal", portal)["portal"] == portal


def test_what_cannot_be_used_is_told_with_its_place_and_the_rest_is_used(content: Path, logs: Path) -> None:
    file = logs / "SigninLogs.jsonl"
    bad = [
        "{broken\n",
        "[1]\n",
        "\n",
        jsonl([sign_in("10:45:00", UserPrincipalName=5)]),
        jsonl([{"UserPrincipalName": "x"}]),
    ]
    file.write_text("".join(bad) + file.read_text(encoding="utf-8"), encoding="utf-8")
    found = answer(content, logs)
    placed = [(one["code"], one["line"]) for one in found["findings"] if one["file"].endswith("SigninLogs.jsonl")]
    assert placed == [("RPL001", 1), ("RPL001", 2), ("RPL002", 4)]
    assert found["tables"]["SigninLogs"]["records"] == 5
    assert found["tables"]["SigninLogs"]["leftOut"] == 1
    assert found["findingCounts"] == {"RPL001": 2, "RPL002": 1, "RPL003": 1}
    assert ("a@contoso.com failed 3 times", "11:00") in alerts(found)
    assert run(content, logs, "--strict").exit_code == 1


def test_only_the_first_findings_are_kept(content: Path, logs: Path) -> None:
    (logs / "SigninLogs.jsonl").write_text("x\n" * 500, encoding="utf-8")
    found = answer(content, logs)
    assert found["findingCounts"]["RPL001"] == 500
    assert len([one for one in found["findings"] if one["code"] == "RPL001"]) == 10
    assert "490 findings more" in run(content, logs).stdout


def test_a_rule_that_cannot_run_fails_the_replay(content: Path, logs: Path) -> None:
    (content / "detections" / "family" / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    result = run(content, logs)
    assert result.exit_code == 1
    assert "NOT RUN family/broken" in result.stdout
    assert "KS142" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--from", "yesterday"], "--from yesterday is no datetime"),
        (["--delay", "soon"], "--delay soon is no span of time"),
        (["--portal", "azure"], 'there is no portal "azure"'),
        (["--rule", "family/none"], "there is no detection family/none"),
        (["-k", "nothing like it"], "no rule is chosen"),
        (["--from", f"{DAY}T12:00:00Z", "--to", f"{DAY}T11:00:00Z"], "would end before it begins"),
    ],
)
def test_what_is_asked_for_must_make_sense(content: Path, logs: Path, arguments: list[str], says: str) -> None:
    result = run(content, logs, *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_folder_without_records_is_no_log(content: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run(content, empty)
    assert result.exit_code == 2
    assert "holds no records of EmailEvents, SecurityAlert, SigninLogs" in result.stderr
    assert run(content, tmp_path / "none").exit_code == 2


def test_alerts_and_incidents_are_written_as_logs_that_can_be_replayed(
    content: Path, logs: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    written = run(content, logs, "--alerts", f"{again}/SecurityAlert.jsonl", "--incidents", f"{again}/incidents.jsonl")
    assert written.exit_code == 0
    assert len((again / "incidents.jsonl").read_text(encoding="utf-8").splitlines()) == 4
    found = answer(content, again, "-k", "on_alerts")
    assert found["tables"]["SecurityAlert"]["records"] == 4
    assert found["rules"][0]["alerts"] > 0


def test_the_page_needs_nothing_else_and_escapes_what_logs_say(content: Path, logs: Path, tmp_path: Path) -> None:
    (logs / "SigninLogs.jsonl").write_text(
        jsonl(sign_in(f"10:{minute}:00", "<script>alert(1)</script>") for minute in (10, 20, 30)), encoding="utf-8"
    )
    page = tmp_path / "replay.html"
    assert run(content, logs, "--html", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; failed 3 times" in text
    assert "<script" not in text
    assert "http:" not in text
    assert "https:" not in text
    assert text.count('role="img"') == 3


def test_the_terminal_shows_a_timeline(content: Path, logs: Path) -> None:
    shown = run(content, logs).stdout
    assert "family/signins  1 alert, 1 incident" in shown
    line = next(line for line in shown.splitlines() if line.startswith("  10:00 "))
    assert len(line.split()[1]) == 48
    assert "from event to alert: best 35m, median 45m, worst 55m" in shown
    assert "incidents that Sentinel makes" in shown


# -------------------------------------------------------------------------------------------------------------- files

ROWS = [sign_in(f"10:{minute}:00") for minute in (10, 20, 30)]


def _query_answer(rows: list[dict[str, Any]]) -> str:
    columns = [{"name": name, "type": "string"} for name in rows[0]]
    return json.dumps(
        {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": [list(r.values()) for r in rows]}]}
    )


def _csv(rows: list[dict[str, Any]]) -> str:
    head = ",".join(rows[0]).replace("TimeGenerated", "TimeGenerated [UTC]")
    return "\n".join([head, *(",".join(row.values()) for row in rows)]) + "\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SigninLogs.jsonl", jsonl(ROWS)),
        ("SigninLogs.ndjson", "\ufeff" + jsonl(ROWS).replace("\n", "\r\n")),
        ("SigninLogs.json", json.dumps(ROWS)),
        ("SigninLogs.json", jsonl(ROWS)),
        ("SigninLogs.json", _query_answer(ROWS)),
        ("SigninLogs.csv", _csv(ROWS)),
        ("am-signinlogs/y=2026/m=09/d=14/PT1H.json", jsonl(ROWS)),
        ("signinlogs/first.jsonl", jsonl(ROWS)),
        ("SigninLogs/a.b.csv", _csv(ROWS)),
        ("SigninLogs.2026-09-14.jsonl", jsonl(ROWS)),
    ],
)
def test_exports_are_read(content: Path, tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "logs" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8", newline="")
    found = answer(content, tmp_path / "logs", "-k", "signins")
    assert found["findings"] == []
    assert alerts(found) == [("a@contoso.com failed 3 times", "11:00")]


def test_packed_files_are_read_and_broken_ones_told(content: Path, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    packed = gzip.compress(jsonl(ROWS).encode())
    (folder / "SigninLogs.jsonl.gz").write_bytes(packed)
    assert len(answer(content, folder, "-k", "signins")["alerts"]) == 1
    (folder / "SigninLogs.jsonl.gz").write_bytes(packed[:-20])
    found = answer(content, folder, "-k", "signins", "--from", DAY, "--to", DAY)
    assert found["findingCounts"]["RPL001"] == 1


def test_parquet_files_are_read(content: Path, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = tmp_path / "logs"
    folder.mkdir()
    table = arrow.Table.from_pylist(ROWS)
    times = arrow.array([text.rstrip("Z") for text in table.column("TimeGenerated").to_pylist()])
    stamps = times.cast(arrow.timestamp("us")).cast(arrow.timestamp("us", tz="UTC"))
    parquet.write_table(table.set_column(0, "TimeGenerated", stamps), folder / "SigninLogs.parquet")
    found = answer(content, folder, "-k", "signins")
    assert alerts(found) == [("a@contoso.com failed 3 times", "11:00")]
    assert found["tables"]["SigninLogs"]["first"] == f"{DAY}T10:10:00.0000000Z"


def test_parquet_without_its_library_says_what_to_install(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "SigninLogs.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run(content, folder, "-k", "signins")
    assert result.exit_code == 2
    assert 'pip install "tocsin[parquet]"' in result.stderr


def test_columns_that_no_rule_reads_are_not_kept(content: Path, logs: Path) -> None:
    repository = load_repository(content)
    request = Request(content, find_files(logs, ["SigninLogs"]), None, None, Behaviour())
    replayed = replay(request, repository, ["family/signins"], lambda name, done, total: None, 1)
    assert figures_of(replayed).events == 4
    share = Share(request, ["family/signins"], repository)
    share.load(lambda phase, name, done, total: None)
    held = {column.name for column in share._tables["SigninLogs"].columns}
    assert held == {"TimeGenerated", "ResultType", "UserPrincipalName", "IPAddress"}
