"""How many queries of a corpus bind, prepare and run on empty tables, and how long that takes.

    python tests/benchmarks/run_corpus.py DEV.JSONL --catalogue SCHEMAS.JSON [--functions FUNCTIONS.JSON] [--failures N]
        [--fixtures]

A line of the corpus holds ``query``, and optionally ``id``, ``env`` (the schema set) and ``diagnostics`` (the verdict
of the language service: a query with an error in it is left out).

Three outcomes say nothing of the engine and are counted apart. *no query*: the text declares names alone. *data*: a
plugin makes columns from its rows, there are none here, and the query names one; Kusto ends such a query, too.
*elsewhere*: the query reads addresses or the places of addresses; with ``--fixtures`` each address stands for an empty
table and no place is known, as a test of such a query would supply them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from tocsin import kql
from tocsin.cli.kql_catalogues import read_functions, read_schemas
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.syntax.tree import Literal

_APART = {"no query": ("TK123",), "data": ("ENG004",), "elsewhere": ("TK109", "TK101 The function 'geo_info_from_ip")}
"""Outcomes that are counted apart, by how their reason begins."""

_STAGES = ("ran", "refused", "error", "failed", "crashed")


def is_clean(record: dict[str, Any]) -> bool:
    """Whether the language service found no error."""
    return not any(str(each.get("severity", "")).lower() == "error" for each in record.get("diagnostics", ()))


def with_fixtures(text: str, catalog: kql.Catalog) -> kql.Catalog:
    """The catalogue for a run that supplies what is behind every address that the query writes."""
    literals = (node.value for node in kql.parse(text).root.walk() if isinstance(node, Literal))
    addresses = frozenset(each.partition(";")[0] for each in literals if isinstance(each, str) and "://" in each)
    return replace(catalog, external=addresses, places=True)


def outcome(text: str, catalog: kql.Catalog) -> tuple[str, str]:
    """The stage that a query reaches, and why it goes no further. Addresses of the catalogue have no rows."""
    analysis = kql.analyze(text, catalog)
    if analysis.errors:
        first = analysis.errors[0]
        return "error", f"{first.code} {first.message}"
    if analysis.refusals:
        first = analysis.refusals[0]
        return "refused", f"{first.code} {first.message}"
    nothing = dict.fromkeys(catalog.external, kql.Table((), (), 0))
    try:
        kql.prepare(analysis).run({}, now=638_881_632_000_000_000, external=nothing)
    except EngineError as error:
        return "failed", f"{error.code} {error.message}"
    except Exception as error:  # noqa: BLE001  # a bug is an outcome to be counted
        return "crashed", f"{type(error).__name__}: {error}"
    return "ran", ""


def apart(reason: str) -> str | None:
    """The name under which an outcome is counted apart, if it is."""
    return next((name for name, beginnings in _APART.items() if reason.startswith(beginnings)), None)


def main() -> None:
    """Run the corpus and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--functions", type=Path)
    parser.add_argument("--failures", type=int, default=40, help="how many different reasons to print")
    parser.add_argument("--fixtures", action="store_true", help="supply empty tables for addresses, and no places")
    arguments = parser.parse_args()
    functions = read_functions(arguments.functions)
    catalogs = {name: kql.Catalog(tables, functions) for name, tables in read_schemas(arguments.catalogue).items()}
    with arguments.corpus.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines if line.strip()]
    clean = [record for record in records if is_clean(record)]
    counts: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    started = time.perf_counter()
    for record in clean:
        catalog = catalogs.get(record.get("env", ""), catalogs[""])
        if arguments.fixtures:
            catalog = with_fixtures(record["query"], catalog)
        stage, reason = outcome(record["query"], catalog)
        stage = apart(reason) or stage
        counts[stage] += 1
        if reason:
            reasons[stage, reason] += 1
            examples.setdefault((stage, reason), str(record.get("id", "")))
    wall = time.perf_counter() - started
    each = 1000 * wall / max(1, len(clean))
    print(f"{len(clean)} of {len(records)} queries are clean; {wall:.1f} s, {each:.1f} ms each")
    counted = sum(counts[stage] for stage in _STAGES)
    print(f"{counted} say how much of the language runs")
    for stage in _STAGES:
        print(f"{stage:10}{counts[stage]:6}{counts[stage] / max(1, counted):8.1%}")
    for stage in _APART:
        print(f"{stage:10}{counts[stage]:6}   apart")
    for (stage, reason), count in reasons.most_common(arguments.failures):
        print(f"{count:5}  {stage:10} {reason[:150]}   e.g. {examples[stage, reason]}")


if __name__ == "__main__":
    main()
