"""Test results and findings as JUnit XML, the dialect that GitLab, Jenkins, Azure DevOps and GitHub actions read.

One ``testsuite`` for each detection or file. Fields: https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tocsin.content.finding import Finding, Level
from tocsin.report.results import CaseReport, Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {Outcome.FAILED: "failure", Outcome.ERROR: "error", Outcome.SKIPPED: "skipped"}
_NOT_TESTABLE = "not-testable"
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


def render_findings(findings: Iterable[Finding], *, strict: bool = False) -> bytes:
    """Findings as an XML document: one that fails the run (an error; with ``strict`` a warning, too) is a failed case,
    any other a passed one that says what was found. Without findings there is one case, which passed."""
    files: dict[str, list[Finding]] = {}
    for one in findings:
        files.setdefault(one.location.file, []).append(one)
    failing = (Level.ERROR, Level.WARNING) if strict else (Level.ERROR,)
    every = [one for found in files.values() for one in found]
    root = Element("testsuites", {"name": "tocsin lint", **_finding_counts(every, failing)})
    for file, found in files.items():
        suite = SubElement(root, "testsuite", {"name": _text(file), **_finding_counts(found, failing)})
        for one in found:
            _add_finding(suite, one, one.level in failing)
    if not files:
        suite = SubElement(root, "testsuite", {"name": "lint", **_finding_counts([], failing), "tests": "1"})
        SubElement(suite, "testcase", {"classname": "lint", "name": "no findings", "time": "0.000"})
        root.set("tests", "1")
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _add_finding(suite: Element, finding: Finding, failed: bool) -> None:
    place = finding.location
    attributes = {
        "classname": _text(place.file),
        "name": _text(f"{finding.code} at {place.line}:{place.column}: {finding.message}"),
        "file": _text(place.file),
        "line": str(place.line),
        "time": "0.000",
    }
    element = SubElement(suite, "testcase", attributes)
    lines = [f"{place}: {finding.level.value}[{finding.code}] {finding.message}", *finding.notes]
    told = _text("\n".join([*lines, *([f"help: {finding.help}"] if finding.help else ())]))
    if failed:
        SubElement(element, "failure", {"message": _text(finding.message), "type": finding.slug}).text = told
    else:
        SubElement(element, "system-out").text = told


def _finding_counts(findings: list[Finding], failing: tuple[Level, ...]) -> dict[str, str]:
    failures = sum(1 for one in findings if one.level in failing)
    return {"tests": str(len(findings)), "failures": str(failures), "errors": "0", "skipped": "0", "time": "0.000"}


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
        attributes = {"message": _text(case.message), **({"type": _NOT_TESTABLE} if case.not_testable else {})}
        SubElement(element, tag, attributes).text = _text(case.details) or None


def _counts(cases: list[CaseReport]) -> dict[str, str]:
    counts = {name: str(sum(case.outcome is outcome for case in cases)) for name, outcome in _COUNTS.items()}
    return {"tests": str(len(cases)), **counts, "time": f"{sum(case.seconds for case in cases):.3f}"}


def _text(text: str) -> str:
    """XML has no way to write most control characters and lone surrogates."""
    return _NOT_XML.sub("\ufffd", text)
