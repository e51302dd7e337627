"""What is remembered between runs is never out of date, and several processes find what one does."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tocsin import kql
from tocsin.content.settings import LintRules, Settings
from tocsin.lint import cache, examination
from tocsin.lint.cache import Store, cache_folder, open_store
from tocsin.lint.context import Unit
from tocsin.lint.driver import Conditions
from tocsin.lint.runs import LintRun, Wanted, run
from tocsin.lint.selection import Selection

PARSER = "Parser: {{Title: {0}, Version: 1.0.0}}\nParserName: {0}\nParserQuery: {1}\n"
RULE = """\
id: 00000000-0000-4000-8000-{number:012}
name: Rule {number}
severity: Medium
queryFrequency: 1h
queryPeriod: 2h
triggerOperator: gt
triggerThreshold: 0
tactics: [InitialAccess]
relevantTechniques: [T1566]
query: |
  {query}
"""
DAY = Conditions(today=date(2026, 1, 1))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    queries = ["Mails() | where SenderIPv4 == ''", "EmailEvents | where Nonsense == 1", "Outer() | project SenderIPv4"]
    (tmp_path / "detections").mkdir()
    for number, query in enumerate(queries):
        (tmp_path / f"detections/r{number}.yaml").write_text(RULE.format(number=number, query=query), "utf-8")
    (tmp_path / "parsers").mkdir()
    for name, body in (("Mails", "EmailEvents"), ("Inner", "EmailEvents"), ("Outer", "Inner()")):
        (tmp_path / f"parsers/{name}.yaml").write_text(PARSER.format(name, body), "utf-8")
    return tmp_path


def again(root: Path, folder: Path | None, conditions: Conditions = DAY) -> LintRun:
    return run(Wanted(root), conditions, store=open_store(root, folder))


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the units that are really looked at."""
    names: list[str] = []
    real = examination.examine

    def examine(unit: Unit, checks: object) -> examination.UnitResult:
        names.append(unit.name)
        return real(unit, checks)  # type: ignore[arg-type]

    monkeypatch.setattr(examination, "examine", examine)
    return names


def test_a_second_run_looks_at_nothing_and_finds_the_same(root: Path, tmp_path: Path, examined: list[str]) -> None:
    first = again(root, tmp_path / "cache")
    assert sorted(examined) == ["Inner", "Mails", "Outer", "r0", "r1", "r2"]
    examined.clear()
    assert again(root, tmp_path / "cache") == first
    assert examined == []
    assert again(root, None) == first


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return change


def write_parser(path: Path) -> None:
    path.write_text(PARSER.format("Nonsense", "EmailEvents"), "utf-8")


CHANGES: list[tuple[str, Callable[[Path], None], list[str]]] = [
    ("a rule", edit("detections/r0.yaml", "''", "'1'"), ["r0"]),
    ("a comment in a rule", edit("detections/r0.yaml", "name:", "# c\nname:"), ["r0"]),
    ("a parser", edit("parsers/Mails.yaml", "EmailEvents", "EmailEvents | project Subject"), ["Mails", "r0"]),
    ("a parser behind a parser", edit("parsers/Inner.yaml", "EmailEvents", "EmailEvents | project Subject"),
     ["Inner", "Outer", "r2"]),
    ("a test", lambda root: (root / "tests/detections").mkdir(parents=True), []),
    ("a rule that goes", lambda root: (root / "detections/r1.yaml").unlink(), []),
    ("a new name", lambda root: write_parser(root / "parsers/New.yaml"),
     ["Inner", "Mails", "Nonsense", "Outer", "r0", "r1", "r2"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "looked_at"), [pytest.param(*one[1:], id=one[0]) for one in CHANGES])
def test_a_change_is_seen_and_only_what_it_concerns_is_looked_at(
    root: Path, tmp_path: Path, examined: list[str], change: Callable[[Path], None], looked_at: list[str]
) -> None:
    again(root, tmp_path / "cache")
    examined.clear()
    change(root)
    warm = again(root, tmp_path / "cache")
    assert sorted(examined) == looked_at
    assert warm == again(root, None)


@pytest.mark.parametrize(
    "conditions",
    [
        replace(DAY, today=date(2026, 1, 2)),
        replace(DAY, selection=Selection(ignore=("KS",))),
        replace(DAY, settings=Settings(lint=LintRules(ignore=("KS",)))),
    ],
)
def test_what_is_asked_for_is_part_of_what_is_remembered(root: Path, tmp_path: Path, conditions: Conditions) -> None:
    again(root, tmp_path / "cache")
    assert again(root, tmp_path / "cache", conditions) == again(root, None, conditions)


def test_another_program_forgets_everything(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again(root, tmp_path / "cache")
    monkeypatch.setattr(cache, "program", lambda: "another")
    assert open_store(root, tmp_path / "cache") == Store(open_store(root, tmp_path / "cache").file)


def units(file: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(file.read_bytes().partition(b"\n")[2])["units"]
    return held


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"format": 2, "program": 3}'])
def test_a_cache_that_is_none_does_no_harm(root: Path, tmp_path: Path, content: bytes) -> None:
    first = again(root, tmp_path / "cache")
    (file,) = (tmp_path / "cache/lint").iterdir()
    file.write_bytes(content)
    assert again(root, tmp_path / "cache") == first
    assert units(file)
    (tmp_path / "plain").write_text("", "utf-8")
    assert again(root, tmp_path / "plain") == first


def test_a_cache_that_was_changed_is_not_believed(root: Path, tmp_path: Path) -> None:
    first = again(root, tmp_path / "cache")
    (file,) = (tmp_path / "cache/lint").iterdir()
    kept = file.read_bytes()
    for old, new in ((b'"error"', b'"info"'), (b'"findings":[[', b'"findings":[7,['), (b'"age":1', b'"age":"x"')):
        assert old in kept
        file.write_bytes(kept.replace(old, new))
        assert again(root, tmp_path / "cache") == first


@pytest.mark.skipif(sys.platform == "win32", reason="names are Unicode there")
def test_a_link_to_a_name_that_is_no_text(root: Path, tmp_path: Path) -> None:
    first = again(root, None)
    (root / "detections/README").symlink_to(os.fsdecode(b"\xff"))
    os.symlink(b"\xff", os.fsencode(root / "detections/r0.txt"))
    (root / "detections" / os.fsdecode(b"\xff")).write_text("x", "utf-8")
    assert again(root, tmp_path / "cache") == first


def test_results_that_nobody_needs_any_more_are_forgotten(root: Path, tmp_path: Path) -> None:
    sizes = []
    for number in range(12):
        edit("detections/r0.yaml", "name: ", f"name: {number} ")(root)
        again(root, tmp_path / "cache")
        (file,) = (tmp_path / "cache/lint").iterdir()
        sizes.append(len(units(file)))
    assert sizes[-1] == sizes[-4] < 12


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder({"TOCSIN_CACHE_DIR": "x"}) == Path("x")
    assert cache_folder({"XDG_CACHE_HOME": os.sep, "LOCALAPPDATA": os.sep}).parts[-1] in ("tocsin", "Cache")


def test_processes_find_what_one_finds(root: Path) -> None:
    assert run(Wanted(root), replace(DAY, workers=2)) == run(Wanted(root), replace(DAY, workers=1))


def test_checks_of_the_whole_repository_analyse_no_query_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again(root, tmp_path / "cache")
    analysed: list[str] = []
    real = kql.analyze

    def analyze(text: str, *arguments: Any, **options: Any) -> kql.Analysis:
        analysed.append(text)
        return real(text, *arguments, **options)

    monkeypatch.setattr(kql, "analyze", analyze)
    edit("detections/r0.yaml", "''", "'7'")(root)
    again(root, tmp_path / "cache")
    assert len(analysed) == 1, "a check over the repository asks for query.analysis; query.reads is remembered"
    assert "'7'" in analysed[0]
