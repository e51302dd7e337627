"""How long ``tocsin lint`` takes for a repository of 1,000 detections: cold, warm and after one change.

    python tests/benchmarks/lint_repository.py [--detections 1000] [--workers 2] [--service]

The detections are made here: queries of this file's own, of different lengths and operators, each with other names and
numbers, a parser that a fifth of them use, mappings and custom details. ``--service`` gives the same queries to
Microsoft's language service alone (Node, as tests/oracle does), which only parses and binds them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ORACLE = Path(__file__).parents[1] / "oracle"
PARSER = """\
Parser: {Title: Mails of a day, Version: 1.0.0}
ParserName: MailsOfADay
ParserQuery: |
  EmailEvents
  | where TimeGenerated > ago(1d)
  | extend Domain = tolower(SenderFromDomain), Size = strlen(Subject)
"""
QUERIES = (
    (
        """SigninLogs
| where ResultType != '0' and AppDisplayName has 'app{n}'
| summarize TimeGenerated = max(TimeGenerated), Failures = count(), Addresses = make_set(IPAddress, {n})
    by UserPrincipalName
| where Failures > {n}""",
        ("Account", "FullName", "UserPrincipalName"),
    ),
    (
        """let limit{n} = {n};
let known = datatable(Address: string) ['192.0.2.{o}', '198.51.100.{o}'];
OfficeActivity
| where Operation in ('New-InboxRule', 'Set-InboxRule')
| where ClientIP !in (known)
| extend Parameter = parse_json(Parameters)
| mv-expand Parameter
| extend Name = tostring(Parameter.Name), Value = tostring(Parameter.Value)
| where Name in~ ('ForwardTo', 'RedirectTo') and Value !endswith '@contoso{n}.com'
| summarize TimeGenerated = min(TimeGenerated), Rules = dcount(Value) by UserId, ClientIP
| where Rules >= limit{n}""",
        ("IP", "Address", "ClientIP"),
    ),
    (
        """MailsOfADay()
| where Domain endswith '.example{n}.com' and Size > {o}
| join kind=inner (EmailUrlInfo | where UrlDomain has 'login' | project NetworkMessageId, Url)
    on NetworkMessageId
| project TimeGenerated, NetworkMessageId, SenderIPv4, RecipientEmailAddress, Url""",
        ("IP", "Address", "SenderIPv4"),
    ),
    (
        """SecurityEvent
| where EventID == 4625 and LogonType in (3, 10)
| extend Name = strcat(TargetDomainName, '/', TargetUserName)
| extend Kind = case(LogonType == 3, 'network', LogonType == 10, 'remote', 'n{n}')
| summarize TimeGenerated = max(TimeGenerated), Tries = count(), Names = dcount(Name) by IpAddress, Computer, Kind
| where Tries > {o} and Names > 3
| order by Tries desc""",
        ("Host", "HostName", "Computer"),
    ),
    (
        """union isfuzzy=true
    (AuditLogs
    | where OperationName == 'Add member to role {n}'
    | project TimeGenerated, Actor = tostring(InitiatedBy.user.userPrincipalName)),
    (SigninLogs | where RiskLevelDuringSignIn == 'high' | project TimeGenerated, Actor = UserPrincipalName)
| summarize Last = max(TimeGenerated), Seen = count() by Actor, TimeGenerated = bin(TimeGenerated, {o}m)
| project-rename Who = Actor""",
        ("Account", "FullName", "Who"),
    ),
)
"""Queries, and the entity that the result of each holds: type, identifier, column."""
DETECTION = """\
id: 00000000-0000-4000-8000-{number:012}
name: Rule {number} of the benchmark
version: 1.0.0
kind: Scheduled
description: Finds what rule {number} looks for in the logs of a day, so that an analyst can decide.
severity: Medium
queryFrequency: 1h
queryPeriod: 1d
triggerOperator: gt
triggerThreshold: 0
tactics: [InitialAccess]
relevantTechniques: [T1566]
query: |
{query}
entityMappings:
  - entityType: {entity}
    fieldMappings: [{{identifier: {identifier}, columnName: {column}}}]
customDetails: {{Seen: TimeGenerated}}
"""


def queries(count: int) -> Iterator[tuple[str, str, str, str]]:
    for number in range(count):
        text, entity = QUERIES[number % len(QUERIES)]
        yield (text.replace("{n}", str(number + 1)).replace("{o}", str(number % 50 + 2)), *entity)


def make_repository(root: Path, count: int) -> None:
    (root / "parsers").mkdir()
    (root / "parsers/MailsOfADay.yaml").write_text(PARSER, encoding="utf-8")
    for number, (query, entity, identifier, column) in enumerate(queries(count)):
        folder = root / "detections" / f"family{number % 20:02}"
        folder.mkdir(parents=True, exist_ok=True)
        indented = "\n".join(f"  {line}" for line in query.split("\n"))
        text = DETECTION.format(number=number, query=indented, entity=entity, identifier=identifier, column=column)
        (folder / f"rule{number:04}.yaml").write_text(text, encoding="utf-8")


def timed(title: str, root: Path, cache: Path, workers: int) -> None:
    command = [sys.executable, "-c", "from tocsin.cli import main; main()", "lint", "--root", str(root),
               "--format", "json", "--workers", str(workers)]  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env={**os.environ, "TOCSIN_CACHE_DIR": str(cache)}
    )
    seconds = time.perf_counter() - started
    findings = json.loads(done.stdout)
    errors = sum(1 for one in findings if one["level"] == "error")
    print(f"{title:44} {seconds:8.2f} s   {len(findings)} findings, {errors} errors", flush=True)


def language_service(count: int, folder: Path) -> None:
    """The service alone, on the same queries, with the tables that tocsin knows and the parser as a function."""
    sys.path.insert(0, str(ORACLE))
    from service import Service, Unavailable, install

    from tocsin.sentinel.schemas import SETS, packaged_tables

    tables = {
        name: {column.name: column.type.value for column in columns}
        for group in reversed(SETS)
        for name, columns in packaged_tables(group).items()
    }
    (folder / "catalogue.json").write_text(json.dumps({"sentinel": tables, "other": {}}), encoding="utf-8")
    body = PARSER.partition("ParserQuery: |\n")[2]
    functions = [{"name": "MailsOfADay", "parameters": "()", "body": body}]
    (folder / "functions.json").write_text(json.dumps(functions), encoding="utf-8")
    requests = [{"id": str(number), "query": one[0], "env": "sentinel"} for number, one in enumerate(queries(count))]
    started = time.perf_counter()
    try:
        install()
        told = Service(folder / "catalogue.json", folder / "functions.json").ask(requests)
    except Unavailable as why:
        print(f"no language service: {why}")
        return
    seconds = time.perf_counter() - started
    if any("failed" in one for one in told):
        raise SystemExit(f"the language service failed: {told[0]}")
    inside = sum(one["ms"] for one in told) / 1000
    print(f"{'the language service alone, in one process':44} {seconds:8.2f} s   {inside:.2f} s without its start")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--detections", type=int, default=1000)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--service", action="store_true")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "repository", Path(folder) / "cache"
        root.mkdir()
        make_repository(root, given.detections)
        print(f"{given.detections} detections, {given.workers} processes")
        timed("cold", root, cache, given.workers)
        timed("nothing changed", root, cache, given.workers)
        rule = next((root / "detections").rglob("*.yaml"))
        rule.write_text(rule.read_text(encoding="utf-8").replace("Medium", "High"), encoding="utf-8")
        timed("one rule changed", root, cache, given.workers)
        parser = root / "parsers/MailsOfADay.yaml"
        parser.write_text(parser.read_text(encoding="utf-8").replace("ago(1d)", "ago(2d)"), encoding="utf-8")
        timed("a parser changed that a fifth of them read", root, cache, given.workers)
        if given.service:
            language_service(given.detections, Path(folder))


if __name__ == "__main__":
    main()
