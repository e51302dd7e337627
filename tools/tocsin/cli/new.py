"""``tocsin new``: start a piece of content."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.exit_codes import Exit

app = typer.Typer(
    name="new", help="Start a rule from a template that passes.", no_args_is_help=True,
    rich_markup_mode=None,
)  # fmt: skip


@app.command(epilog="Example: tocsin new detection direct_send/spoofed_sender")
def detection(
    name: Annotated[str, typer.Argument(metavar="FAMILY/RULE", help="Where the rule goes below detections/.")],
    root: Annotated[Path, typer.Option("--root", help="The repository of content.")] = Path(),
) -> None:
    """Write a rule and its test file. Existing files are never touched."""
    import uuid

    from tocsin.content.scaffold import new_detection

    try:
        files = new_detection(name, str(uuid.uuid4()))
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(Exit.USAGE) from None
    there = [path for path in files if (root / path).exists()]
    if there:
        typer.echo(f"error: {there[0]} is there already; choose another name", err=True)
        raise typer.Exit(Exit.USAGE)
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        typer.echo(f"wrote {path}")
    typer.echo(f"next: tocsin test -k {name}")


@app.callback()
def _group() -> None:
    pass


def add_to(parent: typer.Typer) -> None:
    """Mount the command group."""
    parent.add_typer(app, name="new")
