"""Durations and operators in all the forms of public rules."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.content.durations import iso8601, parse_duration, parse_operator, short_duration


@pytest.mark.parametrize(
    ("text", "expected", "iso", "short"),
    [
        ("5m", timedelta(minutes=5), "PT5M", "5m"),
        ("1h", timedelta(hours=1), "PT1H", "1h"),
        ("14d", timedelta(days=14), "P14D", "14d"),
        ("24h", timedelta(days=1), "P1D", "1d"),
        ("90m", timedelta(minutes=90), "PT1H30M", "90m"),
        ("30s", timedelta(seconds=30), "PT30S", "30s"),
        ("PT5H", timedelta(hours=5), "PT5H", "5h"),
        ("P1D", timedelta(days=1), "P1D", "1d"),
        ("P2W", timedelta(days=14), "P14D", "14d"),
        ("P1DT12H", timedelta(hours=36), "P1DT12H", "36h"),
        ("PT0S", timedelta(0), "PT0S", "0s"),
    ],
)
def test_durations(text: str, expected: timedelta, iso: str, short: str) -> None:
    parsed = parse_duration(text)
    assert parsed == expected
    assert (iso8601(expected), short_duration(expected)) == (iso, short)
    assert parse_duration(iso) == expected
    assert parse_duration(short) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "90",
        "1hour",
        "1 h",
        "h",
        "P",
        "PT",
        "P1DT",
        "PT1X",
        "P1M",
        "P1Y",
        "-1h",
        "1.5h",
        "PT-1H",
        "1h30m",
        "9999999d",
    ],
)
def test_not_durations(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gt", "GreaterThan"),
        ("LT", "LessThan"),
        ("Equal", "Equal"),
        ("notequal", "NotEqual"),
        ("eq", "Equal"),
        (">", None),
        ("", None),
    ],
)
def test_operators(text: str, expected: str | None) -> None:
    assert parse_operator(text) == expected
