"""The names that results get where the query gives none.

The rules are those of Microsoft's language service, found by asking it: a column keeps its name, ``a.b`` becomes
``a_b``, ``a['k']`` becomes ``a_k``, some functions keep the name of their first argument (``tostring(x)`` is ``x``),
some put their own before it (``strlen_x``); everything else is ``Column1``, ``Column2`` …
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tocsin.kql.functions.declaration import Aggregate
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, ScalarType

KEEP_ARGUMENT_NAME = frozenset(
    [
        "split",
        "tostring",
        "tohex",
        "todynamic",
        "toobject",
        "tolong",
        "toint",
        "toreal",
        "todouble",
        "todatetime",
        "totimespan",
        "totime",
        "tobool",
        "toboolean",
        "todecimal",
        "toguid",
        "parse_csv",
        "parsejson",
        "parse_json",
        "parse_xml",
        "format_datetime",
        "format_timespan",
        "startofday",
        "bin",
        "floor",
        "bin_at",
        "bin_auto",
        "binary_and",
        "binary_or",
        "binary_xor",
        "binary_not",
        "binary_shift_right",
        "binary_shift_left",
        "bitset_count_ones",
        "series_fir",
        "series_outliers",
        "series_iir",
        "series_fill_backward",
        "series_fill_forward",
        "series_fill_const",
        "series_fill_linear",
        "round",
        "ceiling",
        "pow",
        "sqrt",
        "log",
        "log2",
        "log10",
        "exp",
        "exp2",
        "exp10",
        "cos",
        "sin",
        "tan",
        "acos",
        "asin",
        "atan",
        "atan2",
        "abs",
        "rand",
        "gamma",
        "loggamma",
        "erf",
        "erfc",
        "format_bytes",
    ]
)
"""Scalar functions whose result is named as their first argument is."""

PREFIX_ARGUMENT_NAME = {
    **{name: name for name in ("strlen", "string_size", "percentile_tdigest", "dcount_hll", "repeat")},
    "gettype": "type",
    "treepath": "tree",
    "percentiles_array_tdigest": "percentile_tdigest",
}
"""Scalar functions whose result is named prefix_argument."""

FIXED_NAME = {
    "ingestion_time": "$IngestionTime",
    "tdigest_merge": "tdigests_merge_result",
    "merge_tdigest": "tdigests_merge_result",
    "hll_merge": "hll_merged_result",
}
"""Scalar functions whose result always has this name."""

ONLY_ARGUMENT_NAME = frozenset({"make_datetime", "make_timespan"})
"""Functions that keep the argument's name when there is but one."""


@dataclass(frozen=True, slots=True)
class Output:
    """One of the columns that a function gives at once. ``alone``: the function gives the value itself, not an array
    of all of them."""

    name: str
    type: ScalarType
    alone: bool = False


def _outputs(text: str) -> tuple[Output, ...]:
    parts = (each.split(":") for each in text.split())
    return tuple(Output(name, ScalarType(type_)) for name, type_ in parts)


_FIT = "rsquare:real slope:real variance:real rvariance:real interception:real line_fit:dynamic"
_HALVES = "rsquare:real slope:real interception:real variance:real rvariance:real"
_PARTS = "baseline:dynamic seasonal:dynamic trend:dynamic residual:dynamic"
SEVERAL_OUTPUTS: dict[str, tuple[Output, ...]] = {
    "series_fit_line": _outputs(_FIT),
    "series_fit_2lines": _outputs(
        "rsquare:real split_idx:long variance:real rvariance:real line_fit:dynamic "
        + " ".join(f"{side}_{each}" for side in ("right", "left") for each in _HALVES.split())
    ),
    "series_fit_poly": _outputs("rsquare:real coefficients:dynamic variance:real rvariance:real poly_fit:dynamic"),
    "series_stats": _outputs("min:real min_idx:long max:real max_idx:long avg:real stdev:real variance:real"),
    "series_decompose": _outputs(_PARTS),
    "series_decompose_forecast": _outputs(_PARTS),
    "series_decompose_anomalies": _outputs("ad_flag:dynamic ad_score:dynamic baseline:dynamic"),
    "series_fft": _outputs("real:dynamic imag:dynamic"),
    "series_ifft": _outputs("real:dynamic imag:dynamic"),
    "series_periods_detect": _outputs("periods:dynamic scores:dynamic"),
    "series_periods_validate": _outputs("periods:dynamic scores:dynamic"),
}
"""Functions that give several columns; each is named function_argument_suffix."""

ARRAY_SORTS = frozenset({"array_sort_asc", "array_sort_desc"})
"""Functions that give a column for each array: argument_sorted."""

COLUMN_NAME_ARGUMENT = frozenset({"column_ifexists", "columnifexists"})
"""Functions that give the column its name when there is one, and nothing is around the call."""


NameOf = Callable[[tree.Expression], str | None]


def result_name(node: tree.Expression) -> str | None:
    """The name an expression gives its column, or None when it has none of its own. Several names: the first."""
    while True:
        if isinstance(node, tree.Parenthesized):
            node = node.inner
        elif isinstance(node, tree.FunctionCall) and node.name.text in KEEP_ARGUMENT_NAME:
            if not node.arguments:
                return None
            node = node.arguments[0]
        else:
            break
    if isinstance(node, tree.NamedExpression):
        return node.names[0].text if node.names else None
    if isinstance(node, tree.NameReference):
        return node.name.text
    if isinstance(node, tree.Path | tree.Element):
        return _path_name(node)
    if isinstance(node, tree.FunctionCall):
        return _call_name(node)
    return None


def outputs_of(node: tree.Expression, name_of: NameOf = result_name) -> tuple[Output, ...]:
    """The columns that a call gives when it gives several at once; ``name_of`` names its arguments."""
    while isinstance(node, tree.Parenthesized):
        node = node.inner
    if not isinstance(node, tree.FunctionCall):
        return ()
    name = node.name.text
    if name in ARRAY_SORTS:
        arrays = _arrays(node)
        alone = len(arrays) == 1
        return tuple(Output(f"{name_of(each) or ''}_sorted", DYNAMIC, alone) for each in arrays)
    # What the names begin with: function_argument.
    first = name_of(node.arguments[0]) if node.arguments else None
    return tuple(Output(f"{name}_{first or ''}_{each.name}", each.type) for each in SEVERAL_OUTPUTS.get(name, ()))


def _arrays(node: tree.FunctionCall) -> tuple[tree.Expression, ...]:
    """The arguments that are arrays: a last one that says where nulls go is none."""
    arguments = node.arguments
    if len(arguments) > 1 and isinstance(arguments[-1], tree.Literal):
        return arguments[:-1]
    return arguments


def _path_name(node: tree.Expression) -> str | None:
    """``a.b[0]['c']`` -> a_b_0_c; an index that is no literal leaves nothing after the underscore."""
    parts: list[str] = []
    while True:
        if isinstance(node, tree.Path):
            parts.append(node.member.text)
            node = node.target
        elif isinstance(node, tree.Element):
            literal = isinstance(node.index, tree.Literal)
            parts.append(str(node.index.value) if isinstance(node.index, tree.Literal) and literal else "")
            node = node.target
        else:
            break
    head = result_name(node)
    if head is None:
        return None if not parts else "_".join(reversed(parts))
    if head.startswith("$"):
        return parts[-1]
    return "_".join([head, *reversed(parts)])


def _call_name(node: tree.FunctionCall) -> str | None:
    name = node.name.text
    if name in FIXED_NAME:
        return FIXED_NAME[name]
    first = node.arguments[0] if node.arguments else None
    if name in PREFIX_ARGUMENT_NAME:
        return f"{PREFIX_ARGUMENT_NAME[name]}_{(result_name(first) or '') if first else ''}"
    if name in ONLY_ARGUMENT_NAME and len(node.arguments) == 1 and first:
        return result_name(first)
    return None


_COVARIANCES = frozenset({"covariance", "covarianceif", "covariancep", "covariancepif"})
"""Aggregates named after two arguments, as the reference's examples show (the language service takes the first)."""


def aggregate_names(function: Aggregate, arguments: tuple[tree.Expression, ...]) -> list[str]:
    """Default names of the columns of an aggregate, the star apart (its columns keep their names or take a prefix).

    ``sum_x``, ``count_``, ``percentiles`` one a percentile, ``arg_max`` and ``take_any`` one an argument.
    """
    own = [result_name(each) for each in arguments]
    first = own[0] if own else None
    kind = function.alias_of or function.name
    if kind in ("percentile", "percentiles", "percentilew", "percentilesw"):
        skipped = 2 if kind.endswith("w") else 1
        return [f"percentile_{first or ''}_{_number(each)}" for each in arguments[skipped:]]
    if kind == "percentiles_array":
        return [f"percentiles_{first or ''}"]
    if kind in _COVARIANCES and len(own) > 1:
        return [f"{kind}_{first or ''}_{own[1] or ''}"]
    if function.name in ("arg_max", "arg_min"):
        word = function.name[4:]
        rest = [name or f"{word}_{first or ''}_arg{i}" for i, name in enumerate(own[1:], 1)]
        return [first or f"{word}_", *rest]
    if function.name in ("argmax", "argmin"):
        head = f"{function.name[3:]}_{first or ''}"
        return [head, *(f"{head}_{name or f'arg{i}'}" for i, name in enumerate(own[1:], 1))]
    if function.name == "take_any":
        return [name or f"any_arg{i}" for i, name in enumerate(own)]
    if function.name == "any" and len(own) != 1:
        return [f"any_{name or f'arg{i}'}" for i, name in enumerate(own)]
    if function.prefix is None:
        return [first or ""]
    return [f"{function.prefix}_{first or ''}"]


def _number(node: tree.Expression) -> str:
    """A percentile as part of a name: 99.9 -> 99_9."""
    while isinstance(node, tree.Parenthesized):
        node = node.inner
    if isinstance(node, tree.Literal):
        text = f"{node.value:g}" if isinstance(node.value, float) else str(node.value)
        return text.replace(".", "_")
    return ""


class UniqueNames:
    """Hands out names that no column before has: ``a``, ``a1``, ``a2`` … and ``Column1`` for the nameless."""

    def __init__(self, taken: Iterable[str] = (), avoided: Iterable[str] = ()) -> None:
        """``avoided`` are names that a nameless column does not get although others may."""
        self.taken = set(taken)
        self._avoided = set(avoided)
        self._next: dict[str, int] = {}
        self._count = 1

    def __contains__(self, name: str) -> bool:
        return name in self.taken

    def add(self, name: str) -> None:
        """The name is in use."""
        self.taken.add(name)

    def unique(self, name: str | None) -> str:
        """The name itself when it is free, else with the first free number behind it."""
        if not name:
            return self.fresh()
        if name not in self.taken:
            self.taken.add(name)
            return name
        number = self._next.get(name, 1)
        while f"{name}{number}" in self.taken:
            number += 1
        self._next[name] = number + 1
        self.taken.add(f"{name}{number}")
        return f"{name}{number}"

    def fresh(self) -> str:
        """A name for a column without one."""
        while f"Column{self._count}" in self.taken or f"Column{self._count}" in self._avoided:
            self._count += 1
        name = f"Column{self._count}"
        self._count += 1
        self.taken.add(name)
        return name
