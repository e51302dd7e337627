"""Every code that is reported has its sentence, and none is left over."""

from __future__ import annotations

import re
from pathlib import Path

from tocsin import kql
from tocsin.kql.codes import MEANINGS

SOURCES = Path(kql.__file__).parent


def test_the_codes_that_are_reported_are_those_that_are_explained() -> None:
    reported: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        if path.name != "codes.py":
            reported.update(re.findall(r'"((?:KS|TK)\d{3})"', path.read_text(encoding="utf-8")))
    assert reported == set(MEANINGS)


def test_no_two_codes_say_the_same() -> None:
    assert len(set(MEANINGS.values())) == len(MEANINGS)
    assert all(
        text.endswith(".") and (text[0].isupper() or text.startswith("schema_merge")) for text in MEANINGS.values()
    )
