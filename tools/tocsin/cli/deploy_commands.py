"""``plan``, ``apply`` and ``dev-server``: content to a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.content_settings import settings_of
from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import Format, content_root, fail, progress_bar, show_findings

if TYPE_CHECKING:
    from tocsin.deploy.plan import Plan

Root = Annotated[Path, typer.Option("--root", help="The repository of content.", show_default="this folder")]
EnvironmentName = Annotated[
    str, typer.Option("--environment", "-e", help="A workspace of tocsin.toml; dev is the dev-server.")
]
Endpoint = Annotated[str | None, typer.Option(help="Another address of the management API.")]
AsFormat = Annotated[Format, typer.Option("--format", help="How to write the plan.", case_sensitive=False)]


def plan(
    environment: EnvironmentName = "dev",
    root: Root = Path(),
    endpoint: Endpoint = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Leave with 3 when there are changes.")] = False,
    format: AsFormat = Format.TEXT,
) -> None:
    """Show what would change in the workspace, field by field, and why. Changes nothing."""
    from tocsin.deploy.rendering import plan_to_json, render_plan

    made = _plan(environment, root, endpoint)
    if format is Format.JSON:
        typer.echo(json.dumps(plan_to_json(made), indent=2, ensure_ascii=False))
    else:
        typer.echo(render_plan(made), nl=False)
    raise typer.Exit(Exit.CHANGES if exit_code and made.has_changes else Exit.OK)


def apply(
    environment: EnvironmentName = "dev",
    root: Root = Path(),
    endpoint: Endpoint = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Show the plan, ask, and make the changes. Running it again goes on where it stopped."""
    from tocsin.deploy.apply import apply_plan
    from tocsin.deploy.errors import DeployError
    from tocsin.deploy.rendering import render_plan

    made = _plan(environment, root, endpoint)
    typer.echo(render_plan(made), nl=False)
    if not made.has_changes:
        raise typer.Exit(Exit.OK)
    if not yes and not typer.confirm(f"Make these changes in {made.environment.workspace}?"):
        fail("nothing was changed", status=Exit.FAILED)
    try:
        with progress_bar("applying") as progress:
            result = apply_plan(made, progress=lambda change, done, total: progress(str(change), done, total))
    except DeployError as error:
        fail(f"{error.code}: {error.message}", error.help, Exit.FAILED)
    for failure in result.failures:
        resource = failure.change.resource
        typer.echo(f"error: {resource.type} {resource.name}: {failure.error.message}", err=True)
        typer.echo(f"help: {failure.error.help}", err=True)
    typer.echo(result.summary())
    raise typer.Exit(Exit.OK if result.ok else Exit.FAILED)


def dev_server(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes any.")] = 8765,
    state: Annotated[
        Path | None, typer.Option(help="Keep the workspace in this file.", show_default="in memory")
    ] = None,
) -> None:
    """A small workspace on this machine: keeps state, checks requests against Microsoft's definitions."""
    from tocsin.deploy.dev_server import serve
    from tocsin.deploy.errors import DeployError

    try:
        serve(port, state, typer.echo)
    except DeployError as error:
        fail(f"{error.code}: {error.message}", error.help)


def _plan(environment: str, root: Path, endpoint: str | None) -> Plan:
    from tocsin.content.repository import load_repository
    from tocsin.deploy.environment import load_environment
    from tocsin.deploy.errors import DeployError, EnvironmentProblem, UnsafeEndpoint
    from tocsin.deploy.plan import make_plan
    from tocsin.lint import lint_repository
    from tocsin.lint.driver import Conditions

    with progress_bar("reading") as progress:
        repository = load_repository(content_root(root), progress)
    conditions = Conditions(settings_of(root)[0], workers=None)
    errors = [one for one in lint_repository(repository, conditions=conditions) if one.level.value == "error"]
    if errors:
        show_findings(errors, root, err=True)
        fail("the content has errors; nothing was compared", "mend them first: tocsin check", Exit.FAILED)
    try:
        return make_plan(repository, load_environment(root, environment, {"endpoint": endpoint}))
    except (EnvironmentProblem, UnsafeEndpoint) as error:
        fail(f"{error.code}: {error.message}", error.help)
    except DeployError as error:
        fail(f"{error.code}: {error.message}", error.help, Exit.FAILED)


def add_to(parent: typer.Typer) -> None:
    """Mount the commands."""
    parent.command(
        "plan", short_help="Show what a deployment would change.", epilog="Example: tocsin plan --environment prod"
    )(plan)
    parent.command(
        "apply", short_help="Show the plan, ask, and do it.", epilog="Example: tocsin apply --environment dev --yes"
    )(apply)
    parent.command(
        "dev-server",
        short_help="Run a small workspace on this machine.",
        epilog="Example: tocsin dev-server --state .tocsin-dev.json",
    )(dev_server)
