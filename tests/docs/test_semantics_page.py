"""docs/sentinel-semantics.md names tests, settings and pages that exist, and leaves out no setting of its parts."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tocsin.sentinel.behaviour import Behaviour

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sentinel-semantics.md").read_text(encoding="utf-8")
TESTS = {
    name: path.name
    for path in sorted((ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}
SETTINGS = {field.name for field in fields(Behaviour)}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and line.count("|") == 5 and not line.startswith(("| ---", "| behaviour"))
]


def test_the_page_has_rows() -> None:
    assert len(ROWS) > 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_a_row_says_how_sure_it_is_and_names_what_exists(row: list[str]) -> None:
    _, certainty, setting, tests = row
    assert set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", certainty))) <= {"certain", "reported", "unsure"}
    assert set(re.findall(r"`(\w+)`", setting)) <= SETTINGS
    assert [name for name in re.findall(r"`(test_\w+)`", tests) if name not in TESTS] == []
    assert tests or "unsure" in certainty, "what is certain is held by a test"


def test_every_page_that_is_cited_is_listed_and_the_other_way_round() -> None:
    body, _, listed = PAGE.partition("\n## Pages\n")
    names = set(re.findall(r"^\| ([A-Z]+) \|", listed, re.MULTILINE))
    cited = {name for group in re.findall(r"\[([A-Z]+(?:, [A-Z]+)*)\]", body) for name in group.split(", ")}
    assert cited == names


def test_every_fact_about_runs_alerts_and_incidents_stands_on_the_page() -> None:
    ours = ("schedule", "security_alert", "incidents", "defender_portal", "alert_details", "entities", "event_grouping")
    files = {f"test_facts_{name}.py" for name in ours}
    about_us = {
        "test_time_does_not_run_backwards", "test_written_entities_can_be_read_again",
        "test_a_value_that_is_no_entities_field_gives_none", "test_entities_that_refer_to_themselves_are_cut_off",
        "test_closing_twice_changes_nothing_and_an_unknown_number_is_refused",
        "test_a_recorder_gives_the_rows_of_each_run_and_keeps_the_changes",
        "test_the_rows_have_the_packaged_columns_of_security_alert",
    }  # fmt: skip
    missing = {name for name, file in TESTS.items() if file in files and f"`{name}`" not in PAGE}
    assert missing - about_us == set()


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_setting_stands_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE
