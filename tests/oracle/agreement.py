"""How far the binder agrees with Microsoft's language service, on recorded verdicts.

    python tests/oracle/agreement.py CORPUS.jsonl --schemas SCHEMAS.json --functions FUNCTIONS.json [--show KIND]

A record holds ``query``, ``env`` (a key of the schemas, or ``unified``), ``diagnostics``, ``resultColumns``, ``open``
as the service gave them. Counted are: the same verdict (an error or none), the same set of (code, position) among
errors, the same set of erroneous positions, the same result columns (names, order, types), the same ``open``.
``runs`` counts queries without an error that have a plan; for the others the reasons are listed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.kql import Catalog, ColumnSchema, ScalarType, WorkspaceFunction
from tocsin.kql.semantics.analysis import Analysis, analyze

Record = dict[str, Any]


def catalogs(schemas: Record, functions: list[Record]) -> dict[str, Catalog]:
    """A catalogue for each environment, and one of all their tables."""
    unified: dict[str, dict[str, str]] = {}
    for tables in schemas.values():
        for table, columns in tables.items():
            unified[table] = {**columns, **unified.get(table, {})}
    saved = {each["name"]: saved_function(each) for each in functions if not each["name"].startswith("_GetWatchlist")}
    return {
        env: Catalog(
            {t: tuple(ColumnSchema(c, ScalarType(k)) for c, k in columns.items()) for t, columns in tables.items()},
            saved,
        )
        for env, tables in {**schemas, "unified": unified}.items()
    }


def saved_function(record: Record) -> WorkspaceFunction:
    """A function stub as a workspace function."""
    if "body" in record:
        body = record["body"].strip().removeprefix("{").removesuffix("}")
    else:
        columns = ", ".join(f"{name}: {type_}" for name, type_ in record["returns"].items())
        body = f"datatable ({columns}) []"
    return WorkspaceFunction(record["name"], record["parameters"], body)


@dataclass
class Score:
    """Counts, and examples of each kind of difference."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)

    def differ(self, kind: str, example: str) -> None:
        """Note a difference."""
        self.counts[kind] += 1
        self.examples.setdefault(kind, []).append(example)


def utf16_to_characters(text: str) -> list[int]:
    """Character offset for each UTF-16 offset of the text."""
    offsets: list[int] = []
    for index, character in enumerate(text):
        offsets.extend([index] * (2 if ord(character) > 0xFFFF else 1))
    return [*offsets, len(text)]


def columns_of(analysis: Analysis) -> list[tuple[str, str]] | None:
    """Result columns as the corpus has them."""
    if analysis.columns is None:
        return None
    return [(each.name, each.type.value) for each in analysis.columns]


def compare(record: Record, analysis: Analysis, score: Score) -> None:
    """Count where the verdict of the service and ours are the same."""
    query = record["query"]
    offsets = utf16_to_characters(query)
    wanted = [each for each in record["diagnostics"] if each["severity"] == "error"]
    theirs = {(each["code"], offsets[min(each["start"], len(offsets) - 1)]) for each in wanted}
    ours = {(each.code, each.start) for each in analysis.errors}
    label = record["id"]
    score.counts["queries"] += 1
    if bool(theirs) == bool(ours):
        score.counts["verdict"] += 1
    else:
        side = "missed" if theirs else "false"
        score.differ(f"{side} error", f"{label}: {_shown(analysis, query) if ours else wanted[0]}")
    if theirs == ours:
        score.counts["errors"] += 1
    else:
        score.differ(
            "errors differ", f"{label}: only theirs {sorted(theirs - ours)}, only ours {sorted(ours - theirs)}"
        )
    if {at for _, at in theirs} == {at for _, at in ours}:
        score.counts["positions"] += 1
    given = record["resultColumns"]
    expected = None if given is None else [(each["name"], each["type"]) for each in given]
    found = columns_of(analysis)
    if expected == found:
        score.counts["columns"] += 1
    else:
        first = next((p for p in zip(expected or [], found or [], strict=False) if p[0] != p[1]), None)
        detail = f"first difference {first}, {len(expected or [])} / {len(found or [])} columns"
        score.differ("columns differ", f"{label}: {detail}")
    if record["open"] == analysis.open:
        score.counts["open"] += 1
    else:
        score.differ("open differs", f"{label}: theirs {record['open']}, ours {analysis.open}")
    if not theirs:
        score.counts["clean"] += 1
        if analysis.plan is not None:
            score.counts["runs"] += 1
        for each in analysis.refusals[:1]:
            score.refusals[f"{each.code} {each.message[:90]}"] += 1


def _shown(analysis: Analysis, query: str) -> str:
    first = analysis.errors[0]
    return f"{first.code} {first.message!r} at {query[first.start : first.start + first.length][:60]!r}"


def records(path: Path) -> Iterator[Record]:
    """The records of a JSON lines file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--schemas", type=Path, required=True)
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--show", default="", help="show examples of the kinds of difference that contain this text")
    parser.add_argument("--limit", type=int, default=20)
    arguments = parser.parse_args()
    known = catalogs(
        json.loads(arguments.schemas.read_text(encoding="utf-8")),
        json.loads(arguments.functions.read_text(encoding="utf-8")),
    )
    score = Score()
    spent: list[float] = []
    for record in records(arguments.corpus):
        started = time.perf_counter()
        analysis = analyze(record["query"], known[record["env"]])
        spent.append(time.perf_counter() - started)
        compare(record, analysis, score)
    total = score.counts["queries"]
    for name in ("verdict", "errors", "positions", "columns", "open"):
        print(f"{name:10} {score.counts[name]:5} of {total} ({score.counts[name] / max(total, 1):.2%})")
    print(f"{'runs':10} {score.counts['runs']:5} of {score.counts['clean']} clean ones")
    spent.sort()
    print(f"time       median {spent[len(spent) // 2] * 1000:.1f} ms, longest {spent[-1] * 1000:.0f} ms")
    for name, count in score.refusals.most_common(arguments.limit):
        print(f"  refused {count:4} {name}")
    if arguments.show:
        for kind, examples in score.examples.items():
            if arguments.show in kind:
                print(f"{kind}: {len(examples)}")
                for each in examples[: arguments.limit]:
                    print("   ", each)
    return 0


if __name__ == "__main__":
    sys.exit(main())
