"""``preview``: the alert and the incident as the analyst will see them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import Format, color_on, columns_of, content_root, fail, progress_bar, show_findings

if TYPE_CHECKING:
    from tocsin.content.models import TestFile
    from tocsin.content.repository import Loaded, Repository
    from tocsin.report.preview_views import CaseOutcome
    from tocsin.sentinel.behaviour import Behaviour, Portal
    from tocsin.testing.preview import CasePreviews

_PORTALS = ("sentinel", "defender")
_LISTED = 8


def preview(
    detection: Annotated[
        str, typer.Argument(metavar="DETECTION", help="Path below detections/, with or without .yaml.")
    ],
    case: Annotated[
        str, typer.Argument(metavar="CASE", help="Number of a case, or part of its name. Else the first that alerts.")
    ] = "",
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write an HTML page instead; it needs no other file."),
    ] = None,
    portal: Annotated[
        str | None, typer.Option("--portal", help="sentinel or defender.", show_default="as the test says")
    ] = None,
    defang: Annotated[
        bool, typer.Option("--defang", help="Write addresses and links from logs so that nothing makes them clickable.")
    ] = False,
    root: Annotated[
        Path, typer.Option("--root", help="The repository of content.", show_default="this folder")
    ] = Path(),
    format: Annotated[Format, typer.Option("--format", help="How to write it.", case_sensitive=False)] = Format.TEXT,
) -> None:
    """Show the alerts and incidents of a test case as the analyst will see them."""
    from tocsin.content.repository import load_repository
    from tocsin.report import preview_html, preview_text
    from tocsin.report.preview import as_json
    from tocsin.report.preview_views import preview_of

    if portal is not None and portal.lower() not in _PORTALS:
        fail(f'there is no portal "{portal}"', f"portals: {', '.join(_PORTALS)}")
    chosen: Portal | None = None if portal is None else "defender" if portal.lower() == "defender" else "sentinel"
    with progress_bar("reading") as progress:
        repository = load_repository(content_root(root), progress)
    test = _test_of(repository, _name(detection, root), root)
    outcome = _outcome(repository, test, case, _behaviour(root), chosen)
    if not outcome.alerts and format is not Format.JSON:
        _nothing(outcome, test)
    view = preview_of(outcome, defang=defang)
    if html is not None:
        _write(html, preview_html.render(view))
        typer.echo(f"wrote {html}", err=True)
    if format is Format.JSON:
        typer.echo(as_json(view), nl=False)
    elif html is None:
        shown = preview_text.render(view, color=color_on(), columns=columns_of(sys.stdout))
        typer.echo(shown, nl=False, color=True)
    if not view.alerts:
        _nothing(outcome, test)
    raise typer.Exit(Exit.OK)


def _name(given: str, root: Path) -> str:
    """The name of a detection below ``detections/`` for what the user wrote: a name, or a file."""
    from tocsin.content.repository import place_below

    path = Path(given)
    absolute = path if path.is_absolute() else root / path
    for base in (root / "detections", root / "tests" / "detections"):
        place = place_below(base, absolute)
        if place is not None:
            path = place
            break
    name = path.as_posix()
    for suffix in (".test.yaml", ".test.yml", ".yaml", ".yml"):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def _test_of(repository: Repository, name: str, root: Path) -> Loaded[TestFile]:
    from difflib import get_close_matches

    tests = [test for test in repository.tests.values() if test.model.detection == name]
    if tests:
        return tests[0]
    unread = [one for one in repository.findings if one.location.file.startswith(f"tests/detections/{name}.")]
    if unread:
        show_findings(unread, root, err=True)
        fail(f"the test file of {name} cannot be used", "put right what is said above")
    if name in repository.detections:
        fail(f"{name} has no test file", f"a preview needs a case: write tests/detections/{name}.test.yaml")
    if any((root / f"detections/{name}{suffix}").is_file() for suffix in (".yaml", ".yml")):
        fail(f"detections/{name}.yaml could not be loaded", "tocsin lint says why")
    near = get_close_matches(name, repository.detections, n=1, cutoff=0.4)
    advice = f"did you mean {near[0]}?" if near else "name it by its path below detections, such as family/rule"
    return fail(f"there is no detection {name}", advice)


def _behaviour(root: Path) -> Behaviour:
    from tocsin.cli.content_settings import settings_of
    from tocsin.content.settings import load_settings, read_section
    from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour

    settings_of(root)
    _, document, _ = load_settings(root)
    return read_section(document, "sentinel", Behaviour)[0] or DEFAULT_BEHAVIOUR


def _outcome(
    repository: Repository, test: Loaded[TestFile], case: str, behaviour: Behaviour, portal: Portal | None
) -> CaseOutcome:
    from tocsin.testing.preview import CasePreviews, NoOutcome
    from tocsin.testing.runner import Bench

    previews = CasePreviews(Bench(repository), test, behaviour, portal)
    try:
        if case:
            return previews.outcome(_index(test, case))
        return _first_that_alerts(previews, test)
    except NoOutcome as error:
        fail(str(error), f"tocsin test -k {test.model.detection} says more", Exit.FAILED)


def _first_that_alerts(previews: CasePreviews, test: Loaded[TestFile]) -> CaseOutcome:
    with progress_bar("running") as progress:
        for index, case in enumerate(test.model.cases):
            progress(case.name, index, len(test.model.cases))
            outcome = previews.outcome(index)
            if outcome.alerts:
                return outcome
    return fail(
        f"none of the cases of {test.model.detection} raises an alert",
        f"tocsin explain {test.model.detection} all shows where the records are lost",
        Exit.FAILED,
    )


def _index(test: Loaded[TestFile], wanted: str) -> int:
    """The case that the user means: by number from 1, by its whole name, or by a part that only one has."""
    names = [case.name for case in test.model.cases]
    if wanted.isdecimal() and wanted not in names:
        if 1 <= int(wanted) <= len(names):
            return int(wanted) - 1
        fail(f"there is no case {wanted}", f"{test.path} has cases 1 to {len(names)}")
    if wanted in names:
        return names.index(wanted)
    found = [place for place, name in enumerate(names) if wanted.casefold() in name.casefold()]
    if len(found) == 1:
        return found[0]
    listed = "\n".join(f"  {place + 1:>3}  {names[place]}" for place in (found or range(len(names)))[:_LISTED])
    more = len(found or names) - _LISTED
    listed += f"\n       … and {more} more" if more > 0 else ""
    return fail(
        f'{len(found)} cases hold "{wanted}" in their name' if found else f'no case holds "{wanted}" in its name',
        f"give its number:\n{listed}",
    )


def _write(file: Path, page: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")


def _nothing(outcome: CaseOutcome, test: Loaded[TestFile]) -> NoReturn:
    number = [case.name for case in test.model.cases].index(outcome.case) + 1
    fail(
        f'the case "{outcome.case}" raises no alert: there is nothing for an analyst to see',
        f"tocsin explain {outcome.rule} {number} shows where the records are lost",
        Exit.FAILED,
    )


def add_to(parent: typer.Typer) -> None:
    """Mount the command."""
    parent.command(
        "preview",
        short_help="Show a case's alerts and incidents as analysts see them.",
        epilog="Example: tocsin preview direct_send/unauthorised_source --html preview.html",
    )(preview)
