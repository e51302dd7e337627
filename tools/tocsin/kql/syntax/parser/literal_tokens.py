"""What literal tokens mean: strings with escapes decoded, numbers, typed literals such as ``datetime(...)``.

Source: https://learn.microsoft.com/kusto/query/scalar-data-types/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from tocsin.kql.literals import parse_datetime, parse_timespan
from tocsin.kql.syntax.tree import LiteralKind, Token, TokenKind
from tocsin.kql.types import INT_MAX, INT_MIN, LONG_MAX, LONG_MIN, Value

_STRING_OPENING = re.compile(r"[hH]?(@?)('|\"|```|~~~)")
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-3][0-7]{2}|[0-7]{1,2})|(.))", re.DOTALL
)
_SIMPLE_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_INTEGER = re.compile(r"[+-]?(?:[0-9]{1,20}|0[xX][0-9a-fA-F]{1,16})")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_GUID = re.compile(r"\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?", re.IGNORECASE)


def string_value(content: str) -> str:
    """The text that a string token stands for; an unclosed one reads to its end."""
    opening = _STRING_OPENING.match(content)
    if opening is None:
        return content
    verbatim, quote = opening.groups()
    body = content[opening.end() :]
    if len(quote) == 3:
        return body[:-3] if body.endswith(quote) else body
    if verbatim:
        closed = (len(body) - len(body.rstrip(quote))) % 2 == 1
        return (body[:-1] if closed else body).replace(quote * 2, quote)
    if "\\" not in body:
        return body.removesuffix(quote)
    bare = _ESCAPE.sub("", body)
    if bare.endswith(quote):
        body = body[:-1]
    return _SURROGATE_PAIR.sub(_joined, _ESCAPE.sub(_unescaped, body))


def _unescaped(match: re.Match[str]) -> str:
    short, long, byte, octal, other = match.groups()
    if other is not None:
        return _SIMPLE_ESCAPES.get(other, other)
    code = int(octal, 8) if octal else int(short or long or byte, 16)
    return chr(code) if code <= 0x10FFFF else "\ufffd"


def _joined(match: re.Match[str]) -> str:
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _content(token: Token) -> str:
    """What stands between the brackets of a typed literal, without quotes; the token itself when bare."""
    text = token.text
    opening = text.find("(")
    if opening < 0:
        return text
    inner = text[opening + 1 :].removesuffix(")").strip()
    return string_value(inner) if inner[:1] in ("'", '"') else inner


def _integer(content: str, low: int, high: int) -> int | None:
    if not _INTEGER.fullmatch(content):
        return None
    number = int(content, 16) if "x" in content or "X" in content else int(content)
    return number if low <= number <= high else None


def _bool(content: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(content.lower())


def _int(content: str) -> int | None:
    return _integer(content, INT_MIN, INT_MAX)


def _long(content: str) -> int | None:
    return _integer(content, LONG_MIN, LONG_MAX)


def _real(content: str) -> float | None:
    return float(content) if _REAL.fullmatch(content) else None


def _decimal(content: str) -> Decimal | None:
    if not _REAL.fullmatch(content) or content.strip("+-")[:1].lower() in ("n", "i"):
        return None
    try:
        return Decimal(content)
    except InvalidOperation:
        return None


def _guid(content: str) -> str | None:
    match = _GUID.fullmatch(content)
    return None if match is None else "-".join(match.groups()).lower()


_READERS: dict[TokenKind, tuple[LiteralKind, Callable[[str], Value]]] = {
    TokenKind.BOOL: (LiteralKind.BOOL, _bool),
    TokenKind.INT: (LiteralKind.INT, _int),
    TokenKind.LONG: (LiteralKind.LONG, _long),
    TokenKind.REAL: (LiteralKind.REAL, _real),
    TokenKind.DECIMAL: (LiteralKind.DECIMAL, _decimal),
    TokenKind.DATETIME: (LiteralKind.DATETIME, parse_datetime),
    TokenKind.TIMESPAN: (LiteralKind.TIMESPAN, parse_timespan),
    TokenKind.GUID: (LiteralKind.GUID, _guid),
}

LITERAL_KINDS = frozenset({*_READERS, TokenKind.STRING})
"""Tokens that are a scalar literal by themselves."""


def literal_value(token: Token) -> tuple[LiteralKind, Value, bool]:
    """Type, value and whether the content could be read. ``null`` and empty brackets are null. Not for strings."""
    kind, read = _READERS[token.kind]
    content = _content(token)
    if content in ("null", "") and "(" in token.text:
        return kind, None, True
    value = read(content)
    return kind, value, value is not None
