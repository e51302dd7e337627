"""Whether a reference is an address that a reader anywhere can open. Nothing is fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

GONE: Final = {
    "docs.microsoft.com": "learn.microsoft.com",
    "technet.microsoft.com": "learn.microsoft.com",
    "gallery.technet.microsoft.com": "learn.microsoft.com/samples",
    "blogs.technet.microsoft.com": "techcommunity.microsoft.com",
    "goo.gl": "the address that it led to",
    "git.io": "the address that it led to",
    "protection.office.com": "security.microsoft.com",
}
"""Hosts that have been switched off or only forward, and where their pages went."""

_INTERNAL = (".local", ".internal", ".corp", ".lan", ".intranet", ".home.arpa", ".localhost", ".test", ".invalid")
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a reference, and what to do."""

    message: str
    help: str


def wrong_with(link: str) -> Problem | None:
    """What is wrong with the form of a reference; None when a reader can open it, as far as its form tells."""
    shown = link if len(link) <= 80 else f"{link[:77]}..."
    if link != link.strip() or re.search(r"\s", link):
        return Problem(f'"{shown}" has blanks in it', "write the address alone; percent-encode blanks as %20")
    try:
        parts = urlsplit(link)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return Problem(f'"{shown}" is no address', "write https://…")
    if parts.scheme != "https":
        if parts.scheme == "http":
            return Problem(f'"{shown}" is not encrypted', "write https://…")
        return Problem(f'"{shown}" is no web address', "write https://…")
    if parts.username or parts.password:
        return Problem("the address holds a user name or password", "take it out, and change the password")
    return _wrong_with_host(host, shown)


def _wrong_with_host(host: str, shown: str) -> Problem | None:
    inside = Problem(f'"{shown}" can be opened inside of one network only', "name a page that every reader can open")
    try:
        return None if ip_address(host).is_global else inside
    except ValueError:
        pass
    if host == "localhost" or (host and "." not in host) or f".{host}".endswith(_INTERNAL):
        return inside
    ascii_host = host.encode("idna").decode("ascii") if _encodable(host) else ""
    if _HOST.fullmatch(ascii_host) is None:
        return Problem(f'"{shown}" has no host that could exist', "write https://host/page")
    if host.lower() in GONE:
        return Problem(f"pages of {host} are gone or only forwarded", f"find it at {GONE[host.lower()]}")
    return None


def _encodable(host: str) -> bool:
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return bool(host)
