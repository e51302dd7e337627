"""``tocsin explain``: why a rule did not fire on the records of a test case, and what its alerts were made of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import Format, color_on, columns_of, content_root, count_of, fail, progress_bar

if TYPE_CHECKING:
    from tocsin.content.models import TestFile
    from tocsin.content.repository import Loaded, Repository
    from tocsin.testing import Bench
    from tocsin.testing.explained import Explained, Key
    from tocsin.testing.happened import GivenEvent
    from tocsin.testing.scenario import Scenario

_EPILOG = """Examples: tocsin explain direct_send/unauthorised_source;
tocsin explain direct_send/unauthorised_source 3 --record EmailEvents:1;
tocsin explain direct_send/unauthorised_source "two sources" --record RecipientEmailAddress=bob@contoso.com;
tocsin explain direct_send/unauthorised_source 1 --alert 1 --steps"""


def explain(
    detection: Annotated[str, typer.Argument(help="A detection: its path below detections/, or its file.")],
    case: Annotated[
        str, typer.Argument(help="A case by its number or a part of its name.", show_default="list the cases")
    ] = "",
    records: Annotated[
        list[str] | None,
        typer.Option(
            "--record",
            metavar="TABLE:N|COLUMN=VALUE",
            help="A given record: the Nth of a table, or those with this value; repeat.",
            show_default="every record that is in no alert",
        ),
    ] = None,
    alerts: Annotated[
        list[int] | None,
        typer.Option("--alert", metavar="N", min=1, help="What the Nth alert was made of; repeat."),
    ] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="Also the query as a tree of steps, with rows in and out.")
    ] = False,
    root: Annotated[
        Path, typer.Option("--root", help="The repository of content.", show_default="this folder")
    ] = Path(),
    format: Annotated[Format, typer.Option("--format", help="How to write it.", case_sensitive=False)] = Format.TEXT,
) -> None:
    """Say why a rule did not fire: which step dropped a record, what it saw there; or what an alert was made of.

    Without a case the cases are listed, with "all" every case is explained.
    """
    from tocsin.content.repository import load_repository
    from tocsin.testing import Bench

    with progress_bar("reading") as progress:
        repository = load_repository(content_root(root), progress)
    name = _detection(repository, detection, root)
    cases = _cases(repository, name)
    chosen = cases if case == "all" else _chosen(cases, case, name) if case else []
    if not chosen:
        _list(cases, name, format)
        return
    shown: list[dict[str, object]] = []
    bench = Bench(repository)
    for number, (test, index) in enumerate(chosen):
        if number and format is Format.TEXT:
            typer.echo()
        _explain(bench, test, index, records or [], alerts or [], steps, format, shown)
    if format is Format.JSON:
        import json

        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))


_Cases = list[tuple["Loaded[TestFile]", int]]


def _detection(repository: Repository, given: str, root: Path) -> str:
    """The name of the detection that was given by name or file; the program ends when there is none."""
    from tocsin.content.repository import DETECTIONS, place_below

    path = Path(given)
    names = [given, given.removesuffix(".yaml").removesuffix(".yml").removeprefix(f"{DETECTIONS}/")]
    if path.suffix in (".yaml", ".yml"):
        place = place_below(root / DETECTIONS, path)
        if place is not None:
            names.append(place.with_suffix("").as_posix())
    known = [name for name in names if name in repository.detections]
    if not known:
        near = get_close_matches(names[1], repository.detections, n=1)
        help = f"did you mean {near[0]}?" if near else "name it by its path below detections/, without .yaml"
        fail(f"there is no detection {given}", help)
    return known[0]


def _cases(repository: Repository, name: str) -> _Cases:
    """The cases of all test files of a detection, in order."""
    tests = [test for _, test in sorted(repository.tests.items()) if test.model.detection == name]
    cases = [(test, index) for test in tests for index in range(len(test.model.cases))]
    if not cases:
        fail(
            f"{name} has no test case to explain",
            f"write tests/detections/{name}.test.yaml: tocsin new detection makes one",
        )
    return cases


def _chosen(cases: _Cases, given: str, name: str) -> _Cases:
    """The case by its number (from 1), or those whose name holds the text, one with exactly this name first of all."""
    if given.isdigit():
        if not 1 <= int(given) <= len(cases):
            fail(f"{name} has no case {given}", f"it has cases 1 to {len(cases)}: tocsin explain {name} lists them")
        return [cases[int(given) - 1]]
    names = [test.model.cases[index].name for test, index in cases]
    exact = [one for one, each in zip(cases, names, strict=True) if each == given]
    found = exact or [one for one, each in zip(cases, names, strict=True) if given.casefold() in each.casefold()]
    if not found:
        near = get_close_matches(given, names, n=1, cutoff=0.4)
        fail(
            f'{name} has no case "{given}"',
            f'did you mean "{near[0]}"?' if near else f"tocsin explain {name} lists them",
        )
    return found


def _list(cases: _Cases, name: str, format: Format) -> None:
    names = [test.model.cases[index].name for test, index in cases]
    if format is Format.JSON:
        import json

        typer.echo(json.dumps({"detection": name, "cases": names}, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{name} has {count_of(len(names), 'case')}; name one by its number or a part of its name, or say all")
    for number, each in enumerate(names, start=1):
        typer.echo(f"{number:>5}  {each}")


def _explain(
    bench: Bench,
    test: Loaded[TestFile],
    index: int,
    records: Sequence[str],
    alerts: Sequence[int],
    steps: bool,
    format: Format,
    shown: list[dict[str, object]],
) -> None:
    from tocsin.report.text import SourceLines
    from tocsin.testing import explain_json, explain_text
    from tocsin.testing.explain_places import Places
    from tocsin.testing.runner import CannotExplain
    from tocsin.testing.scenario import ScenarioBuilder

    repository = bench.repository
    builder = ScenarioBuilder(repository, bench.catalog, test, limits=bench.limits)
    wanted = _records(builder.scenario(index), records) if records else None
    try:
        told = bench.explain_case(test, builder, index, wanted)
    except CannotExplain as error:
        fail(str(error), "mend the test case first", Exit.FAILED)
    for number in alerts:
        if number > len(told.alerts):
            fail(f"there is no alert {number}", f"the case raises {count_of(len(told.alerts), 'alert')}")
    places = Places(repository.detections[told.detection], repository)
    if format is Format.JSON:
        shown.append(explain_json.told(told, places, steps=steps))
        return
    look = explain_text.Look(color_on(), columns_of(sys.stdout))
    sources = SourceLines(repository.root)
    lines = list(explain_text.summary(told, look))
    if steps:
        for run in told.runs:
            lines += ["", *explain_text.steps(run, places, look)]
    for number in alerts:
        lines += ["", *explain_text.alert(told.alerts[number - 1], told, look)]
    if not alerts or records:
        for each in told.records if records else told.silent:
            lines += ["", *explain_text.record(each, places, sources, look)]
        if not records and not told.silent:
            lines += ["", _all_alerted(told)]
    typer.echo("\n".join(lines), color=True)


def _all_alerted(told: Explained) -> str:
    if not told.records:
        return "the case gives no records"
    return "every given record is in an alert; --alert N says what made it, --record in which alerts a record is"


def _records(scenario: Scenario, given: Sequence[str]) -> set[Key]:
    """The records that ``TABLE:N`` and ``COLUMN=VALUE`` name."""
    events = scenario.events()
    found: set[Key] = set()
    for one in given:
        table, colon, number = one.rpartition(":")
        if colon and number.isdigit() and table in scenario.tables:
            matches = [each for each in events if each.table == table and each.row == int(number) - 1]
            help = f"{table} has records 1 to {scenario.tables[table].row_count}"
        else:
            column, equals, value = one.partition("=")
            if not equals:
                tables = ", ".join(scenario.tables) or "none"
                fail(f'"{one}" names no record', f"write TABLE:N or COLUMN=VALUE; tables of the case: {tables}")
            matches = [each for each in events if _holds(scenario)(each, column, value)]
            help = "no given record has this value: values are compared as text, case included"
        if not matches:
            fail(f"there is no record {one}", help)
        found.update((each.table, each.row) for each in matches)
    return found


def _holds(scenario: Scenario) -> Callable[[GivenEvent, str, str], bool]:
    from tocsin.kql.plan_text import value_text

    def holds(event: GivenEvent, column: str, value: str) -> bool:
        table = scenario.tables[event.table]
        for schema, values in zip(table.columns, table.data, strict=True):
            if schema.name == column:
                found = values[event.row]
                return value in (found, value_text(found, schema.type, 10_000))
        return False

    return holds


def add_to(parent: typer.Typer) -> None:
    """Mount the command."""
    parent.command("explain", short_help="Say why a rule did not fire, step by step.", epilog=_EPILOG)(explain)
