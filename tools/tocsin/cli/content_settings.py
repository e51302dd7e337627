"""The settings of a repository, for commands: usable, or the program ends with what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import show_findings

if TYPE_CHECKING:
    from tocsin.content.finding import Finding
    from tocsin.content.settings import Settings


def settings_of(root: Path) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings of ``tocsin.toml`` and the warnings about them."""
    from tocsin.content.finding import Level
    from tocsin.content.settings import load_settings, read_section
    from tocsin.lint.driver import everything_named
    from tocsin.lint.selection import unknown_patterns
    from tocsin.sentinel.behaviour import Behaviour

    settings, document, problems = load_settings(root)
    _, more = read_section(document, "sentinel", Behaviour)
    findings = (*problems, *more, *unknown_patterns(settings.lint, document, everything_named()))
    errors = [one for one in findings if one.level is Level.ERROR]
    if errors:
        show_findings(errors, root, err=True)
        raise typer.Exit(Exit.USAGE)
    return settings, findings
