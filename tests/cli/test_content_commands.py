"""The commands a detection engineer runs every day, on a small repository of content."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli import app

RULE = "detections/family/rule.yaml"
TESTS = "tests/detections/family/rule.test.yaml"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def change(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new), encoding="utf-8")


def test_check_passes_and_ends_in_a_summary(root: Path) -> None:
    result = run("check")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    content = next(line for line in lines if line.startswith("content"))
    assert content.split() == ["content", "1", "detection,", "0", "parsers,", "0", "watchlists,", "0", "tables"]
    assert "tests      3 cases: 3 passed" in lines
    assert lines[-1].startswith("passed in ")
    assert (root / "build/arm/azuredeploy.json").is_file()
    assert (root / "build/rest/index.json").is_file()


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (RULE, "SenderFromAddress =~", "SenderFromAdress =~", [f"{RULE}:20:43", "KS142", "mean SenderFromAddress"]),
        (RULE, "columnName: SenderIPv4", "columnName: SenderIPv5", [f"{RULE}:25:43", "ENT001", "mean SenderIPv4"]),
        (RULE, "queryFrequency: 1h", "queryFrequency: 1hour", [f"{RULE}:12:17", "CONTENT005", "write 1h"]),
        (TESTS, "severity: Medium", "severity: High", [f"{TESTS}:19:21", "expected  High", "actual    Medium"]),
    ],
    ids=["a typo in a column", "an entity of a missing column", "a wrong duration", "an expectation that fails"],
)  # fmt: skip
def test_check_stops_with_the_place_and_what_was_meant(
    root: Path, file: str, old: str, new: str, says: list[str]
) -> None:
    change(root, file, old, new)
    result = run("check")
    assert result.exit_code == 1
    for words in says:
        assert words in result.output
    assert result.output.splitlines()[-1].startswith("FAILED in ")


def test_nothing_is_compiled_from_content_with_errors(root: Path) -> None:
    change(root, RULE, "SenderFromAddress =~", "SenderFromAdress =~")
    run("check")
    assert not (root / "build").exists()


def test_cases_that_one_fault_keeps_from_running_are_told_once(root: Path) -> None:
    change(root, RULE, "SenderFromAddress =~", "SenderFromAdress =~")
    output = run("test").output
    assert "NOT RUN family/rule: 3 cases" in output
    assert "3 cases: 3 not run" in output


def test_lint_json_is_a_list_of_findings_with_their_place(root: Path) -> None:
    change(root, RULE, "columnName: SenderIPv4", "columnName: SenderIPv5")
    result = run("lint", "--format", "json")
    assert result.exit_code == 1
    (finding,) = (one for one in json.loads(result.output) if one["level"] == "error")
    assert finding["code"] == "ENT001"
    assert (finding["file"], finding["line"], finding["column"]) == (RULE, 25, 43)
    assert finding.keys() >= {"slug", "level", "message", "help"}


def test_lint_of_one_path_keeps_silent_on_the_others(root: Path) -> None:
    change(root, RULE, "columnName: SenderIPv4", "columnName: SenderIPv5")
    assert run("lint", "tests").exit_code == 0
    assert run("lint", "detections").exit_code == 1
    assert run("lint", "nowhere").exit_code == 2


def test_test_json_tells_every_case(root: Path) -> None:
    change(root, TESTS, "alerts: none", "alerts: 1")
    told = json.loads(run("test", "--format", "json").output)
    assert told["passed"] is False
    assert [case["outcome"] for case in told["cases"]] == ["passed", "passed", "failed"]
    assert told["cases"][2]["file"] == TESTS


def test_test_chooses_by_keyword_without_regard_to_case(root: Path) -> None:
    assert "1 case: 1 passed" in run("test", "-k", "SOMEBODY ELSE").output
    missing = run("test", "-k", "no such case")
    assert missing.exit_code == 2
    assert "no case matches" in missing.output


def test_explain_shows_the_rows_after_each_step(root: Path) -> None:
    change(root, TESTS, "alerts: none", "alerts: 1")
    output = run("test", "--explain").output
    assert "rows in  rows out  step" in output
    assert "every row is lost here" in output


def test_explain_shows_cases_that_pass_too(root: Path) -> None:
    output = run("test", "--explain").output
    assert output.count("passed family/rule: ") == 3
    assert output.count("rows in  rows out  step") == 3
    assert "rows in" not in run("check", "--explain").output
    told = json.loads(run("test", "--explain", "--format", "json").output)
    assert all("rows out" in case["explanation"] for case in told["cases"])


def test_lint_refuses_a_path_without_content(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    result = run("lint", str(tmp_path_factory.mktemp("elsewhere")))
    assert result.exit_code == 2
    assert "no content" in result.output


def test_new_makes_no_repository_by_mistake(root: Path) -> None:
    result = run("new", "detection", "a/b", "--root", "nowhere")
    assert result.exit_code == 2
    assert not (root / "nowhere").exists()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ENT001", "ENT001 entity.column-missing (error)\n\nAn entity mapping names a column"),
        ("entity.weak", "Fine to ignore: "),
        ("KS142", "KS142: a diagnostic of Microsoft's KQL language service"),
        ("yaml004", "YAML004 yaml.tab (error)\n\nA tab indents a line."),
        ("DEPLOY002", "DEPLOY002 UnsafeEndpoint\n\n"),
    ],
)
def test_a_code_is_explained(code: str, says: str) -> None:
    result = run("lint", "--explain", code)
    assert result.exit_code == 0
    assert says in result.output


def test_a_code_that_is_none_is_said() -> None:
    for code in ("ENT999", "KSX"):
        assert run("lint", "--explain", code).exit_code == 2


def test_junit_counts_the_cases(root: Path) -> None:
    change(root, TESTS, "alerts: none", "alerts: 1")
    run("test", "--junit", "reports/tests.xml")
    suite = ElementTree.parse(root / "reports/tests.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")


def test_compile_makes_the_same_bytes_twice(root: Path) -> None:
    assert run("compile", "-o", "one").exit_code == 0
    assert run("compile", "-o", "two").exit_code == 0
    one, two = ({p.relative_to(root / d): p.read_bytes() for p in (root / d).rglob("*.json")} for d in ("one", "two"))
    assert one == two
    assert len(one) > 2


def test_compile_refuses_a_target_it_does_not_know(root: Path) -> None:
    result = run("compile", "--target", "splunk")
    assert result.exit_code == 2
    assert "arm, rest" in result.output


def test_a_folder_without_content_is_a_usage_error(root: Path) -> None:
    (root / "empty").mkdir()
    for arguments in (("check", "--root", "empty"), ("lint", "--root", "nowhere")):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "help: " in result.output


def test_new_detection_passes_check_and_never_overwrites(root: Path) -> None:
    assert run("new", "detection", "other_family/second_rule").exit_code == 0
    result = run("check", "--strict")
    assert result.exit_code == 0, result.output
    before = (root / "detections/other_family/second_rule.yaml").read_bytes()
    again = run("new", "detection", "other_family/second_rule")
    assert again.exit_code == 2
    assert (root / "detections/other_family/second_rule.yaml").read_bytes() == before
    assert run("new", "detection", "../escape/rule").exit_code == 2
    devices = run("new", "detection", "mail/aux")
    assert (devices.exit_code, "Windows" in devices.stderr) == (2, True)


def test_new_schemas_are_where_new_rules_look_for_them(root: Path) -> None:
    assert run("new", "schemas").exit_code == 0
    run("new", "detection", "other_family/second_rule")
    for file in ("detections/other_family/second_rule.yaml", "tests/detections/other_family/second_rule.test.yaml"):
        schema = (root / file).read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
        assert json.loads(((root / file).parent / schema).read_text(encoding="utf-8"))["$schema"]


def test_lint_for_code_scanning(root: Path) -> None:
    change(root, RULE, "SenderFromAddress =~", "SenderFromAdress =~")
    result = run("lint", "--format", "sarif")
    assert result.exit_code == 1
    sarif = json.loads(result.stdout)["runs"][0]
    found = next(each for each in sarif["results"] if each["ruleId"] == "KS142")
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == RULE
    assert place["region"]["startLine"] == 20


@pytest.mark.parametrize("workers", ["1", "2"])
def test_limits_of_a_test_are_those_of_the_settings_unless_an_option_says_more(root: Path, workers: str) -> None:
    change(
        root, RULE, "EmailEvents", "range x from 1 to 300000 step 1 | count | project-away Count | take 0; EmailEvents"
    )
    change(root, RULE, "range x", "let more = range x")
    change(root, RULE, "| project-away Count | take 0;", ";")
    change(root, RULE, "; EmailEvents", "; EmailEvents | where toscalar(more) > 0")
    assert run("test", "-n", workers).exit_code == 0
    (root / "tocsin.toml").write_text("[tests]\nrows = 1000\n", encoding="utf-8")
    stopped = run("test", "-n", workers)
    assert stopped.exit_code == 1
    assert "an operator would give more than 1,000 rows" in stopped.output
    assert run("test", "-n", workers, "--rows", "300000").exit_code == 0
    assert "more than 20,000 values" in run("test", "-n", workers, "--rows", "300000", "--cells", "20000").output


def test_wrong_settings_are_no_reason_to_test_without_limits(root: Path) -> None:
    (root / "tocsin.toml").write_text("[tests]\nrows = 0\n", encoding="utf-8")
    result = run("test")
    assert result.exit_code == 1
    assert "tocsin.toml:2:8" in result.output
