"""Run one query on files and write its result; ``tocsin kql run``."""

from __future__ import annotations

import csv
import gc
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import typer

from tocsin import kql
from tocsin.cli.exit_codes import Exit
from tocsin.cli.json_lines import Refused
from tocsin.cli.kql_batch import ticks_now
from tocsin.cli.kql_checks import finding_of_error, findings_of, show
from tocsin.cli.kql_given import external_tables
from tocsin.cli.kql_sources import catalog_of, load_tables
from tocsin.cli.kql_values import cells_of, json_writer
from tocsin.cli.terminal import color_on, columns_of, count_of, fail, waiting
from tocsin.content.finding import Level
from tocsin.content.places import PlacesError, maxmind_places
from tocsin.kql.functions.ip import Places
from tocsin.kql.interpreter.errors import EngineError, RefusedOfRows
from tocsin.kql.literals import parse_datetime
from tocsin.testing.samples import Unreadable, read_recording

_QUERY = "query"
_MOST_PROBLEMS = 20
"""Values of files that are shown when they do not fit their columns: the others tend to be alike."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to run on what. ``now`` in ticks; ``name`` is the query's in messages."""

    query: str
    tables: Mapping[str, Path]
    watchlists: Mapping[str, Path]
    now: int
    root: Path | None
    limits: kql.Limits
    name: str = _QUERY
    external: Mapping[str, Path] = field(default_factory=dict)
    maxmind: Path | None = None


def query_text(query: str, file: Path | None) -> str:
    """The query from the argument, from standard input or from a file; ends the program when there is none."""
    if file is not None:
        if query:
            fail("give the query or --file, not both")
        if str(file) == "-":
            return sys.stdin.read()
        try:
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{file} cannot be read: {error}", "save it as UTF-8 text")
    if query == "-":
        return sys.stdin.read()
    if not query.strip():
        fail("there is no query", "write it as the argument, - for standard input, or use --file")
    return query


def named_files(values: list[str], option: str) -> dict[str, Path]:
    """``NAME=FILE`` arguments by name; ends the program when one is not."""
    named = {}
    for value in values:
        name, found, path = value.partition("=")
        if not (name and found and path):
            fail(f"{option} {value} is not NAME=FILE", f"for example {option} SigninLogs=signins.jsonl")
        if name in named:
            fail(f"{option} {name} is there twice", "put the rows of both files into one")
        named[name] = Path(path)
    return named


def limits(seconds: float, rows: int, megabytes: int) -> kql.Limits:
    """What a query may use; the values and characters it may make go with the memory."""
    usual = kql.Limits()
    share = megabytes * 1_000_000 / usual.memory
    return kql.Limits(seconds, rows, int(usual.cells * share), int(usual.characters * share), megabytes * 1_000_000)


def named_addresses(values: list[str]) -> dict[str, Path]:
    """``URL=FILE`` arguments by address, which may hold ``=`` itself; ends the program when one is not."""
    named = {}
    for value in values:
        url, found, path = value.rpartition("=")
        if not (url and found and path):
            fail(f"--external {value} is not URL=FILE", "for example --external https://example.com/list.csv=list.csv")
        named[url] = Path(path)
    return named


def _places(path: Path) -> Places:
    try:
        return maxmind_places(path)
    except PlacesError as error:
        fail(str(error))


def clock(text: str) -> int:
    """``--now`` in ticks; the clock's time when it is not given."""
    if not text:
        return ticks_now()
    ticks = parse_datetime(text)
    if ticks is None:
        fail(f"--now {text} is no datetime", "for example --now 2025-07-15T10:00:00Z")
    return ticks


@contextmanager
def _no_collection() -> Iterator[None]:
    """Reading makes millions of objects of which none is garbage: to look for some takes as long as reading does."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def run(request: Request, output: str, *, explain: bool) -> None:
    """Bind, run, write. Ends the program with status 1 when the query cannot be run."""
    texts = {request.name: request.query}
    try:
        with waiting("reading the files"), _no_collection():
            # What a workspace would not take may well run here.
            catalog, tables, watchlists, problems = load_tables(
                replace(catalog_of(request.root), log_analytics=False), request.tables, request.watchlists
            )
            behind = {url: read_recording(path, str(path)).records for url, path in request.external.items()}
    except Unreadable as error:
        show([error.finding], {})
        raise typer.Exit(Exit.USAGE) from None
    places = None if request.maxmind is None else _places(request.maxmind)
    catalog = replace(catalog, external=frozenset(behind), places=places is not None)
    if problems:
        show(problems[:_MOST_PROBLEMS], {})
        if len(problems) > _MOST_PROBLEMS:
            typer.echo(f"and {count_of(len(problems) - _MOST_PROBLEMS, 'value')} more that cannot be read", err=True)
        raise typer.Exit(Exit.USAGE)
    analysis = kql.analyze(request.query, catalog)
    findings = [each for each in findings_of(analysis, request.name) if each.level is not Level.INFO]
    if findings:
        show(findings, texts)
    if analysis.plan is None:
        raise typer.Exit(Exit.FAILED)
    try:
        with waiting("running the query"):
            result = kql.prepare(analysis).run(
                tables,
                now=request.now,
                trace=explain,
                limits=request.limits,
                watchlists=watchlists,
                external=external_tables(analysis, behind),
                places=places,
            )
        with waiting("writing the result"):
            text = _WRITERS[output](result.table)
            if output == "table":
                # The other formats hold one table, the first.
                text = "\n\n".join((text, *(f"{name}\n{_table(each)}".lstrip("\n") for name, each in result.others)))
    except RefusedOfRows:  # which the findings tell
        raise typer.Exit(Exit.FAILED) from None
    except EngineError as error:
        function = catalog.functions.get(error.origin or "")
        body = request.query if function is None else function.body
        name = request.name if function is None else f"function {function.name}"
        show([finding_of_error(error, body, name)], {name: body})
        raise typer.Exit(Exit.FAILED) from None
    except Refused as error:
        fail(str(error))
    except RecursionError:
        fail("a value of the result is nested too deeply to be written", status=Exit.FAILED)
    if explain:
        from tocsin.report.text import fitted
        from tocsin.testing.explain import explain as explained

        bodies = {name: function.body for name, function in catalog.functions.items()}
        stream = sys.stdout if output == "table" else sys.stderr
        steps = fitted(explained(result.steps, request.query, bodies), columns_of(stream))
        typer.echo(steps, err=output != "table")
        typer.echo("", err=output != "table")
    typer.echo(text, nl=False)


# --------------------------------------------------------------------------------------------------------- writers


def _json(table: kql.Table) -> str:
    return json.dumps(_records(table), ensure_ascii=False, indent=2) + "\n"


def _jsonl(table: kql.Table) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in _records(table))


def _records(table: kql.Table) -> list[dict[str, object]]:
    names = [column.name for column in table.columns]
    data = [map(json_writer(column.type), values) for column, values in zip(table.columns, table.data, strict=True)]
    return [dict(zip(names, row, strict=True)) for row in zip(*data, strict=True)]


def _csv(table: kql.Table) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(cells_of(table))
    return stream.getvalue()


def _table(table: kql.Table) -> str:
    from tocsin.cli.kql_tables import Look, table_text

    return table_text(table, Look(columns_of(sys.stdout), color_on(), "─" if _can_hold("─") else "-"))


def _can_hold(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


_WRITERS: dict[str, Callable[[kql.Table], str]] = {"table": _table, "json": _json, "jsonl": _jsonl, "csv": _csv}
