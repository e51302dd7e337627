"""What the checks on content, ATT&CK, the workspace, tests and cost say in all their cases, word for word.

After a message was changed on purpose: ``TOCSIN_UPDATE_SNAPSHOTS=1 pytest tests/lint/test_lint_messages.py``, and read
the difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from test_lint_cases import all_cases, examined

SNAPSHOT = Path(__file__).parent / "snapshots" / "messages.txt"
FAMILIES = ("ATK", "CNT", "CST", "TST", "WSP")


def _told(folder: Path) -> Iterator[str]:
    for number, (code, case) in enumerate(all_cases()):
        if code.startswith(FAMILIES) and case.get("finds"):
            root = folder / str(number)
            root.mkdir()
            yield f"{code}: {case['name']}"
            for one in examined(code, case, root).findings:
                yield f"  {one.location}: {one.level.value}: {one.message}"
                yield f"    help: {one.help}"
                yield from (f"    = {note}" for note in one.notes)


def test_the_messages_of_all_cases_read_as_they_did(tmp_path: Path) -> None:
    told = "\n".join(_told(tmp_path)) + "\n"
    if os.environ.get("TOCSIN_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(told, encoding="utf-8", newline="\n")
    assert told == SNAPSHOT.read_text(encoding="utf-8")
