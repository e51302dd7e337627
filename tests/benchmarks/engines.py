"""Queries of the kinds rules are made of on 100,000 rows, beside two other KQL engines for Python, in one run.

    python tests/benchmarks/engines.py [--other PYTHON] [--rows N] [--rounds N] [--only TEXT]

PYTHON is the interpreter of an environment with the other engines, which are no dependencies of tocsin:

    python -m venv OTHER && OTHER/bin/python -m pip install streaming-kql duckdb-kql duckdb pytz

The queries are in ``engines.yaml``, the rows are made here. Each engine runs in a process of its own, has its tables in
memory and the query prepared before the clock starts, and gives its rows as Python values; of each query the fastest
round counts. The number of rows must agree, else the line says so. Status 1 when ``streaming-kql`` is faster anywhere.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tocsin import kql
from tocsin.kql.literals import parse_datetime
from tocsin.kql.types import TYPE_NAMES

QUERIES = Path(__file__).with_suffix(".yaml")
SCHEMAS = {
    "Events": {
        "Time": "datetime", "Host": "string", "User": "string", "Action": "string", "Port": "long", "Bytes": "long",
        "Command": "string", "Url": "string", "Details": "dynamic", "Tags": "dynamic",
    },
    "Assets": {"Host": "string", "Owner": "string"},
}  # fmt: skip
_PROGRAMS = ("powershell.exe", "cmd.exe", "C:\\Windows\\System32\\rundll32.exe", "/usr/bin/ssh", "chrome.exe")

STREAMING = """
import json, sys, time
import streaming_kql
queries, files, schemas, rounds = json.load(sys.stdin)
sources = {
    table: "externaldata(%s)['%s'] with (format='multijson')"
    % (", ".join("%s: %s" % pair for pair in columns.items()), files[table])
    for table, columns in schemas.items()
}
for name, text in queries.items():
    text = text.replace("Events |", sources["Events"] + " |")
    if "Assets" in text:
        text = "let Assets = " + sources["Assets"] + ";\\n" + text
    try:
        query = streaming_kql.compile(text)
        best, count = float("inf"), 0
        for _ in range(rounds):
            started = time.perf_counter()
            count = len(query.transform({}))
            best = min(best, time.perf_counter() - started)
        answer = [name, best, count]
    except Exception as error:
        answer = [name, None, "%s: %s" % (type(error).__name__, error)]
    print(json.dumps(answer), flush=True)
"""

DUCKDB = """
import json, sys, time
import duckdb, duckdb_kql
queries, files, schemas, rounds = json.load(sys.stdin)
types = {"datetime": "TIMESTAMP", "string": "VARCHAR", "long": "BIGINT", "dynamic": "JSON"}
connection = duckdb_kql.connect()
for table, columns in schemas.items():
    read = ", ".join("'%s': '%s'" % (name, types[type_]) for name, type_ in columns.items())
    connection.sql("CREATE TABLE %s AS SELECT * FROM read_json('%s', columns={%s})" % (table, files[table], read))
for name, text in queries.items():
    try:
        best, count = float("inf"), 0
        for _ in range(rounds):
            started = time.perf_counter()
            count = len(duckdb_kql.kql(connection, text).fetchall())
            best = min(best, time.perf_counter() - started)
        answer = [name, best, count]
    except Exception as error:
        answer = [name, None, "%s: %s" % (type(error).__name__, error)]
    print(json.dumps(answer), flush=True)
"""

Outcome = tuple[float | None, Any]
"""Seconds and rows; None and the reason where the engine does not take the query."""


def made_rows(count: int, random: Random) -> dict[str, list[dict[str, Any]]]:
    """Rows of the tables as JSON holds them."""
    events = []
    for i in range(count):
        second = random.randrange(86_400)
        program = random.choice(_PROGRAMS)
        argument = random.choice(("-NoProfile", "-enc SQBFAFgAIABhAGIAYwA=", "-File report.ps1", "-o StrictHost=no"))
        events.append(
            {
                "Time": f"2025-07-15T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{i % 1000:03}Z",
                "Host": f"host-{random.randrange(2_500)}",
                "User": f"User{random.randrange(5_000)}@{random.choice(('contoso.com', 'fabrikam.com'))}",
                "Action": random.choice(("Allow", "Allow", "Allow", "Block")),
                "Port": random.choice((22, 53, 80, 443, 443, 3389)),
                "Bytes": random.randrange(100_000),
                "Command": f"{program} {argument} number {i}",
                "Url": f"https://site{random.randrange(100)}.example/{random.choice(('a.exe', 'b.html', 'c/d.js'))}",
                "Details": {"method": random.choice(("GET", "POST")), "code": random.choice((200, 404, 500, 503))},
                "Tags": [f"tag{random.randrange(9)}" for _ in range(random.randrange(4))],
            }
        )
    return {"Events": events, "Assets": [{"Host": f"host-{i}", "Owner": f"team {i % 7}"} for i in range(2_000)]}


def ours(queries: dict[str, str], rows: dict[str, list[dict[str, Any]]], rounds: int) -> Iterator[tuple[str, Outcome]]:
    """What tocsin's interpreter takes for each query."""
    schemas = {
        table: tuple(kql.ColumnSchema(name, TYPE_NAMES[type_]) for name, type_ in columns.items())
        for table, columns in SCHEMAS.items()
    }
    for event in rows["Events"]:
        event["Time"] = parse_datetime(event["Time"])
    tables = {name: kql.Table.from_records(schemas[name], records) for name, records in rows.items()}
    for name, text in queries.items():
        query = kql.prepare(kql.analyze(text, kql.Catalog(tables=schemas)))
        best, count = float("inf"), 0
        for _ in range(rounds):
            started = time.perf_counter()
            count = len(list(query.run(tables).table.rows()))
            best = min(best, time.perf_counter() - started)
        yield name, (best, count)


def theirs(python: str, program: str, task: Any) -> Iterator[tuple[str, Outcome]]:
    """What another engine takes, in a process of its own."""
    done = subprocess.run([python, "-c", program], input=json.dumps(task), text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    for line in done.stdout.splitlines():
        name, seconds, rows = json.loads(line)
        yield name, (seconds, rows)


def main() -> None:
    """Run the queries and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", help="Python with streaming-kql and duckdb-kql")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="queries whose name holds this text")
    arguments = parser.parse_args()
    found = yaml.safe_load(QUERIES.read_text(encoding="utf-8"))
    queries = {name: text for name, text in found.items() if arguments.only in name}
    rows = made_rows(arguments.rows, Random(7))
    results: dict[str, dict[str, Outcome]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {name: f"{folder}/{name}.json" for name in rows}
        for name, records in rows.items():
            lines = "".join(json.dumps(record) + "\n" for record in records)
            Path(files[name]).write_text(lines, encoding="utf-8")
        if arguments.other:
            task = [queries, files, SCHEMAS, arguments.rounds]
            results["streaming-kql"] = dict(theirs(arguments.other, STREAMING, task))
            results["duckdb-kql"] = dict(theirs(arguments.other, DUCKDB, task))
        results = {"tocsin": dict(ours(queries, rows, arguments.rounds)), **results}
    print(
        f"{'milliseconds':26}" + "".join(f"{engine:>16}{'ratio' if i else '':>8}" for i, engine in enumerate(results))
    )
    ratios: dict[str, list[float]] = {engine: [] for engine in results}
    notes = []
    for name in queries:
        own, count = results["tocsin"][name]
        assert own is not None
        line = f"{name:26}"
        for engine, outcomes in results.items():
            seconds, given = outcomes[name]
            if seconds is None:
                line += f"{'-':>16}{'':8}"
                notes.append(f"{name}: {engine}: {str(given)[:160]}")
                continue
            ratio = seconds / own
            ratios[engine].append(ratio)
            line += f"{seconds * 1000:16.1f}" + (f"{ratio:8.2f}" if engine != "tocsin" else f"{'':8}")
            if given != count:
                notes.append(f"{name}: {engine} gives {given} rows, tocsin {count}")
        print(line)
    for engine, values in ratios.items():
        if engine != "tocsin" and values:
            print(f"{engine}: median {statistics.median(values):.2f}, least {min(values):.2f}, {len(values)} queries")
    print(*notes, sep="\n")
    sys.exit(min(ratios.get("streaming-kql") or [1.0]) < 1.0)


if __name__ == "__main__":
    main()
