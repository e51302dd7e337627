"""Recorded samples: every format gives the same table, and what does not fit is named at its place."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.kql.literals import parse_datetime
from tocsin.kql.types import ColumnSchema, ScalarType
from tocsin.testing.samples import Unreadable, as_table, read_samples
from tocsin.testing.values import WrongType, kql_value

COLUMNS = [
    ColumnSchema("TimeGenerated", ScalarType.DATETIME),
    ColumnSchema("Name", ScalarType.STRING),
    ColumnSchema("Count", ScalarType.LONG),
    ColumnSchema("Bag", ScalarType.DYNAMIC),
]
RECORD = {"TimeGenerated": "2025-07-15T10:00:00Z", "Name": "a,b", "Count": 3, "Bag": {"x": [1, None]}}
ROW = (parse_datetime("2025-07-15T10:00:00Z"), "a,b", 3, {"x": [1, None]})

FILES = {
    "one.jsonl": json.dumps(RECORD) + "\n\n" + json.dumps(RECORD) + "\n",
    "two.json": json.dumps([RECORD, {**RECORD, "Bag": json.dumps(RECORD["Bag"])}], indent=1),
    "bom.json": "\ufeff" + json.dumps([RECORD, RECORD]),
    "three.csv": "TimeGenerated [UTC],Name,Count,Bag\r\n"
    + '"7/15/2025, 10:00:00.000 AM","a,b",3,"{""x"":[1,null]}"\r\n' * 2,
    "four.json": json.dumps(
        {
            "tables": [
                {
                    "name": "PrimaryResult",
                    "columns": [{"name": name, "type": "string"} for name in RECORD],
                    "rows": [["2025-07-15T10:00:00Z", "a,b", 3, '{"x":[1,null]}']] * 2,
                }
            ]
        }
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_table(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8", newline="")
    table, findings = as_table(COLUMNS, read_samples(tmp_path / name, name), "T")
    assert findings == []
    assert list(table.rows()) == [ROW, ROW]


@pytest.mark.parametrize("name", ["a=1/x.parquet", "caf\u00e9 #%41?.parquet", "\udcff.parquet"])
def test_parquet_is_read_from_the_file_alone_whatever_its_name(tmp_path: Path, name: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    if "\udcff" in name and sys.platform != "linux":
        pytest.skip("names are Unicode here")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as stream:
        parquet.write_table(pyarrow.table({"Count": [3]}), stream)
    (record,) = read_samples(path, name)
    assert {key: field.value for key, field in record.items()} == {"Count": 3}


def test_missing_fields_are_null_and_empty_text(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"Count": null}\n{"Count": "", "Bag": ""}\n', encoding="utf-8")
    table, findings = as_table(COLUMNS, read_samples(tmp_path / "x.jsonl", "x.jsonl"), "T")
    assert findings == []
    assert list(table.rows()) == [(None, "", None, None)] * 2


def test_what_does_not_fit_is_named_with_its_place(tmp_path: Path) -> None:
    text = '{"Name": "a"}\n{"Name": 5, "Nmae": "x", "Count": 1.5}\n'
    (tmp_path / "x.jsonl").write_text(text, encoding="utf-8")
    _, findings = as_table(COLUMNS, read_samples(tmp_path / "x.jsonl", "x.jsonl"), "T")
    assert [(one.code, str(one.location), one.message) for one in findings] == [
        ("TST103", "x.jsonl:2:2", "T.Name is a string, and 5 is not text"),
        ("TST102", "x.jsonl:2:13", "T has no column Nmae"),
        ("TST103", "x.jsonl:2:26", "T.Count is a long, and 1.5 is not a long"),
    ]
    assert "did you mean Name?" in findings[1].help


def test_fields_of_an_indented_array_are_found_in_their_own_record(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(
        '[\n {"Name": "a"},\n {"Name": "b",\n  "Count": "many"},\n {"Name": 1}\n]', "utf-8"
    )
    _, findings = as_table(COLUMNS, read_samples(tmp_path / "x.json", "x.json"), "T")
    assert [str(one.location) for one in findings] == ["x.json:4:3", "x.json:5:3"]


def test_fields_of_an_array_on_one_line_are_found_in_their_own_record(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"Name": 1}, {"Name": "Count", "Count": "x"}, {"Name": 2}]', "utf-8")
    _, findings = as_table(COLUMNS, read_samples(tmp_path / "x.json", "x.json"), "T")
    assert [str(one.location) for one in findings] == ["x.json:1:3", "x.json:1:33", "x.json:1:49"]


def test_a_name_that_is_written_with_escapes_has_the_line_of_the_field_before(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"Name": "a",\n"\\u0043ount": "x"},\n{"Name": 1}]', "utf-8")
    _, findings = as_table(COLUMNS, read_samples(tmp_path / "x.json", "x.json"), "T")
    assert [str(one.location) for one in findings] == ["x.json:1:1", "x.json:3:2"]


@pytest.mark.parametrize(
    ("name", "text", "place", "says"),
    [
        ("x.jsonl", '{"a": 1}\n{"a": }\n', "x.jsonl:2:7", "not JSON"),
        ("x.jsonl", "[1]\n", "x.jsonl:1:1", "a record is a JSON object"),
        ("x.json", '{\n "a": 1\n "b": 2}', "x.json:3:2", "not JSON"),
        ("x.json", '{"tables": [{}]}', "x.json:1:1", "no columns and rows"),
        ("x.json", "[" * 100_000, "x.json:1:1", "nested too deep"),
        ("x.csv", "a,b\n1,2\n1,2,3\n", "x.csv:3:1", "3 values, the header 2"),
        ("x.csv", 'a\n"1', "x.csv:2:1", "not CSV"),
        ("x.txt", "", "x.txt:1:1", "not a kind of sample file"),
        ("x.csv", "a,,b\n1,2,3\n", "x.csv:1:1", "column 2 of the header has no name"),
        ("x.csv", "a;b\n1;2\n", "x.csv:1:1", 'the header is one column, "a;b"'),
        ("x.csv", "a\tb\n", "x.csv:1:1", "the header is one column"),
        (
            "x.json",
            '{"error": {"code": "BadArgumentError", "message": "wrong"}}',
            "x.json:1:1",
            "BadArgumentError: wrong",
        ),
        ("x.json", '{"error": {"code": "PartialError"}, "tables": []}', "x.json:1:1", "only a part of the result"),
        ("x.json", '{"schema": [{"name": 5}], "results": []}', "x.json:1:1", "need names"),
        ("x.json", '{"Schema": [], "Results": [5]}', "x.json:1:1", "lists of objects"),
        ("x.jsonl.gz", "", "x.jsonl.gz:1:1", '".jsonl.gz" is not a kind of sample file'),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, text: str, place: str, says: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable) as caught:
        read_samples(tmp_path / name, name)
    assert str(caught.value.finding.location) == place
    assert says in caught.value.finding.message
    assert caught.value.finding.help


def test_what_files_begin_with_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('\ufeff{"a": 1}\n\ufeff{"a": 2}\n', encoding="utf-8")
    (tmp_path / "x.csv").write_text("\r\n\na\n1\n", encoding="utf-8", newline="")
    assert [record["a"].value for record in read_samples(tmp_path / "x.jsonl", "x.jsonl")] == [1, 2]
    (record,) = read_samples(tmp_path / "x.csv", "x.csv")
    assert (record["a"].value, record["a"].location.line) == ("1", 4)


def test_folders_and_utf_16_are_told_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n", encoding="utf-16")
    with pytest.raises(Unreadable, match="UTF-16"):
        read_samples(tmp_path / "x.csv", "x.csv")
    with pytest.raises(Unreadable, match="is a folder"):
        read_samples(tmp_path, "here")


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("none.csv", "x.csv"):
        with pytest.raises(Unreadable):
            read_samples(tmp_path / name, name)


@pytest.mark.parametrize(
    ("raw", "type_", "value"),
    [
        ("TRUE", "bool", True),
        ("17", "int", 17),
        (17.0, "long", 17),
        ("9223372036854775807", "long", 2**63 - 1),
        ("0.5", "real", 0.5),
        ("12/31/2024, 12:00:00.5 AM", "datetime", parse_datetime("2024-12-31T00:00:00.5Z")),
        ("12/31/2024, 12:00:00 PM", "datetime", parse_datetime("2024-12-31T12:00:00Z")),
        ("1.02:00:00", "timespan", 26 * 36_000_000_000),
        ("{ABCDEF01-2345-6789-ABCD-EF0123456789}", "guid", "abcdef01-2345-6789-abcd-ef0123456789"),
        ("plain", "dynamic", "plain"),
        ("17", "dynamic", "17"),
        ("[broken", "dynamic", "[broken"),
    ],
)
def test_values(raw: Any, type_: str, value: Any) -> None:
    assert kql_value(raw, ScalarType(type_)) == value


def test_text_is_json_where_the_source_says_so() -> None:
    assert kql_value("17", ScalarType.DYNAMIC, text_is_json=True) == 17


@pytest.mark.parametrize(
    ("raw", "type_"),
    [
        (True, "long"),
        (True, "real"),
        (2**31, "int"),
        ("1.5", "long"),
        (1, "bool"),
        ("yes", "bool"),
        ({"a": 1}, "string"),
        (5, "string"),
        ("noon", "datetime"),
        (5, "datetime"),
        ("x", "guid"),
        ("x", "real"),
        ("x", "timespan"),
        ("x", "decimal"),
    ],
)
def test_values_of_the_wrong_type(raw: Any, type_: str) -> None:
    with pytest.raises(WrongType) as caught:
        kql_value(raw, ScalarType(type_))
    assert caught.value.help


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("deep.jsonl", '{"Bag": ' * 100_000, "1:1: nested too deep"),
        ("digits.jsonl", '{"Name": "a"}\n{"Count": ' + "9" * 5000 + "}", "2:1: a number has too many digits"),
        ("nan.jsonl", '{"Count": NaN}', "1:1: NaN is no value"),
        ("twice.json", '[{"Name": "a",\n "Name": "b"}]', '1:1: "Name" is there twice in one object'),
        ("rows.json", '{"tables": [{"columns": [{"name": "Name"}], "rows": [["a", 1]]}]}', "2 values for 1 columns"),
        ("text.json", '{"tables": [{"columns": [{"name": "Name"}], "rows": ["a"]}]}', "no columns and rows"),
        ("names.json", '{"tables": [{"columns": [{"name": ["a"]}], "rows": [[1]]}]}', "need names"),
        ("same.csv", "Name,Name\na,b\n", '1:1: the column "Name" is there twice'),
        ("latin.csv", "Name\nok\n\xe9\n", "3:1: the file is not UTF-8 text"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(Unreadable) as caught:
        read_samples(tmp_path / name, name)
    finding = caught.value.finding
    assert finding.code == "TST101"
    place, _, words = says.rpartition(": ")
    assert words in finding.message
    assert not place or str(finding.location) == f"{name}:{place}"


def test_a_line_of_json_ends_where_json_says(tmp_path: Path) -> None:
    names = ["a\u2028b", "c\x85d", "e\u2029f"]
    lines = [json.dumps({"Name": name}, ensure_ascii=False) for name in names]
    (tmp_path / "x.jsonl").write_text("\r\n".join(lines), encoding="utf-8", newline="")
    assert [record["Name"].value for record in read_samples(tmp_path / "x.jsonl", "x")] == names


@pytest.mark.parametrize(
    ("raw", "type_"),
    [
        (10**400, ScalarType.REAL),
        ("1_000", ScalarType.REAL),
        ("1_000", ScalarType.DECIMAL),
        ("sNaN", ScalarType.DECIMAL),
        ("Infinity", ScalarType.DECIMAL),
    ],
)
def test_numbers_that_only_python_knows_are_refused(raw: object, type_: ScalarType) -> None:
    with pytest.raises(WrongType):
        kql_value(raw, type_)


@pytest.mark.parametrize("name", ["_IngestionTime", "$IngestionTime"])
def test_a_record_may_say_when_it_was_ingested(tmp_path: Path, name: str) -> None:
    lines = [json.dumps({**RECORD, name: "2025-07-15T10:03:00Z"}), json.dumps(RECORD)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    table, findings = as_table(COLUMNS, read_samples(tmp_path / "a.jsonl", "a.jsonl"), "T")
    assert findings == []
    assert list(table.rows()) == [ROW, ROW]
    assert table.ingested == [parse_datetime("2025-07-15T10:03:00Z"), None]


def test_a_time_of_ingestion_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"_IngestionTime": "soon"}', encoding="utf-8")
    _, (finding,) = as_table(COLUMNS, read_samples(tmp_path / "a.jsonl", "a.jsonl"), "T")
    assert (finding.code, finding.message.startswith("T._IngestionTime is a datetime")) == ("TST103", True)


def test_a_column_of_that_name_is_a_column(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"_IngestionTime": "soon"}', encoding="utf-8")
    columns = [ColumnSchema("_IngestionTime", ScalarType.STRING)]
    table, findings = as_table(columns, read_samples(tmp_path / "a.jsonl", "a.jsonl"), "T")
    assert (list(table.rows()), table.ingested, findings) == ([("soon",)], None, [])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes in folders")
@pytest.mark.parametrize("name", ["pipe.jsonl", "pipe.csv", "pipe.parquet"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(Unreadable, match="a pipe or a device"):
        read_samples(tmp_path / name, name)


def test_more_values_than_memory_should_hold_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.testing.samples.MAX_VALUES", 3)
    (tmp_path / "x.jsonl").write_text('{"a": 1, "b": 2}\n{"a": 1}\n', encoding="utf-8")
    assert len(read_samples(tmp_path / "x.jsonl", "x.jsonl")) == 2
    (tmp_path / "x.jsonl").write_text('{"a": 1, "b": 2}\n{}\n{}\n', encoding="utf-8")
    with pytest.raises(Unreadable, match="more than 3 values"):
        read_samples(tmp_path / "x.jsonl", "x.jsonl")


HOSTILE_PARQUET: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a time beyond all years": (lambda pa: pa.table({"a": pa.array([2**62], pa.timestamp("ms"))}), "column a"),
    "a day beyond all years": (lambda pa: pa.table({"a": pa.array([2**30], pa.date32())}), "column a"),
    "times within lists": (
        lambda pa: pa.table({"a": pa.array([[10**18 + 1]], pa.list_(pa.timestamp("ns")))}),
        "column a",
    ),
    "a column twice": (lambda pa: pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), "twice"),
    "a value in millions": (lambda pa: pa.table({"a": pa.array([0] * 6_000_000, pa.int8())}), "5,000,000 values"),
    "a long text many times": (lambda pa: pa.table({"a": pa.array(["x" * 1_000_000] * 300)}), "100,000,000 bytes"),
}


@pytest.mark.parametrize("name", HOSTILE_PARQUET)
def test_hostile_parquet_is_told_soon(tmp_path: Path, name: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    make, says = HOSTILE_PARQUET[name]
    pytest.importorskip("pyarrow.parquet").write_table(make(pyarrow), tmp_path / "x.parquet")
    began = time.monotonic()
    with pytest.raises(Unreadable, match=says):
        read_samples(tmp_path / "x.parquet", "x.parquet")
    assert time.monotonic() - began < 10


HOSTILE = {
    "deep.json": "[" * 1_000_000,
    "deep.jsonl": '{"a":' * 500_000,
    "digits.jsonl": '{"a":' + "9" * 2_000_000 + "}",
    "field.csv": "a\n" + "x" * 10_000_000,
    "quote.csv": 'a\n"' + "x\n" * 3_000_000,
    "columns.csv": ",".join(f"c{number}" for number in range(300_000)) + "\n1\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_told_soon(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(HOSTILE[name], encoding="utf-8", newline="")
    began = time.monotonic()
    with pytest.raises(Unreadable):
        read_samples(tmp_path / name, name)
    assert time.monotonic() - began < 10
