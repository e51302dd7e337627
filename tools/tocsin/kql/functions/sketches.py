"""hll() and tdigest(): what is kept of a set of values so that counts and ranks can be merged later.

Kusto's sketches forget; these do not: an hll holds a hash of every distinct value, a tdigest every distinct value with
its weight, so that what is read from them is exact where Kusto estimates. Their layout is Kusto's for few values.
Source: https://learn.microsoft.com/kusto/query/using-hll-tdigest
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from tocsin.kql.functions.aggregates_numbers import chosen
from tocsin.kql.functions.conversions import to_dynamic
from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.hashes import hash_
from tocsin.kql.functions.rendering import dynamic_text
from tocsin.kql.types import DYNAMIC, STRING, UNKNOWN, ScalarType, Value

TABLE = FunctionTable(folds=False)

Types = tuple[ScalarType, ...]

_PRECISION = {0: 12, 1: 14, 2: 16, 3: 17, 4: 18}
"""Bits of an hll by the accuracy that the query asks for."""
_LISTED = 1024
"""Distinct values up to which Kusto lists their hashes."""


# ---------------------------------------------------------------------------------------------------------------- hll


def _hll(hashes: Iterable[str], bits: int) -> Value:
    return [[_LISTED, bits], list(dict.fromkeys(hashes)), []]


def _hashes(sketch: Value) -> tuple[list[str], int] | None:
    """The hashes and the bits of an hll; None for what is none."""
    if not isinstance(sketch, list) or len(sketch) != 3 or not all(isinstance(each, list) for each in sketch):
        return None
    head, hashes, registers = sketch
    if len(head) != 2 or not all(isinstance(each, int) for each in head):
        return None
    if registers:
        raise KqlValueError("this hll has registers instead of hashes, which the local engine does not read")
    return [str(each) for each in hashes], head[1]


def _make_hll(type_: ScalarType, values: Iterable[Value], accuracy: int | None) -> Value:
    bits = _PRECISION.get(1 if accuracy is None else accuracy)
    if bits is None:
        raise KqlValueError(f"the accuracy of an hll is 0 to 4, not {accuracy}")
    kept = [value for value in values if value is not None]
    if type_ in (DYNAMIC, UNKNOWN):
        kept, type_ = [dynamic_text(value) for value in kept], STRING
    digest = hash_((type_,))
    return _hll((str(digest(value)) for value in dict.fromkeys(kept)), bits)


_HLL_PAGE = "hll-aggregation-function"


@TABLE.aggregate(
    "hll",
    "(value: scalar, [accuracy: const int|long]) -> dynamic",
    page=_HLL_PAGE,
    typed=True,
    accepts=("(value: notrealorbool, [accuracy: integer]) -> array",),
)
def hll(types: Types, values: Sequence[Value], accuracy: int | None = None) -> Value:
    """The distinct values, for ``dcount_hll`` and ``hll_merge``; null of no rows."""
    return _make_hll(types[0], values, accuracy) if values else None


@TABLE.aggregate(
    "hll_if",
    "(value: scalar, predicate: bool, [accuracy: const int|long]) -> dynamic",
    page="hll-if-aggregation-function",
    typed=True,
    accepts=("(value: notrealorbool, predicate: bool, [accuracy: integer]) -> array",),
)
def hll_if(
    types: Types, values: Sequence[Value], predicate: Sequence[bool | None], accuracy: int | None = None
) -> Value:
    """``hll`` over the rows for which the predicate is true."""
    return _make_hll(types[0], chosen(values, predicate), accuracy) if values else None


def _merged_hll(sketches: Iterable[Value]) -> Value:
    known = [found for found in map(_hashes, sketches) if found is not None]
    if not known:
        return None
    accuracies = {bits for _, bits in known}
    if len(accuracies) > 1:
        raise KqlValueError("hll of different accuracies cannot be merged: give each the same accuracy")
    return _hll((each for hashes, _ in known for each in hashes), accuracies.pop())


@TABLE.aggregate("hll_merge", "(value: array) -> array", page="hll-merge-aggregation-function")
def hll_merge_all(values: Sequence[Value]) -> Value:
    """All hll of the group in one."""
    return _merged_hll(values)


@TABLE.scalar(
    "hll_merge",
    "(hll: array, ...2-64) -> array",
    page="hll-merge-function",
    accepts=("(hll: array, ...2-16) -> array",),
)
def hll_merge(*sketches: Value) -> Value:
    """The hll of several columns in one."""
    return _merged_hll(sketches)


def distinct_hashes(sketch: Value) -> set[str] | None:
    """The hashes of the values in an hll; None for what is none."""
    found = _hashes(sketch)
    return None if found is None else set(found[0])


@TABLE.scalar("dcount_hll", "(hll: array) -> long", page="dcount-hll-function")
def dcount_hll(sketch: Value) -> int | None:
    """How many distinct values the hll holds."""
    found = distinct_hashes(sketch)
    return None if found is None else len(found)


# ------------------------------------------------------------------------------------------------------------ tdigest


_HEAD = [7]

Weighted = list[tuple[Any, Any]]


def _tdigest(weighted: Iterable[tuple[Value, Any]]) -> Value:
    weights: dict[Any, list[Any]] = {}
    for value, weight in weighted:
        weights.setdefault((type(value), value), [value, 0])[1] += weight
    return [_HEAD, [value for value, _ in weights.values()], [weight for _, weight in weights.values()]]


def _weighted(digest: Value) -> Weighted | None:
    """Values with their weights, ascending; None for what is no tdigest."""
    if not isinstance(digest, list) or len(digest) != 3 or not all(isinstance(each, list) for each in digest):
        return None
    _, values, weights = digest
    if len(values) != len(weights) or not all(_is_number(each) for each in (*values, *weights)):
        return None
    return sorted(zip(values, weights, strict=True), key=lambda pair: pair[0])


def _is_number(value: Value) -> bool:
    return not isinstance(value, (str, bool, list, dict)) and value is not None and value == value


@TABLE.aggregate(
    "tdigest",
    "(value: summable, [weight: int|long]) -> array",
    page="tdigest-aggregation-function",
    typed=True,
)
def tdigest(types: Types, values: Sequence[Value], weights: Sequence[Value] | None = None) -> Value:
    """The values with their weights, for ``percentile_tdigest`` and its like; null of no rows."""
    if not values:
        return None
    into = to_dynamic(types[0])
    counted = zip(values, [1] * len(values) if weights is None else weights, strict=True)
    return _tdigest(
        (into(value), weight)
        for value, weight in counted
        if value is not None and value == value and weight is not None and weight > 0
    )


def _type_of(weighted: Weighted) -> type:
    """The type of a tdigest's values; whole numbers among reals are reals."""
    types = {type(value) for value, _ in weighted}
    return float if float in types else types.pop()


def _merged_digest(digests: Iterable[Value]) -> Value:
    known = [found for found in map(_weighted, digests) if found is not None]
    if len({_type_of(weighted) for weighted in known if weighted}) > 1:
        raise KqlValueError("tdigests of values of different types cannot be merged")
    return _tdigest(pair for pairs in known for pair in pairs) if known else None


def merge_all_digests(values: Sequence[Value]) -> Value:
    """All tdigests of the group in one."""
    return _merged_digest(values)


def merge_digests(*digests: Value) -> Value:
    """The tdigests of several columns in one."""
    return _merged_digest(digests)


for _name in ("tdigest_merge", "merge_tdigest", "merge_tdigests"):
    _page = "tdigest-merge-aggregation-function"
    TABLE.aggregate(_name, "(value: array) -> array", page=_page, prefix="merge_tdigests")(merge_all_digests)
for _name in ("tdigest_merge", "merge_tdigest"):
    TABLE.scalar(_name, "(digest: array, ...2-16) -> array", page="merge-tdigest-function", folds=False)(merge_digests)


def _at(weighted: Weighted, percent: Any) -> Value:
    """Nearest rank: the smallest value with at least that percentage of the weight at or below it."""
    if not weighted or isinstance(percent, (str, bool, list, dict)) or percent is None or not math.isfinite(percent):
        return None
    wanted = max(Fraction(1), math.ceil(Fraction(str(percent)) * sum(weight for _, weight in weighted) / 100))
    seen = 0
    for value, weight in weighted:
        seen += weight
        if seen >= wanted:
            return value
    return weighted[-1][0]


@TABLE.scalar(
    "percentile_tdigest",
    "(tdigest: dynamic, percentile: number, [type: const string]) -> dynamic",
    page="percentile-tdigest-function",
    accepts=(
        "(tdigest: array, percentile: real) -> dynamic",
        "(tdigest: array, percentile: real, type: literal type)",
    ),
)
def percentile_tdigest(digest: Value, percent: Any, type_name: str = "") -> Value:
    """The value at a percentage of a tdigest. What ``typeof`` names is the binder's to convert to."""
    weighted = _weighted(digest)
    return None if weighted is None else _at(weighted, percent)


@TABLE.scalar(
    "percentiles_array_tdigest",
    "(tdigest: dynamic, percentile: number|dynamic|string, ...) -> dynamic",
    page="percentile-array-tdigest-function",
    accepts=(
        "(tdigest: array, percentile: real, ...) -> array",
        "(tdigest: array, percentile: array) -> array",
    ),
)
def percentiles_array_tdigest(digest: Value, *percents: Value) -> Value:
    """The values at these percentages of a tdigest, as an array; a type's name among them changes nothing."""
    weighted = _weighted(digest)
    if weighted is None:
        return None
    wanted = [each for percent in percents for each in (percent if isinstance(percent, list) else [percent])]
    return [_at(weighted, percent) for percent in wanted if not isinstance(percent, str)]


def _rank(digest: Value, value: Any) -> tuple[Any, Any] | None:
    weighted = _weighted(digest)
    if weighted is None or isinstance(value, (str, list, dict)):
        return None
    return sum(weight for each, weight in weighted if each <= value), sum(weight for _, weight in weighted)


_RANK = "(digest: array, value: scalar) -> real"


@TABLE.scalar("rank_tdigest", _RANK, page="rank-tdigest-function")
def rank_tdigest(digest: Value, value: Any) -> float | None:
    """How many values of a tdigest are at most ``value``."""
    found = _rank(digest, value)
    return None if found is None else float(found[0])


@TABLE.scalar("percentrank_tdigest", _RANK, page="percentrank-tdigest-function")
def percentrank_tdigest(digest: Value, value: Any) -> float | None:
    """How many percent of the values of a tdigest are at most ``value``."""
    found = _rank(digest, value)
    return None if found is None or not found[1] else float(found[0] * 100 / found[1])
