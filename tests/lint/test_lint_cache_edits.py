"""Whatever is edited between two runs, the second finds what a run that remembers nothing finds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.content.finding import Level
from tocsin.content.settings import load_settings
from tocsin.lint.cache import open_store
from tocsin.lint.driver import Conditions
from tocsin.lint.runs import Wanted, run

RULE = """\
id: 00000000-0000-4000-8000-{number:012}
name: Rule {number}
version: 1.0.0
kind: Scheduled
severity: Medium
queryFrequency: 1h
queryPeriod: 2h
triggerOperator: gt
triggerThreshold: 0
tactics: [InitialAccess]
relevantTechniques: [T1566]
query: |
  {query}
entityMappings:
- entityType: IP
  fieldMappings: [{{identifier: Address, columnName: SenderIPv4}}]
"""
FILES = {
    "detections/a/r0.yaml": RULE.format(number=0, query="Mails() | where SenderIPv4 == ''"),
    "detections/a/r1.yaml": RULE.format(number=1, query="EmailEvents | where Nonsense == 1"),
    "detections/a/r2.yaml": RULE.format(
        number=2, query="Own_CL | join kind=inner (_GetWatchlist('Hosts')) on $left.Host_s == $right.Host"
    ),
    "detections/a/r3.yaml": RULE.format(number=3, query="_GetWatchlist('Ho' 'sts') | project SenderIPv4 = Host"),
    "parsers/Mails.yaml": "Parser: {Title: Mails, Version: 1.0.0}\nParserName: Mails\nParserQuery: Inner()\n",
    "parsers/Inner.yaml": "Parser: {Title: Inner, Version: 1.0.0}\nParserName: Inner\nParserQuery: EmailEvents\n",
    "parsers/tables/own.yaml": "name: Own_CL\ncolumns: [{name: TimeGenerated, type: datetime}, "
    "{name: Host_s, type: string}, {name: SenderIPv4, type: string}]\n",
    "parsers/watchlists/Hosts.yaml": "alias: Hosts\ndisplayName: Hosts\nsearchKey: Host\n"
    "columns: [{name: Host, type: string}]\n",
    "parsers/watchlists/Hosts.csv": "Host\na\n",
    "tests/detections/a/r0.test.yaml": "detection: a/r0\nnow: 2025-07-15T10:00:00Z\ninclude: [fixtures/mail.yaml]\n"
    "cases:\n- name: one\n  given: {EmailEvents: [phish]}\n  expect: {alerts: 1}\n",
    "tests/fixtures/mail.yaml": "records: {phish: {file: samples/EmailEvents/m.jsonl}}\n",
    "tests/samples/EmailEvents/m.jsonl": '{"SenderIPv4": "203.0.113.7"}\n',
    "tocsin.toml": '[lint]\nignore = ["KQL"]\n',
}
WORDS = (
    "EmailEvents", "SenderIPv4", "Nonsense", "Host", "Hosts", "Inner", "Mails", "198.18.0.9", "bob@bigbank.com", "1",
    "[]", "{}", "long", "string", "r1", "phish", "x:", '"', "\n", "KQL", "ENT", "", "TST",
)  # fmt: skip
"""What an edit puts in the place of another."""
NAMES = sorted(FILES)
Change = Callable[[Path], None]


def replaced(name: str, old: str, new: str) -> Change:
    def change(root: Path) -> None:
        if (root / name).is_file():
            text = (root / name).read_text("utf-8")
            (root / name).write_text(text.replace(old, new, 1) if old else text + new, "utf-8")

    return change


def moved(name: str, to: str) -> Change:
    def change(root: Path) -> None:
        if (root / name).is_file():
            (root / to).parent.mkdir(parents=True, exist_ok=True)
            os.replace(root / name, root / to)

    return change


def deleted(name: str) -> Change:
    return lambda root: (root / name).unlink(missing_ok=True)


def touched(name: str) -> Change:
    return lambda root: os.utime(root / name, (1, 1)) if (root / name).exists() else None


def written(name: str) -> Change:
    return lambda root: _write(root, name, FILES[name])


NAME = st.sampled_from(NAMES)
EDITS = st.one_of(
    st.builds(replaced, NAME, st.sampled_from(WORDS), st.sampled_from(WORDS)),
    st.builds(moved, NAME, NAME),
    st.builds(deleted, NAME),
    st.builds(touched, NAME),
    st.builds(written, NAME),
)


def _write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "utf-8")


def same_as_cold(root: Path, cache: Path) -> None:
    loaded, _, problems = load_settings(root)
    if any(one.level is Level.ERROR for one in problems):
        return  # The command ends with what is wrong with them.
    conditions = Conditions(loaded, today=date(2026, 1, 1))
    cold = run(Wanted(root), conditions)
    assert run(Wanted(root), conditions, store=open_store(root, cache)) == cold
    again = replace(conditions)
    assert run(Wanted(root), again, store=open_store(root, cache)) == cold


def repository(root: Path) -> Path:
    for name, text in FILES.items():
        _write(root, name, text)
    return root


@settings(max_examples=25, deadline=None)
@given(edits=st.lists(EDITS, min_size=1, max_size=6))
def test_edits_are_seen(edits: list[Change]) -> None:
    with TemporaryDirectory() as folder:
        root, cache = repository(Path(folder) / "repository"), Path(folder) / "cache"
        same_as_cold(root, cache)
        for edit in edits:
            edit(root)
            same_as_cold(root, cache)


def test_each_file_counts(tmp_path: Path) -> None:
    for name in NAMES:
        root, cache = repository(tmp_path / "repository"), tmp_path / "cache"
        same_as_cold(root, cache)
        deleted(name)(root)
        same_as_cold(root, cache)
        written(name)(root)
        replaced(name, "", "x")(root)
        same_as_cold(root, cache)


def test_a_watchlist_whose_name_is_put_together(tmp_path: Path) -> None:
    root, cache = repository(tmp_path / "repository"), tmp_path / "cache"
    same_as_cold(root, cache)
    replaced("parsers/watchlists/Hosts.yaml", "Host, type", "Server, type")(root)
    same_as_cold(root, cache)
