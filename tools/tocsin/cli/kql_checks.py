"""Diagnostics of query texts, as findings; ``tocsin kql check``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from tocsin import kql
from tocsin.cli.kql_sources import catalog_of
from tocsin.cli.terminal import color_on, columns_of, fail
from tocsin.content.finding import Finding, Level
from tocsin.content.source import Location
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.syntax.positions import LineIndex, line_and_column
from tocsin.report import json as json_report

_LEVELS = {
    kql.Severity.ERROR: Level.ERROR,
    kql.Severity.WARNING: Level.WARNING,
}


def findings_of(analysis: kql.Analysis, file: str) -> list[Finding]:
    """The diagnostics and refusals of a query as findings; ``file`` is its name in messages."""
    lines = LineIndex(analysis.tree.text)
    found = [
        finding_of_diagnostic(each, file, lines, _LEVELS.get(each.severity, Level.INFO), "kql")
        for each in analysis.diagnostics
    ]
    if not analysis.errors:
        found += [
            finding_of_diagnostic(
                each, file, lines, Level.WARNING, "kql.refused", "valid KQL, but not for the local engine"
            )
            for each in analysis.refusals
        ]
    return found


def finding_of_diagnostic(
    diagnostic: kql.Diagnostic, file: str, lines: LineIndex, level: Level, slug: str, help: str = ""
) -> Finding:
    """A diagnostic of a query as a finding."""
    if diagnostic.suggestion:
        help = f"did you mean {diagnostic.suggestion}?"
    place = Location(file, *lines.line_and_column(diagnostic.start))
    return Finding(diagnostic.code, slug, level, diagnostic.message, help, place, length=diagnostic.length)


def finding_of_error(error: EngineError, text: str, file: str) -> Finding:
    """What went wrong while a query ran, at its place."""
    line, column = line_and_column(text, error.start)
    return Finding(
        error.code, "kql.run", Level.ERROR, error.message, "", Location(file, line, column), length=error.length
    )


def show(findings: Sequence[Finding], texts: dict[str, str], *, err: bool = True) -> None:
    """Write findings with the lines of the texts they point into."""
    from tocsin.report import text

    stream = sys.stderr if err else sys.stdout
    shown = text.render(findings, text.SourceLines(None, texts), color=color_on(stream), columns=columns_of(stream))
    typer.echo(shown, nl=False, err=err, color=True)


def check(queries: Sequence[str], root: Path | None, format: str) -> bool:
    """Write the findings of all queries as ``text``, ``json`` or ``sarif``; True when there is an error among them."""
    texts = named_texts(queries)
    catalog = catalog_of(root)
    findings = [finding for name, text in texts.items() for finding in findings_of(kql.analyze(text, catalog), name)]
    if format == "json":
        typer.echo(json_report.render(findings), nl=False)
    elif format == "sarif":
        from tocsin.kql.codes import MEANINGS
        from tocsin.report import sarif
        from tocsin.report.text import SourceLines

        typer.echo(sarif.render(findings, SourceLines(None, texts), MEANINGS), nl=False)
    else:
        show(findings, texts, err=False)
        errors = sum(1 for each in findings if each.level is Level.ERROR)
        typer.echo(f"{len(texts)} {'query' if len(texts) == 1 else 'queries'}, {errors} error{'s' * (errors != 1)}")
    return any(each.level is Level.ERROR for each in findings)


def named_texts(queries: Sequence[str]) -> dict[str, str]:
    """The texts of arguments by a name for messages: standard input, a file, or the argument itself."""
    return dict(_named_text(query, number) for number, query in enumerate(queries, start=1))


def _named_text(query: str, number: int) -> tuple[str, str]:
    """A name for messages and the text: standard input, a file, or the argument itself."""
    if query == "-":
        return "stdin", sys.stdin.read()
    if _is_file(query):
        try:
            return query, Path(query).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{query} cannot be read: {error}", "save it as UTF-8 text")
    if any(char in query for char in "./\\") and _is_folder(query):
        fail(f"{query} is a folder", "name the files in it")
    if query.endswith((".kql", ".csl", ".txt", ".yaml")) and not any(char in query for char in "|\n(="):
        fail(f"there is no file {query}")
    return f"query {number}", query


def _is_folder(query: str) -> bool:
    try:
        return os.path.isdir(query)
    except ValueError:
        return False


def _is_file(query: str) -> bool:
    try:
        return os.path.isfile(query)
    except ValueError:
        return False
