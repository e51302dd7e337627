"""A whole run as one JSON object: findings, cases, files made, and whether it passed.

::

    {"passed": false, "failures": ["1 error"], "seconds": 4.2,
     "content": {"detections": 3, …}, "findings": […], "cases": […], "compiled": […]}

``findings``, ``cases`` and ``compiled`` are null for a stage that did not run.
"""

from __future__ import annotations

import json
from typing import Any

from tocsin.report.json import finding_object
from tocsin.report.results import CaseReport
from tocsin.report.summary import Summary


def case_object(case: CaseReport) -> dict[str, Any]:
    """One case as plain data; ``line`` and ``column`` count from 1, ``seconds`` is wall time.

    ``notTestable``: the query needs what the local engine refuses, so nothing is known of the rule.
    """
    return {
        "detection": case.detection,
        "name": case.name,
        "outcome": case.outcome.value,
        "notTestable": case.not_testable,
        "message": case.message,
        "details": case.details,
        "explanation": case.explanation,
        "file": case.location.file,
        "line": case.location.line,
        "column": case.location.column,
        "seconds": round(case.seconds, 6),
    }


def render(summary: Summary) -> str:
    """The object as JSON text, ending in a newline."""
    content = summary.content
    counted = ("detections", "parsers", "watchlists", "tables")
    run = {
        "passed": summary.passed,
        "failures": list(summary.failures),
        "seconds": round(summary.seconds, 3),
        "content": None if content is None else {name: len(getattr(content, name)) for name in counted},
        "findings": None if summary.findings is None else [finding_object(one) for one in summary.findings],
        "cases": None if summary.cases is None else [case_object(one) for one in summary.cases],
        "compiled": None if summary.compiled is None else list(summary.compiled),
    }
    return json.dumps(run, indent=2, ensure_ascii=False) + "\n"
