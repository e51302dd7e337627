"""``tocsin kql``: any KQL on local files, diagnostics of queries, and a batch mode for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.exit_codes import Exit

app = typer.Typer(
    name="kql",
    help="Run and check KQL on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class ResultFormat(StrEnum):
    """How a result table is written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


class CheckFormat(StrEnum):
    """How diagnostics are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class DescriptionFormat(StrEnum):
    """How what a query reads is written."""

    TEXT = "text"
    JSON = "json"


Root = Annotated[
    Path | None,
    typer.Option("--root", help="A repository of content whose parsers, watchlists and custom tables queries may use."),
]

Catalogue = Annotated[
    Path | None,
    typer.Option("--catalogue", help='Table schemas: {"table": {"column": "type"}}, or such objects by env.'),
]

Functions = Annotated[
    Path | None,
    typer.Option("--functions", help="Workspace functions: [{name, parameters, and body, returns or scalar}]."),
]


Seconds = Annotated[float, typer.Option("--seconds", min=0, help="Stop a query that runs longer.")]
Rows = Annotated[int, typer.Option("--rows", min=0, help="Stop a query of which an operator gives more rows.")]
Memory = Annotated[int, typer.Option("--memory", min=1, help="Stop a query that needs more megabytes.")]


@app.command(epilog="Example: tocsin kql run 'EmailEvents | count' --table EmailEvents=events.jsonl")
def run(
    query: Annotated[str, typer.Argument(help="The query; - reads it from standard input.", show_default=False)] = "",
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the query from this file.")] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table",
            "-t",
            metavar="NAME=FILE",
            help="Rows of a table: .jsonl, .json, .csv (also with .gz), .parquet; an export or a query's answer.",
        ),
    ] = None,
    watchlist: Annotated[
        list[str] | None, typer.Option("--watchlist", "-w", metavar="ALIAS=FILE", help="Items of a watchlist.")
    ] = None,
    now: Annotated[str, typer.Option("--now", help="What now() is, as ISO 8601; the clock's time if not given.")] = "",
    output: Annotated[ResultFormat, typer.Option("--format", help="How to write the result.")] = ResultFormat.TABLE,
    explain: Annotated[bool, typer.Option("--explain", help="Show the rows that survive each step.")] = False,
    root: Root = None,
    external: Annotated[
        list[str] | None,
        typer.Option("--external", metavar="URL=FILE", help="What externaldata reads from an address."),
    ] = None,
    maxmind: Annotated[
        Path | None, typer.Option("--maxmind", metavar="FILE", help="A MaxMind database: where IP addresses are.")
    ] = None,
    seconds: Seconds = 60.0,
    rows: Rows = 5_000_000,
    memory: Memory = 2_000,
) -> None:
    """Run a query on local files. A table without a file is empty; unknown tables take their columns from the file."""
    from tocsin.cli import kql_runs

    kql_runs.run(
        kql_runs.Request(
            query=kql_runs.query_text(query, file),
            name="query" if file is None or str(file) == "-" else str(file),
            tables=kql_runs.named_files(table or [], "--table"),
            watchlists=kql_runs.named_files(watchlist or [], "--watchlist"),
            now=kql_runs.clock(now),
            root=root,
            limits=kql_runs.limits(seconds, rows, memory),
            external=kql_runs.named_addresses(external or []),
            maxmind=maxmind,
        ),
        output.value,
        explain=explain,
    )


@app.command(epilog="Examples: tocsin kql check hunting/*.kql    tocsin kql check --format sarif *.kql > kql.sarif")
def check(
    queries: Annotated[list[str], typer.Argument(metavar="QUERY|FILE...", help="Query texts or files; - for stdin.")],
    output: Annotated[CheckFormat, typer.Option("--format", help="How to write diagnostics.")] = CheckFormat.TEXT,
    root: Root = None,
) -> None:
    """Show what is wrong with queries. Status 1 when one has an error; what only the local engine refuses is noted."""
    from tocsin.cli import kql_checks

    raise typer.Exit(Exit.FAILED if kql_checks.check(queries, root, output.value) else Exit.OK)


@app.command(epilog="Examples: tocsin kql describe rule.kql --root .    tocsin kql describe --format json *.kql")
def describe(
    queries: Annotated[list[str], typer.Argument(metavar="QUERY|FILE...", help="Query texts or files; - for stdin.")],
    output: Annotated[DescriptionFormat, typer.Option("--format", help="How to write it.")] = DescriptionFormat.TEXT,
    root: Root = None,
) -> None:
    """Say what queries read and give: tables and their columns, watchlists, functions, conditions on time, result.

    The columns of a table are those that the result depends on. Status 1 when a query has an error.
    """
    from tocsin.cli import kql_descriptions

    raise typer.Exit(kql_descriptions.describe_queries(queries, root, as_json=output is DescriptionFormat.JSON))


@app.command(epilog='Protocol: {"id", "query"} a line in, {"id", "columns", "rows"} or {"id", "error"} a line out.')
def batch(
    catalogue: Catalogue = None,
    functions: Functions = None,
    seconds: Seconds = 30.0,
    rows: Rows = 5_000_000,
    memory: Memory = 2_000,
) -> None:
    """Answer queries line by line: JSON in, JSON out, flushed after each.

    A request may bring data: "tables" and "watchlists" (rows by name), "external" (rows by address, for externaldata),
    "geo" (places by network), "now", and the schema set it is meant for in "env". A table without rows is empty.
    """
    from tocsin.cli import kql_batch, kql_runs

    kql_batch.serve(catalogue, functions, kql_runs.limits(seconds, rows, memory))


@app.command(
    epilog="""Protocol: {"id", "query", "env"} a line in; a line out, flushed at once:
    {"id", "diagnostics": [{"code", "severity", "message", "start", "length"}],
    "resultColumns": [{"name", "type"}] or null, "open", "tables"}, or {"id", "error"} for a line that is no request.

    Example: tocsin kql analyze --catalogue schemas.json < queries.jsonl"""
)
def analyze(
    catalogue: Catalogue = None,
    functions: Functions = None,
) -> None:
    """Say of queries, line by line, what is wrong with them and which columns they give: JSON in, JSON out.

    A request may name the schema set it is meant for in "env": sentinel, m365, or unified, which is all tables and what
    holds without it. Without --catalogue the schemas that ship with tocsin are taken. "start" and "length" count UTF-16
    units.
    """
    from tocsin.cli import kql_analyses

    kql_analyses.serve(catalogue, functions)


@app.command(
    epilog="""Examples: tocsin kql fmt hunting/            tocsin kql fmt --check --diff rule.kql
    tocsin kql fmt - < rule.kql                 tocsin kql fmt detections/ parsers/"""
)
def fmt(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE|FOLDER|-...", help="Files (.kql, .csl, .txt, .yaml), folders, - for stdin."),
    ],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; status 1 when a file would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> None:
    """Lay out queries: one operator a line, lists that are too long one element a line, blanks as they should be.

    Only blanks and line ends change; comments keep their place. In YAML content the query is laid out
    where it stands, and no other byte changes. A text with a syntax error is left alone and named,
    and so is one whose meaning would not stay the same.
    """
    from tocsin.cli import kql_formats

    raise typer.Exit(kql_formats.format_files(files, kql_formats.Mode(write=not (check or diff), diff=diff)))


if __name__ == "__main__":
    app()
