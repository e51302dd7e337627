"""Findings as JSON: a list of objects, the same fields in every one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tocsin.content.finding import Finding


def finding_object(finding: Finding) -> dict[str, Any]:
    """One finding as plain data. ``line`` and ``column`` count from 1; ``length`` is 0 when unknown."""
    return {
        "code": finding.code,
        "slug": finding.slug,
        "level": finding.level.value,
        "message": finding.message,
        "help": finding.help,
        "file": finding.location.file,
        "line": finding.location.line,
        "column": finding.location.column,
        "length": finding.length,
        "notes": list(finding.notes),
    }


def render(findings: Iterable[Finding]) -> str:
    """All findings as a JSON array, ending in a newline; ``[]`` for none."""
    return json.dumps([finding_object(finding) for finding in findings], indent=2, ensure_ascii=False) + "\n"
