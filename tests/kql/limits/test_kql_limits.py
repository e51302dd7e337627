"""Queries that grow without end: each ends soon, in a diagnostic or an error of the engine."""

from __future__ import annotations

import signal
import time

import pytest

from tocsin import kql
from tocsin.kql.interpreter.errors import EngineError

LIMITS = kql.Limits(seconds=2, rows=100_000, cells=1_000_000, characters=5_000_000)
PATIENCE = 30.0
"""Seconds: a machine with other work to do still fails a test that does not end."""


def ending(text: str, limits: kql.Limits = LIMITS) -> str:
    """The code of the error in which the query ends, or ``ok``."""
    began = time.monotonic()
    analysis = kql.analyze(text, kql.EMPTY_CATALOG)
    problems = (*analysis.errors, *analysis.refusals)
    code = problems[0].code if problems else "ok"
    if not problems:
        try:
            kql.prepare(analysis).run({}, limits=limits)
        except EngineError as error:
            code = error.code
    assert time.monotonic() - began < PATIENCE
    return code


def repeated(times: int, stage: str) -> str:
    return f" | {stage}" * times


TEXTS = {
    "nested parentheses": "print x=" + "(" * 100_000 + "1" + ")" * 100_000,
    "open parentheses": "print x=" + "(" * 100_000,
    "50,000 pipes": "print x=1" + repeated(50_000, "where x==1"),
    "nested dynamic": "print x=dynamic(" + "[" * 50_000 + "]" * 50_000 + ")",
    "signs": "print x=" + "-" * 50_000 + "1",
    "calls in calls": "print x=" + "not(" * 20_000 + "true" + ")" * 20_000,
    "sums": "print x=" + "+".join(["1"] * 60_000),
    "members": "print d=dynamic({}) | extend x=d" + ".a" * 20_000,
    "elements": "print d=dynamic([]) | extend x=d" + "[0]" * 20_000,
    "subqueries in subqueries": "print x=" + "toscalar(print " * 2_000 + "1" + ")" * 2_000,
    "joins in joins": "print x=1" + "|join (print x=1" * 2_000 + ") on x" * 2_000,
    "open quotes": '"' * 100_001,
    "open braces": "{" * 100_000,
    "lets in lets": "let f=(){" * 20_000,
    "functions that call twice": "".join(
        f"let f{i}=(x:long){{{f'f{i - 1}(x)+f{i - 1}(x)' if i else 'x'}}};" for i in range(40)
    )
    + "print f39(1)",
    "NUL in a string": 'print x="a\0b"',
    "NUL outside": "print \0 x=1",
    "half a surrogate pair": 'print x="\ud800"',
    "a comment and nothing else": "//" + "x" * 1_000_000,
}
"""Texts that are refused before anything runs."""


@pytest.mark.parametrize("name", TEXTS)
def test_text_ends_in_a_diagnostic(name: str) -> None:
    assert ending(TEXTS[name])[:2] in ("KS", "TK")


def test_of_a_text_nested_too_deeply_nothing_else_is_said() -> None:
    for name in ("calls in calls", "subqueries in subqueries"):
        assert {each.code for each in kql.analyze(TEXTS[name], kql.EMPTY_CATALOG).errors} == {"TK001"}


SMALL = {
    "1 MB string": 'print x="' + "a" * 1_000_000 + '"',
    "10,000 elements in a list": "print x=1 | where x in (" + ",".join(map(str, range(10_000))) + ")",
    "10,000 terms": 'print x="a" | where x has_any (' + ",".join(f'"{i}"' for i in range(10_000)) + ")",
    "20,000 times and": "print x=1 | where " + " and ".join(["x==1"] * 20_000),
    "1,000 extends": "print x=1" + repeated(1_000, "extend x=x+1"),
    "numbers doubled by let": "".join(f"let a{i}={f'a{i - 1}+a{i - 1}' if i else '1'};" for i in range(60))
    + "print a59",
    "what calls make of a let, doubled": "".join(
        f"let a{i}={f'iff(a{i - 1} has_any (a{i - 1}), tolower(a{i - 1}), a{i - 1})' if i else repr('a')};"
        for i in range(60)
    )
    + "print a59",
    "a pattern that backtracks elsewhere": f'print s="{"a" * 50_000}" | where s matches regex "(a*)*b"',
    "JSON nested 50,000 deep": 'print x=parse_json("' + "[" * 50_000 + "]" * 50_000 + '")',
    "exponents": 'print 1e999, pow(10, pow(10, 10)), exp(10000.0), todecimal("1e300") * todecimal("1e300")',
}


@pytest.mark.parametrize("name", SMALL)
def test_large_text_that_is_little_work_runs(name: str) -> None:
    assert ending(SMALL[name]) == "ok"


GROWING = {
    "range of rows": "range x from 1 to 1000000000000 step 1",
    "range of tiny steps": "range x from 0.0 to 1.0 step 1e-300",
    "range without end": "range x from 0.0 to real(+inf) step 1.0",
    "range of no number": "range x from 0.0 to real(nan) step 1.0",
    "range of ticks": "range x from datetime(0001-01-01) to datetime(9999-12-31) step 1tick",
    "range() in rows": "range x from 1 to 100000 step 1 | extend y=range(1, 1000000)",
    "range() by row": "range x from 1 to 10000 step 1 | extend y=range(1, 1000000 + x)",
    "repeat()": 'print repeat("a", 1000000000)',
    "repeat() in rows": "range x from 1 to 100000 step 1 | extend y=repeat(x, 1000000)",
    "mv-expand": "print a=range(1, 1000) | mv-expand a | extend b=range(1, 1000) | mv-expand b",
    "join of all with all": (
        "range x from 1 to 100000 step 1 | extend k=1"
        " | join kind=inner (range y from 1 to 100000 step 1 | extend k=1) on k"
    ),
    "join of a join": "let T=range x from 1 to 300 step 1 | extend k=1; T | join kind=inner T on k"
    " | join kind=inner T on k",
    "union that doubles": "".join(
        f"let T{i}={f'union T{i - 1}, T{i - 1}' if i else 'print x=1'};" for i in range(40)
    )
    + "T39",
    "strcat that doubles": 'print s="aaaaaaaaaa"' + repeated(60, "extend s=strcat(s, s)"),
    "strcat doubled by let": "".join(
        f"let a{i}={f'strcat(a{i - 1}, a{i - 1})' if i else repr('aaaaaaaaaa')};" for i in range(60)
    )
    + "print a59",
    "array_concat doubled by let": "".join(
        f"let a{i}={f'array_concat(a{i - 1}, a{i - 1})' if i else 'dynamic([1])'};" for i in range(60)
    )
    + "print a59",
    "strrep of strrep": 'print s="aaaaaaaaaa"' + repeated(6, "extend s=strrep(s, 1024)"),
    "replace_string by itself": 'print s="aaaaaaaaaa"' + repeated(10, 'extend s=replace_string(s, "a", s)'),
    "replace_regex": 'print s="aaaaaaaaaa"' + repeated(10, f'extend s=replace_regex(s, "a", "{"a" * 50}")'),
    "strcat_array": 'print s="aaaaaaaaaa"' + repeated(6, "extend s=strcat_array(repeat(s, 1000), s)"),
    "strings made in rows": "range x from 1 to 100000 step 1 | extend s=strrep(tostring(x), 1024)",
    "make_list of lists": "range x from 1 to 1000 step 1 | summarize l=make_list(x)"
    + repeated(10, "extend a=range(1, 100) | mv-expand a | summarize l=make_list(l)"),
    "array_concat": "print x=dynamic([1])" + repeated(60, "extend x=array_concat(x, x)"),
    "pack_array of itself": "print x=dynamic([1])" + repeated(40, "extend x=pack_array(x, x)"),
    "pack_array as text": "print x=dynamic([1])" + repeated(40, "extend x=pack_array(x, x)") + " | project tostring(x)",
    "bags of bags": 'print x=dynamic({"a":1})' + repeated(40, 'extend x=bag_pack("a", x, "b", x)'),
    "zip": "print x=dynamic([1])" + repeated(40, "extend x=zip(x, x)"),
    "nesting": "print x=dynamic([1])" + repeated(400, "extend x=pack_array(x)"),
    "make-series": "range t from 1 to 1000 step 1 | make-series count() on t from 0 to 100000000000 step 1",
    "make-series of many": (
        "range t from 1 to 10000 step 1 | make-series count() on t from 0 to 10000 step 1 by t"
    ),
    "patterns of many columns": "range x from 1 to 1000 step 1"
    + "".join(f" | extend c{i}=hash(x * {i} + {i}, 2)" for i in range(1, 26))
    + " | evaluate basket(0.015, '~', 25)",
    "differences of many columns": "range x from 1 to 1000 step 1"
    + "".join(f" | extend c{i}=hash(x * {i} + {i}, 2)" for i in range(1, 26))
    + " | evaluate diffpatterns(c1, '0', '1', '~', 0.015)",
    "every choice of rows": (
        "range x from 1 to 500 step 1 | extend t=datetime(2025-01-01) + x * 1s"
        " | evaluate sequence_detect(t, 1d, 1d, a=true, b=true, c=true, d=true)"
    ),
    "filter of a series": "print x=repeat(1, 500000) | extend y=series_fir(x, repeat(1, 100000))",
    "a list for each row": (
        "range x from 1 to 100000 step 1 | extend l=pack_array(x, x, x) | extend m=pack_array(l, l, l, l)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GROWING)
def test_growth_ends(name: str) -> None:
    assert ending(GROWING[name]) in ("ENG002", "ENG003")


SLOW = {
    "where": "range x from 1 to 1000000 step 1 | where hash_sha256(tostring(x)) == ''",
    "extend": "range x from 1 to 1000000 step 1 | extend y=hash_sha256(tostring(x))",
    "in": "range x from 1 to 100000 step 1 | extend l=range(x, x + 100) | where x in (l)",
    "has_any": 'range x from 1 to 100000 step 1 | where "a b" has_any (pack_array("c", tostring(x), "d", "e", "f"))',
    "summarize": "range x from 1 to 1000000 step 1 | summarize make_set(x), percentile(x, 50) by x",
    "mv-apply": "range x from 1 to 300000 step 1 | mv-apply y=range(1, 2) on (summarize s=count())",
    "partition": "range x from 1 to 300000 step 1 | partition hint.strategy=native by x (top 1 by x)",
    "parse": 'range x from 1 to 1000000 step 1 | extend s=tostring(x) | parse s with a:long "b" c',
    "parse-kv": 'range x from 1 to 1000000 step 1 | extend s=tostring(x) | parse-kv s as (a:long) with (quote="\'")',
    "reduce": "range x from 1 to 1000000 step 1 | project s=strcat(x, ' ', x % 7, ' ', x / 3, ' a')"
    " | reduce by s with threshold=0.9",
    "basket": "range x from 1 to 100000 step 1 | extend a=x % 3, b=x % 5, c=x % 7, d=x % 11 | evaluate basket()",
    "autocluster": "range x from 1 to 100000 step 1 | extend a=x % 3, b=x % 5, c=x % 7 | evaluate autocluster()",
    "diffpatterns": "range x from 1 to 100000 step 1 | extend a=x % 3, b=x % 5 | evaluate diffpatterns(a, '1', '2')",
    "sequence_detect": "range x from 1 to 100000 step 1 | extend t=now() + x * 1s"
    " | evaluate sequence_detect(t, 1h, 1h, a=x % 2 == 0, b=true)",
    "top-nested": "range x from 1 to 300000 step 1 | top-nested 100000 of y=x by count(), top-nested of z=x by sum(x)",
}


@pytest.mark.parametrize("operator", SLOW)
def test_time_ends_inside_an_operator(operator: str) -> None:
    limits = kql.Limits(seconds=0.15)
    assert ending(SLOW[operator], limits) == "ENG003"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timer signals")
def test_an_interrupt_ends_a_query() -> None:
    query = kql.prepare(kql.analyze(SLOW["extend"], kql.EMPTY_CATALOG))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    earlier = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            query.run({})
        assert time.monotonic() - began < PATIENCE
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
