"""Addresses and links made harmless for tickets and chats: ``hxxps[://]evil[.]example``, ``203[.]0[.]113[.]7``.

What only looks like an address (a version number, a file name with an ending) may be changed, too: it stays readable.
"""

from __future__ import annotations

import ipaddress
import re

_SCHEME = re.compile(r"\b(h)tt(ps?)://|\b(f)t(ps?)://|\b([a-z][a-z0-9+.-]{1,15})://", re.IGNORECASE)
_COLONS = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:[.0-9]*)(?![\w:])", re.IGNORECASE)
_DOTTED = re.compile(r"(?<=[^\W_])\.(?=[^\W_])|(?<=-)\.(?=[^\W_])")
_TOKEN = re.compile(r"[^\s,;|\"'<>()\[\]{}]+")
_NAME = re.compile(r"(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)\.?(?=$|[^\w-])|\d{1,3}(?:\.\d{1,3}){3}")


def defanged(text: str) -> str:
    """The text with no link, mail address or IP address that a program would make clickable."""
    return _TOKEN.sub(_token, text)


def _token(found: re.Match[str]) -> str:
    token = _COLONS.sub(_ipv6, found.group())
    token = token.replace("@", "[@]")
    token = _NAME.sub(lambda name: _DOTTED.sub("[.]", name.group()), token)
    return _SCHEME.sub(_scheme, token)


def _ipv6(found: re.Match[str]) -> str:
    try:
        ipaddress.IPv6Address(found.group())
    except ValueError:
        return found.group()
    return found.group().replace(":", "[:]")


def _scheme(found: re.Match[str]) -> str:
    http, secure, ftp, secured, other = found.groups()
    if http:
        return f"{http}xx{secure}[://]"
    return f"{ftp}x{secured}[://]" if ftp else f"{other}[://]"
