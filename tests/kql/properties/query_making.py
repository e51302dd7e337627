"""Random queries that bind: chains of operators whose steps are chosen by the columns that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from tocsin import kql
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DYNAMIC,
    LONG,
    REAL,
    STRING,
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    ColumnSchema,
    ScalarType,
)

COLUMNS = (
    ColumnSchema("k", LONG),
    ColumnSchema("s", STRING),
    ColumnSchema("b", BOOL),
    ColumnSchema("r", REAL),
    ColumnSchema("t", DATETIME),
    ColumnSchema("d", DYNAMIC),
)
CATALOG = kql.Catalog(tables={"T": COLUMNS, "U": COLUMNS})
NOW = 638_000_000_000_000_000 // TICKS_PER_DAY * TICKS_PER_DAY

DYNAMICS: st.SearchStrategy[Any] = st.sampled_from(
    [None, 1, 2.5, "a", True, [], [1, 2], ["a", None, {"x": 1}], {}, {"x": 1}, {"x": "a", "y": [1]}]
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, 0, 1, 2, -7]),
        st.sampled_from(["", "a", "A", "ab a", "é,1"]),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, 0.0, -0.0, 1.5, -2.0, float("inf"), float("nan")]),
        st.sampled_from([None, NOW, NOW - TICKS_PER_HOUR, NOW - 2 * TICKS_PER_DAY]),
        DYNAMICS,
    ),
    max_size=7,
)

Pick = Callable[..., str]


class _Maker:
    """Draws the steps of one query."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.names = 0

    def one(self, *options: str) -> str:
        return self.draw(st.sampled_from(options))

    def fresh(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def column(self, columns: Sequence[ColumnSchema], *types: ScalarType) -> str | None:
        """A column of one of the types; None when there is none."""
        fitting = [each.name for each in columns if not types or each.type in types]
        return self.one(*fitting) if fitting else None

    # ------------------------------------------------------------------------------------------------- expressions

    def number(self, columns: Sequence[ColumnSchema]) -> str:
        name = self.column(columns, LONG, REAL) or "3"
        text = self.column(columns, STRING)
        options = [name, f"{name} + 1", f"{name} * 2", f"-({name})", f"bin({name}, 2)", f"{name} % 3", "7"]
        if text is not None:
            options += [f"strlen({text})", f"tolong({text})"]
        return self.one(*options)

    def text(self, columns: Sequence[ColumnSchema]) -> str:
        name = self.column(columns, STRING) or "'a'"
        other = self.column(columns) or "1"
        return self.one(
            name, f"tolower({name})", f"strcat({name}, '|', {other})", f"tostring({other})", f"substring({name}, 1)",
            f"extract('([a-z])', 1, {name})", f"replace_string({name}, 'a', 'b')", f"tostring(split({name}, ' ')[0])",
        )  # fmt: skip

    def dynamic(self, columns: Sequence[ColumnSchema]) -> str:
        name = self.column(columns, DYNAMIC)
        plain = self.column(columns, LONG, STRING, REAL) or "1"
        options = [f"pack_array({plain}, 'z')", f"bag_pack('x', {plain})", "dynamic([1, 2])", "parse_json('[3]')"]
        if name is not None:
            options += [name, f"{name}.x", f"{name}[0]"]
        return self.one(*options)

    def value(self, columns: Sequence[ColumnSchema]) -> str:
        return self.draw(st.sampled_from([self.number, self.text, self.predicate, self.dynamic, self.time]))(columns)

    def time(self, columns: Sequence[ColumnSchema]) -> str:
        name = self.column(columns, DATETIME) or "now()"
        return self.one(name, f"bin({name}, 1d)", f"{name} - 1h", f"now() - {name}", "ago(1d)")

    def predicate(self, columns: Sequence[ColumnSchema]) -> str:
        number, text, any_ = self.number(columns), self.text(columns), self.column(columns) or "1"
        options = [
            f"{number} > 0", f"{number} != 1", f"{text} == 'a'", f"{text} has 'a'", f"{text} in~ ('A', 'b')",
            f"isempty({any_})", f"{number} between (0 .. 2)", f"not({text} == 'a')", f"isnotnull({any_})",
            f"{text} contains 'A' or {number} < 1", f"{number} >= 0 and {text} != ''", f"{text} matches regex '[ab]'",
        ]  # fmt: skip
        truth, time = self.column(columns, BOOL), self.column(columns, DATETIME)
        if truth is not None:
            options += [truth, f"not({truth})"]
        if time is not None:
            options += [f"{time} > ago(1d)", f"{time} == now()"]
        return self.one(*options)

    def aggregate(self, columns: Sequence[ColumnSchema]) -> str:
        number, any_ = self.number(columns), self.column(columns) or "1"
        ordered = self.column(columns, LONG, STRING, REAL, DATETIME, BOOL) or "1"
        return self.one(
            "count()", f"countif({self.predicate(columns)})", f"sum({number})", f"avg({number})", f"min({ordered})",
            f"max({ordered})", f"dcount({any_})", f"make_list({any_})", f"make_set({any_}, 3)",
            f"stdev({number})", f"take_any({any_})", f"arg_max({ordered}, {any_})", f"arg_min({ordered}, *)",
            f"sumif({number}, {self.predicate(columns)})", f"percentile({number}, 50)", "take_any(*)",
            f"{self.fresh()} = 1.0 * sum({number}) / count()", f"make_bag(bag_pack('x', {any_}))",
        )  # fmt: skip

    def key(self, columns: Sequence[ColumnSchema]) -> str:
        plain = [each for each in columns if each.type is not DYNAMIC]
        name = self.column(plain)
        options = [f"{self.fresh()} = {self.text(columns)}", f"{self.fresh()} = {self.predicate(columns)}"]
        return self.one(*options, *([name, name, name] if name is not None else []))

    # ------------------------------------------------------------------------------------------------------ steps

    def side(self, depth: int) -> str:
        """A short pipe over the other table, or the name of what was given one."""
        steps = [self.step(COLUMNS, 0)] if depth and self.draw(st.booleans()) else []
        return "(" + " | ".join(["U", *(each for each in steps if each)]) + ")"

    def step(self, columns: Sequence[ColumnSchema], depth: int) -> str | None:
        """An operator; None where the columns do not suffice for it."""
        names = [each.name for each in columns]
        sortable = [each.name for each in columns if each.type is not DYNAMIC]
        kind = self.draw(st.integers(0, 26))
        if kind <= 2:
            return f"where {self.predicate(columns)}"
        if kind <= 4:
            target = self.draw(st.sampled_from([self.fresh(), *names]))
            return f"extend {target} = {self.value(columns)}, {self.fresh()} = {self.value(columns)}"
        if kind == 5:
            kept = self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
            return f"project {', '.join(kept)}, {self.fresh()} = {self.value(columns)}"
        if kind == 6 and len(names) > 1:
            return f"project-away {self.one(*names)}"
        if kind <= 9:
            aggregates = ", ".join(self.aggregate(columns) for _ in range(self.draw(st.integers(1, 2))))
            keys = ", ".join(self.key(columns) for _ in range(self.draw(st.integers(0, 2))))
            return f"summarize {aggregates}" + (f" by {keys}" if keys else "")
        if kind == 10 and sortable:
            return f"distinct {', '.join(self.draw(st.lists(st.sampled_from(sortable), min_size=1, unique=True)))}"
        if kind == 11 and sortable:
            order = self.one("asc", "desc", "asc nulls last", "desc nulls first")
            return f"sort by {self.one(*sortable)} {order}, {self.one(*sortable)}"
        if kind == 12 and sortable:
            return f"top {self.draw(st.integers(0, 4))} by {self.one(*sortable)} {self.one('asc', 'desc')}"
        if kind == 13:
            return f"serialize {self.fresh()} = {self.window(columns)}"
        if kind <= 15 and depth and (on := self.one("k", "s", "b", "r", "t")) in names:
            join = self.one("inner", "innerunique", "leftouter", "rightouter", "fullouter", "leftsemi", "leftanti",
                            "rightsemi", "rightanti")  # fmt: skip
            right = self.side(depth - 1)
            return self.one(f"join kind={join} {right} on {on}", f"lookup {right} on {on}")
        if kind == 16 and depth:
            return f"union {self.side(depth - 1)}"
        if kind == 17:
            expanded = self.dynamic(columns)
            how = self.one("", " to typeof(string)", " to typeof(long)")
            return f"mv-expand {self.fresh()} = {expanded}{how}{self.one('', ' limit 2')}"
        if kind == 18:
            inner = self.fresh()
            then = self.one(f"where isnotnull({inner})", f"summarize {self.fresh()} = make_list({inner})", "top 1 by 1")
            return f"mv-apply {inner} = {self.dynamic(columns)} to typeof(string) on ({then})"
        if kind == 19 and (text := self.column(columns, STRING)) is not None:
            return f"parse {text} with {self.fresh()} 'a' {self.fresh()}"
        if kind == 20 and depth and sortable:
            return f"where {self.one(*sortable)} in (({self.one('U', 'T')} | project {self.one('k', 's')}))"
        if kind == 21 and "t" in names:
            by = self.column([each for each in columns if each.name in sortable])
            return f"make-series {self.aggregate(columns)} on t from ago(3d) to now() step 12h by {by}"
        if kind == 22 and sortable:
            return f"partition hint.strategy=native by {self.one(*sortable)} ({self.step(columns, 0) or 'count'})"
        if kind == 23 and sortable:
            levels = ", ".join(f"{self.one('', '1 ', '2 ')}of {self.one(*sortable)} by count()" for _ in range(2))
            return f"top-nested {levels}"
        if kind == 24:
            state = f"declare ({self.fresh()}: long = 0) with (step a: {self.predicate(columns)} => n{self.names} = "
            return f"scan {state}n{self.names} + 1; step z: {self.predicate(columns)};)"
        if kind == 25 and depth:
            return f"extend {self.fresh()} = toscalar({self.side(0)} | summarize {self.one('max(k)', 'make_set(s)')})"
        if kind == 26:
            return f"as hint.materialized=true X{self.fresh()} | union (X{f'n{self.names}'} | take 1)"
        return "take 5"

    def window(self, columns: Sequence[ColumnSchema]) -> str:
        name = self.column(columns) or "1"
        number = self.column(columns, LONG, REAL) or "1"
        return self.one("row_number()", f"prev({name})", f"next({name})", f"row_cumsum({number})")


@st.composite
def queries(draw: st.DrawFn, most: int = 5) -> str:
    """A query over the tables T and U that binds without errors or refusals."""
    maker = _Maker(draw)
    query = "T"
    if draw(st.booleans()):
        step = maker.step(COLUMNS, 0)
        query = draw(
            st.sampled_from(
                [f"let V = materialize(T | {step}); V", f"let V = T | {step}; V", f"let V = () {{ T | {step} }}; V()",
                 "let f = (A: (*), n: long = 1) { A | where k >= n | extend m = n }; f(T)",
                 "let f = (A: (s: string, k: long), n: long) { A | extend m = k + n }; T | invoke f(2)"]
            )
        )  # fmt: skip
    if not _columns(query):
        query = "T"
    for _ in range(draw(st.integers(1, most))):
        step = maker.step(_columns(query), 1)
        longer = f"{query} | {step}"
        if step is not None and _columns(longer):
            query = longer
    return query


_OF_EACH_ROW = ("where", "extend", "project", "mv-expand", "mv-apply", "parse")


@st.composite
def queries_of_each_row(draw: st.DrawFn, most: int = 5) -> str:
    """A query whose rows each come from one row of T."""
    maker, query = _Maker(draw), "T"
    for _ in range(draw(st.integers(1, most))):
        step = maker.step(_columns(query), 1)
        if step is not None and step.startswith(_OF_EACH_ROW) and "(T |" not in step and _columns(f"{query} | {step}"):
            query = f"{query} | {step}"
    return query


def _columns(query: str) -> tuple[ColumnSchema, ...]:
    """The result columns; none when the query cannot run."""
    analysis = kql.analyze(query, CATALOG)
    return () if analysis.plan is None else analysis.columns or ()


def run(query: str | kql.PreparedQuery, left: list[Any], right: list[Any], **options: Any) -> list[tuple[Any, ...]]:
    """The rows of the result."""
    prepared = kql.prepare(kql.analyze(query, CATALOG)) if isinstance(query, str) else query
    database = {"T": kql.Table.from_rows(COLUMNS, left), "U": kql.Table.from_rows(COLUMNS, right)}
    return list(prepared.run(database, now=NOW, **options).table.rows())
