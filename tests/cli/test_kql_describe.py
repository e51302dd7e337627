"""``tocsin kql describe``: what a query reads and gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli.kql import app

REPOSITORY = Path(__file__).parents[2]


def run(*arguments: object) -> Result:
    return CliRunner(env={"NO_COLOR": "1"}).invoke(app, ["describe", *map(str, arguments)])


def described(query: str, *options: object) -> dict[str, Any]:
    result = run("--format", "json", *options, query)
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    return dict(found)


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("EmailEvents | project Subject", ["Subject"]),
        ("EmailEvents | where SenderIPv4 == 'x' | project Subject", ["SenderIPv4", "Subject"]),
        ("EmailEvents | extend x = SenderIPv4 | project Subject", ["Subject"]),
        ("EmailEvents | extend x = strcat(SenderIPv4, Subject) | project x", ["SenderIPv4", "Subject"]),
        ("EmailEvents | summarize count() by SenderIPv4", ["SenderIPv4"]),
        ("EmailEvents | summarize n = dcount(Subject), m = max(UrlCount) | project n", ["Subject"]),
        ("EmailEvents | summarize arg_max(Timestamp, *) by NetworkMessageId | project Subject",
         ["NetworkMessageId", "Subject", "Timestamp"]),
        ("EmailEvents | summarize take_any(*) by NetworkMessageId | project Subject", ["NetworkMessageId", "Subject"]),
        ("EmailEvents | distinct Subject", ["Subject"]),
        ("EmailEvents | sort by UrlCount | project Subject", ["Subject", "UrlCount"]),
        ("EmailEvents | count", []),
        ("EmailEvents | parse Subject with * 'a' rest | project rest", ["Subject"]),
        ("EmailEvents | mv-expand x = todynamic(Connectors) | project x", ["Connectors"]),
        ("EmailEvents | mv-apply x = todynamic(Connectors) on (where x > 1 | project y = x) | project y, UrlCount",
         ["Connectors", "UrlCount"]),
        ("EmailEvents | make-series n = avg(UrlCount) on Timestamp from ago(1d) to now() step 1h | project n",
         ["Timestamp", "UrlCount"]),
        ("print x = toscalar(EmailEvents | where UrlCount > 1 | project Subject)", ["Subject", "UrlCount"]),
        ("union (EmailEvents | project a = Subject), (EmailEvents | project a = SenderIPv4)",
         ["SenderIPv4", "Subject"]),
        ("let unused = EmailEvents | project SenderIPv4; EmailEvents | project Subject", ["Subject"]),
    ],
)  # fmt: skip
def test_columns_that_the_result_depends_on(query: str, columns: list[str]) -> None:
    found = described(query)
    assert found["exact"] is True
    assert sorted(found["tables"]["EmailEvents"]) == columns


def test_a_join_reads_of_both_sides() -> None:
    query = (
        "EmailEvents | where Subject has 'x'"
        "| join kind=inner (EmailUrlInfo | project NetworkMessageId, Url) on NetworkMessageId | project Url"
    )
    assert described(query)["tables"] == {
        "EmailEvents": ["NetworkMessageId", "Subject"],
        "EmailUrlInfo": ["NetworkMessageId", "Url"],
    }


def test_conditions_on_time_stand_as_they_were_written() -> None:
    query = "let a = 1d;\nEmailEvents\n| where UrlCount > 1 and Timestamp   between (ago(a)\n .. now())\n| where 1 == 1"
    assert described(query)["timeFilters"] == [
        {"column": "Timestamp", "text": "Timestamp between (ago(a) .. now())", "line": 3, "at": 26, "function": None}
    ]
    assert described("EmailEvents | where Timestamp > ago(1d) or UrlCount > 1")["timeFilters"] == []


def test_result_functions_and_operators() -> None:
    found = described("let f = (x: string) { toupper(x) }; EmailEvents | summarize n = count() by s = f(Subject)")
    assert found["resultColumns"] == [{"name": "s", "type": "string"}, {"name": "n", "type": "long"}]
    assert (found["functions"], found["operators"], found["open"]) == (["count", "toupper"], ["summarize"], False)


def test_what_the_engine_does_not_run_is_told_by_name() -> None:
    query = (
        "externaldata(Subject: string)['https://example.com/a.csv']"
        "| join (EmailEvents | where Timestamp > ago(1d) | project Subject) on Subject"
    )
    found = described(query)
    assert found["exact"] is False
    assert sorted(found["tables"]["EmailEvents"]) == ["Subject", "Timestamp"]
    assert [each["text"] for each in found["timeFilters"]] == ["Timestamp > ago(1d)"]
    assert "by name only" in run(query).stdout


def test_parsers_and_watchlists_of_a_repository() -> None:
    found = described("MailOwnDomains | project Domain", "--root", REPOSITORY)
    assert found["workspaceFunctions"] == ["MailOwnDomains"]
    assert "Domain" in found["watchlists"]["MailAcceptedDomains"]


def test_for_people(tmp_path: Path) -> None:
    (tmp_path / "rule.kql").write_text("EmailEvents | where Timestamp > ago(1d) | count", encoding="utf-8")
    result = run(tmp_path / "rule.kql", "EmailEvents | project Subject", "print 1")
    assert result.exit_code == 0
    assert "  table      EmailEvents: Timestamp\n" in result.stdout
    assert "  time       Timestamp > ago(1d)  (line 1)\n" in result.stdout
    assert "  time       no filter" in result.stdout
    assert "  result     print_0: long\n" in result.stdout


def test_an_error_is_shown_instead() -> None:
    result = run("--format", "json", "EmailEvents | project Subjekt", "print 1")
    assert result.exit_code == 1
    assert "query 1:1:23" in result.stderr
    assert [each["query"] for each in json.loads(result.stdout)] == ["query 2"]
