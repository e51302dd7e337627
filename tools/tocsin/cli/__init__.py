"""The command line. Thin: read arguments, call the part that does the work, render.

``main`` imports only typer; what a command needs is imported when it runs, so that ``tocsin --help`` is quick.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli import (
    content_commands,
    deploy_commands,
    explain_command,
    kql,
    lint_command,
    new,
    preview,
    replay_command,
    streams,
)
from tocsin.cli.exit_codes import Exit

app = typer.Typer(
    name="tocsin",
    help="Detection content pipeline for Microsoft Sentinel: lint, test on recorded logs, compile, plan, deploy.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit status: 0 fine, 1 findings or failed tests, 2 unusable arguments or files. See docs/cli.md.",
)


def _version(asked: bool) -> None:
    if asked:
        from tocsin import __version__

        typer.echo(f"tocsin {__version__}")
        raise typer.Exit(Exit.OK)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


content_commands.add_to(app)
explain_command.add_to(app)
lint_command.add_to(app)
new.add_to(app)
preview.add_to(app)
replay_command.add_to(app)
deploy_commands.add_to(app)
app.add_typer(kql.app, name="kql")


def main() -> None:
    """The ``tocsin`` program."""
    streams.prepare()
    try:
        app()
    except OSError as error:
        # Reading is handled where it is done; what is left is output that has no place to go.
        streams.give_up(error)
