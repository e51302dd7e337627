"""How long a day of logs takes through all shipped rules, and how much memory.

    python tests/benchmarks/replay.py [--events 1000000] [--workers 2] [--keep FOLDER] [--profile]

Makes the logs in a folder below the system's temporary one: of 100 events 60 are in EmailEvents, 30 in OfficeActivity,
10 in MailHeaders_CL, as one finds them in a workspace: every message has ids, sender, address and subject of its own
choice out of many, one in ten goes to several recipients, audit records are mostly of other operations than inbox
rules, headers are about 25 a message, records arrive up to three minutes late. Attacks of each kind are mixed in.
Prints seconds, events a second and the largest resident size of each process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[2]
DAY = datetime(2026, 9, 14, tzinfo=UTC)
OWN = ("example.com", "example.onmicrosoft.com", "sub.mail.example.org")
TENANT = "11111111-2222-3333-4444-555555555555"
PEOPLE = 8_000
OUTSIDE = 40_000
WORDS = ("invoice", "report", "meeting", "lunch", "project", "update", "order", "delivery", "newsletter", "offer")
OPERATIONS = ("MailItemsAccessed", "FileAccessed", "FileDownloaded", "SendAs", "MoveToDeletedItems", "Update", "Create")
ATTACK_EVERY = 5_000


def main() -> None:
    """Make the logs, replay them, say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--workers", default="2")
    parser.add_argument("--keep", type=Path, help="make the logs here, or use those that are here")
    parser.add_argument("--profile", action="store_true", help="one process, and where its time goes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.keep or Path(made)
        started = time.perf_counter()
        if not (folder / "EmailEvents.jsonl").exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_logs(folder, arguments.events)
            print(f"made {arguments.events:,} events in {time.perf_counter() - started:.0f} s", flush=True)
        size = sum(path.stat().st_size for path in folder.glob("*.jsonl"))
        print(f"{size / 1e6:,.0f} MB of JSON lines", flush=True)
        started = time.perf_counter()
        workers = "1" if arguments.profile else arguments.workers
        calling = "from tocsin.cli import main; main()"
        if arguments.profile:
            calling = f"import cProfile; cProfile.run({calling!r}, sort='tottime')"
        program = [sys.executable, "-c", calling, "replay", str(folder), "--root", str(ROOT)]
        finished = subprocess.run([*program, "-n", workers], check=False)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"exit status {finished.returncode}, {seconds:.1f} s, {arguments.events / seconds:,.0f} events a second")
        print(
            f"{used.ru_utime + used.ru_stime:.1f} s of processor time, largest process {used.ru_maxrss / 1e3:,.0f} MB"
        )


def write_logs(folder: Path, events: int) -> None:
    """A day of logs with this many events."""
    random = Random(1)
    headers, activities = events // 10, events * 3 // 10
    write(folder / "EmailEvents.jsonl", emails(random, events - headers - activities))
    write(folder / "OfficeActivity.jsonl", office_activities(random, activities))
    write(folder / "MailHeaders_CL.jsonl", mail_headers(random, headers))


def write(path: Path, records: Iterator[dict[str, Any]]) -> None:
    """Records as JSON lines."""
    with path.open("w", encoding="utf-8") as stream:
        for record in records:
            stream.write(json.dumps(record, separators=(",", ":")))
            stream.write("\n")


def times(random: Random, count: int) -> Iterator[tuple[str, str]]:
    """TimeGenerated and time of ingestion, most of them in working hours."""
    weights = [1, 1, 1, 1, 1, 2, 4, 8, 10, 10, 9, 8, 7, 9, 10, 9, 8, 6, 4, 3, 2, 2, 1, 1]
    hours = sorted(random.choices(range(24), weights, k=count))
    for hour in hours:
        at = DAY + timedelta(hours=hour, microseconds=random.randrange(3_600_000_000))
        arrived = at + timedelta(seconds=20 + min(random.expovariate(1 / 40), 160))
        yield text_of(at), text_of(arrived)


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def identifier(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def person(random: Random) -> str:
    return f"person{random.randrange(PEOPLE)}@{OWN[0]}"


def outsider(random: Random) -> tuple[str, str, str]:
    """Address, domain and IP of somebody outside."""
    number = min(int(random.paretovariate(0.6)), OUTSIDE)
    domain = f"firm{number % 6_000}.example.net"
    return f"sender{number}@{domain}", domain, f"198.18.{number % 250}.{number // 250 % 250}"


def subject(random: Random) -> str:
    return f"{' '.join(random.choices(WORDS, k=4))} {random.randrange(100_000)}"


def emails(random: Random, count: int) -> Iterator[dict[str, Any]]:
    """Messages of a day, a row for each recipient."""
    recipients = 0
    message: dict[str, Any] = {}
    for number, (time_, arrived) in enumerate(times(random, count)):
        if recipients > 0:
            recipients -= 1
        else:
            message = _message(random, is_attack=number % ATTACK_EVERY == 7)
            recipients = random.choice((0,) * 9 + (4,))
        to = person(random)
        yield {
            "TimeGenerated": time_,
            "_IngestionTime": arrived,
            **message,
            "ReportId": f"{message['NetworkMessageId']}-{number}",
            "RecipientEmailAddress": to,
            "RecipientDomain": OWN[0],
            "RecipientObjectId": f"7f0d3f8b-2f51-4a2c-9d31-{to[6 : to.index('@')]:0>12}",
        }


def _message(random: Random, *, is_attack: bool) -> dict[str, Any]:
    address, domain, ip = outsider(random)
    direction = random.choices(("Inbound", "Intra-org", "Outbound"), (6, 3, 1))[0]
    passed = random.random() < 0.9
    connector = ""
    if is_attack:
        address, domain, ip = person(random), OWN[0], f"203.0.113.{random.randrange(1, 250)}"
        direction, passed = "Inbound", False
    elif direction != "Inbound":
        address, domain, ip = person(random), OWN[0], ""
    elif random.random() < 0.1:
        connector = "5c0b7a8e-41d1-4b0e-9c55-000000000c01"
    verdict = "pass" if passed else "fail"
    return {
        "TenantId": "aaaaaaaa-0000-0000-0000-000000000001",
        "Type": "EmailEvents",
        "NetworkMessageId": identifier(random),
        "InternetMessageId": f"<{random.getrandbits(64):x}@{domain}>",
        "EmailDirection": direction,
        "SenderFromAddress": address,
        "SenderFromDomain": domain,
        "SenderMailFromAddress": address,
        "SenderMailFromDomain": domain,
        "SenderDisplayName": address.partition("@")[0],
        "SenderObjectId": "",
        "SenderIPv4": ip,
        "SenderIPv6": "",
        "Subject": subject(random),
        "AuthenticationDetails": json.dumps(
            {"SPF": verdict, "DKIM": "pass" if passed else "none", "DMARC": verdict, "CompAuth": verdict}
        ),
        "Connectors": connector,
        "DeliveryAction": "Delivered",
        "DeliveryLocation": "Inbox/folder",
        "LatestDeliveryAction": "Delivered",
        "LatestDeliveryLocation": "Inbox/folder",
        "ThreatTypes": "",
        "DetectionMethods": "",
        "EmailAction": "",
        "OrgLevelPolicy": "",
        "UserLevelPolicy": "",
        "EmailClusterId": random.getrandbits(32),
        "EmailLanguage": "en",
        "BulkComplaintLevel": 0,
        "AttachmentCount": random.randrange(3),
        "UrlCount": random.randrange(6),
        "EmailSize": random.randrange(2_000, 400_000),
    }


def office_activities(random: Random, count: int) -> Iterator[dict[str, Any]]:
    """Audit records: what people do in mailboxes and files, and now and then an inbox rule."""
    for number, (time_, arrived) in enumerate(times(random, count)):
        who = person(random)
        is_attack = number % ATTACK_EVERY == 11
        is_rule = is_attack or random.random() < 0.002
        record = {
            "TimeGenerated": time_,
            "_IngestionTime": arrived,
            "TenantId": "aaaaaaaa-0000-0000-0000-000000000001",
            "Type": "OfficeActivity",
            "RecordType": "ExchangeAdmin" if is_rule else "ExchangeItem",
            "Operation": "New-InboxRule" if is_rule else random.choice(OPERATIONS),
            "OfficeWorkload": "Exchange",
            "OrganizationId": TENANT,
            "OrganizationName": OWN[1],
            "UserType": "Regular",
            "UserKey": who,
            "UserId": who,
            "MailboxOwnerUPN": "" if is_rule else who,
            "ClientIP": f"198.51.100.{random.randrange(250)}:{random.randrange(1024, 65000)}",
            "ClientInfoString": "Client=OWA;Action=ViaProxy",
            "ResultStatus": "True" if is_rule else "Succeeded",
            "OfficeObjectId": f"EURPR04A001.PROD.OUTLOOK.COM/Hosted Organizations/{OWN[1]}/{identifier(random)}\\rule",
            "OfficeId": identifier(random),
            "SourceRecordId": identifier(random),
            "Folder": json.dumps({"Id": identifier(random), "Path": "\\Inbox"}),
        }
        if is_rule:
            to = f"collector{random.randrange(500)}@elsewhere.example.net" if is_attack else person(random)
            settings = {"Name": ".", "SubjectContainsWords": "invoice"} if is_attack else {"Name": subject(random)}
            pairs = {**settings, "ForwardTo" if is_attack else "MoveToFolder": to, "StopProcessingRules": "True"}
            record["Parameters"] = json.dumps([{"Name": name, "Value": value} for name, value in pairs.items()])
        yield record


def mail_headers(random: Random, count: int) -> Iterator[dict[str, Any]]:
    """Headers of messages as a collector writes them."""
    for number, (time_, arrived) in enumerate(times(random, count)):
        is_attack = number % (ATTACK_EVERY // 5) == 13
        address, domain, ip = outsider(random)
        if is_attack:
            address, domain, ip = person(random), OWN[0], f"203.0.113.{random.randrange(1, 250)}"
        to, id_, title = person(random), identifier(random), subject(random)
        yield {
            "TimeGenerated": time_,
            "_IngestionTime": arrived,
            "CollectionSource": "GraphPull",
            "NetworkMessageId": id_,
            "InternetMessageId": f"<{random.getrandbits(64):x}@{domain}>",
            "RecipientEmailAddress": to,
            "Subject": title,
            "RawHeaders": [
                {"name": name, "value": value}
                for name, value in _headers(random, address, domain, ip, to, id_, title, time_, is_attack=is_attack)
            ],
        }


def _headers(
    random: Random,
    address: str,
    domain: str,
    ip: str,
    to: str,
    id_: str,
    title: str,
    time_: str,
    *,
    is_attack: bool,
) -> Iterator[tuple[str, str]]:
    server = f"AM{random.randrange(40)}PR04MB{random.randrange(4000):04}.eurprd04.prod.outlook.com"
    front = f"DB{random.randrange(9)}EUR05FT{random.randrange(60):03}.mail.protection.outlook.com"
    result = "fail" if is_attack else "pass"
    yield "Received", f"from {server} (2603:10a6::{random.randrange(9999)}) by {server} with HTTPS; {time_}"
    yield "Received", f"from {front} (2603:10a6:20b::{random.randrange(99)}) by {server} with Microsoft SMTP; {time_}"
    yield "Received", f"from mail.{domain} ({ip}) by {front} (10.233.{random.randrange(250)}.8) with SMTP; {time_}"
    yield (
        "Authentication-Results",
        f"spf={result} (sender IP is {ip}) smtp.mailfrom={domain}; dkim={result} header.d={domain};"
        f"dmarc={result} action=none header.from={domain};compauth={result} reason={'001' if is_attack else '100'}",
    )
    yield "Received-SPF", f"{result} (protection.outlook.com: domain of {domain}) client-ip={ip}; helo=mail.{domain};"
    yield "From", f'"{address.partition("@")[0]}" <{address}>'
    yield "To", f"<{to}>"
    yield "Subject", title
    yield "Date", time_
    yield "Message-ID", f"<{random.getrandbits(64):x}@{domain}>"
    yield (
        "DKIM-Signature",
        f"v=1; a=rsa-sha256; d={domain}; s=sel; bh={random.getrandbits(256):x}; b={random.getrandbits(900):x}",
    )
    yield "MIME-Version", "1.0"
    yield "Content-Type", 'multipart/alternative; boundary="b"'
    yield "Return-Path", address
    yield "X-MS-Exchange-Organization-ExpirationStartTime", time_
    yield "X-MS-Exchange-Organization-Network-Message-Id", id_
    yield "X-EOPAttributedMessage", "0"
    yield "X-EOPTenantAttributedMessage", f"{TENANT}:0"
    yield "X-MS-Exchange-Organization-MessageDirectionality", "Incoming"
    yield "X-MS-PublicTrafficType", "Email"
    yield "X-MS-Exchange-Organization-AuthSource", front
    yield "X-MS-Exchange-Organization-AuthAs", "Anonymous"
    yield "X-MS-Exchange-Organization-SCL", "1"
    yield (
        "X-Forefront-Antispam-Report",
        f"CIP:{ip};CTRY:DE;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;H:mail.{domain};PTR:;CAT:NONE;DIR:INB;",
    )
    yield "X-MS-Exchange-CrossTenant-Id", TENANT
    yield "X-MS-Exchange-CrossTenant-AuthAs", "Anonymous"
    yield "X-MS-Exchange-Transport-EndToEndLatency", f"00:00:0{random.random() * 9:.7f}"


if __name__ == "__main__":
    main()
