"""``tocsin explain`` on a small repository: what is chosen, what is refused, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli import app

RULE = "family/rule"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["explain", *arguments])


def test_without_a_case_the_cases_are_listed(root: Path) -> None:
    result = run(RULE)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0].startswith(f"{RULE} has 3 cases")
    assert [line.split()[0] for line in result.output.splitlines()[1:]] == ["1", "2", "3"]


def test_the_records_in_no_alert_are_explained_with_the_line_of_the_step(root: Path) -> None:
    result = run(RULE, "all")
    assert result.exit_code == 0, result.output
    assert "EmailEvents record 1" in result.output
    assert " --> detections/family/rule.yaml:" in result.output
    assert "^^^" in result.output
    assert "\x1b[" not in result.output


def test_a_detection_may_be_named_by_its_file(root: Path) -> None:
    by_name, by_file = run(RULE, "1"), run("detections/family/rule.yaml", "1")
    assert by_file.exit_code == 0
    assert by_file.output == by_name.output


def test_the_file_may_be_named_by_any_path(root: Path) -> None:
    by_name = run(RULE, "1")
    (root / "sub").mkdir()
    for path in ("./sub/../detections/family/rule.yaml", str(root / "sub" / ".." / "detections/family/rule.yaml")):
        assert run(path, "1").output == by_name.output


def test_a_link_to_itself_is_no_detection(root: Path) -> None:
    try:
        (root / "loop.yaml").symlink_to("loop.yaml")
    except OSError:
        pytest.skip("this system makes no links for us")
    for command in ("explain", "preview"):
        ended = CliRunner().invoke(app, [command, "loop.yaml"])
        assert ended.exit_code == 2, ended.output
        assert ended.stderr.startswith("error: there is no detection loop")


def test_an_alert_and_the_steps(root: Path) -> None:
    result = run(RULE, "1", "--alert", "1", "--steps")
    assert "the run at 20" in result.stdout
    assert result.exit_code == 0, result.output
    assert "rows in  rows out  step" in result.output
    assert "alert 1 of the run at" in result.output
    assert "      SenderFromAddress = " in result.output


def test_json(root: Path) -> None:
    result = run(RULE, "1", "--format", "json", "--steps")
    (told,) = json.loads(result.stdout)
    assert told["detection"] == RULE
    assert told["records"][0]["alerts"] == [1]
    assert told["alerts"][0]["records"] == {"EmailEvents": [1]}
    assert told["runs"][0]["steps"][0]["rowsOut"] == 1


def test_a_record_is_chosen_by_number_or_by_a_value(root: Path) -> None:
    by_number = run(RULE, "1", "--record", "EmailEvents:1")
    told = json.loads(run(RULE, "1", "--format", "json").stdout)
    assert "EmailEvents record 1" in by_number.output
    assert told[0]["records"][0]["table"] == "EmailEvents"
    assert run(RULE, "1", "--record", "SenderFromAddress=nobody@example.net").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("family/rul",), "did you mean family/rule?"),
        ((RULE, "9"), "it has cases 1 to 3"),
        ((RULE, "no such case at all"), f"tocsin explain {RULE} lists them"),
        ((RULE, "1", "--record", "EmailEvents:9"), "EmailEvents has records 1 to 1"),
        ((RULE, "1", "--record", "x"), "write TABLE:N or COLUMN=VALUE; tables of the case: EmailEvents"),
        ((RULE, "1", "--alert", "7"), "the case raises 1 alert"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(root: Path, arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_case_that_cannot_run_says_why(root: Path) -> None:
    rule = root / "detections/family/rule.yaml"
    rule.write_text(rule.read_text(encoding="utf-8").replace("SenderFromAddress", "SenderFromAdress"), encoding="utf-8")
    result = run(RULE, "1")
    assert result.exit_code == 1
    assert "did you mean" in result.stderr or "KS142" in result.stderr
