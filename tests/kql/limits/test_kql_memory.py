"""Attacks on time and memory: each ends in an error soon, and the process stays small.

They run one after the other in processes of their own, so that their size can be read.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

SECONDS, MEGABYTES = 0.15, 100
PATIENCE = SECONDS + 5.0
"""Seconds: 0.3 s beyond the budget is usual; more is for machines with other work to do."""

PROCESSES = 2

NO_END = 600.0
"""Seconds for all attacks together: without a limit, some go on for hours."""

LARGEST = 4 * MEGABYTES
"""Megabytes that a process may have held: the budget counts from what it still holds of the runs before."""

MEGABYTE_TEXT = "print s = strrep(strrep('ab', 512), 1024)"
ROWS = " | extend i = range(1, 100000) | mv-expand i"

ATTACKS = {
    "one text in many": MEGABYTE_TEXT + ROWS + " | extend t = tolower(strcat(s, i))",
    "upper case of long texts": MEGABYTE_TEXT + ROWS + " | extend t = strcat(s, 'b', tostring(i)) | where t has 'c'",
    "packed and unpacked": MEGABYTE_TEXT
    + " | extend z = zlib_compress_to_base64_string(s)"
    + ROWS
    + " | extend t = strcat(zlib_decompress_from_base64_string(z), i)",
    "encoded": MEGABYTE_TEXT + ROWS + " | extend t = base64_encode_tostring(strcat(s, i))",
    "split at every character": MEGABYTE_TEXT + ROWS + " | extend t = split(strcat(s, i), '')",
    "fields": "print s = strrep(strrep('a,', 512), 1024)" + ROWS + " | extend t = parse_csv(strcat(s, i))",
    "every character replaced": MEGABYTE_TEXT + " | extend t = replace_regex(s, '.', '\\\\0\\\\0')",
    "many texts replaced": MEGABYTE_TEXT + " | extend t = replace_strings(s, repeat('a', 9000), repeat('bbbb', 9000))",
    "long arrays added": "print a = range(1, 1000000)" + ROWS + " | extend b = series_add(a, a)",
    "long arrays sorted": "print a = repeat('x', 1000000)" + ROWS + " | extend b = array_sort_asc(array_concat(a, a))",
    "unions of sets": "print a = range(1, 100000)" + ROWS + " | extend b = set_union(a, pack_array(i))",
    "JSON read again and again": "print s = strcat('[', strrep(strrep('1,', 500), 1000), '1]')"
    + ROWS
    + " | extend x = parse_json(strcat(s, ' '))",
    "rows": "range x from 1 to 4000000 step 1 | extend a = x * 2, b = x * 3, c = strcat('x', x), d = pack_array(x, x)",
    "groups": "range x from 1 to 3000000 step 1 | summarize make_list(x), make_set(x), dcount(x) by hash(x)",
    "sketches": "range x from 1 to 1000000 step 1 | summarize h = hll(x) by x | summarize hll_merge(h)",
    "sort": "range x from 1 to 5000000 step 1 | extend y = hash(x) | sort by y asc",
    "properties as columns": "range x from 1 to 20000 step 1 | project b = bag_pack(tostring(x), x)"
    " | evaluate bag_unpack(b)",
    "make-series": "range t from 1 to 100000 step 1 | make-series count() on t from 0 to 100000 step 1 by t",
    "a subquery for each row": "range x from 1 to 100000 step 1 | extend a = range(1, 100)"
    " | mv-apply a on (summarize s = sum(tolong(a)) | extend q = toscalar(range z from 1 to 100000 step 1 | count))",
    "paths": "range a from 1 to 30 step 1 | extend k = 1 | join kind=inner (range b from 1 to 30 step 1 | extend k = 1)"
    " on k | make-graph a --> b with_node_id=n | graph-match cycles=all (x)-[e*1..9]->(y) project x = x.n, y = y.n",
    "shortest paths": "range i from 1 to 2000 step 1 | extend a = i, b = i + 1"
    " | union (range i from 1 to 2000 step 1 | extend a = i, b = -i)"
    " | union (range i from 1 to 2000 step 1 | extend a = -i, b = i + 1)"
    " | make-graph a --> b with_node_id=n | graph-shortest-paths output=all (x)-[e*1..5000]->(y) project x.n, y.n",
    "state that grows": "range x from 1 to 1000000 step 1 | serialize | scan declare (s: string = '')"
    " with (step a: true => s = strcat(a.s, 'aaaaaaaaaaaaaaaaaaaa');)",
    "addresses": "range i from 1 to 300000 step 1 | extend r = repeat(strcat('10.', i % 9, '.0.0/16'), 1000)"
    " | where ipv4_is_in_any_range('11.1.1.1', r)",
    "distances": "print a = range(1, 100000)"
    + ROWS
    + " | extend d = series_dot_product(a, a), e = jaccard_index(a, a)",
    # One call on one value.
    "matches that read to the end of the text": MEGABYTE_TEXT + " | extend x = extract_all('(.*c|b)', s)",
    "the same, counted": MEGABYTE_TEXT + " | extend x = countof(s, '.*c|b', 'regex')",
    "a pattern of many classes": MEGABYTE_TEXT + r" | extend x = extract(@'(\pL|\pN){500}c', 1, s)",
    "characters put in one by one": MEGABYTE_TEXT + " | extend x = punycode_to_string(s)",
    "sums of long numbers": "print a = range(1, 1000000) | extend x = series_pearson_correlation(a, a)",
    "a line of many turns": "print a = range(1, 100000) | extend l = bag_pack('type', 'LineString', 'coordinates',"
    " zip(series_multiply(a, 0.001), series_sin(a))) | extend x = geo_line_buffer(l, 1000, 1)",
    "one sketch of many values": "range x from 1 to 4000000 step 1 | summarize hll(x, 4), tdigest(x)",
    "one list of many values": "range x from 1 to 4000000 step 1 | summarize make_set(hash(x), 4000000)",
    "a list to look in": "let L = range x from 1 to 4000000 step 1; range y from 1 to 5 step 1 | where y in (L)",
    "metrics of many windows": "range x from 1 to 100000 step 1 | extend t = datetime(2020-01-01) + x * 1s"
    " | evaluate new_activity_metrics(x, t, datetime(2020-01-01), datetime(2020-01-02), 10s)",
    "networks that all match": "range x from 1 to 20000 step 1 | extend ip = '1.1.1.1'"
    " | evaluate ipv4_lookup((range y from 1 to 20000 step 1 | extend n = '1.1.0.0/16'), ip, n)",
    "a pattern with many places at once": "range x from 1 to 60000 step 1 | summarize l = make_list(hash(x))"
    " | extend s = translate('0123456789-', 'abababababa', strcat_array(l, ''))"
    " | extend x = s matches regex '(?:a|b)*a(?:a|b){900}c'",
    "a series of millions": "range x from 1 to 4000000 step 1 | make-series count() on x from 1 to 4000000 step 1",
}

HARMLESS = {
    "entities in XML": 'print x = parse_xml(\'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    "<a>&b;&b;&b;&b;</a>')",
    "deep XML": "print x = parse_xml(strcat(strrep(strrep('<a>', 500), 100), strrep(strrep('</a>', 500), 100)))",
    "large powers": "print pow(10, pow(10, 10)), exp2(100000), exp10(1e308), binary_shift_left(1, 9223372036854775807)",
    "large decimals": "print decimal(1e6000) * decimal(1e6000), todecimal('1e999999999')",
    "nested repetition": "print strrep('a', 1000) matches regex '(a*)*b'",
    "no gzip": "print gzip_decompress_from_base64_string('H4sIAAAAAAAC/')",
}

PROGRAM = """
import json, re, resource, sys, time
from pathlib import Path
from tocsin import kql
from tocsin.kql.interpreter.errors import EngineError
def largest():
    if sys.platform == "linux":  # ru_maxrss starts at the size of the process that started this one
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.search(r"^VmHWM:\\s*(\\d+) kB$", status, re.MULTILINE)[1]) * 1024 // 1_000_000
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 1_000_000
for name, text, seconds, megabytes in json.load(sys.stdin):
    limits = kql.Limits(seconds=seconds, memory=megabytes * 1_000_000)
    began = time.monotonic()
    try:
        analysis = kql.analyze(text, kql.EMPTY_CATALOG)
        problems = (*analysis.errors, *analysis.refusals)
        code = problems[0].code if problems else "ok"
        if not problems:
            kql.prepare(analysis).run({}, limits=limits)
    except EngineError as error:
        code = error.code
    print(json.dumps([name, code, time.monotonic() - began, largest()]), flush=True)
"""
"""Runs the queries it is given, each with its limits, and tells how each ended."""


def ends_of(*tasks: list[tuple[str, str, float, int]]) -> list[tuple[str, str, float, int]]:
    """Of each query, run after those before it in its list: name, code, the seconds it took, the largest size of
    the process until then in megabytes. The lists run side by side, each in a process."""
    if sys.platform == "win32":
        pytest.skip("the resource module is not there on Windows")
    with ThreadPoolExecutor(len(tasks)) as pool:
        lines = pool.map(
            lambda task: subprocess.run(
                [sys.executable, "-c", PROGRAM],
                input=json.dumps(task), capture_output=True, text=True, check=True, timeout=NO_END,
            ).stdout.splitlines(),
            tasks,
        )  # fmt: skip
        return [tuple(json.loads(line)) for each in lines for line in each]


@pytest.fixture(scope="module")
def ends() -> dict[str, tuple[str, float, int]]:
    """By name: the code, the seconds it took, the largest size of the process until then in megabytes."""
    queries = [(name, text, SECONDS, MEGABYTES) for name, text in {**HARMLESS, **ATTACKS}.items()]
    found = ends_of(*(queries[place::PROCESSES] for place in range(PROCESSES)))
    return {name: (code, took, size) for name, code, took, size in found}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_ends_in_an_error(name: str, ends: dict[str, tuple[str, float, int]]) -> None:
    code, took, _ = ends[name]
    assert code in ("ENG002", "ENG003")
    assert took < PATIENCE


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_large_elsewhere_is_small_here(name: str, ends: dict[str, tuple[str, float, int]]) -> None:
    code, took, _ = ends[name]
    assert code in ("ok", "ENG002")
    assert took < PATIENCE


def test_the_process_stays_small(ends: dict[str, tuple[str, float, int]]) -> None:
    assert max(size for _, _, size in ends.values()) < LARGEST


TEXTS = "range i from 1 to {} step 1 | extend t = strcat(strrep(strrep('ab', 512), 1024), i) | summarize max(strlen(t))"
"""Texts of a megabyte, so many, which are all held at once; a process gives them back to the system."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the largest size counts that a process has had")
def test_what_an_earlier_run_gave_back_is_no_room_for_the_next() -> None:
    found = ends_of([("first", TEXTS.format(200), 30, 1000), ("next", TEXTS.format(200), 30, MEGABYTES)])
    assert [code for _, code, _, _ in found] == ["ok", "ENG003"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process tells its size only with that of its parent")
def test_the_size_of_a_large_parent_hides_no_growth() -> None:
    query = [("growing", TEXTS.format(200), 30, MEGABYTES)]
    program = (
        f"import subprocess, sys; held = b'a' * {4 * MEGABYTES * 1_000_000}; "
        f"subprocess.run([sys.executable, '-c', {PROGRAM!r}], check=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(query), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)[:2] == ["growing", "ENG003"]
