"""``tocsin preview`` on a small repository of content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli import app

RULE = "detections/family/rule.yaml"
TESTS = "tests/detections/family/rule.test.yaml"
NAME = "family/rule"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["preview", *arguments])


def change(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def view(*arguments: str) -> dict[str, object]:
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    shown: dict[str, object] = json.loads(result.stdout)
    return shown


@pytest.mark.parametrize("name", [NAME, RULE, "./" + RULE, TESTS, f"{NAME}.yaml"])
def test_without_a_case_the_first_that_alerts_is_shown(root: Path, name: str) -> None:
    result = run(name)
    assert result.exit_code == 0, result.output
    for text in (
        "Incident 1", "MEDIUM", "Mail from attacker@example.com to kim@contoso.com", "203.0.113.7", "Initial Access",
        "T1566 Phishing", "Custom details", "attacker@example.com", "Triage guide", "every hour",
    ):  # fmt: skip
        assert text in result.output


def test_a_file_by_its_whole_path(root: Path) -> None:
    assert "Incident 1" in run(str(root / RULE)).output


def test_a_quiet_case_in_front_is_passed_over(root: Path) -> None:
    change(
        root, TESTS, "cases:\n", "cases:\n  - name: quiet\n    given: {EmailEvents: []}\n    expect: {alerts: none}\n"
    )
    assert view(NAME)["case"] == "mail from the hostile address raises one alert"
    assert view(NAME, "2")["case"] == "mail from the hostile address raises one alert"
    result = run(NAME, "quiet")
    assert result.exit_code == 1
    assert "raises no alert" in result.stderr
    assert f"tocsin explain {NAME} 1 shows" in result.stderr


def test_json_of_a_quiet_case_has_no_alerts(root: Path) -> None:
    change(
        root, TESTS, "cases:\n", "cases:\n  - name: quiet\n    given: {EmailEvents: []}\n    expect: {alerts: none}\n"
    )
    result = run(NAME, "quiet", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["alerts"] == []


def test_when_no_case_alerts_it_points_to_explain(root: Path) -> None:
    (root / TESTS).write_text(
        f"detection: {NAME}\nnow: 2025-07-15T10:00:00Z\ncases:\n"
        "  - {name: quiet, given: {EmailEvents: []}, expect: {alerts: none}}\n",
        encoding="utf-8",
    )
    result = run(NAME)
    assert result.exit_code == 1
    assert f"tocsin explain {NAME} all" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("family/rul",), ["there is no detection family/rul", "did you mean family/rule?"]),
        ((NAME, "99"), ["there is no case 99", "cases 1 to"]),
        ((NAME, "no such words"), ["no case holds", "  1  mail from the hostile"]),
        ((NAME, "a"), ["cases hold", "  1  mail from the hostile"]),
        ((NAME, "--portal", "azure"), ["there is no portal", "sentinel, defender"]),
        ((NAME, "--root", "nowhere"), ["no folder"]),
    ],
)
def test_what_cannot_be_meant_ends_with_what_there_is(root: Path, arguments: tuple[str, ...], says: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    for words in says:
        assert words in result.stderr


def test_the_page_is_written_and_nothing_else(root: Path) -> None:
    result = run(NAME, "--html", "out/page.html")
    assert result.exit_code == 0
    assert result.stdout == ""
    page = (root / "out/page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Mail from attacker@example.com to kim@contoso.com</h2>" in page


def test_defanged_values_and_whole_content(root: Path) -> None:
    shown = view(NAME, "--defang")
    assert shown["alerts"][0]["title"] == "Mail from attacker[@]example[.]com to kim[@]contoso[.]com"  # type: ignore[index]
    assert "203.0.113.7" not in json.dumps(shown["alerts"][0]["entities"])  # type: ignore[index]


def test_the_portal_is_that_of_the_option_the_test_the_settings_in_this_order(root: Path) -> None:
    assert view(NAME)["portal"] == "sentinel"
    (root / "tocsin.toml").write_text('[sentinel]\nportal = "defender"\nscheduled-delay = "7m"\n', encoding="utf-8")
    shown = view(NAME)
    assert shown["portal"] == "defender"
    assert shown["incidents"][0]["created"] == "2025-07-15 10:07:00Z"  # type: ignore[index]
    change(root, TESTS, "now:", "portal: sentinel\nnow:")
    assert view(NAME)["portal"] == "sentinel"
    defender = view(NAME, "--portal", "defender")
    assert defender["incidents"][0]["status"] == "Active (New in SecurityIncident)"  # type: ignore[index]
    assert dict(defender["portal_notes"])["Correlation"]  # type: ignore[call-overload]


def test_a_rule_without_incidents_shows_its_alerts(root: Path) -> None:
    change(
        root, RULE, "eventGroupingSettings:", "incidentConfiguration: {createIncident: false}\neventGroupingSettings:"
    )
    shown = view(NAME)
    assert shown["incidents"] == []
    assert shown["without_incident"] == [1]
    assert "createIncident: false" in run(NAME).output


def test_a_broken_query_or_test_file_is_told_with_its_place(root: Path) -> None:
    change(root, RULE, "SenderFromAddress =~", "SenderFromAdress =~")
    result = run(NAME)
    assert result.exit_code == 1
    assert f"{RULE}:20:43" in result.stderr
    (root / TESTS).write_text("detection: [", encoding="utf-8")
    result = run(NAME)
    assert result.exit_code == 2
    assert TESTS in result.stderr


def test_a_detection_without_tests_says_what_to_write(root: Path) -> None:
    (root / TESTS).unlink()
    result = run(NAME)
    assert result.exit_code == 2
    assert TESTS in result.stderr


def test_a_case_over_time_shows_each_alert_with_the_rows_of_its_run(root: Path) -> None:
    (root / TESTS).write_text(
        f"detection: {NAME}\n"
        "cases:\n"
        "  - name: twice\n"
        "    period: {from: 2025-07-15T10:00:00Z, to: 2025-07-15T12:00:00Z}\n"
        "    given:\n"
        "      EmailEvents:\n"
        "        - record: &one {TimeGenerated: 2025-07-15T09:30:00Z, SenderFromAddress: attacker@example.com,"
        " EmailDirection: Inbound, SenderIPv4: 203.0.113.7, RecipientEmailAddress: a@contoso.com}\n"
        "        - record: {TimeGenerated: 2025-07-15T11:30:00Z, SenderFromAddress: attacker@example.com,"
        " EmailDirection: Inbound, SenderIPv4: 203.0.113.8, RecipientEmailAddress: b@contoso.com}\n"
        "    expect: {alerts: 2}\n".replace("&one ", ""),
        encoding="utf-8",
    )
    shown = view(NAME)
    alerts = shown["alerts"]
    assert [one["run"] for one in alerts] == ["2025-07-15 10:00:00Z", "2025-07-15 12:00:00Z"]  # type: ignore[attr-defined]
    for one, address in zip(alerts, ("203.0.113.7", "203.0.113.8"), strict=True):  # type: ignore[call-overload]
        assert address in one["rows"][0]
        assert one["entities"][0]["entities"][0]["name"] == address
