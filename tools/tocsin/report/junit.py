"""Test results as JUnit XML, the dialect that GitLab, Jenkins, Azure DevOps and GitHub actions read.

One ``testsuite`` for each detection. Fields: https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tocsin.report.results import CaseReport, Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {Outcome.FAILED: "failure", Outcome.ERROR: "error", Outcome.SKIPPED: "skipped"}
_COUNTS = {"failures": Outcome.FAILED, "errors": Outcome.ERROR, "skipped": Outcome.SKIPPED}


def render(cases: Iterable[CaseReport]) -> bytes:
    """The XML document, UTF-8. Suites and cases keep the order in which they come."""
    suites: dict[str, list[CaseReport]] = {}
    for case in cases:
        suites.setdefault(case.detection, []).append(case)
    every = [case for suite in suites.values() for case in suite]
    root = Element("testsuites", {"name": "tocsin", **_counts(every)})
    for detection, members in suites.items():
        suite = SubElement(root, "testsuite", {"name": _text(detection), **_counts(members)})
        for case in members:
            _add_case(suite, case)
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _add_case(suite: Element, case: CaseReport) -> None:
    element = SubElement(
        suite,
        "testcase",
        {
            "classname": _text(case.detection.replace("/", ".")),
            "name": _text(case.name),
            "file": _text(case.location.file),
            "line": str(case.location.line),
            "time": f"{case.seconds:.3f}",
        },
    )
    tag = _TAGS.get(case.outcome)
    if tag is not None:
        SubElement(element, tag, {"message": _text(case.message)}).text = _text(case.details) or None


def _counts(cases: list[CaseReport]) -> dict[str, str]:
    counts = {name: str(sum(case.outcome is outcome for case in cases)) for name, outcome in _COUNTS.items()}
    return {"tests": str(len(cases)), **counts, "time": f"{sum(case.seconds for case in cases):.3f}"}


def _text(text: str) -> str:
    """XML has no way to write most control characters and lone surrogates."""
    return _NOT_XML.sub("\ufffd", text)
