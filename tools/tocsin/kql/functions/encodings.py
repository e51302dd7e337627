"""Text in other clothes: URLs, base64, compressed text, Punycode.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#string-functions
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from urllib.parse import quote, unquote_plus
from uuid import UUID

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.types import Value

TABLE = FunctionTable()

LONGEST_DECOMPRESSED = 16 * 1024 * 1024
"""Bytes that a compressed text may hold."""

_TEXT = "(text: string) -> string"


_ESCAPED = re.compile("%[0-9A-F]{2}|~")


@TABLE.scalar("url_encode", "(url: string) -> string", page="url-encode-function")
def url_encode(text: str) -> str:
    """As in a form: blanks become ``+``; hexadecimal digits are small."""
    written = quote(text, safe=" !()*-._", errors="replace").replace(" ", "+")
    return _ESCAPED.sub(lambda match: "%7e" if match[0] == "~" else match[0].lower(), written)


@TABLE.scalar("url_encode_component", "(url: string) -> string", page="url-encode-component-function")
def url_encode_component(text: str) -> str:
    """As in a path or query value: blanks become ``%20``."""
    return quote(text, safe="-._~", errors="replace")


@TABLE.scalar("url_decode", "(encoded_url: string) -> string", page="url-decode-function")
def url_decode(text: str) -> str:
    """The text behind ``%xx`` and ``+``."""
    return unquote_plus(text)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@TABLE.scalar("base64_encode_tostring", _TEXT, page="base64-encode-tostring-function", aliases=("base64_encodestring",))
def base64_encode_tostring(text: str) -> str:
    """base64 of the UTF-8 text."""
    return base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")


@TABLE.scalar("base64_decode_tostring", _TEXT, page="base64-decode-tostring-function", aliases=("base64_decodestring",))
def base64_decode_tostring(text: str) -> str:
    """The UTF-8 text behind base64; the empty text when it is neither."""
    data = _decoded(text)
    try:
        return data.decode("utf-8") if data is not None else ""
    except UnicodeDecodeError:
        return ""


@TABLE.scalar("base64_decode_toarray", "(base64_string: string) -> array", page="base64-decode-toarray-function")
def base64_decode_toarray(text: str) -> Value:
    """The bytes behind base64 as an array of numbers; null when it is not base64."""
    data = _decoded(text)
    return None if data is None else list(data)


@TABLE.scalar("base64_encode_fromarray", "(bytes: array) -> string", page="base64-encode-fromarray-function")
def base64_encode_fromarray(value: Value) -> str:
    """base64 of an array of byte values; the empty text when it is none."""
    if not isinstance(value, list) or not all(type(each) is int and 0 <= each <= 255 for each in value):
        return ""
    return base64.b64encode(bytes(value)).decode("ascii")


@TABLE.scalar("base64_encode_fromguid", "(guid: guid) -> string", page="base64-encode-fromguid-function")
def base64_encode_fromguid(guid: str) -> str:
    """base64 of the 16 bytes of a guid, its first three groups least byte first."""
    return base64.b64encode(UUID(guid).bytes_le).decode("ascii")


@TABLE.scalar("base64_decode_toguid", "(base64_string: string) -> guid", page="base64-decode-toguid-function")
def base64_decode_toguid(text: str) -> str | None:
    """The guid behind base64; null when it is none.

    The first two groups have their least byte first. The third has not, although ``base64_encode_fromguid`` writes it
    so: the examples of their pages differ in this.
    """
    data = _decoded(text)
    if data is None or len(data) != 16:
        return None
    return str(UUID(bytes=data[3::-1] + data[5:3:-1] + data[6:]))


def _inflated(data: bytes | None, window: int) -> str:
    if data is None:
        return ""
    try:
        text = zlib.decompressobj(window).decompress(data, LONGEST_DECOMPRESSED + 1)
        if len(text) > LONGEST_DECOMPRESSED:
            raise KqlValueError(f"a compressed text may hold {LONGEST_DECOMPRESSED} bytes, this one holds more")
        return text.decode("utf-8")
    except (zlib.error, UnicodeDecodeError):
        return ""


@TABLE.scalar("gzip_decompress_from_base64_string", _TEXT, page="gzip-base64-decompress")
def gzip_decompress_from_base64_string(text: str) -> str:
    """The text that was compressed with gzip; the empty text when it was not."""
    return _inflated(_decoded(text), 16 + zlib.MAX_WBITS)


@TABLE.scalar("zlib_decompress_from_base64_string", _TEXT, page="zlib-base64-decompress")
def zlib_decompress_from_base64_string(text: str) -> str:
    """The text that was compressed with zlib; the empty text when it was not."""
    return _inflated(_decoded(text), zlib.MAX_WBITS)


_LONGEST_STORED = 0xFFFF
"""Bytes that one block of a deflated stream can hold as they are."""


def _deflated(data: bytes) -> bytes:
    """The raw deflated stream; one block of the bytes as they are when that is no longer, as Kusto has it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(data) + packer.flush()
    if len(packed) + 1 < len(data) or len(data) > _LONGEST_STORED:
        return packed
    return b"\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data


_GZIP_HEAD = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
_ZLIB_HEAD = b"\x78\x01"


@TABLE.scalar("gzip_compress_to_base64_string", _TEXT, page="gzip-base64-compress")
def gzip_compress_to_base64_string(text: str) -> str:
    """The text compressed with gzip; the bytes may differ from Kusto's, what they hold does not."""
    data = text.encode("utf-8", "replace")
    packed = _GZIP_HEAD + _deflated(data) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
    return base64.b64encode(packed).decode("ascii")


@TABLE.scalar("zlib_compress_to_base64_string", _TEXT, page="zlib-base64-compress")
def zlib_compress_to_base64_string(text: str) -> str:
    """The text compressed with zlib; the bytes may differ from Kusto's, what they hold does not."""
    data = text.encode("utf-8", "replace")
    return base64.b64encode(_ZLIB_HEAD + _deflated(data) + struct.pack(">I", zlib.adler32(data))).decode("ascii")


def _from_punycode(text: str) -> str | None:
    try:
        decoded = text.encode("ascii").decode("punycode")
        decoded.encode("utf-8")
    except (UnicodeError, ValueError, OverflowError):
        return None
    return decoded


def _to_punycode(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").encode("punycode").decode("ascii")


@TABLE.scalar("punycode_from_string", _TEXT, page="punycode-from-string-function")
def punycode_from_string(text: str) -> str:
    """The text in Punycode, without ``xn--``."""
    return _to_punycode(text)


@TABLE.scalar("punycode_to_string", _TEXT, page="punycode-to-string-function")
def punycode_to_string(text: str) -> str:
    """The text behind Punycode without ``xn--``; the empty text when it is none."""
    return _from_punycode(text) or ""


# The two below are named the other way round than the two above: of a domain name, "from" decodes and "to" encodes.


@TABLE.scalar("punycode_domain_from_string", _TEXT, page="punycode-domain-from-string-function")
def punycode_domain_from_string(text: str) -> str:
    """Each ``xn--`` label of a domain name decoded; the empty text when one can not be."""
    labels: list[str] = []
    for label in text.split("."):
        decoded = _from_punycode(label[4:]) if label[:4].lower() == "xn--" else label
        if decoded is None:
            return ""
        labels.append(decoded)
    return ".".join(labels)


_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
"""The full stops of other scripts that separate labels, too (RFC 3490, 3.1)."""


@TABLE.scalar("punycode_domain_to_string", _TEXT, page="punycode-domain-to-string-function")
def punycode_domain_to_string(text: str) -> str:
    """Each label of a domain name that needs it as ``xn--`` and Punycode; upper and lower case are kept."""
    labels = text.translate(_DOTS).split(".")
    return ".".join(label if label.isascii() else f"xn--{_to_punycode(label)}" for label in labels)
