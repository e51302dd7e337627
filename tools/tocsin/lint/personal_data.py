"""What in recorded data may belong to somebody real: addresses, domains, tenants, telephone numbers; and secrets.

Invented data has its own names and numbers: RFC 2606 and 6761 (names), RFC 5737 and 3849 (addresses), 555-0100 to
555-0199 (telephone), and the companies that Microsoft's documentation uses. What is neither that nor a public service
is told, once for each value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

FICTIONAL: Final = frozenset((
    "contoso", "fabrikam", "adatum", "adventure-works", "adventureworks", "alpineskihouse", "bellowscollege",
    "bestforyouorganics", "blueyonderairlines", "cohovineyard", "cohowinery", "consolidatedmessenger", "cpandl",
    "fineartschool", "firstupconsultants", "fourthcoffee", "graphicdesigninstitute", "humongousinsurance",
    "lamnahealthcare", "libertysdelightfulsinfulbakeryandcafe", "litware", "litwareinc", "lucernepublishing",
    "margiestravel", "munsonspicklesandpreservesfarm", "nodpublishers", "northwind", "northwindtraders",
    "phone-company", "proseware", "relecloud", "southridgevideo", "tailspintoys", "tailwindtraders",
    "thephone-company", "treyresearch", "vanarsdelltd", "wideworldimporters", "wingtiptoys", "woodgrovebank",
    "woodgrove", "example",
))  # fmt: skip
"""Second-level names of companies that do not exist (https://learn.microsoft.com/style-guide, fictitious names)."""

RESERVED: Final = (".example", ".test", ".invalid", ".localhost", ".local", ".internal", ".arpa", ".corp", ".lan")
"""Endings that no public name has (RFC 2606, 6761, 6762), and those of networks inside."""

SERVICES: Final = (
    "prod.outlook.com", "protection.outlook.com", "mail.protection.outlook.com", "outlook.office365.com",
    "outlook.office.com", "microsoft.com", "office.com", "office365.com", "office.net", "microsoftonline.com",
    "windows.net", "windows.com", "azure.com", "azure.net", "azurewebsites.net", "azureedge.net", "live.com",
    "sharepoint.com", "msn.com", "skype.com", "bing.com", "visualstudio.com", "amazonaws.com", "google.com",
    "googleapis.com", "gstatic.com", "cloudfront.net", "github.com", "githubusercontent.com", "exchangelabs.com",
    "outlook.com", "mitre.org", "w3.org", "schemas.xmlsoap.org", "xmlsoap.org",
)  # fmt: skip
"""Hosts of services that say nothing of who uses them. As the domain of a person's address, only the first three."""

PUBLIC_ADDRESSES: Final = frozenset(("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "168.63.129.16"))
"""Resolvers and the platform address of Azure: addresses of services, not of anybody."""

PUBLIC_TENANTS: Final = frozenset(
    (
        "72f988bf-86f1-41af-91ab-2d7cd011db47",  # Microsoft
        "f8cdef31-a31e-4b4a-93e4-5f571e91255a",  # Microsoft services
        "9188040d-6c67-4c5b-b112-36a304b66dad",  # personal accounts
    )
)

_TOP_LEVEL = (
    "com|net|org|info|biz|io|co|me|app|dev|cloud|online|site|xyz|top|shop|club|eu|us|uk|de|at|ch|fr|it|es|pt|nl|be|lu|dk"
    "|se|no|fi|pl|cz|sk|hu|ro|bg|gr|ie|ru|ua|tr|il|in|cn|jp|kr|hk|sg|au|nz|br|mx|ar|ca|za|gov|edu|mil"
)
_LABELS = rf"(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.)+(?:{_TOP_LEVEL})(?![a-z0-9-]|\.[a-z0-9])"
_MAIL = re.compile(r"[\w.+'-]{1,64}@((?:[\w-]+\.)+[a-z]{2,24})\b", re.IGNORECASE)
_HOST = re.compile(rf"(?<![\w.@/\\-]){_LABELS}|(?<=://){_LABELS}", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w./\\-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w.:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:]|\.\d)", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\w.+])\+(?:\d{9,15}|\d{1,3}[ .-]?(?:\(\d{1,5}\)[ .-]?)?\d{2,5}(?:[ ./-]\d{2,8}){1,3})(?![\w-]|\.\d)"
)
_TENANT = re.compile(
    r"(?:tenant_?id|organization_?id|\btid)\\?[\"']?\s*[:=]\s*\\?[\"']?"
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something in a text that may be real: where, what, and what to write instead."""

    start: int
    text: str
    message: str
    help: str


def suspects(text: str) -> Iterator[Suspect]:
    """What in a text may belong to somebody real, each value once, in the order of kinds and places."""
    seen: set[str] = set()
    for find in (_mails, _hosts, _addresses, _tenants, _phones):
        for suspect in find(text):
            if suspect.text.lower() not in seen:
                seen.add(suspect.text.lower())
                yield suspect


def _mails(text: str) -> Iterator[Suspect]:
    for found in _MAIL.finditer(text):
        domain = found.group(1)
        if not is_invented(domain) and not _is_below(domain, SERVICES[:3]):
            help = "write an address at example.com or contoso.com"
            yield Suspect(found.start(), found.group(), f"{found.group()} may be somebody's address", help)


def _hosts(text: str) -> Iterator[Suspect]:
    for found in _HOST.finditer(text):
        host = found.group()
        if not is_invented(host) and not _is_below(host, SERVICES):
            yield Suspect(found.start(), host, f"{host} may be somebody's domain", "write example.com, or contoso.com")


@lru_cache(maxsize=4096)
def is_invented(domain: str) -> bool:
    """Whether a name can belong to nobody."""
    labels = domain.lower().rstrip(".").split(".")
    if f".{'.'.join(labels)}".endswith(RESERVED) or len(labels) < 2:
        return True
    if domain.lower().endswith((".onmicrosoft.com", ".sharepoint.com", ".co.uk", ".com.au")):
        return len(labels) < 3 or _is_fictional(labels[-3])
    return _is_fictional(labels[-2])


def _is_fictional(label: str) -> bool:
    """``contoso``, and what is made of it: ``contoso-my``, ``mailcontoso``."""
    if label.startswith("xn--"):  # the letters of it that are ASCII
        label = label.removeprefix("xn--").rpartition("-")[0]
    near = get_close_matches(label, FICTIONAL, n=1, cutoff=0.8)  # what poses as one of them: c0ntoso
    return bool(near) or any(len(name) > 6 and name in label for name in FICTIONAL)


def _is_below(host: str, services: tuple[str, ...]) -> bool:
    return any(f".{host.lower()}".endswith(f".{service}") for service in services)


_WIDE_NETWORK = {4: re.compile(r"/(?:\d|1\d)(?!\d)"), 6: re.compile(r"/(?:\d|[12]\d|3[0-2])(?!\d)")}
"""Prefixes, by version, so short that the network belongs to nobody in particular."""


def _addresses(text: str) -> Iterator[Suspect]:
    for pattern, instead in ((_IPV4, "203.0.113.7 or 198.51.100.7"), (_IPV6, "2001:db8::7")):
        for found in pattern.finditer(text):
            try:
                address = ip_address(found.group())
            except ValueError:
                continue
            is_wide = _WIDE_NETWORK[address.version].match(text, found.end()) is not None
            if address.is_global and not is_wide and found.group() not in PUBLIC_ADDRESSES:
                message = f"{found.group()} is somebody's address"
                yield Suspect(found.start(), found.group(), message, f"write one for documentation: {instead}")


def _tenants(text: str) -> Iterator[Suspect]:
    for found in _TENANT.finditer(text):
        id_ = found.group(1)
        if id_.lower() not in PUBLIC_TENANTS and _looks_drawn(id_):
            message = f"{id_} may be the id of somebody's tenant"
            help = "write one that nobody has, such as aaaaaaaa-0000-0000-0000-000000000001"
            yield Suspect(found.start(1), id_, message, help)


def _looks_drawn(id_: str) -> bool:
    """Whether a GUID was drawn at random: people who make one up repeat digits."""
    digits = id_.replace("-", "").lower()
    return len(set(digits)) >= 11 and re.search(r"(.)\1{4}", digits) is None


_FICTIONAL_PHONES = re.compile(r"55501\d\d$|442079460\d{3}$|441632960\d{3}$|447700900\d{3}$|3315550|4930230125")


def _phones(text: str) -> Iterator[Suspect]:
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", found.group())
        if 9 <= len(digits) <= 15 and _FICTIONAL_PHONES.search(digits) is None:
            message = f"{found.group()} may be somebody's telephone number"
            yield Suspect(
                found.start(), found.group(), message, "write +1 202-555-0143, or another of 555-0100 to -0199"
            )


_SECRETS: Final = {
    "a JSON web token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a storage account key": re.compile(r"\bAccountKey\s*=\s*[\w+/]{40,}={0,2}"),
    "a shared access key": re.compile(r"\bSharedAccessKey\s*=\s*[\w+/]{30,}={0,2}"),
    "a shared access signature": re.compile(r"[?&;]sig=[\w%+/-]{30,}"),
    "an access key of AWS": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})"),
    "a token of Slack": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a key of Google": re.compile(r"\bAIza[\w-]{35}\b"),
    "a bearer token": re.compile(r"\bBearer\s+[\w.~+/-]{24,}=*", re.IGNORECASE),
    "a client secret of Entra ID": re.compile(r"(?<![\w~.-])[\w~.-]{3}8Q~[\w~.-]{31,34}(?![\w~.-])"),
    "a password in a connection string": re.compile(
        r"\b(?:password|pwd)\s*=\s*(?![*x]+\b|<|\$|\{|redacted)[^\s;\"'&\\]{6,}", re.IGNORECASE
    ),
    "a password in an address": re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'\\]{1,64}:[^\s/@\"'\\]{3,64}@"),
}


def secrets(text: str) -> Iterator[Suspect]:
    """What in a text looks like a secret, each once. The message does not repeat it."""
    seen: set[str] = set()
    for what, pattern in _SECRETS.items():
        for found in pattern.finditer(text):
            if found.group() not in seen:
                seen.add(found.group())
                help = "take it out and have it replaced where it is used: what was in git is known"
                yield Suspect(found.start(), found.group(), f"this looks like {what}", help)


Search = Callable[[str], Iterator[Suspect]]
"""Finds suspects in a text."""
