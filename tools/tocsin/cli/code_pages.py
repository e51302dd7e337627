"""What the codes of findings mean, on the terminal: ``tocsin lint --explain`` and ``--list``."""

from __future__ import annotations

import json
import textwrap

import typer

from tocsin.cli import codes
from tocsin.cli.terminal import color_on, fail
from tocsin.kql.codes import MEANINGS

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_HEADINGS = ("Why:", "Fine to ignore:")
_OF_QUERIES = {
    "KS": "a diagnostic of Microsoft's KQL language service, which the portal's editor shows, too. Its message says "
    "what is wrong, its help what to do. A finding at level error is one that the service refuses (see KQL001).",
    "TK": "a message of tocsin's own parser, binder or engine about a query; docs/findings.md lists them (see KQL003).",
}


def explain(wanted: str) -> None:
    """Write the page of a lint check, or the sentence of another code; by code or by name."""
    folded = wanted.casefold()
    for check in codes.checks():
        if folded in (check.code.casefold(), check.slug):
            typer.echo(f"{_bold(codes.title(check))}\n\n{_page(codes.page(check))}", color=True)
            return
    for code in (code for family in codes.families() for code in family.codes):
        if folded in (code.code.casefold(), code.name.casefold()):
            level = f" ({code.level})" if code.level else ""
            typer.echo(f"{_bold(f'{code.code} {code.name}{level}')}\n\n{code.about}", color=True)
            return
    for start, text in _OF_QUERIES.items():
        if wanted.upper().startswith(start) and wanted[len(start) :].isdigit():
            known = MEANINGS.get(wanted.upper())
            meaning = f"{textwrap.fill(known, 100)}\n\n" if known else ""
            told = textwrap.fill(f"{wanted.upper()}: {text}", 100)
            typer.echo(f"{_bold(wanted.upper())}\n\n{meaning}{told}", color=True)
            return
    fail(f"there is no code {wanted}", "tocsin lint --list shows the checks, docs/findings.md all codes")


def list_checks(*, as_json: bool) -> None:
    """Write code, slug, level and first sentence of every lint check."""
    rows = [
        {"code": code.code, "slug": code.name, "level": code.level, "about": code.about.replace("``", "`")}
        for family in codes.families()
        if family.title == "Lint"
        for code in family.codes
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    widths = {name: max((len(row[name]) for row in rows), default=0) for name in ("code", "slug", "level")}
    for row in rows:
        cells = "  ".join(row[name].ljust(width) for name, width in widths.items())
        typer.echo(f"{_bold(cells[: widths['code']])}{cells[widths['code'] :]}  {row['about']}", color=True)


def _page(text: str) -> str:
    """A docstring as it is read: headings stand out, marks of reStructuredText go."""
    lines = []
    for line in text.splitlines():
        heading = next((each for each in _HEADINGS if line.startswith(each)), None)
        if line.endswith("::") and not line.startswith(" "):
            line = _bold(line[:-1])
        elif heading is not None:
            line = _bold(heading) + line[len(heading) :]
        elif line.startswith("    ") and color_on():
            line = f"{_DIM}{line}{_RESET}"
        lines.append(line.replace("``", "`"))
    return "\n".join(lines)


def _bold(text: str) -> str:
    return f"{_BOLD}{text}{_RESET}" if color_on() else text
