"""Findings as JSON: a list of objects, the same fields in every one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tocsin.content.finding import Finding


def finding_object(finding: Finding) -> dict[str, Any]:
    """One finding as plain data. ``line`` and ``column`` count from 1, ``endColumn`` lies behind the last character;
    ``length`` is 0 when unknown. ``fix``: ``safe``, ``unsafe``, or null where a program cannot correct it."""
    fix = finding.fix
    return {
        "code": finding.code,
        "slug": finding.slug,
        "level": finding.level.value,
        "message": finding.message,
        "help": finding.help,
        "file": finding.location.file,
        "line": finding.location.line,
        "column": finding.location.column,
        "endLine": finding.location.line,
        "endColumn": finding.location.column + finding.length,
        "length": finding.length,
        "notes": list(finding.notes),
        "fix": None if fix is None else "safe" if fix.safe else "unsafe",
    }


def render(findings: Iterable[Finding]) -> str:
    """All findings as a JSON array, ending in a newline; ``[]`` for none."""
    return json.dumps([finding_object(finding) for finding in findings], indent=2, ensure_ascii=False) + "\n"
