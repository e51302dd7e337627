"""Starting the program: help for every command, and no more imports than a command needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from tocsin import __version__
from tocsin.cli import app

HEAVY = ("pydantic", "yaml", "rich", "azure", "re2", "jsonschema", "tocsin.kql.syntax", "tocsin.content")


def _commands(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, each in getattr(command, "commands", {}).items():
        found.extend(_commands(each, (*path, name)))
    return found


@pytest.mark.parametrize("path", _commands(typer.main.get_command(app)), ids=" ".join)
def test_every_command_has_help_with_a_summary(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    assert f"Usage: tocsin {' '.join(path)}".rstrip() in result.output.replace("root", "tocsin", 1)


def test_help_imports_nothing_heavy() -> None:
    program = f"""
import sys
from tocsin.cli import app
try:
    app(["--help"])
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.output.strip() == f"tocsin {__version__}"


def test_bad_arguments_leave_with_two() -> None:
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2
