"""How close our layout of a query is to that of the language service's formatter."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from agreement import Agreement, Verdict

from tocsin.kql.syntax.formatting import format_query


def measure_layouts(records: Iterable[Verdict], answers: Iterable[Verdict]) -> Agreement:
    """Compare line by line; blank lines are left out, of which the service keeps none between statements."""
    agreement = Agreement()
    for record, theirs in zip(records, answers, strict=True):
        made = format_query(record["query"])
        if not made.ok or theirs.get("formatted") is None:
            continue
        a, b = _lines(theirs["formatted"]), _lines(made.text)
        blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
        shared = sum(block.size for block in blocks)
        agreement.count("layouts", a == b, lambda id=record["id"], b=b, a=a: f"{id}: {sorted({*a} ^ {*b})[:2]}")
        agreement.same["lines"] += 2 * shared
        agreement.of["lines"] += len(a) + len(b)
    return agreement


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]
