"""``tocsin kql analyze``: verdicts line by line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli.json_lines import Request
from tocsin.cli.kql import app
from tocsin.cli.kql_analyses import analyst
from tocsin.cli.kql_catalogues import Functions, Tables

SCHEMAS = {
    "sentinel": {"T": {"a": "long", "b": "string"}, "Only": {"x": "datetime"}},
    "m365": {"T": {"b": "dynamic", "c": "real"}},
}
FUNCTIONS: list[dict[str, Any]] = [
    {"name": "Plus", "parameters": "(T:(*), x:string='')", "body": "{ T | extend more = 1 }", "columnArguments": True},
    {"name": "Rows", "parameters": "(n:long)", "returns": {"k k": "int", "further columns": "string"}, "open": True},
    {"name": "Closed", "returns": {"only": "guid"}},
    {"name": "Score", "parameters": "(of:string)", "scalar": "real"},
    {"name": "Word", "parameters": "()", "scalar": "string"},
]


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "schemas.json").write_text(json.dumps(SCHEMAS), encoding="utf-8")
    (tmp_path / "functions.json").write_text(json.dumps(FUNCTIONS), encoding="utf-8")
    return ["--catalogue", str(tmp_path / "schemas.json"), "--functions", str(tmp_path / "functions.json")]


def analyze(lines: list[str], *options: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["analyze", *options], input="\n".join(lines) + "\n")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def verdict(query: str, options: list[str], env: str = "sentinel") -> dict[str, Any]:
    (answer,) = analyze([json.dumps({"id": 1, "query": query, "env": env})], *options)
    return answer


def names(answer: dict[str, Any]) -> list[str]:
    return [f"{column['name']}:{column['type']}" for column in answer["resultColumns"]]


def test_an_answer_has_the_fields_of_the_service(options: list[str]) -> None:
    message = "The name 'A' does not refer to any known column, table, variable or function"
    answer = verdict("T | where A > 1 | project a, b", options)
    assert answer == {
        "id": 1,
        "diagnostics": [
            {
                "code": "KS142",
                "severity": "error",
                "message": answer["diagnostics"][0]["message"],
                "start": 10,
                "length": 1,
            }
        ],
        "resultColumns": [{"name": "a", "type": "long"}, {"name": "b", "type": "string"}],
        "open": False,
        "tables": ["T"],
    }
    assert answer["diagnostics"][0]["message"].startswith(message)


def test_places_count_utf16_units(options: list[str]) -> None:
    found = verdict("print '\U0001f600', \U0001f600", options)["diagnostics"]
    assert ("KS002", 12, 2) in [(each["code"], each["start"], each["length"]) for each in found]
    (found,) = verdict("print x = '\U0001f600' + y", options)["diagnostics"]
    assert (found["code"], found["start"]) == ("KS142", 17)


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("sentinel", ["a:long", "b:string"]),
        ("m365", ["b:dynamic", "c:real"]),
        ("unified", ["b:string", "c:real", "a:long"]),
    ],
)
def test_schema_sets(options: list[str], env: str, expected: list[str]) -> None:
    assert names(verdict("T", options, env)) == expected


def test_without_a_set_all_tables_are_known(options: list[str]) -> None:
    answers = analyze([json.dumps({"id": 1, "query": "T"}), json.dumps({"query": "Only"})], *options)
    assert [names(each) for each in answers] == [["b:string", "c:real", "a:long"], ["x:datetime"]]
    assert answers[1]["id"] is None


def test_functions_of_every_form(options: list[str]) -> None:
    assert names(verdict("Closed()", options)) == ["only:guid"]
    assert verdict("Closed()", options)["open"] is False
    rows = verdict("Rows(1)", options)
    assert names(rows) == ["k k:int", "further columns:string"]
    assert rows["open"] is True
    assert verdict("Rows(1) | where Unheard == 1", options)["diagnostics"] == []
    assert names(verdict("print s = Score('a'), w = Word()", options)) == ["s:real", "w:string"]


def test_names_of_columns_as_arguments_are_not_looked_up(options: list[str]) -> None:
    answer = verdict("T | invoke Plus(NoColumn) | project more", options)
    assert answer["diagnostics"] == []
    assert names(answer) == ["more:long"] or names(answer) == ["more:int"]
    outside = verdict("T | invoke Plus(NoColumn) | project less", options)
    assert [each["code"] for each in outside["diagnostics"]] == ["KS142"]
    assert verdict("T | invoke Plus(NoColumn", options)["diagnostics"][0]["code"].startswith("KS0")


def test_a_syntax_error_leaves_no_columns(options: list[str]) -> None:
    answer = verdict("T | where a ==", options)
    assert answer["resultColumns"] is None
    assert answer["diagnostics"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("7", "a request is an object"),
        ('"T"', "a request is an object"),
        ('{"id": 2}', '"query"'),
        ('{"id": 2, "query": 3}', '"query"'),
        ('{"id": 2, "query": "T", "env": 4}', '"env"'),
        ('{"id": 2, "query": "T", "env": "mars"}', "there is m365, sentinel, unified"),
        ("[" * 3000, "not JSON"),
    ],
)
def test_bad_lines_cost_only_their_own_answer(options: list[str], line: str, said: str) -> None:
    bad, good = analyze([line, "", json.dumps({"id": "ok", "query": "T"})], *options)
    assert said in bad["error"]
    assert good["id"] == "ok"
    assert "error" not in good


def test_texts_nobody_would_write(options: list[str]) -> None:
    queries = ["", "\x00", "\ud800", "(" * 5000, "print '" + "a" * 50_000]
    answers = analyze([json.dumps({"id": i, "query": query}) for i, query in enumerate(queries)], *options)
    assert [each["id"] for each in answers] == list(range(len(queries)))
    assert all("diagnostics" in each for each in answers)


def test_the_packaged_schemas_are_there_without_a_catalogue() -> None:
    answers = analyze(
        [
            json.dumps({"id": env, "query": "EmailEvents | project NetworkMessageId", "env": env})
            for env in ("m365", "unified")
        ]
    )
    assert [names(each) for each in answers] == [["NetworkMessageId:string"]] * 2


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("--catalogue", "[", "is not JSON"),
        ("--catalogue", "[]", "no object of tables"),
        ("--catalogue", '{"T": {"a": "text"}}', "'text' is no type of KQL"),
        ("--functions", "{}", "no list of functions"),
        ("--functions", '[{"name": "F"}]', "holds no columns"),
        ("--functions", '[{"name": "F", "parameters": 3, "body": ""}]', '"parameters"'),
        ("--functions", '[{"name": "F", "scalar": "number"}]', "no type of KQL"),
    ],
)
def test_unusable_files_end_with_two(tmp_path: Path, file: str, text: str, said: str) -> None:
    (tmp_path / "f.json").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["analyze", file, str(tmp_path / "f.json")], input="")
    assert result.exit_code == 2
    assert said in result.output


def test_an_answer_comes_before_the_next_request() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin.cli.kql", "analyze"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for number in range(2):
            process.stdin.write(json.dumps({"id": number, "query": "print 1"}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
    assert process.returncode == 0


def test_a_table_of_another_environment_is_named_as_such() -> None:
    schemas: dict[str, Tables] = {"one": {"A": ()}, "two": {"B": ()}, "": {"A": (), "B": ()}}
    answers = analyst(schemas, Functions({}, frozenset()))
    [found] = answers.answer(Request("B | count", "one"))["diagnostics"]
    assert "it is a table of two" in found["message"]
    assert answers.answer(Request("B | count", "two"))["diagnostics"] == []
