"""What of KQL the local engine runs: the page ``docs/kql-support.md``, made from the tables of the program.

Whether an operator runs is not written down here but asked: each has a query that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tocsin.kql.catalog import Catalog
from tocsin.kql.functions.declaration import Aggregate, ScalarFunction
from tocsin.kql.functions.registry import aggregates, scalar_functions
from tocsin.kql.functions.registry import plugins as declared_plugins
from tocsin.kql.semantics.analysis import analyze
from tocsin.kql.semantics.special_functions import TABLE as SPECIAL
from tocsin.kql.types import DATETIME, DYNAMIC, LONG, STRING, ColumnSchema

REFERENCE = "https://learn.microsoft.com/kusto/query/"

_TITLE = """# What the local engine runs

*exact*: as the reference says, to the precision it shows. *differs*: runs, with the difference named. *refused*: valid
KQL that `tocsin` reports as not testable, with the code `TK…`, before the query runs; it is never guessed.

Two things hold everywhere. Where case is ignored, a letter is the same as its one capital: `ı` as `I`, while `ß` and
`İ` are only themselves (the reference does not say). In a regular expression a brace before what is no number is that
character, as published detections write it, although Rust's crate, whose dialect it is, refuses it.
"""

EXAMPLES: Mapping[str, str] = {
    "as": "T | as hint.materialized=true x | take 1",
    "assert-schema": "T | assert-schema (s: string, n: long, t: datetime, d: dynamic)",
    "consume": "T | consume",
    "count": "T | count",
    "datatable": "datatable(x: long)[1]",
    "distinct": "T | distinct s, n",
    "evaluate": "T | evaluate narrow()",
    "extend": "T | extend x = n + 1",
    "externaldata": "externaldata(x: string)['https://example.com/x.csv']",
    "facet": "T | facet by s with (take 1)",
    "filter": "T | filter n > 1",
    "find": "find in (T) where n > 1",
    "fork": "T | fork (take 1) (count)",
    "getschema": "T | getschema",
    "graph-mark-components": "T | make-graph s --> s | graph-mark-components | graph-to-table nodes",
    "graph-match": "T | make-graph s --> s | graph-match (a)-[e*1..3]->(b) where all(e, n > 1) project a = e.n",
    "graph-shortest-paths": "T | make-graph s --> s | graph-shortest-paths (a)-[e*1..3]->(b) project a = e.n",
    "graph-to-table": "T | make-graph s --> s | graph-to-table edges",
    "graph-where-edges": "T | make-graph s --> s | graph-where-edges n > 1 | graph-to-table edges",
    "graph-where-nodes": "T | make-graph s --> s with T on s | graph-where-nodes n > 1 | graph-to-table nodes",
    "invoke": "let f = (x: (s: string)) { x | take 1 }; T | invoke f()",
    "join": "T | join kind=inner T on s",
    "limit": "T | limit 1",
    "lookup": "T | lookup (T | distinct s) on s",
    "macro-expand": "macro-expand entity_group [database('a')] as x (x.T)",
    "make-graph": "T | make-graph s --> s with T on s | graph-to-table nodes",
    "make-series": "T | make-series count() on t from datetime(2025-01-01) to datetime(2025-01-02) step 1h",
    "mv-apply": "T | mv-apply d on (take 1)",
    "mv-expand": "T | mv-expand d",
    "order": "T | order by n",
    "parse": "T | parse s with 'a' x:long 'b'",
    "parse-kv": "T | parse-kv s as (a: string) with (pair_delimiter=',')",
    "parse-where": "T | parse-where s with 'a' x:long 'b'",
    "partition": "T | partition hint.strategy=native by s (take 1)",
    "print": "print x = 1",
    "project": "T | project s",
    "project-away": "T | project-away s",
    "project-by-names": "T | project-by-names 's'",
    "project-keep": "T | project-keep s",
    "project-rename": "T | project-rename x = s",
    "project-reorder": "T | project-reorder n",
    "range": "range x from 1 to 3 step 1",
    "reduce": "T | reduce by s",
    "render": "T | render timechart",
    "sample": "T | sample 1",
    "sample-distinct": "T | sample-distinct 1 of s",
    "scan": "T | scan with (step a: n > 1;)",
    "search": "T | search 'x'",
    "serialize": "T | serialize",
    "sort": "T | sort by n",
    "summarize": "T | summarize count() by s",
    "take": "T | take 1",
    "top": "T | top 1 by n",
    "top-hitters": "T | top-hitters 1 of s",
    "top-nested": "T | top-nested 1 of s by count()",
    "union": "union T, T",
    "where": "T | where n > 1",
}
"""A query for every operator."""

_CATALOG = Catalog(
    {
        "T": (
            ColumnSchema("s", STRING),
            ColumnSchema("n", LONG),
            ColumnSchema("t", DATETIME),
            ColumnSchema("d", DYNAMIC),
        )
    }
)

_COUNTED = "counts exactly where Kusto estimates"
_RANKED = "takes the exact nearest rank where Kusto estimates"
_TIMES = "datetimes count as ticks since the year 1, as in tolong (an example of series_fit_poly says since 1970)"
_SEASON = (
    "without a period given, finds one by autocorrelation (how Kusto does it is not documented): "
    "name the period to be sure"
)
_QUANTILE = "percentiles lie in proportion between two values; Kusto does not document where"
_PERIODS = "scores are autocorrelations, as the reference's examples show; what counts as a period is our choice"
_RANDOM = "draws from a generator with a fixed seed"
_SEGMENTS = "each segment has two points or more, and of equal splits the first is taken (the reference does not say)"
_VERTICES = "keeps other vertices than Kusto may, within the tolerance"
_CURVES = "vertices along curves may lie elsewhere than Kusto's, within the tolerance"
_ONE_PLACE = "shapes that touch at a vertex end the query; so do lines that cross more than once"

DIFFERENCES: Mapping[str, str] = {
    "bin_auto": "only with the bin size in a set statement of the query",
    "dcount": _COUNTED,
    "dcountif": _COUNTED,
    "hll": f"{_COUNTED}; lists hashes also where Kusto keeps registers",
    "hll_if": f"{_COUNTED}; lists hashes also where Kusto keeps registers",
    "hll_merge": "reads lists of hashes, not registers",
    "dcount_hll": f"{_COUNTED}; registers made elsewhere end the query",
    "tdigest": "keeps every distinct value",
    "tdigest_merge": "keeps every distinct value",
    "merge_tdigest": "keeps every distinct value",
    "merge_tdigests": "keeps every distinct value",
    **dict.fromkeys(("percentile", "percentiles", "percentilew", "percentilesw"), _RANKED),
    **dict.fromkeys(("percentiles_array", "percentilesw_array", "percentile_tdigest"), _RANKED),
    **dict.fromkeys(("percentiles_array_tdigest", "rank_tdigest", "percentrank_tdigest"), _RANKED),
    "covariance": "named after both arguments, as the reference shows; the language service names the first alone",
    "sqrt": "NaN for a negative number, as the engine answers; the reference says null",
    "gettype": "`long` for whole numbers in JSON, as the engine answers; the reference's table has `int`",
    "beta_inv": "null for what is no probability and NaN for impossible parameters, as the reference's example shows; "
    "its text has it the other way round",
    "jaccard_index": "a real, as the engine answers; the language service takes it for a dynamic",
    "datetime_diff": "weeks are a real, as the engine answers; the language service takes them for a long",
    "datetime_local_to_utc": "of a time that comes twice, when clocks go back, the later (the reference says nothing "
    "of it)",
    "weekofyear": "its weeks begin on Sunday (the reference says only that the first has the year's first Wednesday)",
    "series_fill_linear": "between whole numbers what is behind the point is cut off, as three columns of the "
    "reference's example show",
    "variancepif": "the variance of the population, as the name says; the reference's example shows that of a sample",
    "ingestion_time": "records whose table does not say count as ingested when the run does, at its time if it does "
    "not either; of a join's rows it is the left side's; null for rows that are no records (any more)",
    "rand": _RANDOM,
    "new_guid": _RANDOM,
    "series_add": _TIMES,
    "series_subtract": _TIMES,
    "series_fft": "not scaled; only its inverse is (the reference does not say)",
    "series_seasonal": _SEASON,
    "series_decompose": _SEASON,
    "series_decompose_forecast": _SEASON,
    "series_decompose_anomalies": f"{_SEASON}; {_QUANTILE}",
    "series_outliers": _QUANTILE,
    "series_periods_detect": _PERIODS,
    "series_periods_validate": _PERIODS,
    "geo_intersection_2lines": _ONE_PLACE,
    "geo_intersection_line_with_polygon": "a line that touches the polygon at a vertex ends the query",
    "geo_line_densify": "an edge across the antimeridian ends the query",
    "geo_polygon_densify": "an edge across the antimeridian ends the query",
    "geo_line_simplify": _VERTICES,
    "geo_polygon_simplify": f"{_VERTICES}; rings that would cross end the query",
    "geo_simplify_polygons_array": "ends the query unless a polygon is invalid or all disappear",
    "geo_union_lines_array": "lines may come in another order",
    **dict.fromkeys(("geo_point_buffer", "geo_polygon_buffer", "geo_line_buffer"), _CURVES),
    "parse_path": "what follows a drive without a directory is the file's name (the reference shows none)",
    "parse_xml": "text stays text, as the reference's table of conversions has it; its example shows numbers",
    **dict.fromkeys(
        ("ipv4_is_in_any_range", "ipv6_is_in_any_range"),
        "null where the address is in no range and one of several cannot be read (the reference speaks of one range)",
    ),
    "parse_user_agent": "follows the rules of the installed uap-core, which Kusto's may be older than",
    "geo_info_from_ip_address": "knows what the run is given: a MaxMind database of yours, or places in a test",
    "top-hitters": "counts exactly where Kusto estimates",
    "top-nested": "a level with others has their row also where nothing is left (the reference does not say)",
    "reduce": "texts are alike when the share of terms that they have in the same places is the threshold or more; one "
    "that no other is like counts among the others; `characters` are all the separators there are",
    "sample": _RANDOM,
    "sample-distinct": "takes the first values",
    "render": "shows the table",
    "scan": "match ids go on while the first step does, as the reference's example shows and its text denies; an "
    "optional step is passed over where it does not match (the reference does not tell of such steps)",
    "search": "a number beside other conditions matches nothing (the Kusto emulator's answer); a text with a star "
    "inside is looked for in its exact case, as the reference writes it",
    "find": "a condition that does not fit each type of a column of several types is refused; pack_all() leaves out "
    "the columns that are shown, as the reference's example does and its text does not",
    "join": "of the left rows of a key innerunique keeps the first, asked only where a condition behind it, alone or "
    "after extend and project, lets it through, as the reference's example shows",
    **dict.fromkeys(
        ("graph-where-nodes", "graph-where-edges"),
        "the reference does not have it; here the condition reads the columns of the nodes or edges",
    ),
    "graph-shortest-paths": "of several shortest paths the first by the order of edges is taken",
    "ipv6_lookup": "the lookup table's columns come first, as the reference's examples show them",
    "schema_merge": "a column of several types ends the query",
    "active_users_count": "periods are cut from the start of the analysis (the reference does not say)",
    "sliding_window_counts": "of weeks, months and years a look-back holds the whole ones that end with the window, "
    "which is always one of them",
    "activity_metrics": "windows without rows are left out",
    "activity_engagement": "outer windows without rows are left out; rows before the start count in the first outer "
    "windows",
    "session_count": "windows are those of bin() and an event at the start itself begins no session, as the "
    "reference's chart shows; windows without new sessions are left out",
    "funnel_sequence_completion": "of events at one time any may be the earlier one; windows without the first state "
    "are left out",
    "basket": "lists every closed pattern, without sampling, the most frequent first",
    "autocluster": "searches begin at rows at even distances, and end when the best segment has less than a twentieth "
    "of the rows that no earlier one has",
    "diffpatterns": "lists closed patterns, the greatest difference first; those that share nine tenths of their rows "
    "with one before are left out",
    "funnel_sequence": "events of one state in a row are one step, no other state lies between two steps, and of "
    "events at one time the first row is the earlier one; states before and after are those of the same window",
    "sequence_detect": "every combination of rows that fits is a sequence, those at the same times are one, and of "
    "rows at one time any may come first",
    "row_rank": "no longer in the reference: as `row_rank_dense`, which took its place, and with dense=false as "
    "`row_rank_min`",
    **dict.fromkeys(("series_fit_2lines", "series_fit_2lines_dynamic"), _SEGMENTS),
    "make-series": "the axis of the old `in range(start, end, step)` begins with the bin that holds the start (the "
    "reference says only that the start may not be part of it)",
    "union": "where the tables of a wildcard disagree about a column's type, its plain name means the type that most "
    "of them give it, if the query is wrong otherwise (a catalogue holds more tables than a workspace)",
}
"""How an item differs from the reference, by name."""

UNPUBLISHED = frozenset(
    {
        "series_seasonal", "series_decompose", "series_decompose_forecast", "series_decompose_anomalies",
        "series_outliers", "series_periods_detect", "series_periods_validate", "active_users_count",
        "activity_metrics", "activity_engagement", "session_count",
        "funnel_sequence_completion", "funnel_sequence", "sequence_detect", "basket", "autocluster", "diffpatterns",
        "series_fit_2lines", "series_fit_2lines_dynamic", "reduce",
    }
)  # fmt: skip
"""Items of ``DIFFERENCES`` whose method nobody published: a result here may not be the result there."""


_CLUSTER = "a fact of a cluster or of who asks"
_NETWORK = "reads from elsewhere"
_NO_METHOD = "the reference does not say how it is computed"

REASONS: Mapping[str, str] = {
    **dict.fromkeys(("externaldata", "macro-expand"), _NETWORK),
    **dict.fromkeys(("hash_combine", "hash_many", "estimate_data_size"), _NO_METHOD),
    **dict.fromkeys((name for name in declared_plugins() if name.endswith(("_request", "_post", "_query"))), _NETWORK),
    **dict.fromkeys((name for name in declared_plugins() if name.startswith(("ai_", "infer_"))), _NETWORK),
    **dict.fromkeys((name for name in declared_plugins() if name.endswith(("_command", "_datatable"))), _NETWORK),
    **dict.fromkeys(("python", "r", "csharp"), "runs another language"),
    "passthrough": "the reference does not have it",
    **dict.fromkeys(
        (name for name in scalar_functions() if name.startswith(("current_", "cursor_", "extent"))), _CLUSTER
    ),
    **dict.fromkeys(("row_id", "estimate_rows_count", "identity", "identity_v3"), _CLUSTER),
}
"""Why an item is refused, by name."""


_PAGES: Mapping[str, str] = {
    "filter": "where-operator",
    "limit": "take-operator",
    "order": "sort-operator",
    "getmonth": "monthofyear-function",
    "isutf8": "isutf8-function",
    "todynamic": "parse-json-function",
    "toobject": "parse-json-function",
    "datetime_list_timezones": "datetime-list-timezones",
    "zlib_compress_to_base64_string": "zlib-base64-compress-function",
    "zlib_decompress_from_base64_string": "zlib-base64-decompress-function",
    **dict.fromkeys(("assert-schema", "graph-where-nodes", "graph-where-edges", "set_equals"), ""),
    **dict.fromkeys(("current_cursor", "cursor_current", "extentid", "row_id", "csharp", "cosmosdb_sql_request"), ""),
    **dict.fromkeys(("dax_request", "execute_query", "execute_show_command", "external_datatable"), ""),
    **dict.fromkeys(("ai_embed_text", "estimate_rows_count", "identity", "identity_v3"), ""),
}
"""Pages of items not named after them; empty for what the language service knows and the reference does not."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the page. ``state`` is exact, differs or refused; ``page`` is empty when the reference has none."""

    name: str
    state: str
    note: str
    page: str


def _item(name: str, runs: bool, page: str, note: str = "") -> Item:
    page = _PAGES.get(name, page)
    if not runs:
        return Item(name, "refused", "; ".join(part for part in (note, REASONS.get(name, "")) if part), page)
    difference = DIFFERENCES.get(name, "")
    return Item(name, "differs" if difference else "exact", difference or note, page)


def _function(function: ScalarFunction | Aggregate) -> Item:
    runs = function.implementation is not None or (isinstance(function, ScalarFunction) and function.name in SPECIAL)
    also = f"another name of `{function.alias_of}`" if function.alias_of else ""
    library = function.library if isinstance(function, ScalarFunction) else None
    extra = f"with the extra `{library.extra}`" if library is not None else ""
    difference = DIFFERENCES.get(function.alias_of or function.name, "")
    note = "; ".join(part for part in (also, extra, difference) if part)
    return (
        Item(function.name, "differs", note, function.page)
        if runs and difference
        else _item(function.name, runs, function.page, note)
    )


def scalars() -> Iterator[Item]:
    """The scalar functions, operators between values apart."""
    for name, function in sorted(scalar_functions().items()):
        if name.replace("_", "a").isalnum():
            yield _function(function)


def aggregations() -> Iterator[Item]:
    """The aggregates."""
    for _, function in sorted(aggregates().items()):
        yield _function(function)


def plugins() -> Iterator[Item]:
    """The plugins of ``evaluate``."""
    for name, plugin in sorted(declared_plugins().items()):
        yield _item(name, plugin.runs, plugin.page)


def operators() -> Iterator[Item]:
    """The tabular operators, each asked for with a query that uses it."""
    for name in sorted(EXAMPLES):
        analysis = analyze(EXAMPLES[name], _CATALOG)
        yield _item(name, analysis.plan is not None, f"{name}-operator")


def _link(item: Item) -> str:
    return f"[`{item.name}`]({REFERENCE}{item.page})" if item.page else f"`{item.name}`"


def _table(title: str, items: Iterable[Item]) -> str:
    lines = [f"## {title}", "", "| name | state | how |", "| --- | --- | --- |"]
    lines += [f"| {_link(each)} | {each.state} | {each.note} |" for each in items]
    return "\n".join(lines)


def page() -> str:
    """The text of ``docs/kql-support.md``."""
    parts = (
        _TITLE.rstrip(),
        _table("Operators", operators()),
        _table("Plugins", plugins()),
        _table("Aggregates", aggregations()),
        _table("Scalar functions", scalars()),
    )
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(page(), end="")
