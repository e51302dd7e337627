"""From a case to tables and watchlists: named records, changes, files, and what is wrong with them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tocsin.content.repository import load_repository
from tocsin.kql.literals import parse_datetime
from tocsin.sentinel.catalog import workspace_catalog
from tocsin.testing.scenario import Scenario, ScenarioBuilder

NOW = "2025-07-15T10:00:00Z"
FILES = {
    "tests/samples/mail.jsonl": '{"Subject": "first", "SenderIPv4": "203.0.113.7"}\n{"Subject": "second"}\n',
    "tests/samples/list.csv": "Subject,UrlCount\nx,1\ny,2\n",
    "parsers/watchlists/Own.yaml": "alias: Own\ndisplayName: Own\nitemsSearchKey: Domain\ncolumns: [{name: Domain}]\n",
    "parsers/watchlists/Own.csv": "Domain\nreal.example\n",
}


def scenarios(root: Path, text: str) -> list[Scenario]:
    for name, content in {**FILES, "tests/detections/x.test.yaml": text}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    repository = load_repository(root)
    assert repository.findings == ()
    test = repository.tests["x"]
    builder = ScenarioBuilder(repository, workspace_catalog(repository), test)
    return [builder.scenario(index) for index in range(len(test.model.cases))]


def file(*cases: dict[str, Any], **fields: Any) -> str:
    whole = [{"name": f"case {i}", "expect": {"alerts": 1}, **case} for i, case in enumerate(cases)]
    return json.dumps({"detection": "x", "now": NOW, **fields, "cases": whole}, indent=1)


RECORDS = {"mail": {"file": "samples/mail.jsonl"}, "other": {"file": "samples/mail.jsonl", "index": 1}}


def subjects(scenario: Scenario) -> list[Any]:
    assert scenario.findings == ()
    return scenario.tables["EmailEvents"].column("Subject")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["mail", "other"], ["first", "second"]),
        ([{"mail": {"Subject": "new"}}, "mail"], ["new", "first"]),
        ([{"mail": {"Subject": None}}], [""]),
        ([{"record": {"Subject": "written"}}], ["written"]),
        ([{"file": "samples/list.csv"}], ["x", "y"]),
        ([{"file": "samples/list.csv", "index": 1}], ["y"]),
        ([], []),
    ],
)
def test_given(tmp_path: Path, given: list[Any], found: list[str]) -> None:
    (scenario,) = scenarios(tmp_path, file({"given": {"EmailEvents": given}}, records=RECORDS))
    assert subjects(scenario) == found


def test_what_is_not_replaced_stays(tmp_path: Path) -> None:
    (scenario,) = scenarios(tmp_path, file({"given": {"EmailEvents": [{"mail": {"Subject": "x"}}]}}, records=RECORDS))
    assert scenario.tables["EmailEvents"].column("SenderIPv4") == ["203.0.113.7"]


def test_now_of_the_case_wins(tmp_path: Path) -> None:
    first, second = scenarios(tmp_path, file({}, {"now": "2025-07-16T00:00:00Z"}))
    assert first.now == parse_datetime(NOW)
    assert second.now == parse_datetime("2025-07-16T00:00:00Z")


def test_watchlists_come_from_the_case_then_the_file_never_from_the_csv(tmp_path: Path) -> None:
    rows = {"Own": [{"Domain": "contoso.com"}]}
    default, own, empty = scenarios(
        tmp_path, file({}, {"watchlists": {"Own": [{"Domain": 5}]}}, {"watchlists": {"Own": []}}, watchlists=rows)
    )
    (none,) = scenarios(tmp_path, file({}))
    assert default.watchlists["Own"].column("Domain") == ["contoso.com"]
    assert default.watchlists["Own"].column("SearchKey") == ["contoso.com"]
    assert default.watchlists["Own"].column("WatchlistItem") == [{"Domain": "contoso.com"}]
    assert own.watchlists["Own"].column("Domain") == ["5"], "a watchlist holds text"
    assert empty.watchlists["Own"].row_count == none.watchlists["Own"].row_count == 0


@pytest.mark.parametrize(
    ("case", "code", "says", "line"),
    [
        ({"given": {"EmailEvent": []}}, "TST104", "did you mean EmailEvents?", '"EmailEvent"'),
        ({"given": {"EmailEvents": [{"record": {"Subjekt": "x"}}]}}, "TST102", "did you mean Subject?", '"Subjekt"'),
        ({"given": {"EmailEvents": [{"mail": {"UrlCount": "many"}}]}}, "TST103", "whole number", '"many"'),
        ({"given": {"EmailEvents": [{"file": "samples/none.csv"}]}}, "TST101", "relative to the folder", "none.csv"),
        ({"given": {"EmailEvents": [{"file": "../../x.csv"}]}}, "TST101", "below tests/samples", "../../x.csv"),
        ({"given": {"EmailEvents": [{"file": "samples/list.csv", "index": 2}]}}, "TST101", "index 0", '"file"'),
        ({"watchlists": {"Owm": []}}, "TST106", "did you mean Own?", '"Owm"'),
        ({"watchlists": {"Own": [{"Doman": "x"}]}}, "TST107", "did you mean Domain?", '"Doman"'),
    ],
)
def test_what_is_wrong_is_named_at_its_place(
    tmp_path: Path, case: dict[str, Any], code: str, says: str, line: str
) -> None:
    text = file(case, records=RECORDS)
    (scenario,) = scenarios(tmp_path, text)
    (finding,) = scenario.findings
    assert finding.code == code
    assert says in finding.help
    at = finding.location
    assert at.file == "tests/detections/x.test.yaml"
    place = text.splitlines()[at.line - 1][at.column - 1 :]
    assert place.startswith(line) or line in "\n".join(text.splitlines()[at.line - 1 : at.line + 2])


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("../secret.csv", "lies outside the folder tests"),
        ("samples/../../secret.csv", "lies outside the folder tests"),
        ("/etc/hostname", "lies outside the folder tests"),
        ("samples/link.csv", "lies outside the folder tests"),
        ("samples/loop.csv", "no path of a file|there is no file|cannot be read"),
        ("samples/a\0.csv", "no path of a file|there is no file|cannot be read"),
        (f"samples/{'a' * 5000}.csv", "no path of a file|there is no file|cannot be read"),
        ("samples\\x.csv", "has a backslash"),
        ("samples", "there is no file"),
        ("", "there is no file"),
    ],
)  # fmt: skip
def test_a_sample_path_never_leaves_the_folder_tests(tmp_path: Path, path: str, says: str) -> None:
    (tmp_path / "secret.csv").write_text("Subject\nsecret\n", encoding="utf-8")
    (tmp_path / "tests/samples").mkdir(parents=True)
    try:
        (tmp_path / "tests/samples/link.csv").symlink_to(tmp_path / "secret.csv")
        (tmp_path / "tests/samples/loop.csv").symlink_to("loop.csv")
    except OSError:
        pytest.skip("this system does not let us make links")
    (scenario,) = scenarios(tmp_path, file({"given": {"EmailEvents": [{"file": path}]}}))
    assert [finding.code for finding in scenario.findings] == ["TST101"]
    assert re.search(says, scenario.findings[0].message)
    assert scenario.tables["EmailEvents"].row_count == 0
