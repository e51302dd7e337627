"""``tocsin kql``: run, check, batch."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.kql import app

SIGNINS = '{"TimeGenerated": "2025-07-15T09:00:00Z", "User": "ann", "Score": 1}\n{"User": "bob", "Score": 2.5}\n'


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner(env={"NO_COLOR": "1"})


@pytest.fixture
def signins(tmp_path: Path) -> Path:
    path = tmp_path / "signins.jsonl"
    path.write_text(SIGNINS, encoding="utf-8")
    return path


def test_an_unknown_table_takes_its_columns_from_the_file(runner: CliRunner, signins: Path) -> None:
    query = "Mine | where Score > 2 or TimeGenerated > ago(2h) | project User, Score, TimeGenerated"
    arguments = ["run", query, "--table", f"Mine={signins}", "--now", "2025-07-15T10:00:00Z", "--format", "jsonl"]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"User": "ann", "Score": 1.0, "TimeGenerated": "2025-07-15T09:00:00.0000000Z"},
        {"User": "bob", "Score": 2.5, "TimeGenerated": None},
    ]


API = {
    "columns": [
        {"name": "At", "type": "datetime"}, {"name": "N", "type": "int"}, {"name": "D", "type": "decimal"},
        {"name": "For", "type": "timespan"}, {"name": "Bag", "type": "dynamic"}, {"name": "None", "type": "guid"},
    ],
    "rows": [["2025-07-15T10:00:00.1234567Z", 5, "1.50", "1.02:03:04", '{"a":1}', None]],
}  # fmt: skip

EXPORTS = {
    "api.json": (
        json.dumps({"tables": [{"name": "PrimaryResult", **API}]}),
        {"At": "datetime", "N": "int", "D": "decimal", "For": "timespan", "Bag": "dynamic", "None": "guid"},
    ),
    "az.json": (
        json.dumps([{"TableName": "PrimaryResult", "At": "2025-07-15T10:00:00Z", "N": "5", "Bag": '{"a":1}'}]),
        {"At": "datetime", "N": "long", "Bag": "dynamic"},
    ),
    "storage.json": (
        '{"At": "2025-07-15T10:00:00Z", "N": 5, "Bag": {"a": 1}}\n{"At": "2025-07-15T10:00:01Z"}\n',
        {"At": "datetime", "N": "long", "Bag": "dynamic"},
    ),
    "hunting.json": (
        json.dumps(
            {
                "schema": [
                    {"name": "At", "type": "DateTime"},
                    {"name": "N", "type": "Int64"},
                    {"name": "Bag", "type": "Object"},
                ],
                "results": [{"At": "2025-07-15T10:00:00Z", "N@odata.type": "#Int64", "N": 5, "Bag": {"a": 1}}],
            }
        ),
        {"At": "datetime", "N": "long", "Bag": "dynamic"},
    ),
    "portal.csv": (
        '\ufeff"At [UTC]",N,Bag\n"7/15/2025, 10:00:00.123 AM",5,"{""a"":1}"\n',
        {"At": "datetime", "N": "long", "Bag": "dynamic"},
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_a_workspace_have_types(runner: CliRunner, tmp_path: Path, name: str) -> None:
    text, types = EXPORTS[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert types_of(runner, "Mine", tmp_path / name) == types
    arguments = ["--table", f"Mine={tmp_path / name}", "--format", "jsonl"]
    result = runner.invoke(app, ["run", "Mine | where Bag.a == 1 | project N", *arguments])
    assert json.loads(result.stdout) == {"N": 5}


def test_a_record_s_own_time_of_ingestion(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"User": "ann", "_IngestionTime": "2025-07-15T09:03:00Z"}\n{"User": "bob"}\n', encoding="utf-8")
    query = "Mine | extend At = ingestion_time()"
    result = runner.invoke(app, ["run", query, "--table", f"Mine={path}", "--format", "jsonl"])
    assert result.exit_code == 0, result.output
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"User": "ann", "At": "2025-07-15T09:03:00.0000000Z"},
        {"User": "bob", "At": None},
    ]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("csv", 'a,b\n1,"x,""y"""\n'),
        ("json", '[\n  {\n    "a": 1,\n    "b": "x,\\"y\\""\n  }\n]\n'),
        ("jsonl", '{"a": 1, "b": "x,\\"y\\""}\n'),
    ],
)
def test_formats(runner: CliRunner, output: str, expected: str) -> None:
    result = runner.invoke(app, ["run", "print a = 1, b = 'x,\"y\"'", "--format", output])
    assert result.stdout == expected


def test_a_table_for_people(runner: CliRunner) -> None:
    result = runner.invoke(app, ["run", "print name = 'a\\u001b[31mb', n = long(null)"])
    assert result.exit_code == 0
    assert "name" in result.stdout
    assert "1 row\n" in result.stdout
    assert "\x1b" not in result.stdout


def test_query_from_a_file_and_a_watchlist(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "q.kql").write_text("_GetWatchlist('Vip') | project Name", encoding="utf-8")
    (tmp_path / "vip.csv").write_text("Name,Level\nann,1\n", encoding="utf-8")
    arguments = ["run", "--file", str(tmp_path / "q.kql"), "--watchlist", f"Vip={tmp_path / 'vip.csv'}"]
    result = runner.invoke(app, [*arguments, "--format", "csv"])
    assert result.stdout == "Name\nann\n"


def test_mistakes_of_a_query_in_a_file_are_told_by_its_name(runner: CliRunner, tmp_path: Path) -> None:
    for text, place in (("print\n  x = y", "2:7"), ("print 'a'\n| where 'a' matches regex strcat('(', '')", "2:")):
        (tmp_path / "q.kql").write_text(text, encoding="utf-8")
        result = runner.invoke(app, ["run", "--file", str(tmp_path / "q.kql")])
        assert result.exit_code == 1
        assert f"q.kql:{place}" in result.output


def test_explain_shows_the_rows_of_each_step(runner: CliRunner, signins: Path) -> None:
    result = runner.invoke(app, ["run", "Mine | where Score > 2", "--table", f"Mine={signins}", "--explain"])
    assert result.exit_code == 0
    assert "where Score > 2" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["run", "print x = y"], 1, "query:1:11"),
        (["run", "print x = 1 |"], 1, "query:1:"),
        (["run", ""], 2, "no query"),
        (["run", "print 1", "--table", "T"], 2, "NAME=FILE"),
        (["run", "print 1", "--table", "T=none.jsonl"], 2, "none.jsonl"),
        (["run", "print 1", "--table", "T=a.csv", "--table", "T=b.csv"], 2, "T is there twice"),
        (["run", "print 1", "--now", "soon"], 2, "--now soon"),
        (["run", "--file", "none.kql"], 2, "none.kql"),
        (["check", "none.kql"], 2, "none.kql"),
        (["run", "print 'a' matches regex strcat('(', '')"], 1, "regular expression"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    runner: CliRunner, arguments: list[str], status: int, said: str
) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == status
    assert said in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_check_points_at_the_place(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "rule.kql"
    path.write_text("SigninLogs\n| where UserPrincipalNam == 'a'\n", encoding="utf-8")
    result = runner.invoke(app, ["check", str(path)])
    assert result.exit_code == 1
    assert "rule.kql:2:9" in result.stdout
    assert "UserPrincipalName" in result.stdout
    assert "1 query, 1 error" in result.stdout


def test_check_as_json(runner: CliRunner) -> None:
    result = runner.invoke(app, ["check", "print x", "print 1", "--format", "json"])
    (found,) = json.loads(result.stdout)
    assert (found["code"], found["line"], found["column"], found["length"]) == ("KS142", 1, 7, 1)


def test_check_notes_what_only_the_local_engine_refuses(runner: CliRunner) -> None:
    result = runner.invoke(app, ["check", "externaldata(a:string)['https://example.com/a.csv']"])
    assert result.exit_code == 0
    assert "local engine" in result.stdout


def batch(runner: CliRunner, lines: list[str], *arguments: str) -> list[dict[str, object]]:
    result = runner.invoke(app, ["batch", *arguments], input="\n".join(lines) + "\n")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_run_reads_the_query_from_standard_input(runner: CliRunner) -> None:
    for arguments in (["run", "-"], ["run", "-f", "-"]):
        result = runner.invoke(app, [*arguments, "--format", "csv"], input="print x = 7")
        assert result.stdout.splitlines() == ["x", "7"]


def test_batch_values(runner: CliRunner) -> None:
    times = "d = datetime(2016-03-05 15:21), t = timespan(1.02:03:04.5)"
    query = f"print {times}, j = dynamic({{'a':[1,null]}}), n = real(nan), z = int(null)"
    (answer,) = batch(runner, [json.dumps({"id": 1, "query": query})])
    assert answer["columns"] == [
        {"name": name, "type": type_}
        for name, type_ in (("d", "datetime"), ("t", "timespan"), ("j", "dynamic"), ("n", "real"), ("z", "int"))
    ]
    assert answer["rows"] == [["2016-03-05T15:21:00.0000000Z", "1.02:03:04.5000000", {"a": [1, None]}, "NaN", None]]


def test_batch_goes_on_after_bad_lines(runner: CliRunner) -> None:
    answers = batch(
        runner, ["{", "7", '{"id": "a"}', '{"id": "b", "query": "print x = y"}', '{"id": "c", "query": "print 1"}']
    )
    assert [answer["id"] for answer in answers] == [None, None, "a", "b", "c"]
    assert [("error" in answer) for answer in answers] == [True, True, True, True, False]
    assert str(answers[3]["error"]).startswith("KS142 1:11 ")


def test_batch_with_a_catalogue_and_functions(runner: CliRunner, tmp_path: Path) -> None:
    schemas = {"one": {"T": {"a": "long"}}, "two": {"T": {"b": "string"}}}
    functions = [
        {"name": "F", "parameters": "(x:string='')", "body": "{ print y = x }"},
        {"name": "G", "returns": {"k k": "int"}},
    ]
    (tmp_path / "s.json").write_text(json.dumps(schemas), encoding="utf-8")
    (tmp_path / "f.json").write_text(json.dumps(functions), encoding="utf-8")
    requests = [
        {"id": 1, "query": "T", "env": "two"},
        {"id": 2, "query": "T", "env": "unified"},
        {"id": 3, "query": "F('q')"},
        {"id": 4, "query": "G()"},
    ]
    options = ["--catalogue", str(tmp_path / "s.json"), "--functions", str(tmp_path / "f.json")]
    answers = batch(runner, [json.dumps(request) for request in requests], *options)
    assert answers[0] == {"id": 1, "columns": [{"name": "b", "type": "string"}], "rows": []}
    assert [column["name"] for column in answers[1]["columns"]] == ["b", "a"]  # type: ignore[attr-defined]  # JSON
    assert answers[2]["rows"] == [["q"]]
    assert answers[3]["columns"] == [{"name": "k k", "type": "int"}]


def test_check_for_code_scanning(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "rule.kql"
    path.write_text("SigninLogs\n| where UserPrincipalNam == 'a'\n", encoding="utf-8")
    result = runner.invoke(app, ["check", str(path), "--format", "sarif"])
    assert result.exit_code == 1
    [found] = json.loads(result.stdout)["runs"][0]["results"]
    assert found["ruleId"] == "KS142"
    region = found["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 9, "endColumn": 25}


def answered(runner: CliRunner, request: dict[str, object], *options: str) -> dict[str, object]:
    result = runner.invoke(app, ["batch", *options], input=json.dumps({"id": 1, **request}) + "\n")
    assert result.exit_code == 0, result.output
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


@pytest.mark.parametrize(
    ("request_", "rows"),
    [
        ({"query": "T | where n > 1", "tables": {"T": [{"n": 1}, {"n": 2}]}}, [[2]]),
        (
            {
                "query": "T | summarize max(at)",
                "tables": {"T": {"columns": [{"name": "at", "type": "datetime"}], "rows": [["2025-07-15T10:00:00Z"]]}},
            },
            [["2025-07-15T10:00:00.0000000Z"]],
        ),
        ({"query": "_GetWatchlist('Vip') | project Name", "watchlists": {"Vip": [{"Name": "ann"}]}}, [["ann"]]),
        (
            {
                "query": "externaldata(a: string, b: long) ['https://example.com/x?a=b'] | where b > 1",
                "external": {"https://example.com/x?a=b": [{"a": "p", "b": 1}, {"a": "q", "b": 2}]},
            },
            [["q", 2]],
        ),
        (
            {
                "query": "print tostring(geo_info_from_ip_address('203.0.113.7').country)",
                "geo": {"203.0.113.0/24": {"country": "Norway"}},
            },
            [["Norway"]],
        ),
        ({"query": "print now()", "now": "2025-07-15T10:00:00Z"}, [["2025-07-15T10:00:00.0000000Z"]]),
    ],
)
def test_batch_runs_on_the_data_of_the_request(runner: CliRunner, request_: dict[str, object], rows: object) -> None:
    assert answered(runner, request_).get("rows") == rows


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"query": "T", "tables": [1]}, '"tables" is no object'),
        ({"query": "T", "tables": {"T": [1]}}, "list of objects"),
        ({"query": "T", "tables": {"T": {"columns": [{"name": "a"}], "rows": []}}}, "types of KQL"),
        ({"query": "T", "tables": {"T": {"columns": [{"name": "a", "type": "int"}], "rows": [[1, 2]]}}}, "a value for"),
        ({"query": "SigninLogs", "geo": {"here": {}}}, "neither an IP address"),
        ({"query": "print now()", "now": "soon"}, '"now" is no datetime'),
        (
            {"query": "externaldata(a: long) ['https://a.example']", "external": {"https://a.example": [{"a": "x"}]}},
            "https://a.example, row 1",
        ),
        ({"query": "externaldata(a: long) ['https://example.com']"}, "TK109"),
    ],
)  # fmt: skip
def test_batch_says_what_is_wrong_with_the_data(runner: CliRunner, request_: dict[str, object], said: str) -> None:
    assert said in str(answered(runner, request_).get("error"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rows", "5"], "more than 5 rows"),
        (["--memory", "1"], "more than 25,000 values"),
        (["--seconds", "0"], "longer than 0 s"),
    ],
)
def test_limits_can_be_set(runner: CliRunner, options: list[str], said: str) -> None:
    query = "range x from 1 to 100000 step 1 | extend y = x"
    assert said in str(answered(runner, {"query": query}, *options).get("error"))
    result = runner.invoke(app, ["run", query, *options])
    assert result.exit_code == 1
    assert said in result.output


def test_externaldata_from_a_file(runner: CliRunner, signins: Path) -> None:
    query = "externaldata(User: string) ['https://example.com/a=b'] | count"
    result = runner.invoke(app, ["run", query, "--external", f"https://example.com/a=b={signins}", "--format", "csv"])
    assert result.exit_code == 2
    assert "no column TimeGenerated" in result.output.replace("\n", " ")


def test_parquet(runner: CliRunner, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    at = pyarrow.array([1_752_570_000_123_456_700, None], pyarrow.timestamp("ns"))
    table = pyarrow.table({"at": at, "n": [1, 2], "s": ["a", None], "d": [{"k": [1]}, None]})
    parquet.write_table(table, tmp_path / "t.parquet")
    result = runner.invoke(app, ["run", "T", "--table", f"T={tmp_path / 't.parquet'}", "--format", "jsonl"])
    assert result.exit_code == 0, result.output
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"at": "2025-07-15T09:00:00.1234567Z", "n": 1, "s": "a", "d": {"k": [1]}},
        {"at": None, "n": 2, "s": "", "d": None},
    ]
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    result = runner.invoke(app, ["run", "T", "--table", f"T={tmp_path / 'broken.parquet'}"])
    assert result.exit_code == 2
    assert "not Parquet" in result.output


EMPTY = {
    "portal.csv": ("\ufeffTimeGenerated [UTC],User\r\n", {"TimeGenerated": "string", "User": "string"}),
    "api.json": (
        json.dumps({"tables": [{"name": "PrimaryResult", "columns": API["columns"], "rows": []}]}),
        {"At": "datetime", "N": "int", "D": "decimal", "For": "timespan", "Bag": "dynamic", "None": "guid"},
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_table_without_a_row_has_the_columns_of_its_header(runner: CliRunner, tmp_path: Path, name: str) -> None:
    text, types = EMPTY[name]
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert types_of(runner, "Mine", tmp_path / name) == types


def types_of(runner: CliRunner, table: str, path: Path) -> dict[str, str]:
    """The types of a table's columns as the query sees them."""
    query = f"{table} | getschema | project ColumnName, ColumnType"
    result = runner.invoke(app, ["run", query, "--table", f"{table}={path}", "--format", "jsonl"])
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {each["ColumnName"]: each["ColumnType"] for each in found}


def test_the_catalogue_s_type_goes_before_the_header(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "signins.csv"
    path.write_text("TimeGenerated [UTC],UserPrincipalName,Mine\n", encoding="utf-8")
    types = types_of(runner, "SigninLogs", path)
    assert (types["TimeGenerated"], types["UserPrincipalName"], types["Mine"]) == ("datetime", "string", "string")
    assert types["ResultType"] == "string"


def test_a_watchlist_without_an_item_has_the_columns_of_its_header(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "vip.csv").write_text("Name,Level\n", encoding="utf-8")
    arguments = ["run", "_GetWatchlist('Vip') | project Name, Level", "--watchlist", f"Vip={tmp_path / 'vip.csv'}"]
    result = runner.invoke(app, [*arguments, "--format", "csv"])
    assert (result.exit_code, result.stdout) == (0, "Name,Level\n"), result.output


@pytest.mark.parametrize("rows", [0, 1])
def test_parquet_says_the_types_of_its_columns(runner: CliRunner, tmp_path: Path, rows: int) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "At": (arrow.timestamp("us", "UTC"), 1_752_570_000_000_000, "datetime"),
        "Day": (arrow.date32(), 20_284, "datetime"),
        "For": (arrow.duration("ms"), 1_500, "timespan"),
        "Small": (arrow.int32(), 1, "int"),
        "Byte": (arrow.uint8(), 1, "int"),
        "Large": (arrow.uint32(), 1, "long"),
        "Score": (arrow.float32(), 0.5, "real"),
        "Price": (arrow.decimal128(10, 2), Decimal("1.50"), "decimal"),
        "Ok": (arrow.bool_(), True, "bool"),
        "Bag": (arrow.struct([("a", arrow.int64())]), {"a": 1}, "dynamic"),
        "Name": (arrow.dictionary(arrow.int8(), arrow.string()), "ann", "string"),
        "Nothing": (arrow.null(), None, "string"),
    }
    data = {name: arrow.array([value] * rows, type=type_) for name, (type_, value, _) in columns.items()}
    parquet.write_table(arrow.table(data), tmp_path / "t.parquet")
    assert types_of(runner, "T", tmp_path / "t.parquet") == {name: type_ for name, (_, _, type_) in columns.items()}
    query = "T | project For, Price, Day, Name"
    result = runner.invoke(app, ["run", query, "--table", f"T={tmp_path / 't.parquet'}", "--format", "csv"])
    values = ["00:00:01.5000000,1.5,2025-07-15T00:00:00.0000000Z,ann"][:rows]
    assert result.stdout.splitlines() == ["For,Price,Day,Name", *values]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.gz", "a.JSON.GZ"])
def test_packed_files(runner: CliRunner, tmp_path: Path, name: str) -> None:
    text = "N,S\r\n5,x\r\n" if "csv" in name else '{"N": 5, "S": "x"}\n'
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    result = runner.invoke(app, ["run", "T", "--table", f"T={tmp_path / name}", "--format", "csv"])
    assert (result.exit_code, result.stdout) == (0, "N,S\n5,x\n"), result.output


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("cut.jsonl.gz", gzip.compress(b'{"N": 5}' * 100, mtime=0)[:20], "cannot be read"),
        ("text.jsonl.gz", b'{"N": 5}', "Not a gzipped file"),
        ("a.parquet.gz", gzip.compress(b"PAR1", mtime=0), '".parquet.gz" is not a kind'),
        ("bomb.jsonl.gz", gzip.compress(b" " * 2_000_000, mtime=0), "more than 1,000,000 bytes"),
        ("many.jsonl", b'{"a": 1, "b": 2}\n' * 100, "more than 150 values"),
        ("none.jsonl", None, "there is no file"),
    ],
)
def test_files_that_cannot_be_read_are_told(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes | None, said: str
) -> None:
    monkeypatch.setattr("tocsin.testing.samples.MAX_BYTES", 1_000_000)
    monkeypatch.setattr("tocsin.testing.samples.MAX_VALUES", 150)
    if data is not None:
        (tmp_path / name).write_bytes(data)
    result = runner.invoke(app, ["run", "T", "--table", f"T={tmp_path / name}"])
    assert result.exit_code == 2
    assert f"{name}:1:1" in result.output
    assert said in result.output


def test_of_many_values_that_do_not_fit_some_are_shown(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("".join(f'{{"TimeGenerated": "no {number}"}}\n' for number in range(3_000)), encoding="utf-8")
    result = runner.invoke(app, ["run", "SigninLogs", "--table", f"SigninLogs={path}"])
    assert result.exit_code == 2
    assert result.output.count("TST103") == 20
    assert "and 2980 values more" in result.output


def test_a_table_with_a_column_for_each_record_is_refused(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.testing.samples.MAX_CELLS", 10_000)
    path = tmp_path / "wide.jsonl"
    path.write_text("".join(f'{{"Name{number}": 1}}\n' for number in range(200)), encoding="utf-8")
    result = runner.invoke(app, ["run", "T", "--table", f"T={path}"])
    assert result.exit_code == 2
    assert "T would have more than 50 columns of 200 rows" in result.output
    assert "wide.jsonl:51:2" in result.output
    path.write_text('{"Name": 1}\n' * 10_000, encoding="utf-8")
    assert runner.invoke(app, ["run", "T | count", "--table", f"T={path}"]).exit_code == 0
