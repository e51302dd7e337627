"""Findings as SARIF 2.1.0, which code scanning of GitHub, Azure DevOps and editors read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from tocsin import __version__
from tocsin.content.finding import Finding, Level
from tocsin.report.text import SourceLines

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: Mapping[Level, str] = MappingProxyType(
    {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"},
)
_SEVERITY = tuple(Level)


_NOTHING: Mapping[str, str] = MappingProxyType({})


def render(
    findings: Iterable[Finding],
    lines: SourceLines,
    about: Mapping[str, str] = _NOTHING,
    pages: Mapping[str, str] = _NOTHING,
) -> str:
    """All findings as one run, ending in a newline. ``lines`` bounds a region that goes on over the end of its line;
    ``about`` says what a code means in a sentence, ``pages`` on a page, where there is one.
    """
    told = tuple(findings)
    rules = _rules(told, about, pages)
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "tocsin", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, places[finding.code], lines) for finding in told],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rules(findings: Sequence[Finding], about: Mapping[str, str], pages: Mapping[str, str]) -> list[dict[str, Any]]:
    """A rule for each code that was found, by code. Its level is the worst of its findings."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return [_rule(code, found, about.get(code, ""), pages.get(code, "")) for code, found in sorted(by_code.items())]


def _rule(code: str, found: Sequence[Finding], about: str, page: str) -> dict[str, Any]:
    worst = min((finding.level for finding in found), key=_SEVERITY.index)
    meaning = about or _meaning(code)
    return {
        "id": code,
        "name": found[0].slug,
        "shortDescription": {"text": meaning},
        "help": {"text": page or meaning},
        "defaultConfiguration": {"level": _LEVELS[worst]},
    }


def _meaning(code: str) -> str:
    if code.startswith("KS"):
        return f"{code}: a diagnostic of KQL, under the code of Microsoft's language service."
    if code.startswith("TK"):
        return f"{code}: valid KQL that the local engine does not run, or a limit of tocsin's own parser."
    return f"{code}: docs/findings.md of tocsin lists it with its messages."


def _result(finding: Finding, rule: int, lines: SourceLines) -> dict[str, Any]:
    text = "\n".join([finding.message, *finding.notes, *([f"help: {finding.help}"] if finding.help else ())])
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.level],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(finding.location.file)},
                    "region": _region(finding, lines),
                }
            }
        ],
    }


def _region(finding: Finding, lines: SourceLines) -> dict[str, int]:
    """The place; columns count characters from 1, the end column lies behind the last one."""
    at = finding.location
    line = lines.line(at.file, at.line)
    end = at.column + finding.length
    if line is not None:
        end = min(end, len(line) + 1)
    region = {"startLine": at.line, "startColumn": at.column}
    return {**region, "endColumn": end} if end > at.column else region


def _uri(file: str) -> str:
    """A path as a reference: relative ones stay so, for the reader knows the folder the command ran in."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
