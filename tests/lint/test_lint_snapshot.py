"""The messages of a run, word for word: a small repository with a defect of every sort, as the terminal shows it.

After a message was changed on purpose: ``TOCSIN_UPDATE_SNAPSHOTS=1 pytest tests/lint/test_lint_snapshot.py``, and read
the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app

SNAPSHOT = Path(__file__).parent / "snapshots" / "one_of_everything.txt"
FAMILIES = ("YAML", "CONTENT", "SET", "LNT", "SCH", "ALT", "ENT001", "KQL001", "KQL005")

HEAD = """\
id: 0d1c2b3a-0000-4000-8000-00000000000{number}
name: Rule {number}
severity: Medium
queryFrequency: 1h
queryPeriod: 2h
triggerOperator: gt
triggerThreshold: 0
tactics: [InitialAccess]
relevantTechniques: [T1566]
"""
QUERY = """\
query: |
  EmailEvents
  | where SenderIPv4 != ""
  | project TimeGenerated, SenderIPv4, RecipientEmailAddress
"""
FILES = {
    "tocsin.toml": "[lint]\nignore = ['KQL999']\n",
    "detections/a/columns.yaml": HEAD.format(number=1)
    + "query: |\n  EmailEvents\n  | where SenderAdress == 1\n  | summarize n = count() by Subject\n"
    + "entityMappings:\n  - entityType: IP\n    fieldMappings: [{identifier: Address, columnName: SenderIPv4}]\n"
    + "alertDetailsOverride: {alertDisplayNameFormat: 'Mail {{Sender}'}\n",
    "detections/a/watchlist.yaml": HEAD.format(number=2)
    + "query: |\n  _GetWatchlist('Nobody')\n  | where isnotempty(SearchKey)\n",
    "detections/a/schedule.yaml": HEAD.format(number=3).replace("queryFrequency: 1h", "queryFrequency: 1d") + QUERY,
    "detections/a/fields.yaml": HEAD.format(number=4).replace("1h", "1hour").replace("tactics:", "Tactics:") + QUERY,
    "detections/a/twin.yaml": HEAD.format(number=3) + QUERY,
    "detections/a/waiver.yaml": HEAD.format(number=5)
    + QUERY
    + "x-tocsin:\n  lint:\n    ignore:\n      - {code: ENT001, reason: x}\n      - {code: NIX1, reason: x}\n",
    "detections/a/broken.yaml": "a: [1\nb: 2\n",
    "detections/a/tab.yaml": "a:\n\tb: 1\n",
    "parsers/Own.yml": "Parser: {Title: Own, Version: 1.0.0}\nParserName: Own\n"
    + "ParserQuery: |\n  EmailEvents | where Nix\n",
    "tests/detections/a/nobody.test.yaml": "detection: a/nobody\nnow: 2025-07-15T10:00:00Z\n",
}


def shown(root: Path) -> str:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    select = [part for family in FAMILIES for part in ("--select", family)]
    result = CliRunner(env={"NO_COLOR": "1"}).invoke(app, ["lint", *select])
    assert result.exit_code == 1, result.output
    return re.sub(r"in [0-9.]+ s:", "in … s:", result.stdout)


def test_a_run_reads_as_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = shown(tmp_path)
    if os.environ.get("TOCSIN_UPDATE_SNAPSHOTS"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(told, encoding="utf-8", newline="\n")
    assert told == SNAPSHOT.read_text(encoding="utf-8")


def test_every_family_has_a_finding_in_it() -> None:
    codes = set(re.findall(r"^[a-z]+\[([A-Z]+[0-9]+)\]", SNAPSHOT.read_text(encoding="utf-8"), re.MULTILINE))
    families = {"KS" if family == "KQL001" else family for family in FAMILIES}
    assert {family for family in families if not any(code.startswith(family) for code in codes)} == set()
