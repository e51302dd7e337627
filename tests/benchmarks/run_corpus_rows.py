"""Run a corpus of queries on rows nobody would expect, and count what goes wrong in a way it must not.

    python tests/benchmarks/run_corpus_rows.py DEV.JSONL --catalogue SCHEMAS.JSON [--functions FUNCTIONS.JSON]
        [--rows N] [--seed N] [--only TEXT] [--failures N]

Every table and address that a query reads gets rows of all types: nulls, empty texts, Unicode, JSON in text columns,
large dynamic values, the ends of the number and date ranges, and the literals of the query itself, so that its filters
let rows through. A query must end in a result whose cells have the types of their columns, or in an error of the engine
(``EngineError``). Anything else is a bug and is listed. A line of the corpus: see ``run_corpus.py``.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
import traceback
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from run_corpus import is_clean, with_fixtures

from tocsin import kql
from tocsin.cli.kql_batch import answer_of
from tocsin.cli.kql_catalogues import read_functions, read_schemas
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.lineage import relations
from tocsin.kql.plan import External
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DATETIME_MAX,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    INT_MAX,
    INT_MIN,
    LONG,
    LONG_MAX,
    LONG_MIN,
    REAL,
    STRING,
    TICKS_PER_DAY,
    TIMESPAN,
    DynamicDatetime,
    DynamicGuid,
    DynamicTimespan,
    ScalarType,
    Value,
)

NOW = 638_881_632_000_000_000
LIMITS = kql.Limits(seconds=10, rows=500_000, cells=20_000_000)

_LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'")

_GUID = "74be27de-1e4e-49d9-b579-fe0b331d3642"
_TEXTS = (
    "",
    " ",
    "a",
    "Ünïcödé İıſ \u212a \U0001f600",
    "日本語 テキスト",
    "\x00\x01\x7f",
    "\ud800",
    "line one\nline two\r\n\ttabbed",
    '{"a": 1, "b": [1, 2, {"c": null}], "Name": "x", "EventID": "4624"}',
    '[{"displayName": "x", "newValue": "[\\"y\\"]", "oldValue": null}, 1, "t", null]',
    '{"broken": ',
    "[" * 300 + "]" * 300,
    "<Data><EventData><Data Name='a'>1</Data></EventData></Data>",
    "192.168.0.1",
    "10.0.0.0/8",
    "::ffff:1.2.3.4",
    "2001:db8::1/64",
    "999.1.1.1",
    "user@contoso.com",
    "https://user:pw@example.com:8080/p/a?x=1&y=%20#f",
    "2025-07-15T10:00:00Z",
    "0001-01-01",
    "1.02:03:04.5",
    "9223372036854775808",
    "-1",
    "1e309",
    "NaN",
    "0x1F",
    "True",
    _GUID,
    "cG93ZXJzaGVsbA==",
    "C:\\Windows\\System32\\cmd.exe",
    "key=value; other='quoted; text'",
    "(.*)[",
    "x" * 5000,
    "e\u0301\u0301 \u0130 ﬀ ß \u1e9e",
    "\u202eabc\u202c \u05d0\u05d1\u05d2 \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\udc00\ud83d x \ud83d\ude00 \U0010ffff \ufeff \ufffd \u2028 \u0085",
    "\u0663\u0664 \uff11\uff12 \u00b2 \u2167",
    '{"a": NaN}',
    '{"a": 1, "a": 2, "": 3, "A": 4, "a b.c[0]": 5, "$": 6}',
    '{"u": "\\ud800", "n": -0.0, "big": 123456789012345678901234567890, "e": 1e400, "f": 1E-400}',
    '[1, 2.0, true, null, "x", [], {}, [[]], {"k": []}]',
    '"just text"',
    "null",
    "9999-12-31T23:59:59.9999999Z",
    "10000-01-01T00:00:00Z",
    "2025-02-30",
    "2025-07-15 10:00:00 +25:00",
    "10675199.02:48:05.4775807",
    "-10675199.02:48:05.4775809",
    "1d 2h",
    "-9223372036854775809",
    "1_000",
    "+5",
    " 5 ",
    "1,5",
    "5e-324",
    "-0",
    "-Infinity",
    "{74BE27DE-1E4E-49D9-B579-FE0B331D3642}",
    "74be27de1e4e49d9b579fe0b331d3642",
    "255.255.255.255/0",
    "1.2.3.4/33",
    "01.02.03.04",
    "1.2.3",
    "fe80::1%eth0",
    "::/0",
    "\\x41\\u0041\\",
    "%25%zz%E9",
    "====",
    "a=1&a=2&=3&b",
    "<a><b/></a",
    "<!DOCTYPE x [<!ENTITY y 'z'>]><x>&y;</x>",
    "H4sIAAAAAAAA",
    "'; drop table T; --",
    "a" + "\u0300" * 500,
    "," * 1000,
)
_PLACES: dict[str, Value] = {"192.168.0.1": {"country": "Norway", "latitude": 59.9}, "1.2.3.4": {}}
"""Where addresses are."""
_NUMBERS = (0, 1, -1, 2, 7, 80, 443, 4624, 4625, 50126)
_EDGES = (2**31, -(2**31) - 1, 2**53 + 1, 10**18, 3_155_378_975_999_999_999, 3_155_378_976_000_000_000)
_REALS = (
    *(0.0, -0.0, 1.5, -2.25, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf, 1e15, 0.1),
    *(2.0**53, -(2.0**63), 2.0**63, 9.3e18, 0.5, -0.5, 1e-310, 1.0000000000000002),
)
_DECIMALS = (
    *(Decimal(0), Decimal("1.5"), Decimal("-0.000000000000000000000000001"), Decimal(10) ** 28),
    *(Decimal("1E-34"), Decimal("-0"), Decimal("9.999999999999999999999999999999999E+6144"), Decimal(2**63)),
)


def _deep(levels: int) -> Value:
    value: Value = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value, "value": level}
    return value


def _large(random: Random, texts: list[str]) -> Value:
    """A nest, a long array of one kind or of all, or a bag of many members."""
    kind = random.randrange(4)
    if kind == 0:
        return _deep(200)
    if kind == 1:
        return list(range(3000))
    if kind == 2:
        return [random.choice((*texts, *_NUMBERS, *_REALS, None, True)) for _ in range(500)]
    return {f"{random.choice(texts)[:50]}{i}": i for i in range(300)}


def dynamic_value(random: Random, texts: list[str], depth: int = 3) -> Value:
    """A dynamic of any kind."""
    kind = random.randrange(12 if depth else 8)
    if kind == 0:
        return None
    if kind < 4:
        return random.choice(texts)
    if kind == 4:
        return random.choice((*_NUMBERS, *_EDGES, LONG_MAX, LONG_MIN))
    if kind == 5:
        return random.choice(_REALS)
    if kind == 6:
        return random.choice((True, False))
    if kind == 7:
        ticks = random.choice((NOW, 0, DATETIME_MAX))
        return random.choice((DynamicDatetime(ticks), DynamicTimespan(-ticks), DynamicGuid(_GUID), [], {}))
    if kind < 10:
        return [dynamic_value(random, texts, depth - 1) for _ in range(random.choice((0, 1, 2, 3, 40)))]
    return {random.choice(texts): dynamic_value(random, texts, depth - 1) for _ in range(random.choice((0, 1, 3, 8)))}


def cell(random: Random, type_: ScalarType, texts: list[str]) -> Value:
    """A value of a column."""
    if type_ is STRING:
        return random.choice(texts)
    if random.random() < 0.2:
        return None
    if type_ is DYNAMIC:
        return _large(random, texts) if random.random() < 0.02 else dynamic_value(random, texts)
    if type_ is BOOL:
        return random.random() < 0.5
    if type_ is INT:
        return random.choice((*_NUMBERS, INT_MAX, INT_MIN))
    if type_ is LONG:
        return random.choice((*_NUMBERS, *_EDGES, LONG_MAX, LONG_MIN))
    if type_ is REAL:
        return random.choice(_REALS)
    if type_ is DECIMAL:
        return random.choice(_DECIMALS)
    if type_ is DATETIME:
        if random.random() < 0.1:
            return random.choice((0, 1, DATETIME_MAX, DATETIME_MAX - 1, NOW, NOW + 40 * TICKS_PER_DAY))
        return NOW - random.randrange(int(10 ** random.uniform(0, math.log10(40 * TICKS_PER_DAY))))
    if type_ is TIMESPAN:
        return random.choice((0, 1, -1, TICKS_PER_DAY, LONG_MAX, LONG_MIN))
    return random.choice((_GUID, "00000000-0000-0000-0000-000000000000", "f" * 8 + "-ffff-ffff-ffff-" + "f" * 12))


def table_of(random: Random, columns: tuple[kql.ColumnSchema, ...], rows: int, texts: list[str]) -> kql.Table:
    """A table of generated rows."""
    data = tuple([cell(random, column.type, texts) for _ in range(rows)] for column in columns)
    return kql.Table(columns, data, rows)


_IN_RANGE = {
    INT: (INT_MIN, INT_MAX),
    LONG: (LONG_MIN, LONG_MAX),
    TIMESPAN: (LONG_MIN, LONG_MAX),
    DATETIME: (0, DATETIME_MAX),
}
_PYTHON: dict[ScalarType, type] = {BOOL: bool, REAL: float, DECIMAL: Decimal, STRING: str, GUID: str}


def wrong_cell(type_: ScalarType, value: Value) -> bool:
    """Whether a cell breaks the contract of ``tocsin.kql.types``."""
    if value is None:
        return type_ is STRING
    if type_ in _IN_RANGE:
        low, high = _IN_RANGE[type_]
        return type(value) is not int or not low <= value <= high
    if type_ in _PYTHON:
        return type(value) is not _PYTHON[type_]
    kinds = (dict, list, str, int, float, bool, Decimal, DynamicDatetime, DynamicTimespan, DynamicGuid)
    return type(value) not in kinds


def outcome(text: str, catalog: kql.Catalog, rows: int, seed: int) -> tuple[str, str]:
    """How a run of the query ends, and why where it does not end well."""
    random = Random(seed)
    try:
        analysis = kql.analyze(text, with_fixtures(text, catalog))
        if analysis.plan is None:
            first = (*analysis.errors, *analysis.refusals)[0]
            return ("error" if analysis.errors else "refused"), f"{first.code} {first.message}"
        literals = [a or b for a, b in _LITERAL.findall(text)]
        texts = [*_TEXTS, *literals * max(1, len(_TEXTS) // max(1, len(literals)))]
        database = {name: table_of(random, catalog.tables[name], rows, texts) for name in analysis.tables}
        external = {
            address: table_of(random, tuple(column.schema() for column in each.columns), rows, texts)
            for each in relations(analysis.plan)
            if isinstance(each, External)
            for address in each.addresses
        }
        prepared = kql.prepare(analysis)
        result = prepared.run(database, now=NOW, limits=LIMITS, external=external, places=_PLACES.get).table
        for column, values in zip(result.columns, result.data, strict=True):
            for value in values:
                if wrong_cell(column.type, value):
                    return (
                        "badly typed",
                        f"{column.name}: {column.type.value} holds {type(value).__name__} {value!r:.60}",
                    )
        json.dumps(answer_of(result), ensure_ascii=False)
    except EngineError as error:
        return "failed", f"{error.code} {error.message}"
    except Exception as error:  # noqa: BLE001  # a bug is an outcome to be counted
        last = traceback.extract_tb(error.__traceback__)[-1]
        return (
            "crashed",
            f"{type(error).__name__}: {error!s:.80} ({Path(last.filename).name}:{last.lineno} {last.name})",
        )
    return ("ran, with rows" if result.row_count else "ran, empty"), ""


def main() -> None:
    """Run the corpus and print the counts; exit 1 when a run ended as none must."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--functions", type=Path)
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="queries whose id holds this text")
    parser.add_argument("--failures", type=int, default=60, help="how many different reasons to print")
    arguments = parser.parse_args()
    functions = read_functions(arguments.functions)
    catalogs = {name: kql.Catalog(tables, functions) for name, tables in read_schemas(arguments.catalogue).items()}
    with arguments.corpus.open(encoding="utf-8") as lines:
        records: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    clean = [each for each in records if is_clean(each) and arguments.only in str(each.get("id", ""))]
    counts: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    slowest: list[tuple[float, str]] = []
    started = time.perf_counter()
    for record in clean:
        name = str(record.get("id", ""))
        begun = time.perf_counter()
        catalog = catalogs.get(record.get("env", ""), catalogs[""])
        stage, reason = outcome(record["query"], catalog, arguments.rows, arguments.seed)
        slowest = sorted([*slowest, (time.perf_counter() - begun, name)], reverse=True)[:5]
        counts[stage] += 1
        if reason:
            reasons[stage, reason] += 1
            examples.setdefault((stage, reason), name)
    print(f"{len(clean)} of {len(records)} queries, {time.perf_counter() - started:.1f} s")
    for stage, count in counts.most_common():
        print(f"{stage:16}{count:6}")
    for (stage, reason), count in reasons.most_common(arguments.failures):
        print(f"{count:5}  {stage:12} {reason[:220]}   e.g. {examples[stage, reason]}")
    for seconds, name in slowest:
        print(f"{seconds:7.2f} s  {name}")
    sys.exit(1 if counts["crashed"] + counts["badly typed"] else 0)


if __name__ == "__main__":
    main()
