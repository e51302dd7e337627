"""Nine defects in one rule: all are found in one run, at their place, with what to do. One does not hide another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.content.finding import Finding, Level
from tocsin.content.repository import load_repository
from tocsin.lint import lint_repository

PLANTED = Path(__file__).parent / "planted.yaml"
DEFECTS = {
    "unknown column": (14, 11, "KS142", "ResultTyp", "did you mean ResultType?"),
    "unknown function": (15, 22, "KS211", "geo_country", "correct the name, or save the function"),
    "wrong operand type": (16, 20, "KS106", "not defined for string and long", "Location is a string"),
    "entity column dropped": (23, 21, "ENT001", "UserPrincipalName", "by clause of `summarize` at line 17"),
    "missing custom detail": (29, 16, "DET001", "AppDisplayName", "by clause of `summarize` at line 17"),
    "missing title column": (32, 44, "ALT001", "IPAdress", "did you mean IPAddress?"),
    "period below frequency": (6, 14, "SCH002", "queryPeriod 1h", "write 1d or more"),
    "filter beyond the period": (13, 27, "KQL008", "reaches back 7d", "write queryPeriod: 7d"),
    "technique of another tactic": (10, 22, "ATK002", "T1110 (Brute Force)", "add CredentialAccess"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Finding, ...]:
    root = tmp_path_factory.mktemp("planted")
    (root / "detections").mkdir()
    (root / "detections" / "planted.yaml").write_text(PLANTED.read_text(encoding="utf-8"), encoding="utf-8")
    return lint_repository(load_repository(root))


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_found_at_its_place(found: tuple[Finding, ...], defect: str) -> None:
    line, column, code, message, help = DEFECTS[defect]
    at = [one for one in found if (one.location.line, one.location.column) == (line, column)]
    assert [one.code for one in at] == [code]
    assert message in at[0].message
    assert help in at[0].help


def test_what_is_refused_is_an_error_and_nothing_else_is(found: tuple[Finding, ...]) -> None:
    errors = {one.code for one in found if one.level is Level.ERROR}
    assert errors == {"KS142", "KS211", "KS106", "ENT001", "DET001", "ALT001", "SCH002", "ATK002"}


def test_the_notes_name_what_dropped_a_column_and_which_ones_there_are(found: tuple[Finding, ...]) -> None:
    notes = next(one.notes for one in found if one.code == "ENT001")
    assert notes == (
        "the result has the columns: IPAddress, TimeGenerated, Failures, Users",
        "UserPrincipalName is dropped by `summarize` at line 17",
    )


def test_short_durations_say_the_same(found: tuple[Finding, ...], tmp_path: Path) -> None:
    (tmp_path / "detections").mkdir()
    text = PLANTED.read_text(encoding="utf-8").replace("P1D", "1d").replace("PT1H", "1h")
    (tmp_path / "detections" / "planted.yaml").write_text(text, encoding="utf-8")
    assert [(one.code, one.message) for one in lint_repository(load_repository(tmp_path))] == [
        (one.code, one.message) for one in found
    ]
