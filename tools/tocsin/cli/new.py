"""``tocsin new``: start a piece of content."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.terminal import fail

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

    if not root.is_dir():
        fail(f"{root} is no folder", "make it first, or name another with --root")
    try:
        files = new_detection(name, str(uuid.uuid4()))
    except ValueError as error:
        fail(str(error))
    there = [path for path in files if (root / path).exists()]
    if there:
        fail(f"{there[0]} is there already", "choose another name")
    for path, text in files.items():
        target = root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            fail(f"cannot write {target}: {error.strerror}", "check that its folder may be written")
        typer.echo(f"wrote {path}")
    typer.echo(f"next: tocsin test -k {name}")


@app.callback()
def _group() -> None:
    pass


def add_to(parent: typer.Typer) -> None:
    """Mount the command group."""
    parent.add_typer(app, name="new")
