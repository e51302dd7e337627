"""Parses every query of a JSON-lines file (field ``query``) and reports syntax errors, coverage and speed.

    python tests/benchmarks/parse_corpus.py FILE [--show N]

Queries that the file itself marks as broken (``syntax`` other than ``ok``, or a diagnostic of stage ``syntax``) are
counted apart. Exit code 1 when a clean query is refused, or when tokens and trivia do not give the text back.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from tocsin.kql.syntax import parse
from tocsin.kql.syntax.printer import source
from tocsin.kql.syntax.tree import Severity


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--show", type=int, default=10, help="how many refusals to print")
    options = arguments.parse_args()
    refused = []
    unfaithful = []
    marked = 0
    times = []
    lines = 0
    with options.file.open(encoding="utf-8") as records:
        for line in records:
            record = json.loads(line)
            query = record["query"]
            started = time.perf_counter()
            tree = parse(query)
            times.append((time.perf_counter() - started) * 1000)
            lines += query.count("\n") + 1
            if source(tree) != query:
                unfaithful.append(record["id"])
            if record.get("syntax", "ok") != "ok" or any(
                each.get("stage") == "syntax" and each["severity"] == "error" for each in record.get("diagnostics", ())
            ):
                marked += 1
                continue
            errors = [each for each in tree.diagnostics if each.severity is Severity.ERROR]
            if errors:
                refused.append((record["id"], query, errors[0]))
    for identity, query, error in refused[: options.show]:
        near = query[max(0, error.start - 60) : error.start] + "⟦" + query[error.start : error.start + 40] + "⟧"
        print(f"{identity}\n    {error.code} {error.message} @{error.start}\n    {near!r}")
    times.sort()
    print(
        f"{len(times)} queries, {marked} marked as broken, {len(refused)} refused, {len(unfaithful)} not given back; "
        f"median {statistics.median(times):.2f} ms, 95 % {times[int(len(times) * 0.95)]:.2f} ms, "
        f"longest {times[-1]:.1f} ms, {sum(times) / lines * 60:.2f} ms for 60 lines"
    )
    return 1 if refused or unfaithful else 0


if __name__ == "__main__":
    sys.exit(main())
