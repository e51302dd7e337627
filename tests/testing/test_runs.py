"""Whole runs: a repository on disk, its test file, and what pytest and the runner say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tocsin.content.detection_tests import Period
from tocsin.content.repository import load_repository
from tocsin.testing import Bench, CaseResult, Outcome, run_test_file, run_tests
from tocsin.testing.parallel import processes_for

pytest_plugins = ["pytester"]

RULE = """\
id: 11111111-2222-4333-8444-555555555555
name: Mail from abroad
kind: Scheduled
severity: Medium
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
tactics: [InitialAccess]
query: |
  let own = _GetWatchlist('Own') | project Domain;
  EmailEvents
  | where EmailDirection == "Inbound"
  | where SenderFromDomain !in (own)
  | summarize Recipients = make_set(RecipientEmailAddress, 10) by SenderIP = SenderIPv4
entityMappings:
  - entityType: IP
    fieldMappings: [{identifier: Address, columnName: SenderIP}]
customDetails: {Recipients: Recipients}
alertDetailsOverride: {alertDisplayNameFormat: "Mail from {{SenderIP}}"}
eventGroupingSettings: {aggregationKind: AlertPerResult}
"""
TEST = """\
detection: family/mail
now: 2025-07-15T10:00:00Z
watchlists: {Own: [{Domain: contoso.com}]}
records:
  mail:
    record:
      TimeGenerated: 2025-07-15T09:30:00Z
      EmailDirection: Inbound
      SenderFromDomain: evil.example
      SenderIPv4: 203.0.113.7
      RecipientEmailAddress: hr@contoso.com
cases:
  - name: mail from abroad alerts
    given: {EmailEvents: [mail, {mail: {RecipientEmailAddress: it@contoso.com}}]}
    expect:
      alerts:
        - title: Mail from 203.0.113.7
          entities: {IP: [{Address: 203.0.113.7}]}
          customDetails: {Recipients: [hr@contoso.com, it@contoso.com]}
  - name: our own domain is quiet
    given: {EmailEvents: [{mail: {SenderFromDomain: contoso.com}}]}
    expect: {alerts: none, rows: 0}
  - name: outside of the window
    given: {EmailEvents: [{mail: {TimeGenerated: 2025-07-15T08:59:59Z}}]}
    expect: {alerts: none}
  - name: fails
    given:
      EmailEvents: [{mail: {EmailDirection: Outbound}}, {mail: {TimeGenerated: 2025-07-15T10:00:00Z}}]
      SigninLogs: []
    expect: {alerts: 1}
"""
FILES = {
    "detections/family/mail.yaml": RULE,
    "tests/detections/family/mail.test.yaml": TEST,
    "parsers/watchlists/Own.yaml": "alias: Own\ndisplayName: Own\nitemsSearchKey: Domain\ncolumns: [{name: Domain}]\n",
    "parsers/watchlists/Own.csv": "Domain\n",
}


def write(root: Path, **changed: str) -> Path:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changed.get(path.name.split(".")[0] if "tests" not in name else "test", text), encoding="utf-8")
    return root


def run(root: Path, *, trace: bool = False) -> dict[str, CaseResult]:
    repository = load_repository(root)
    assert repository.findings == ()
    return {one.name: one for one in run_test_file(repository, repository.tests["family/mail"], trace=trace)}


def test_the_cases_of_a_file(tmp_path: Path) -> None:
    results = run(write(tmp_path))
    assert [one.outcome for one in results.values()] == [Outcome.PASSED] * 3 + [Outcome.FAILED]
    assert len(results["mail from abroad alerts"].alerts) == 1
    failed = results["fails"]
    assert str(failed.location) == "tests/detections/family/mail.test.yaml:26:11"
    assert failed.details.splitlines() == [
        "1 alert expected, no alerts raised  (tests/detections/family/mail.test.yaml:30:22)",
        "note: 1 of 2 records in EmailEvents lie outside the window of the run",
        "note: the query does not read SigninLogs",
        "what became of the records",
        "  EmailEvents record 1 (mail): lost in where at detections/family/mail.yaml:13:11: the condition is false",
        "    EmailDirection == \"Inbound\": EmailDirection = 'Outbound'",
        "  EmailEvents record 2 (mail): its TimeGenerated 2025-07-15T10:00:00Z lies at the end of the window of the "
        "run, 2025-07-15T09:00:00Z to 2025-07-15T10:00:00Z, which is no longer part of it",
    ]
    assert failed.message == failed.details.splitlines()[0]
    assert failed.explanation == ""


def test_a_trace_shows_where_the_rows_were_lost(tmp_path: Path) -> None:
    failed = run(write(tmp_path), trace=True)["fails"]
    marked = [line for line in failed.explanation.splitlines() if "every row is lost here" in line]
    assert len(marked) == 1
    assert 'where EmailDirection == "Inbound"' in marked[0]
    assert marked[0].split()[:2] == ["1", "0"]


@pytest.mark.parametrize(
    ("changed", "says", "not_testable"),
    [
        (
            {"mail": RULE.replace("SenderFromDomain !in", "SenderFromDomian !in")},
            "detections/family/mail.yaml:14:11",
            False,
        ),
        ({"mail": RULE.replace("| summarize", "| where estimate_data_size(*) >= 0 | summarize")}, "not testable", True),
        ({"test": TEST.replace("family/mail", "family/mai")}, "did you mean family/mail?", False),
        ({"test": TEST.replace("EmailEvents: [mail", "EmailEvent: [mail")}, "did you mean EmailEvents?", False),
    ],
)
def test_what_cannot_run_is_an_error(tmp_path: Path, changed: dict[str, str], says: str, not_testable: bool) -> None:
    first = run(write(tmp_path, **changed))["mail from abroad alerts"]
    assert first.outcome is Outcome.ERROR
    assert says in first.details
    assert first.not_testable is not_testable


def test_results_are_the_same_in_processes(tmp_path: Path) -> None:
    repository = load_repository(write(tmp_path))
    told: list[tuple[str, int, int]] = []
    names = ["family/mail"]
    here = run_tests(repository, names, workers=1, progress=lambda *step: told.append(step))
    assert told == [("tests/detections/family/mail.test.yaml", 1, 1)]
    (root := tmp_path / "tests/detections/family/more.test.yaml").write_text(TEST, encoding="utf-8")
    assert root.exists()
    repository = load_repository(tmp_path)
    there = run_tests(repository, ["family/more", "family/mail"], workers=2)
    assert [(one.name, one.outcome, one.details) for one in there[4:]] == [
        (one.name, one.outcome, one.details) for one in here
    ]
    assert there[0].location.file == "tests/detections/family/more.test.yaml"


def test_processes_are_started_for_work_that_is_worth_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    repository = load_repository(write(tmp_path))
    test = repository.tests["family/mail"]
    period = Period.model_validate({"from": "2025-07-15T08:00:00Z", "to": "+1h"})
    case = test.model.cases[0].model_copy(update={"period": period})
    long = replace(test, model=test.model.model_copy(update={"cases": (case,) * 30}))
    many = replace(repository, tests={str(number): long for number in range(3)})
    assert processes_for(repository, ["family/mail"]) == 1
    assert processes_for(many, ["0"]) == 1, "one file is one piece of work"
    assert processes_for(many, ["0", "1", "2"]) == 2


def test_a_query_is_prepared_once(tmp_path: Path) -> None:
    bench = Bench(load_repository(write(tmp_path)))
    assert bench.detection("family/mail") is bench.detection("family/mail")
    assert bench.detection("family/none") is None


def test_pytest_runs_one_item_for_each_case(pytester: pytest.Pytester) -> None:
    write(pytester.path)
    result = pytester.runpytest_inprocess("tests/detections", "-v", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*mail.test.yaml::mail from abroad alerts PASSED*",
            "*family/mail: fails*",
            "*mail.test.yaml:26:11: failed: fails",
            "1 alert expected, no alerts raised*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "pytest_plugin.py" not in result.stdout.str()


def test_pytest_selects_and_explains(pytester: pytest.Pytester) -> None:
    write(pytester.path)
    result = pytester.runpytest_inprocess(
        "tests/detections", "-k", "fails", "--tocsin-explain", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(failed=1, deselected=3)
    result.stdout.fnmatch_lines(["*every row is lost here*"])


def test_pytest_shows_a_bad_file_as_findings(pytester: pytest.Pytester) -> None:
    write(pytester.path, test=TEST.replace("expect:", "expct:", 1))
    result = pytester.runpytest_inprocess("tests/detections", "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*mail.test.yaml:*expct*"])
    assert "Traceback" not in result.stdout.str()


def test_other_yaml_files_are_left_alone(pytester: pytest.Pytester) -> None:
    (pytester.path / "x.test.yaml").write_text("a: 1", encoding="utf-8")
    assert pytester.runpytest_inprocess("-p", "no:cacheprovider").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_query_that_cannot_run_here_is_never_green(pytester: pytest.Pytester) -> None:
    write(pytester.path, mail=RULE.replace("| summarize", "| where estimate_data_size(*) >= 0 | summarize"))
    result = pytester.runpytest_inprocess("tests/detections", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["*mail.test.yaml:*: not testable: mail from abroad alerts"])


def test_parametrised_cases_are_items_of_their_own(pytester: pytest.Pytester) -> None:
    case = """\
  - name: mail from ${ip}
    parameters: [{ip: 203.0.113.7}, {ip: 203.0.113.8}]
    given: {EmailEvents: [{mail: {SenderIPv4: "${ip}"}}]}
    expect: {alerts: [{title: "Mail from ${ip}"}]}
"""
    write(pytester.path, test=TEST.partition("cases:\n")[0] + "cases:\n" + case)
    result = pytester.runpytest_inprocess("tests/detections", "-v", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*::mail from 203.0.113.7 PASSED*", "*::mail from 203.0.113.8 PASSED*"])
