"""What ends a run says where in the query it was, though nothing that looks at limits knows the query."""

from __future__ import annotations

import gc

import pytest

from tocsin import kql
from tocsin.kql.interpreter.batch import UNIT, Batch
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import EngineError, KqlLimitError, KqlRuntimeError

MEGABYTE = "print s = strrep(strrep('ab', 512), 1024)"
MANY = "range x from 1 to 300000 step 1"
GROUPS = "summarize percentile(x, 50), make_set(x) by h = hash(x)"
ORDER = "sort by hash_sha256(strcat(hash_sha256(tostring(x)), x)) asc"
HASH = "y = hash_md5(hash_md5(hash_sha256(tostring(x))))"
LIMITS = kql.Limits(seconds=0.25)


def ending(text: str, catalog: kql.Catalog = kql.EMPTY_CATALOG, limits: kql.Limits = LIMITS) -> EngineError:
    with pytest.raises(EngineError) as found:
        kql.prepare(kql.analyze(text, catalog)).run({}, limits=limits)
    return found.value


def place_in(text: str, error: EngineError) -> str:
    return text[error.start : error.start + error.length]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        # One call on one value, which the watchdog ends.
        (f"{MEGABYTE} | where s != '' | extend x = strlen(s), y = extract_all('(.*c|b)', s)",
         "extract_all('(.*c|b)', s)"),
        (f"{MEGABYTE} | where countof(s, '.*c|b', 'regex') > 3 | project s", "countof(s, '.*c|b', 'regex')"),
        # One operator.
        (f"{MANY} | {GROUPS} | count", GROUPS),
        (f"{MANY} | {ORDER} | take 3", ORDER),
        (f"{MANY} | where x > 1 | extend {HASH} | where y == '' | count",
         f"where x > 1 | extend {HASH} | where y == ''"),
        # Inside others: the innermost one counts, and the outer one once it is back.
        (f"print 1 | extend n = toscalar({MANY} | {ORDER} | take 1)", ORDER),
        (f"print x = 1 | join kind=inner ({MANY} | {GROUPS}) on $left.x == $right.h", GROUPS),
        (f"range x from 1 to 250 step 1 | mv-apply x = range(1, 2000) to typeof(long) on ({ORDER} | take 1)", ORDER),
        (f"let T = {MANY}; T | where x < 2 | join kind=inner (T | take 5) on x"
         " | make-series count() on x from 0 to 9000000 step 1",
         "make-series count() on x from 0 to 9000000 step 1"),
        # Rows and values that are counted.
        ("range x from 1 to 6000000 step 1 | count", "range x from 1 to 6000000 step 1"),
    ],
)  # fmt: skip
def test_a_limit_names_the_operator_or_call(text: str, place: str) -> None:
    error = ending(text)
    assert isinstance(error, KqlLimitError)
    assert place_in(text, error) == place


def test_the_place_is_in_the_workspace_function_that_it_was_in() -> None:
    body = f"{MANY}\n| {ORDER}"
    slow = kql.WorkspaceFunction("Slow", "()", body)
    error = ending("print 1 | project x = 1 | union Slow", kql.Catalog(functions={"Slow": slow}))
    assert error.origin == "Slow"
    assert place_in(body, error) == ORDER


@pytest.mark.parametrize("rows", ["print x = 'a'", "datatable(x: string)['a']"])
def test_a_value_that_a_function_cannot_take_is_told_in_the_text_of_the_workspace_function(rows: str) -> None:
    body = "array_length(repeat(x, 100000000))"
    function = kql.WorkspaceFunction("Twice", "(x: string)", body)
    error = ending(f"{rows} | extend y = Twice(x)", kql.Catalog(functions={"Twice": function}))
    assert isinstance(error, KqlRuntimeError)
    assert error.origin == "Twice"
    assert place_in(body, error) == "repeat(x, 100000000)"


def test_the_error_of_a_limit_holds_nothing_that_the_run_made() -> None:
    error = ending(f"{MANY} | extend y = pack_array(x) | {GROUPS}")
    gc.collect()
    assert isinstance(error, KqlLimitError)
    assert not [each for each in gc.get_objects() if isinstance(each, (Batch, Execution)) and each is not UNIT]
