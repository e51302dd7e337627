"""How far our verdicts on queries agree with those of Microsoft's language service.

    python tests/oracle/agreement.py CORPUS.jsonl --catalogue SCHEMAS.json --functions FUNCTIONS.json
        [--live | --broken SEED | --changed SEED] [--show KIND] [--limit N]

A record holds ``query``, ``env`` (a key of the schemas, or ``unified``) and, as the service gave them, ``diagnostics``,
``resultColumns``, ``open`` and ``tables``. With ``--live`` the service is asked now, and its time is compared with ours
in the same run. ``--broken`` spoils each query first (a token deleted, doubled or swapped) and compares who sees a
syntax error. Ours is what ``tocsin kql analyze`` answers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from meanings import changed
from mutations import broken
from service import Service, install

from tocsin.cli.json_lines import answer_line
from tocsin.cli.kql_analyses import Analyst, analyst
from tocsin.cli.kql_catalogues import read_function_file, read_schemas

Verdict = Mapping[str, Any]

MEASURES = {
    "verdict": "an error, or none",
    "errors": "the set of (code, position) of errors",
    "positions": "the set of positions of errors",
    "columns": "result columns of queries without errors: names, order, types where known",
    "open": "whether there may be further columns",
    "tables": "the tables that are read",
}


def errors(verdict: Verdict) -> set[tuple[str, int]]:
    """Code and position of each error."""
    return {(each["code"], each["start"]) for each in verdict["diagnostics"] if each["severity"] == "error"}


def same_columns(theirs: list[dict[str, str]] | None, ours: list[dict[str, str]] | None) -> bool:
    """Whether the columns are the same; a type that the service does not know may be any."""
    if theirs is None or ours is None:
        return theirs is ours
    return [each["name"] for each in theirs] == [each["name"] for each in ours] and all(
        a["type"] in ("unknown", b["type"]) for a, b in zip(theirs, ours, strict=True)
    )


def compare(theirs: Verdict, ours: Verdict) -> dict[str, bool]:
    """What of ``MEASURES`` is the same; a measure that does not apply is left out."""
    wanted, given = errors(theirs), errors(ours)
    same = {
        "verdict": bool(wanted) == bool(given),
        "errors": wanted == given,
        "positions": {at for _, at in wanted} == {at for _, at in given},
        "open": theirs["open"] == ours["open"],
        "tables": set(theirs["tables"]) == set(ours["tables"]),
    }
    if not wanted:
        same["columns"] = same_columns(theirs["resultColumns"], ours["resultColumns"])
    return same


def difference(measure: str, theirs: Verdict, ours: Verdict) -> str:
    """In words what differs."""
    if measure == "columns":
        if None in (theirs["resultColumns"], ours["resultColumns"]):
            return f"{'they' if theirs['resultColumns'] is None else 'we'} see no table"
        a = [f"{each['name']}:{each['type']}" for each in theirs["resultColumns"] or ()]
        b = [f"{each['name']}:{each['type']}" for each in ours["resultColumns"] or ()]
        first = next((pair for pair in zip(a, b, strict=False) if pair[0] != pair[1]), None)
        return f"first difference {first}" if first else f"they have {len(a)} columns {a[-2:]}, we {len(b)} {b[-2:]}"
    if measure in ("open", "tables"):
        return f"they say {theirs[measure]!s:.200}, we {ours[measure]!s:.200}"
    wanted, given = errors(theirs), errors(ours)
    messages = [each["message"] for each in ours["diagnostics"] if (each["code"], each["start"]) in given - wanted]
    return f"only theirs {sorted(wanted - given)[:4]}, only ours {sorted(given - wanted)[:4]} {messages[:1]}"


@dataclass
class Agreement:
    """Counts by measure, examples of what differs, and milliseconds a query."""

    same: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    our_times: list[float] = field(default_factory=list)
    their_times: list[float] = field(default_factory=list)

    def add(self, label: str, theirs: Verdict, ours: Verdict) -> None:
        """Count a query."""
        for measure, same in compare(theirs, ours).items():
            self.count(measure, same, lambda m=measure: f"{label}: {difference(m, theirs, ours)}")  # type: ignore[misc]

    def count(self, measure: str, same: bool, example: Any) -> None:
        """Count one measure; ``example`` makes the text of a difference."""
        self.of[measure] += 1
        self.same[measure] += same
        if not same:
            self.examples.setdefault(measure, []).append(example())

    def answered(self, record: Verdict, theirs: Verdict, ours: Verdict) -> bool:
        """Whether both answered; where the service itself fails nothing is counted."""
        if "failed" in theirs:
            return False
        self.count("answered", "error" not in ours, lambda: f"{record['id']}: {ours['error']} on {record['query']!r}")
        return "error" not in ours

    def share(self, measure: str) -> float:
        """How often a measure agreed, from 0 to 1."""
        return self.same[measure] / max(self.of[measure], 1)

    def lines(self) -> Iterator[str]:
        """The figures for people."""
        for measure, total in self.of.items():
            yield f"{measure:14} {self.same[measure]:5} of {total:5} ({self.share(measure):7.2%})"
        if self.our_times:
            yield f"our time       {_times(self.our_times)}"
        if self.their_times:
            yield f"service's time {_times(self.their_times)}"
            ratio = statistics.median(self.their_times) / statistics.median(self.our_times)
            yield f"               ours is {ratio:.1f} times as fast at the median"


def _times(values: list[float]) -> str:
    ordered = sorted(values)
    late = ordered[int(0.95 * (len(ordered) - 1))]
    return f"median {statistics.median(ordered):.2f} ms, 95 % {late:.1f} ms, all {sum(ordered) / 1000:.1f} s"


def ask_us(ours: Analyst, record: Verdict) -> tuple[dict[str, Any], float]:
    """Our answer to a record (with ``error`` where we fail), and the milliseconds it took."""
    request = json.dumps({key: record[key] for key in ("id", "query", "env") if key in record})
    started = time.perf_counter()
    answer = answer_line(request, ours.answer)
    spent = 1000 * (time.perf_counter() - started)
    return answer, spent


def measure(records: Iterable[Verdict], verdicts: Iterable[Verdict], ours: Analyst) -> Agreement:
    """Compare our answer to each record with a verdict of the service."""
    agreement = Agreement()
    for record, theirs in zip(records, verdicts, strict=True):
        answer, spent = ask_us(ours, record)
        agreement.our_times.append(spent)
        if not agreement.answered(record, theirs, answer):
            continue
        if "ms" in theirs and theirs["ms"] is not None:
            agreement.their_times.append(theirs["ms"])
        agreement.add(str(record["id"]), theirs, answer)
    return agreement


def measure_changed(records: Iterable[Verdict], service: Service, ours: Analyst, seed: int) -> Agreement:
    """Change the meaning of each record's query, its grammar staying right, and compare what is said of it."""
    random = Random(seed)
    made = [{**record, "query": changed(record["query"], random)} for record in records]
    asked = [{key: each[key] for key in ("id", "query", "env") if key in each} for each in made if each["query"]]
    agreement = Agreement()
    for record, theirs in zip(asked, service.ask(asked), strict=True):
        answer, _ = ask_us(ours, record)
        if agreement.answered(record, theirs, answer):
            agreement.add(record["id"], theirs, answer)
    return agreement


def measure_broken(records: Iterable[Verdict], service: Service, ours: Analyst, seed: int) -> Agreement:
    """Spoil each record's query and compare who sees a syntax error, and where the first one is."""
    random = Random(seed)
    spoiled = [{**record, "query": broken(record["query"], random)} for record in records]
    asked = [{"id": each["id"], "query": each["query"], "env": each.get("env")} for each in spoiled]
    agreement = Agreement()
    for record, theirs in zip(spoiled, service.ask(asked), strict=True):
        answer, spent = ask_us(ours, record)
        agreement.our_times.append(spent)
        if not agreement.answered(record, theirs, answer):
            continue
        agreement.their_times.append(theirs["ms"])
        syntactic = _syntax_errors(record["query"])
        wanted = {(code, at) for code, at in theirs["syntaxErrors"]}
        for name, same in (
            ("syntax error", bool(wanted) == bool(syntactic)),
            ("first place", min((at for _, at in wanted), default=-1) == min((at for _, at in syntactic), default=-1)),
            ("same errors", wanted == syntactic),
        ):
            agreement.count(
                name,
                same,
                lambda r=record, w=wanted, s=syntactic: (
                    f"{r['id']}: theirs {sorted(w - s)[:3]}, ours {sorted(s - w)[:3]} in {_around(r['query'], w ^ s)!r}"
                ),
            )
    return agreement


def _syntax_errors(query: str) -> set[tuple[str, int]]:
    from tocsin import kql
    from tocsin.kql.syntax.positions import utf16_offsets

    units = utf16_offsets(query)
    return {
        (each.code, units(each.start)) for each in kql.parse(query).diagnostics if each.severity is kql.Severity.ERROR
    }


def _around(query: str, places: set[tuple[str, int]]) -> str:
    at = min((at for _, at in places), default=0)
    return query[max(0, at - 60) : at + 40]


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON lines file."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def our_analyst(catalogue: Path, functions: Path | None) -> Analyst:
    """``tocsin kql analyze`` with these files, in this process."""
    return analyst(read_schemas(catalogue), read_function_file(functions))


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--catalogue", "--schemas", type=Path, required=True)
    parser.add_argument("--functions", type=Path)
    parser.add_argument("--live", action="store_true", help="ask the service now instead of reading its verdicts")
    parser.add_argument("--broken", type=int, metavar="SEED", help="spoil the queries first")
    parser.add_argument("--changed", type=int, metavar="SEED", help="change what the queries mean first")
    parser.add_argument("--show", default="", help="show what differs in the measures that contain this text")
    parser.add_argument("--limit", type=int, default=20)
    arguments = parser.parse_args()
    ours = our_analyst(arguments.catalogue, arguments.functions)
    corpus = records(arguments.corpus)
    service = Service(arguments.catalogue, arguments.functions)
    if arguments.live or arguments.broken is not None or arguments.changed is not None:
        install()
    if arguments.broken is not None:
        agreement = measure_broken(corpus, service, ours, arguments.broken)
    elif arguments.changed is not None:
        agreement = measure_changed(corpus, service, ours, arguments.changed)
    else:
        agreement = measure(corpus, service.ask(corpus) if arguments.live else corpus, ours)
    for line in agreement.lines():
        print(line)
    for name, examples in agreement.examples.items():
        if arguments.show and arguments.show in name:
            print(f"{name}: {len(examples)}")
            for each in examples[: arguments.limit]:
                print("   ", each[:400])
    return 0


if __name__ == "__main__":
    sys.exit(main())
