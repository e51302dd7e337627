"""``tocsin lint`` as people and pipelines call it: files anywhere, fixes, settings, baseline, changes, formats."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli import app

RULE = """\
# kept as it is
id: 11111111-2222-4333-8444-555555555555
name: The rule   # its name
severity: medium
queryFrequency: 1hour
queryPeriod: 2h
triggerOperator: ">"
triggerThreshold: 0
tactics: InitialAccess
relevantTechniques: [T1566]
query: |
  EmailEvents
  | where SenderIPv4 != ""
  | project TimeGenerated, SenderIPv4, RecipientEmailAddress
entityMappings:
  - entityType: IP
    fieldMappings: [{identifier: Address, columnName: SenderIPv4}]
alertDetailsOverride:
  alertDisplaynameFormat: 'Mail from {{SenderIPv4}}'
"""
FIXED = (
    RULE.replace("1hour", "1h")
    .replace('">"', '"gt"')
    .replace("tactics: InitialAccess", "tactics: [InitialAccess]")
    .replace("alertDisplaynameFormat", "alertDisplayNameFormat")
)
GOOD = FIXED
BROKEN = GOOD.replace("SenderIPv4 !=", "SenderIPv5 !=")


def lint(*arguments: object, text: bytes | None = None) -> Result:
    return CliRunner(env={"NO_COLOR": "1"}).invoke(app, ["lint", *map(str, arguments)], input=text)


def found(*arguments: object, text: bytes | None = None) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(lint(*arguments, "--format", "json", text=text).stdout)
    return listed


def codes(*arguments: object, text: bytes | None = None) -> list[str]:
    return [one["code"] for one in found(*arguments, text=text) if one["level"] == "error"]


def write(root: Path, name: str, text: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, "detections/mail/rule.yaml", BROKEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ------------------------------------------------------------------------------------------------- files anywhere


def test_a_file_on_its_own_is_checked_without_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "some/Where Else/x.yml", BROKEN)
    (error,) = (one for one in found("some/Where Else/x.yml") if one["level"] == "error")
    assert (error["code"], error["file"], error["line"]) == ("KS142", "some/Where Else/x.yml", 13)
    assert not [one for one in found("some") if one["code"].startswith(("TST", "KQL005"))]


def test_files_named_together_know_each_other(tmp_path: Path) -> None:
    rule = write(tmp_path, "a.yaml", GOOD.replace("EmailEvents\n", "Mails()\n"))
    parser = write(tmp_path, "b.yaml", "Parser: {Title: Mails, Version: 1.0.0}\nParserName: Mails\n"
                   "ParserQuery: EmailEvents\n")  # fmt: skip
    assert [one for one in found(rule) if "Mails" in one["message"]]
    assert not [one for one in found(rule, parser) if "Mails" in one["message"]]


def test_a_file_beside_the_folders_may_use_what_the_repository_has(repository: Path) -> None:
    write(repository, "parsers/Mails.yaml", "Parser: {Title: Mails, Version: 1.0.0}\nParserName: Mails\n"
          "ParserQuery: EmailEvents\n")  # fmt: skip
    draft = write(repository, "drafts/a.yaml", GOOD.replace("EmailEvents\n", "Mails()\n"))
    assert codes(draft) == []
    assert codes(draft, "detections") == ["KS142"]


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (error,) = (one for one in found("-", text=BROKEN.encode()) if one["level"] == "error")
    assert (error["file"], error["line"]) == ("stdin", 13)
    assert lint("-", "--fix", text=b"").exit_code == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x00\x01\x02", "YAML003"), (b"a: \xff", "YAML003"), (b"", "YAML012"), (b"- 1\n", "CONTENT014"),
        ("\ufeff".encode("utf-16"), "YAML003"), (b"a: [", "YAML001"), (b"x" * 2_000_001, "YAML010"),
        (b"id: x\nname: y\nquery: T\n", "CONTENT014"), (b"{" * 50_000, "YAML"), (b"[" * 10_000, "YAML"),
    ],
)  # fmt: skip
def test_a_file_that_is_nothing_is_a_finding(tmp_path: Path, content: bytes, code: str) -> None:
    result = lint(write(tmp_path, "a.yaml", content), "--format", "json")
    assert result.exit_code == 1, result.output
    assert json.loads(result.stdout)[0]["code"].startswith(code)


def test_other_yaml_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", GOOD)
    write(tmp_path, "workflow.yml", "on: push\njobs: {}\n")
    write(tmp_path, ".hidden/b.yaml", BROKEN)
    assert codes(tmp_path) == []
    assert "CONTENT014" in codes(tmp_path / "workflow.yml")


# ------------------------------------------------------------------------------------------------------------ fixes


def test_fix_corrects_what_can_only_have_been_meant_so(repository: Path) -> None:
    path = write(repository, "detections/mail/rule.yaml", b"\xef\xbb\xbf" + RULE.replace("\n", "\r\n").encode())
    before = path.read_bytes()
    shown = lint("--diff")
    assert shown.exit_code == 1
    assert "-queryFrequency: 1hour" in shown.stdout
    assert "+queryFrequency: 1h" in shown.stdout
    assert path.read_bytes() == before
    result = lint("--fix")
    assert result.exit_code == 0, result.output
    assert "4 findings corrected in 1 file" in result.stderr
    assert path.read_bytes() == b"\xef\xbb\xbf" + FIXED.replace("\n", "\r\n").encode()
    assert "0 findings corrected in 0 files" in lint("--fix").stderr
    assert lint("--diff").exit_code == 0


def test_what_may_mean_something_else_is_fixed_on_demand_only(repository: Path) -> None:
    path = write(repository, "detections/mail/rule.yaml", GOOD.replace("severity:", "severty:"))
    assert lint("--fix").exit_code == 1
    assert "severty:" in path.read_text("utf-8")
    assert lint("--fix", "--unsafe-fixes").exit_code == 0
    assert path.read_text("utf-8") == GOOD


def test_an_unneeded_waiver_is_taken_away_with_what_held_it(repository: Path) -> None:
    path = write(repository, "detections/mail/rule.yaml",
                 GOOD + "x-tocsin:\n  lint:\n    ignore:\n      - {code: TXT001, reason: x}\n")  # fmt: skip
    assert "LNT001" in [one["code"] for one in found() if one["fix"] == "safe"]
    lint("--fix")
    assert path.read_text("utf-8") == GOOD


# --------------------------------------------------------------------------------------------- settings and options


def test_settings_and_options_select(repository: Path) -> None:
    assert codes() == ["KS142"]
    assert codes("--ignore", "KQL001") == []
    assert codes("--select", "ENT") == []
    write(repository, "tocsin.toml", "[lint]\nlevels = {'query.error' = 'warning'}\n")
    assert lint().exit_code == 0
    assert lint("--strict").exit_code == 1
    write(repository, "tocsin.toml", "[lint]\nignore = ['KQL99']\n")
    (warning,) = found("tocsin.toml")
    assert (warning["code"], warning["line"], warning["column"]) == ("SET003", 2, 11)
    assert lint("--select", "NONSENSE").exit_code == 2


@pytest.mark.parametrize("text", ["[lint]\nignor = []\n", "[lint\n", "[sentinel]\nretries = 'x'\n"])
def test_settings_that_cannot_be_used_end_the_run(repository: Path, text: str) -> None:
    write(repository, "tocsin.toml", text)
    for command in ("lint", "check"):
        result = CliRunner().invoke(app, [command])
        assert result.exit_code == 2
        assert "tocsin.toml:" in result.stderr


def test_a_waiver_of_what_was_not_looked_for_is_not_unneeded(repository: Path) -> None:
    write(repository, "detections/mail/rule.yaml",
          GOOD + "x-tocsin: {lint: {ignore: [{code: TST001, reason: x}, {code: TXT001, reason: x}]}}\n")  # fmt: skip
    assert [one["message"][-35:] for one in found("--select", "LNT", "--select", "TST")] == []
    assert len(found("--select", "LNT", "--select", "TXT")) == 1
    assert "LNT001" not in [one["code"] for one in found("--ignore", "TXT")]


# --------------------------------------------------------------------------------------------------------- baseline


def test_a_baseline_hides_what_is_known_wherever_it_moves(repository: Path) -> None:
    assert lint("--update-baseline").exit_code == 2, "no file is named"
    write(repository, "tocsin.toml", "[lint]\nbaseline = 'known.json'\n")
    assert lint().exit_code == 2
    assert lint("--update-baseline").exit_code == 0
    first = (repository / "known.json").read_bytes()
    assert lint("--strict").exit_code == 0
    path = write(repository, "detections/mail/rule.yaml", "# a line more\n" + BROKEN)
    assert lint("--strict").exit_code == 0
    lint("--update-baseline")
    assert (repository / "known.json").read_bytes() == first
    path.write_bytes(BROKEN.replace("| project", "| where SenderIPv5 == '1'\n  | project").encode())
    assert codes() == ["KS142"], "one of the two is new"
    path.write_bytes(GOOD.encode())
    stale = [one for one in found() if one["code"] == "LNT004"]
    assert [(one["file"], one["level"]) for one in stale] == [("known.json", "warning")]
    assert "KS142" in (repository / "known.json").read_text("utf-8").splitlines()[stale[0]["line"] - 1]
    assert found("tocsin.toml") == [], "of the other files nothing was looked for"
    write(repository, "known.json", "[]")
    assert lint().exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_to_itself_is_no_baseline_and_no_content(repository: Path) -> None:
    (repository / "loop").symlink_to("loop")
    for arguments in (["--baseline", "loop"], ["loop"], ["--root", "loop"]):
        ended = lint(*arguments)
        assert ended.exit_code == 2
        assert ended.stderr.startswith("error: ")
        assert "loop" in ended.stderr


# ---------------------------------------------------------------------------------------------------------- changes


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def test_only_what_changed_since_a_revision_is_shown(repository: Path) -> None:
    write(repository, "parsers/Mails.yaml", "Parser: {Title: Mails, Version: 1.0.0}\nParserName: Mails\n"
          "ParserQuery: EmailEvents\n")  # fmt: skip
    write(repository, "detections/mail/user.yaml",
          GOOD.replace("11111111", "21111111").replace("EmailEvents\n", "Mails()\n"))  # fmt: skip
    git(repository, "init", "-q")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "first")
    assert codes() == ["KS142"]
    assert found("--changed-since", "HEAD") == []
    write(repository, "detections/new.yaml", BROKEN.replace("11111111", "31111111"))
    assert {one["file"] for one in found("--changed-since", "HEAD")} == {"detections/new.yaml"}
    (repository / "detections/new.yaml").unlink()
    write(repository, "parsers/Mails.yaml", "Parser: {Title: Mails, Version: 1.0.0}\nParserName: Mails\n"
          "ParserQuery: EmailEvents | project-away SenderIPv4\n")  # fmt: skip
    assert {one["file"] for one in found("--changed-since", "HEAD") if one["level"] == "error"} == {
        "detections/mail/user.yaml"
    }, "the rule has not changed, what it reads has"
    assert "git knows no revision" in lint("--changed-since", "nonsense").stderr


def test_without_git_it_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = lint("--changed-since", "HEAD")
    assert result.exit_code == 2
    assert "git" in result.stderr
    monkeypatch.setenv("PATH", "")
    assert "git is not installed" in lint("--changed-since", "HEAD").stderr or sys.platform == "win32"


# ---------------------------------------------------------------------------------------------------------- formats


def test_github_annotations(repository: Path) -> None:
    result = lint("--format", "github", "--select", "KS")
    assert result.exit_code == 1
    line = result.stdout.splitlines()[0]
    assert line.startswith("::error file=detections/mail/rule.yaml,line=13,col=11,endLine=13,endColumn=21,title=KS142 ")
    assert "%0Ahelp: " in line


def test_junit(repository: Path) -> None:
    root = ElementTree.fromstring(lint("--format", "junit", "--select", "KS").stdout)
    assert root.attrib["failures"] == "1"
    assert [case.attrib["line"] for case in root.iter("testcase") if case.find("failure") is not None] == ["13"]
    write(repository, "detections/mail/rule.yaml", GOOD)
    empty = ElementTree.fromstring(lint("--format", "junit", "--select", "KS").stdout)
    assert (empty.attrib["tests"], empty.attrib["failures"]) == ("1", "0")


def test_the_checks_are_listed() -> None:
    assert any(line.startswith("ENT001  entity.column-missing") for line in lint("--list").stdout.splitlines())
    assert {"code", "slug", "level", "about"} == set(json.loads(lint("--list", "--format", "json").stdout)[0])


@pytest.fixture
def priced(tmp_path: Path) -> Path:
    for name, text in {
        "a/cheap": GOOD,
        "a/dear": GOOD.replace("11111111", "21111111")
        .replace("EmailEvents", "DeviceNetworkEvents")
        .replace("RecipientEmailAddress", "ActionType")
        .replace("SenderIPv4", "RemoteIP"),
        "a/wrong": BROKEN.replace("11111111", "31111111"),
    }.items():
        file = tmp_path / "detections" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def test_costs_come_with_what_they_are_made_of_the_dearest_first(priced: Path) -> None:
    listed = json.loads(lint("--root", priced, "--cost", "--format", "json").stdout)
    assert [one["rule"] for one in listed] == ["a/dear", "a/cheap", "a/wrong"]
    cheap = listed[1]
    assert cheap["points"] == 200, "100 points a day of a large table, two hours of it, 24 times"
    assert cheap["tables"] == [{"table": "EmailEvents", "size": "large", "days": 0.0833, "points": 200}]
    assert (cheap["runs"], cheap["factor"], cheap["operators"]) == (24, 1, [])
    assert listed[2]["points"] is None


def test_costs_are_read_by_people_and_by_the_settings(priced: Path) -> None:
    told = lint("--root", priced, "--cost")
    assert told.exit_code == 0
    assert "EmailEvents (large): 100 x 0.0833 d x 24 runs = 200" in told.stdout
    written = lint("--root", priced, "--cost", "--format", "toml").stdout
    (priced / "tocsin.toml").write_text(written.replace("= 200.0", "= 20.0"), encoding="utf-8")
    known = [(one["code"], one["file"]) for one in found("--root", priced, "--select", "CST")]
    assert known == [("CST002", "detections/a/cheap.yaml")]


def test_findings_are_not_written_as_toml(priced: Path) -> None:
    assert lint("--root", priced, "--format", "toml").exit_code == 2
    assert lint("--root", priced, "--cost", "--format", "sarif").exit_code == 2
