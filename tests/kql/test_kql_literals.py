"""datetime and timespan texts, read and written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kql.literals import format_datetime, format_timespan, parse_datetime, parse_timespan
from tocsin.kql.types import DATETIME_MAX, LONG_MAX, LONG_MIN

CASES = yaml.load(Path(__file__).with_name("literals.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@pytest.mark.parametrize(("text", "expected"), CASES["datetime"].items())
def test_datetime(text: str, expected: str) -> None:
    ticks = parse_datetime(text)
    assert (format_datetime(ticks) if ticks is not None else "null") == expected


@pytest.mark.parametrize(("text", "expected"), CASES["timespan"].items())
def test_timespan(text: str, expected: str) -> None:
    ticks = parse_timespan(text)
    assert (format_timespan(ticks) if ticks is not None else "null") == expected


def test_known_ticks() -> None:
    assert parse_datetime("2020-01-01") == 637134336000000000
    assert parse_datetime("1970-01-01") == 621355968000000000
    assert parse_timespan("0.1s") == 1_000_000


@pytest.mark.parametrize("ticks", [-1, DATETIME_MAX + 1])
def test_a_datetime_out_of_range_is_not_written(ticks: int) -> None:
    with pytest.raises(ValueError, match="outside the years"):
        format_datetime(ticks)


@given(st.integers(0, DATETIME_MAX))
def test_every_datetime_is_read_back(ticks: int) -> None:
    assert parse_datetime(format_datetime(ticks)) == ticks


@given(
    st.from_regex(
        r"[0-2][0-9]{3}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?", fullmatch=True
    )
)
def test_the_usual_spelling_reads_as_the_others_do(text: str) -> None:
    assert parse_datetime(text) == parse_datetime(f"{text}Z") == parse_datetime(f"{text} +00:00")


@given(st.integers(LONG_MIN, LONG_MAX))
def test_every_timespan_is_read_back(ticks: int) -> None:
    assert parse_timespan(format_timespan(ticks)) == ticks


@given(st.text())
def test_any_text_is_a_value_or_none(text: str) -> None:
    datetime_ticks, timespan_ticks = parse_datetime(text), parse_timespan(text)
    assert datetime_ticks is None or 0 <= datetime_ticks <= DATETIME_MAX
    assert timespan_ticks is None or LONG_MIN <= timespan_ticks <= LONG_MAX
