"""Time to parse a corpus, and to parse and bind it, beside another KQL parser written in Python, in one run.

    python tests/benchmarks/front_end.py CORPUS.jsonl --catalogue SCHEMAS.json --functions FUNCTIONS.json
        [--other PYTHON] [--limit N] [--rounds N]

A line of the corpus holds ``query`` and ``env``, a key of the schemas. PYTHON is the interpreter of an environment with
``duckdb-kql``, whose parser is one that ANTLR made from Microsoft's grammar; it is no dependency of tocsin:

    python -m venv OTHER && OTHER/bin/python -m pip install duckdb-kql

Both sides go through the same queries, in their own processes one after the other, each query timed alone with
``perf_counter``; the first pass warms up and does not count. Of each query the fastest round counts. The other side
parses only: it has no binder to compare with, so the ratio for "parse and bind" is against more work.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

OTHER = """
import json, sys, time
from duckdb_kql import parse
from duckdb_kql.errors import KqlError
queries = json.load(sys.stdin)
rounds = int(sys.argv[1])
best = [float("inf")] * len(queries)
for turn in range(rounds + 1):
    for index, query in enumerate(queries):
        started = time.perf_counter()
        try:
            parse(query)
        except KqlError:  # what it refuses has been parsed all the same
            pass
        taken = time.perf_counter() - started
        if turn or rounds == 0:
            best[index] = min(best[index], taken)
json.dump(best, sys.stdout)
"""

Seconds = Sequence[float]


def best_times(
    records: Sequence[Mapping[str, Any]], work: Callable[[Mapping[str, Any]], object], rounds: int
) -> Seconds:
    """The fastest of the rounds for each record; a pass before them warms up, unless there are no rounds."""
    best = [float("inf")] * len(records)
    for turn in range(rounds + 1):
        for index, record in enumerate(records):
            started = time.perf_counter()
            work(record)
            taken = time.perf_counter() - started
            if turn or rounds == 0:
                best[index] = min(best[index], taken)
    return best


def other_times(python: str, records: Sequence[Mapping[str, Any]], rounds: int) -> Seconds:
    """The same by ``duckdb-kql`` under its own interpreter."""
    queries = json.dumps([record["query"] for record in records])
    command = [python, "-c", OTHER, str(rounds)]
    answer = subprocess.run(command, input=queries, capture_output=True, text=True, encoding="utf-8", check=False)
    if answer.returncode:
        sys.exit(f"{python} cannot run duckdb-kql: {answer.stderr.strip().splitlines()[-1]}")
    found: list[float] = json.loads(answer.stdout)
    return found


def line(name: str, times: Seconds) -> str:
    """Median, 95 % and sum."""
    ordered = sorted(times)
    at95 = ordered[int(len(ordered) * 0.95)]
    return f"{name:<28} {statistics.median(ordered) * 1e3:9.2f} {at95 * 1e3:9.2f} {sum(ordered):9.2f}"


def main() -> None:
    """Measure and print."""
    from tocsin import kql
    from tocsin.cli.kql_catalogues import read_function_file, read_schemas

    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("corpus", type=Path)
    arguments.add_argument("--catalogue", type=Path)
    arguments.add_argument("--functions", type=Path)
    arguments.add_argument("--other", metavar="PYTHON", help="an interpreter that has duckdb-kql")
    arguments.add_argument("--limit", type=int, help="only so many queries, spread evenly over the corpus")
    arguments.add_argument("--rounds", type=int, default=2)
    options = arguments.parse_args()
    records = [json.loads(each) for each in options.corpus.read_text(encoding="utf-8").splitlines()]
    if options.limit and options.limit < len(records):
        records = [records[index * len(records) // options.limit] for index in range(options.limit)]
    functions = read_function_file(options.functions).known
    catalogs = {
        name: kql.Catalog(tables, functions, as_service=True)
        for name, tables in read_schemas(options.catalogue).items()
    }

    def bind(record: Mapping[str, Any]) -> object:
        return kql.analyze(record["query"], catalogs.get(record.get("env", ""), catalogs[""]))

    parsed = best_times(records, lambda record: kql.parse(record["query"]), options.rounds)
    bound = best_times(records, bind, options.rounds)
    print(f"{len(records)} queries, best of {options.rounds} rounds{'':<6} median ms   95 % ms     sum s")
    print(line("tocsin, parse", parsed))
    print(line("tocsin, parse and bind", bound))
    if options.other:
        other = other_times(options.other, records, options.rounds)
        print(line("duckdb-kql (ANTLR), parse", other))
        for name, ours in (("parse", parsed), ("parse and bind", bound)):
            ratios = [theirs / mine for theirs, mine in zip(other, ours, strict=True)]
            print(
                f"ANTLR's parse takes {statistics.median(ratios):.1f} times our {name} (median over queries), "
                f"{statistics.median(other) / statistics.median(ours):.1f} times by medians, "
                f"{sum(other) / sum(ours):.1f} times in sum"
            )


if __name__ == "__main__":
    main()
