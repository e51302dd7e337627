"""Findings of compiling: content that is well-formed, yet cannot be expressed as what the service takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Location
from tocsin.sentinel.definitions import Problem


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding: its words, its level, what it means (``about``), and what to do when the place that reports it
    knows nothing better."""

    slug: str
    level: Level = Level.ERROR
    about: str = ""
    help: str = "change the field so that the service takes it"


KINDS: Mapping[str, Kind] = {
    "COMP001": Kind(
        "compile.query-length",
        about="The query is longer than the service takes.",
        help="shorten the query: move what rules share into a parser, long lists into a watchlist",
    ),
    "COMP002": Kind(
        "compile.entity-mapping",
        about="The entity mappings are not what the service takes.",
        help="at most 10 mappings, each with one to three identifiers of its type and one that names the entity",
    ),
    "COMP003": Kind(
        "compile.custom-details",
        about="The custom details are not what the service takes.",
        help="at most 20 names of 20 letters, digits and _, each with the name of a column",
    ),
    "COMP004": Kind(
        "compile.alert-details",
        about="A title or description of the alert is not what the service takes.",
        help="at most 256 characters in the title, 5,000 in the description, 3 columns in each",
    ),
    "COMP005": Kind(
        "compile.incident-grouping",
        about="The incident configuration is not what the service takes.",
        help="group by what the rule maps, within 5m to 7d",
    ),
    "COMP006": Kind(
        "compile.schedule",
        about="A time or threshold of the rule is outside what the service takes.",
        help="queryFrequency and queryPeriod are 5m to 14d, suppressionDuration 5m to 24h",
    ),
    "COMP007": Kind(
        "compile.attack",
        about="A tactic or technique that the service does not know.",
        help="write techniques as T1566 or T1566.002 and tactics by their Sentinel names",
    ),
    "COMP008": Kind(
        "compile.text-length",
        about="A name or description is too long for the service.",
        help="a name has at most 256 characters, a description 5,000",
    ),
    "COMP009": Kind("compile.body", about="Another field that Microsoft's definition of the request refuses."),
    "COMP010": Kind(
        "compile.triage-cut", Level.WARNING, about="The triage guide does not fit into the description and is cut."
    ),
    "COMP011": Kind("compile.reserved-name", about="A name that Azure keeps for itself."),
    "COMP012": Kind("compile.column-type", about="A column has a type that the tables API does not have."),
    "COMP013": Kind("compile.template-size", about="The ARM template is larger than a deployment takes."),
}

_KIND_OF_FIELD: tuple[tuple[str, str], ...] = (
    ("query", "COMP001"),
    ("entityMappings", "COMP002"),
    ("sentinelEntitiesMappings", "COMP002"),
    ("customDetails", "COMP003"),
    ("alertDetailsOverride", "COMP004"),
    ("incidentConfiguration", "COMP005"),
    ("queryFrequency", "COMP006"),
    ("queryPeriod", "COMP006"),
    ("triggerOperator", "COMP006"),
    ("triggerThreshold", "COMP006"),
    ("suppressionDuration", "COMP006"),
    ("startTimeUtc", "COMP006"),
    ("tactics", "COMP007"),
    ("techniques", "COMP007"),
    ("subTechniques", "COMP007"),
    ("displayName", "COMP008"),
    ("description", "COMP008"),
)


def content_finding(code: str, location: Location, message: str, help: str = "") -> Finding:
    """A finding of the kind ``code`` (a row of ``KINDS``) at a place in a content file."""
    kind = KINDS[code]
    return Finding(code, kind.slug, kind.level, message, help or kind.help, location)


def body_finding(problem: Problem, yaml_fields: Mapping[str, str], location: Callable[..., Location]) -> Finding:
    """A problem of a compiled body, at the YAML field it comes from.

    ``yaml_fields`` renames API properties to YAML fields; ``location`` is that of the document.
    """
    parts = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", problem.path)]
    if parts and parts[0] == "properties":
        parts = parts[1:]
    field = str(parts[0]) if parts else ""
    code = dict(_KIND_OF_FIELD).get(field, "COMP009")
    # A renamed field does not have the same items: techniques and sub-techniques share one list.
    path = (yaml_fields[field],) if field in yaml_fields else tuple(parts)
    shown = ".".join(str(part) for part in path if isinstance(part, str))
    return content_finding(code, location(*path), f"{shown or 'the file'}: {problem.message}")
