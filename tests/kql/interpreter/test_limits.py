"""A query cannot take more than it is given, however it is written."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql.interpreter.errors import KqlLimitError, KqlRuntimeError, NotRunnable


def run(text: str, **limits: float) -> kql.Table:
    query = kql.prepare(kql.analyze(text, kql.EMPTY_CATALOG))
    return query.run({}, limits=kql.Limits(**limits)).table  # type: ignore[arg-type]  # numbers by name


EXPLODE = " | summarize d = make_list(pack('d', d)) | extend x = range(1, 100, 1) | mv-expand x"


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("range x from 1 to 1000000000000 step 1", {}),
        ("range x from 1 to 1000 step 1 | extend k = 1 | as T | join kind=inner T on k", {"rows": 10_000}),
        ("range x from 1 to 2000 step 1 | extend a = x + 1, b = x + 2, c = x + 3", {"cells": 5_000}),
        ("print d = range(1, 5000, 1) | mv-expand a = d | mv-expand b = d", {"rows": 10_000}),
        ("print t = 1 | make-series count() on t from 0 to 1000000000 step 1", {}),
        ("print s = 'x'" + " | extend s = strcat(s, s)" * 40, {"characters": 100_000}),
        ("print a = dynamic([1])" + " | extend a = pack_array(a, a)" * 40, {"cells": 100_000}),
        ("range x from 1 to 200 step 1 | extend k = 1, d = dynamic([[1, 2, 3]])" + EXPLODE * 3, {"cells": 1_000_000}),
    ],
    ids=["range", "join", "cells", "mv-expand", "make-series", "text", "nested", "collected"],
)
def test_too_much_is_refused_before_it_is_made(text: str, limits: dict[str, float]) -> None:
    with pytest.raises(KqlLimitError):
        run(text, **limits)


TEXTS = "range x from 1 to 100 step 1"
LONG_TEXT = "strcat(x, strrep('ab', 1024, ''))"


def test_strings_that_nothing_holds_any_longer_are_given_back() -> None:
    lengths = TEXTS + f" | extend n = strlen({LONG_TEXT})" * 3
    assert run(lengths, characters=300_000).row_count == 100
    kept = (
        TEXTS
        + "".join(f" | extend s{i} = {LONG_TEXT}" for i in range(3))
        + " | where strlen(s0) + strlen(s1) > strlen(s2)"
    )
    with pytest.raises(KqlLimitError, match="strings of more than"):
        run(kept, characters=300_000)


@pytest.mark.parametrize("trace", [False, True])
def test_a_column_that_nobody_reads_may_still_be_asked_for(trace: bool) -> None:
    text = "range x from 1 to 3 step 1 | extend unread = strcat('a', x), y = x * 2 | as T | project y"
    query = kql.prepare(kql.analyze(text, kql.EMPTY_CATALOG))
    assert query.run({}, trace=trace).table.data == ([2, 4, 6],)


def test_an_assertion_is_checked_though_nobody_reads_it() -> None:
    with pytest.raises(KqlRuntimeError, match="never"):
        run("range x from 1 to 3 step 1 | extend checked = assert(x < 3, 'never') | project x")


def test_time_is_bounded() -> None:
    with pytest.raises(KqlLimitError, match="longer than 0 s"):
        run("range x from 1 to 10 step 1 | where x > 1", seconds=0)


def test_an_error_says_where() -> None:
    text = "print 1 | take 1 | extend s = 'a' matches regex strcat('(', '')"
    with pytest.raises(KqlRuntimeError) as caught:
        run(text)
    assert text[caught.value.start :].startswith("'a' matches")


def test_long_chains_need_no_deep_stack() -> None:
    pipeline = "print x = 0" + " | extend x = x + 1" * 3000
    assert run(pipeline).data == ([3000],)
    terms = " or ".join(f"x == {i}" for i in range(120))
    assert run(f"range x from 1 to 3 step 1 | where {terms} | count").data == ([3],)


def test_what_has_errors_is_not_prepared() -> None:
    with pytest.raises(NotRunnable) as caught:
        kql.prepare(kql.analyze("print x = y", kql.EMPTY_CATALOG))
    assert caught.value.diagnostics[0].code == "KS142"


def test_a_prepared_query_keeps_nothing_between_runs() -> None:
    query = kql.prepare(kql.analyze("let m = toscalar(print now()); print m, r = rand()", kql.EMPTY_CATALOG))
    assert query.run({}, now=10, seed=1).table.data != query.run({}, now=20, seed=1).table.data
    assert query.run({}, now=10, seed=1).table.data == query.run({}, now=10, seed=1).table.data


def test_too_many_constants_beside_a_constant_are_told_where_the_value_is_worked_out() -> None:
    query = kql.prepare(kql.analyze('print "b" has_all (range(1, 257, 1))', kql.EMPTY_CATALOG))
    with pytest.raises(KqlRuntimeError, match="has_all considers 256 distinct values at most"):
        query.run({})
