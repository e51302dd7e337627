"""``tocsin replay``: the rules over recorded logs."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import (
    Format,
    color_on,
    columns_of,
    content_root,
    count_of,
    fail,
    progress_bar,
    show_findings,
)

if TYPE_CHECKING:
    from tocsin.content.repository import Repository
    from tocsin.replay.running import Replayed
    from tocsin.replay.share import Request
    from tocsin.replay.summary import Figures
    from tocsin.sentinel.behaviour import Behaviour

PORTALS = ("sentinel", "defender")
_INTERRUPTED = 130
"""The exit status after Ctrl+C, as shells have it."""


def replay(
    logs: Annotated[
        Path,
        typer.Argument(metavar="LOGS", help="A folder with TABLE.jsonl, .json, .csv or .parquet, or folders TABLE."),
    ],
    start: Annotated[
        str,
        typer.Option("--from", metavar="TIME", help="When all rules are switched on.", show_default="the first record"),
    ] = "",
    end: Annotated[
        str, typer.Option("--to", metavar="TIME", help="No run comes after this.", show_default="the last record")
    ] = "",
    keyword: Annotated[
        str, typer.Option("-k", metavar="TEXT", help="Only rules whose path or name holds this text (no case).")
    ] = "",
    rules: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="NAME", help="Only this rule, by its path below detections/; repeat."),
    ] = None,
    root: Annotated[
        Path, typer.Option("--root", help="The repository of content.", show_default="this folder")
    ] = Path(),
    delay: Annotated[
        str, typer.Option("--delay", metavar="SPAN", help="How late records arrive that do not say it, such as 3m.")
    ] = "0m",
    portal: Annotated[
        str, typer.Option("--portal", help="Who makes incidents: sentinel or defender.", show_default="tocsin.toml")
    ] = "",
    workers: Annotated[
        int | None, typer.Option("-n", "--workers", min=1, help="Processes to run in.", show_default="by the work")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with a timeline.")
    ] = None,
    alerts: Annotated[
        Path | None, typer.Option("--alerts", metavar="FILE", help="Write the rows of SecurityAlert as JSON lines.")
    ] = None,
    incidents: Annotated[
        Path | None,
        typer.Option("--incidents", metavar="FILE", help="Write the rows of SecurityIncident as JSON lines."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="A record that cannot be used fails, too.")] = False,
    format: Annotated[Format, typer.Option("--format", help="How to write the results.", case_sensitive=False)] = (
        Format.TEXT
    ),
) -> None:
    """Run the rules over recorded logs, as the service would have: alerts, incidents, what was missed, the cost."""
    from tocsin.content.repository import load_repository
    from tocsin.replay import page
    from tocsin.replay.records import MissingLibrary
    from tocsin.replay.running import NothingToReplay, ProcessDied, replay
    from tocsin.replay.summary import figures_of
    from tocsin.sentinel.security_alert import TABLE as ALERTS
    from tocsin.sentinel.security_incident import TABLE as INCIDENTS

    with progress_bar("reading") as progress:
        repository = load_repository(content_root(root), progress)
    names = _rules(repository, keyword, rules or [])
    request = _request(repository, logs, start, end, _behaviour(root, portal), delay, names)
    try:
        with progress_bar("replay") as progress:
            replayed = replay(request, repository, names, progress, workers)
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing is written", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    except NothingToReplay as error:
        fail(str(error), "look at LOGS, --from and --to")
    except MissingLibrary as error:
        fail(str(error))
    except ProcessDied as error:
        fail(str(error), "it may have run out of memory: replay fewer hours or rules (-k), or use -n 1", Exit.FAILED)
    figures = figures_of(replayed)
    _show(figures, root, format)
    if html is not None:
        _write(html, page.render(figures))
    _write_rows(alerts, replayed, ALERTS)
    _write_rows(incidents, replayed, INCIDENTS)
    failed = replayed.not_run or (strict and replayed.problems.has_errors)
    raise typer.Exit(Exit.FAILED if failed else Exit.OK)


def _rules(repository: Repository, keyword: str, names: list[str]) -> tuple[str, ...]:
    from tocsin.replay.rules import chosen

    unknown = [name for name in names if name not in repository.detections]
    if unknown:
        fail(f"there is no detection {unknown[0]}", "name it by its path below detections, without .yaml")
    found = chosen(repository, keyword, names)
    if not found:
        fail("no rule is chosen that runs by the clock", "give a part of a rule's path or name with -k")
    return found


def _behaviour(root: Path, portal: str) -> Behaviour:
    from tocsin.content.settings import load_settings, read_section
    from tocsin.sentinel.behaviour import Behaviour

    if portal and portal not in PORTALS:
        fail(f'there is no portal "{portal}"', f"write {' or '.join(PORTALS)}")
    _, document, problems = load_settings(root)
    behaviour, more = read_section(document, "sentinel", Behaviour)
    if behaviour is None or any(one.level.value == "error" for one in problems):
        show_findings((*problems, *more), root, err=True)
        raise typer.Exit(Exit.USAGE)
    return replace(behaviour, portal=portal) if portal else behaviour  # type: ignore[arg-type]  # one of PORTALS


def _request(
    repository: Repository, logs: Path, start: str, end: str, behaviour: Behaviour, delay: str, names: tuple[str, ...]
) -> Request:
    from tocsin.replay.rules import prepare_rules
    from tocsin.replay.share import Request
    from tocsin.replay.sources import ENDINGS, find_files

    if not logs.is_dir():
        fail(f"{logs} is no folder", "give a folder that holds TABLE.jsonl files, or folders named like tables")
    tables = sorted(prepare_rules(repository, names).columns)
    try:
        files = find_files(logs, tables)
    except OSError as error:
        fail(f"{logs} cannot be read: {error.strerror}")
    if not files:
        fail(
            f"{logs} holds no records of {', '.join(tables)}",
            f"name files or folders like the tables; files end in {', '.join(ENDINGS)}",
        )
    return Request(
        repository.root.resolve(), files, _time(start, "--from"), _time(end, "--to"), behaviour, _span(delay)
    )


def _time(text: str, option: str) -> int | None:
    from tocsin.kql.literals import parse_datetime

    if not text:
        return None
    ticks = parse_datetime(text)
    if ticks is None:
        fail(f"{option} {text} is no datetime", f"for example {option} 2026-09-14T00:00:00Z")
    return ticks


def _span(text: str) -> timedelta:
    from tocsin.content.durations import parse_duration

    span = parse_duration(text)
    if span is None or span < timedelta(0):
        fail(f"--delay {text} is no span of time", "for example --delay 3m")
    return span


def _show(figures: Figures, root: Path, format: Format) -> None:
    from tocsin.replay import document, text

    if format is Format.JSON:
        typer.echo(document.render(figures), nl=False)
        return
    show_findings(figures.problems.first, None)
    if figures.problems.left_out:
        typer.echo(f"and {count_of(figures.problems.left_out, 'finding')} more of these kinds\n")
    shown = text.render(figures, color=color_on(), columns=columns_of(sys.stdout), blocks=_can_hold("▁█·"))
    typer.echo(shown, nl=False, color=True)


def _can_hold(characters: str) -> bool:
    try:
        characters.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _write_rows(path: Path | None, replayed: Replayed, table: str) -> None:
    """The rows that the replay wrote to a table, as JSON lines that another replay reads."""
    import json

    from tocsin.cli.kql_values import json_writer

    if path is None:
        return
    rows = replayed.history.published.get(table)
    lines = []
    if rows is not None:
        writers = [json_writer(column.type) for column in rows.columns]
        names = [column.name for column in rows.columns]
        for row in rows.rows():
            record = {name: write(value) for name, write, value in zip(names, writers, row, strict=True)}
            lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    _write(path, "".join(lines))


def _write(path: Path | None, content: str) -> None:
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")


def add_to(parent: typer.Typer) -> None:
    """Mount the command."""
    parent.command(
        "replay",
        short_help="Run rules over recorded logs, as the service would have.",
        epilog="Example: tocsin replay logs/ --from 2026-09-14 --to 2026-09-15 --html replay.html",
    )(replay)
