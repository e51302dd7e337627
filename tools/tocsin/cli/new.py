"""``tocsin new``: start a piece of content."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.terminal import fail

app = typer.Typer(
    name="new", help="Start a rule, or write the schemas for editors.", no_args_is_help=True,
    rich_markup_mode=None,
)  # fmt: skip


@app.command(epilog="Example: tocsin new detection direct_send/spoofed_sender")
def detection(
    name: Annotated[str, typer.Argument(metavar="FAMILY/RULE", help="Where the rule goes below detections/.")],
    root: Annotated[Path, typer.Option("--root", help="The repository of content.")] = Path(),
) -> None:
    """Write a rule and its test file. Existing files are never touched."""
    import uuid

    from tocsin.content.scaffold import SCHEMA_FOLDERS, new_detection

    if not root.is_dir():
        fail(f"{root} is no folder", "make it first, or name another with --root")
    try:
        schemas = next((folder for folder in SCHEMA_FOLDERS if (root / folder).is_dir()), None)
        files = new_detection(name, str(uuid.uuid4()), schemas)
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


@app.command(epilog="Example: tocsin new schemas")
def schemas(
    root: Annotated[Path, typer.Option("--root", help="The repository of content.")] = Path(),
) -> None:
    """Write the JSON Schemas by which editors complete and check content, below .tocsin/schemas."""
    from importlib.resources import files

    from tocsin.content.scaffold import SCHEMA_FOLDERS

    if not root.is_dir():
        fail(f"{root} is no folder", "make it first, or name another with --root")
    folder = root / SCHEMA_FOLDERS[0]
    packaged = [each for each in files("tocsin.content").joinpath("schemas").iterdir() if each.name.endswith(".json")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in packaged:
            (folder / each.name).write_bytes(each.read_bytes())
    except OSError as error:
        fail(f"cannot write to {folder}: {error.strerror}", "check that the folder may be written")
    typer.echo(f"wrote {len(packaged)} files to {folder.as_posix()}; rules that `tocsin new` starts refer to them")


@app.callback()
def _group() -> None:
    pass


def add_to(parent: typer.Typer) -> None:
    """Mount the command group."""
    parent.add_typer(app, name="new")
