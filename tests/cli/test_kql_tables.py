"""Result tables for people: every line fits, columns stand below each other, and no value steers the terminal."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tocsin import kql
from tocsin.cli.kql_tables import Look, escaped, table_text
from tocsin.kql.table import Table
from tocsin.kql.types import DYNAMIC, LONG, STRING, ColumnSchema

TERMINAL = Look(40, bold=False, rule="-")
FILE = Look(None, bold=False, rule="-")


def table(**columns: list[str]) -> kql.Table:
    count = len(next(iter(columns.values()), []))
    return Table(tuple(ColumnSchema(name, STRING) for name in columns), tuple(columns.values()), count)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 😀 e\u0301", "plain é 日本 😀 e\u0301"),
        ("\x1b[31mred\x07", "\\u001b[31mred\\u0007"),
        ("\x9b2J", "\\u009b2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("abc\u202efdp.exe", "abc\\u202efdp.exe"),
        ("a\u200bb\ufeff\u2066", "a\\u200bb\\ufeff\\u2066"),
        ("half \ud83d", "half \\ud83d"),
        ("\U000e0041", "\\U000e0041"),
        ("no\u00a0break\u3000wide", "no\u00a0break\u3000wide"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_wide_characters_keep_columns_below_each_other() -> None:
    text = table_text(table(name=["日本", "e\u0301", "plain"], other=["x", "x", "x"]), FILE)
    assert text == (
        "name    other\n"
        "-------------\n"
        "日本    x\n"
        "e\u0301       x\n"
        "plain   x\n"
        "\n"
        "3 rows\n"
    )  # fmt: skip


def test_the_widest_columns_give_way_and_words_stay_whole() -> None:
    text = table_text(table(id=["1", "2"], one=["a word " * 5, "b"], two=["日本" * 8, "c"]), TERMINAL)
    assert text == (
        "id   one                two\n"
        "----------------------------------------\n"
        "1    a word a word a    日本日本日本日本\n"
        "     word a word a      日本日本日本日本\n"
        "     word\n"
        "2    b                  c\n"
        "\n"
        "2 rows\n"
    )


def test_too_many_columns_stand_one_below_the_other() -> None:
    names = {f"c{number}": ["日本語 " * 8] for number in range(5)}
    lines = table_text(table(**{**names, "a" * 30: ["last"]}), TERMINAL).splitlines()
    beside = " " * 22
    assert lines[:3] == ["row 1", f"{'c0':<22}日本語 日本語", f"{beside}日本語 日本語"]
    assert lines[-4:] == [f"{'a' * 20}  last", "a" * 10, "", "1 row"]
    assert max(map(cell_len, lines)) <= 40


def test_names_of_columns_are_data_too() -> None:
    assert table_text(table(**{"a\x1b[2Jb": ["x"]}), FILE).splitlines()[0] == "a\\u001b[2Jb"


def test_only_names_are_bold() -> None:
    lines = table_text(table(a=["b"]), Look(40, bold=True, rule="-")).splitlines()
    assert lines == ["\x1b[1ma\x1b[0m", "-", "b", "", "1 row"]


def test_tables_without_rows_or_columns() -> None:
    assert table_text(table(a=[], b=[]), FILE) == "a   b\n-----\n\n0 rows\n"
    assert table_text(Table((), (), 3), FILE) == "3 rows\n"


def test_nulls_and_values_of_other_types() -> None:
    columns = (ColumnSchema("n", LONG), ColumnSchema("bag", DYNAMIC))
    text = table_text(Table(columns, ([None, 5], [{"a": "\x1b"}, None]), 2), FILE)
    assert "\x1b" not in text
    assert [line.split() for line in text.splitlines()[2:4]] == [['{"a":"\\u001b"}'], ["5"]]


CELLS = st.text(st.characters() | st.sampled_from("日本😀\u0301\x1b\n\u202e\u200d\ufe0f x"), max_size=30)


@given(st.integers(1, 12), st.data(), st.sampled_from([None, 10, 40, 80]))
def test_lines_fit_whatever_the_values(columns: int, data: st.DataObject, width: int | None) -> None:
    values = {f"name{n}": data.draw(st.lists(CELLS, min_size=2, max_size=2)) for n in range(columns)}
    text = table_text(table(**values), Look(width, bold=False, rule="-"))
    assert all(character.isprintable() or character == "\n" or category(character) == "Zs" for character in text)
    if width is not None:
        assert max(map(cell_len, text.split("\n"))) <= width
