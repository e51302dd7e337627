"""Findings as annotations of a GitHub workflow: they show at their line in the pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tocsin.content.finding import Finding, Level

_COMMANDS: Mapping[Level, str] = MappingProxyType(
    {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "notice"}
)


def render(findings: Iterable[Finding], folder: str = "") -> str:
    """One workflow command a line. ``folder`` is where the findings' paths start, seen from the checkout."""
    return "".join(_command(finding, folder) for finding in findings)


def _command(finding: Finding, folder: str) -> str:
    place = finding.location
    path = f"{folder}/{place.file}" if folder not in ("", ".") else place.file
    properties = {"file": path, "line": str(place.line), "col": str(place.column)}
    if finding.length:
        properties |= {"endLine": str(place.line), "endColumn": str(place.column + finding.length)}
    properties["title"] = f"{finding.code} {finding.slug}"
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = "\n".join([finding.message, *finding.notes, *([f"help: {finding.help}"] if finding.help else ())])
    return f"::{_COMMANDS[finding.level]} {told}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
