"""All content of a repository as resources; what the service would not take is a finding instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.compile.analytics_rule import YAML_FIELDS, analytics_rule_body
from tocsin.compile.findings import body_finding, content_finding
from tocsin.compile.resources import API_VERSIONS, ORDER, Resource, deployment_record
from tocsin.compile.triage import description_with_triage
from tocsin.compile.workspace_content import TABLE_COLUMN_TYPES, function_body, table_body, watchlist_body
from tocsin.content.finding import Finding, Level
from tocsin.content.models import CustomTable, Detection, Parser
from tocsin.content.repository import Loaded, LoadedWatchlist, Repository
from tocsin.sentinel.definitions import Problem, body_problems

Compiled = tuple[Resource | None, tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class CompiledContent:
    """What a repository becomes: resources in the order they can be made (each with its deployment record in
    ``records``), and what is wrong with it. With ``refused`` content nothing may be written or deployed: a part of it
    is missing."""

    resources: tuple[Resource, ...]
    records: tuple[Resource, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        return any(finding.level is Level.ERROR for finding in self.findings)


def compile_content(repository: Repository) -> CompiledContent:
    """Compile everything that is loaded. ``findings`` holds the repository's own and those of compiling."""
    resources: list[Resource] = []
    findings: list[Finding] = list(repository.findings)
    for resource, problems in _compile_each(repository):
        findings.extend(problems)
        if resource is not None:
            resources.append(resource)
    resources.sort(key=lambda resource: (ORDER.index(resource.type), resource.name.lower()))
    records = tuple(record for record in map(deployment_record, resources) if record is not None)
    return CompiledContent(tuple(resources), records, tuple(findings))


def _compile_each(repository: Repository) -> Iterator[Compiled]:
    for table in repository.tables.values():
        yield _compile_table(table)
    for watchlist in repository.watchlists.values():
        yield _compile_watchlist(watchlist)
    for parser in repository.parsers.values():
        yield _compile_parser(parser)
    for detection in repository.detections.values():
        yield _compile_detection(detection)


def _compile_detection(loaded: Loaded[Detection]) -> Compiled:
    rule = loaded.model
    complete = description_with_triage(rule.description, rule.extension.triage)[1]
    notices = () if complete else (_triage_cut(loaded),)
    resource, problems = _checked(
        "alertRules",
        rule.id,
        analytics_rule_body(rule),
        rule.name,
        loaded,
        ("id",),
        YAML_FIELDS,
        rule.version or "",
    )
    return resource, notices + problems


def _triage_cut(loaded: Loaded[Detection]) -> Finding:
    return content_finding(
        "COMP010",
        loaded.document.location("x-tocsin", "triage"),
        "the triage guide does not fit into the rule's description: its last sections are left out",
        "shorten the description or the guide: together at most 5,000 characters",
    )


def _compile_parser(loaded: Loaded[Parser]) -> Compiled:
    parser = loaded.model
    if parser.name.startswith("_"):
        finding = content_finding(
            "COMP011",
            loaded.document.location("ParserName"),
            f'the function name "{parser.name}" starts with _, which is reserved for solutions',
            "choose a name that starts with a letter",
        )
        return None, (finding,)
    yaml_fields = {
        "displayName": "Parser",
        "query": "ParserQuery",
        "functionAlias": "ParserName",
        "functionParameters": "ParserParams",
    }
    return _checked(
        "savedSearches", parser.name, function_body(parser), parser.name, loaded, ("ParserName",), yaml_fields,
        parser.header.version,
    )  # fmt: skip


def _compile_watchlist(loaded: LoadedWatchlist) -> Compiled:
    watchlist = loaded.model
    body = watchlist_body(watchlist, loaded.rows, loaded.path)
    return _checked(
        "watchlists", watchlist.alias, body, watchlist.display_name, loaded, ("alias",), {"source": "source"}, ""
    )


def _compile_table(loaded: Loaded[CustomTable]) -> Compiled:
    table = loaded.model
    findings = tuple(
        content_finding(
            "COMP012",
            loaded.document.location("columns", index, "type"),
            f'a custom table cannot have the column type {column.type} (column "{column.name}")',
            f"use one of: {', '.join(TABLE_COLUMN_TYPES)}",
        )
        for index, column in enumerate(table.columns)
        if column.type not in TABLE_COLUMN_TYPES
    )
    if findings:
        return None, findings
    return _checked("tables", table.name, table_body(table), table.name, loaded, ("name",), {}, "")


def _checked(
    resource_type: str,
    name: str,
    body: Mapping[str, Any],
    title: str,
    loaded: Loaded[Any],
    defined_at: tuple[str, ...],
    yaml_fields: Mapping[str, str],
    version: str,
) -> Compiled:
    """The resource in the first API version that takes its body, or the findings why none does."""
    problems: tuple[Problem, ...] = ()
    for api_version in API_VERSIONS[resource_type]:
        problems = body_problems(resource_type, api_version, body)
        if not problems:
            location = loaded.document.location(*defined_at)
            return Resource(resource_type, name, api_version, body, title, location, version), ()
    # The newest version knows most, so its problems are the real ones.
    place: Callable[..., Any] = loaded.document.location
    return None, tuple(body_finding(problem, yaml_fields, place) for problem in problems)
