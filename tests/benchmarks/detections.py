"""The shipped detections: a prepared rule over 20 rows, and over 100,000, with the peak of memory.

    python tests/benchmarks/detections.py [--rows N] [--runs N] [--only TEXT]

The rows are the recorded samples again and again, each with a time and identifiers of its own, within the window of the
rule. Each detection runs in a process of its own. Status 1 when the median over 20 rows is more than 2 ms.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tocsin import kql
from tocsin.content.repository import load_repository
from tocsin.kql.literals import parse_datetime
from tocsin.kql.types import DATETIME, STRING, TICKS_PER_MILLISECOND, Value
from tocsin.sentinel.catalog import workspace_catalog
from tocsin.sentinel.simulation import REPLAY_LIMITS
from tocsin.testing.samples import as_table, read_samples

ROOT = Path(__file__).parents[2]
FEW = 20
MOST_SECONDS = 0.002
NOW = parse_datetime("2026-09-14T08:00:00Z") or 0
IDENTIFIERS = frozenset({"NetworkMessageId", "InternetMessageId", "SourceRecordId", "OfficeId", "ReportId"})
PEOPLE = frozenset({"UserId", "UserKey", "MailboxOwnerUPN", "MailboxGuid"})
DOMAINS = {"Domain": "contoso.com", "Type": "Authoritative", "MatchSubDomains": "false"}


def repeated(table: kql.Table, rows: int) -> kql.Table:
    """``rows`` rows made of those of ``table``."""
    count = table.row_count

    def column(schema: kql.ColumnSchema, values: list[Value]) -> list[Value]:
        if schema.type is DATETIME:
            return [NOW - i % 2_400_000 * TICKS_PER_MILLISECOND if values[i % count] else None for i in range(rows)]
        if schema.name in IDENTIFIERS:
            return [f"{values[i % count]}-{i // count}" if values[i % count] else "" for i in range(rows)]
        if schema.name in PEOPLE:
            return [f"{i // count}-{values[i % count]}" if values[i % count] else "" for i in range(rows)]
        return [values[i % count] for i in range(rows)]

    data = tuple(map(column, table.columns, table.data))
    return kql.Table(table.columns, data, rows)


def measured(name: str, rows: int, runs: int) -> tuple[float, float, int, float, float]:
    """Median seconds over 20 rows; seconds, result rows and memory (MB, before and at the peak) over ``rows``."""
    repository = load_repository(ROOT)
    catalog = workspace_catalog(repository)
    analysis = kql.analyze(repository.detections[name].model.query, catalog)
    query = kql.prepare(analysis)
    recorded = {}
    for table in analysis.tables:
        columns = catalog.tables[table]
        files = sorted((ROOT / "tests/samples" / table).iterdir())
        records = [record for file in files for record in read_samples(file, file.name)]
        recorded[table] = as_table(columns, records, table)[0]
    lists = {alias: kql.Table.empty(columns) for alias, columns in catalog.watchlists.items()}
    own = catalog.watchlists["MailAcceptedDomains"]
    row = [DOMAINS.get(each.name, "" if each.type is STRING else None) for each in own]
    lists["MailAcceptedDomains"] = kql.Table.from_rows(own, [row])

    few = {table: repeated(each, FEW) for table, each in recorded.items()}
    times = []
    for _ in range(runs + 3):
        started = time.perf_counter()
        query.run(few, now=NOW, watchlists=lists)
        times.append(time.perf_counter() - started)
    many = {table: repeated(each, rows) for table, each in recorded.items()}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    found = query.run(many, now=NOW, watchlists=lists, limits=REPLAY_LIMITS).table.row_count
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return statistics.median(times[3:]), seconds, found, before, peak


def main() -> None:
    """Measure each detection and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--only", default="", help="detections whose name holds this text")
    arguments = parser.parse_args()
    slow = False
    print(
        f"{'detection':45}{f'{FEW} rows':>12}{f'{arguments.rows:,} rows':>16}{'alerts':>8}{'MB before':>11}{'peak':>8}"
    )
    for name in load_repository(ROOT).detections:
        if arguments.only not in name:
            continue
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            median, seconds, found, before, peak = process.submit(
                measured, name, arguments.rows, arguments.runs
            ).result()
        slow |= median > MOST_SECONDS
        print(f"{name:45}{median * 1000:9.2f} ms{seconds:14.2f} s{found:8}{before:11.0f}{peak:8.0f}", flush=True)
    sys.exit(slow)


if __name__ == "__main__":
    main()
