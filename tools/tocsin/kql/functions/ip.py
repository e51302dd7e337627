"""IPv4 and IPv6 addresses in text, alone, with a prefix (``10.0.0.0/8``), and inside longer texts.

An address that is none gives null. Where both addresses and an argument have a prefix, the shortest counts.
Source: https://learn.microsoft.com/kusto/query/scalar-functions#ipv4ipv6-functions
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from tocsin.kql.functions.adaptation import texts
from tocsin.kql.functions.conversions import to_long
from tocsin.kql.functions.declaration import VARIES, FunctionTable, Nulls, Specialise, Style
from tocsin.kql.functions.rendering import dynamic_text
from tocsin.kql.types import STRING, ScalarType, Value

TABLE = FunctionTable()

Address = tuple[int, int]
"""The number of an address and its prefix length."""

_IPV4 = re.compile(r"\s*(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:/(\d{1,2}))?\s*", re.ASCII)
_MAPPED = 0xFFFF << 32


def _mask(number: int, prefix: int, bits: int) -> int:
    return number >> (bits - prefix) << (bits - prefix)


@lru_cache(maxsize=4096)
def ipv4(text: str) -> Address | None:
    """Number and prefix of an IPv4 address in text."""
    match = _IPV4.fullmatch(text)
    if match is None:
        return None
    *parts, suffix = match.groups()
    octets = [int(each) for each in parts]
    prefix = 32 if suffix is None else int(suffix)
    if max(octets) > 255 or prefix > 32:
        return None
    first, second, third, fourth = octets
    return first << 24 | second << 16 | third << 8 | fourth, prefix


@lru_cache(maxsize=4096)
def ipv6(text: str) -> Address | None:
    """Number and prefix of an IPv6 address in text; an IPv4 address as ``::ffff:…`` with its prefix moved along, also
    when it is written ``::192.0.2.1`` (https://learn.microsoft.com/kusto/query/parse-ipv6-mask-function)."""
    text = text.strip()
    four = ipv4(text.removeprefix("::"))
    if four is not None:
        return _MAPPED | four[0], four[1] + 96
    address, slash, suffix = text.partition("/")
    if slash and not (suffix.isascii() and suffix.isdigit() and len(suffix) <= 3 and int(suffix) <= 128):
        return None
    try:
        number = int(ipaddress.IPv6Address(address))
    except ValueError:
        return None
    return number, int(suffix) if slash else 128


def ipv4_text(number: int) -> str:
    """The dotted form of a number of 32 bits."""
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def _ipv6_text(number: int) -> str:
    return ":".join(f"{number >> shift & 0xFFFF:04x}" for shift in range(112, -1, -16))


# ---------------------------------------------------------------------------------------------------------- reading


@TABLE.scalar("parse_ipv4", "(ip: string) -> long", page="parse-ipv4-function")
def parse_ipv4(text: str) -> int | None:
    """The address as a number, cut to its prefix."""
    address = ipv4(text)
    return None if address is None else _mask(*address, 32)


@TABLE.scalar("parse_ipv4_mask", "(ip: string, prefix: long) -> long", page="parse-ipv4-mask-function")
def parse_ipv4_mask(text: str, prefix: int) -> int | None:
    """The address as a number, cut to the shorter prefix."""
    address = ipv4(text)
    if address is None or not 0 <= prefix <= 32:
        return None
    return _mask(address[0], min(address[1], prefix), 32)


@TABLE.scalar("parse_ipv6", "(ip: string) -> string", page="parse-ipv6-function")
def parse_ipv6(text: str) -> str:
    """Eight groups of four digits, cut to the prefix; the empty text when it is no address."""
    address = ipv6(text)
    return "" if address is None else _ipv6_text(_mask(*address, 128))


@TABLE.scalar("parse_ipv6_mask", "(ip: string, prefix: long) -> string", page="parse-ipv6-mask-function")
def parse_ipv6_mask(text: str, prefix: int) -> str:
    """As ``parse_ipv6``, cut to the shorter prefix of 128 bits."""
    address = ipv6(text)
    if address is None or not 0 <= prefix <= 128:
        return ""
    return _ipv6_text(_mask(address[0], min(address[1], prefix), 128))


@TABLE.scalar("ipv4_netmask_suffix", "(ip: string) -> long", page="ipv4-netmask-suffix-function")
def ipv4_netmask_suffix(text: str) -> int | None:
    """The prefix length: 32 when none is written."""
    address = ipv4(text)
    return None if address is None else address[1]


# --------------------------------------------------------------------------------------------------------- comparing


def _compare(read: Callable[[str], Address | None], bits: int) -> Callable[..., int | None]:
    def compare(first: str, second: str, prefix: int = bits) -> int | None:
        left, right = read(first), read(second)
        if left is None or right is None or not 0 <= prefix <= bits:
            return None
        shortest = min(left[1], right[1], prefix)
        one, other = _mask(left[0], shortest, bits), _mask(right[0], shortest, bits)
        return (one > other) - (one < other)

    return compare


_compare_ipv4 = _compare(ipv4, 32)
_compare_ipv6 = _compare(ipv6, 128)

_TWO = "(ip1: string, ip2: string, [prefix: long])"
TABLE.scalar("ipv4_compare", f"{_TWO} -> long", page="ipv4-compare-function")(_compare_ipv4)
TABLE.scalar("ipv6_compare", f"{_TWO} -> long", page="ipv6-compare-function")(_compare_ipv6)


def _match(compare: Callable[..., int | None]) -> Callable[..., bool | None]:
    def match(first: str, second: str, *prefix: int) -> bool | None:
        order = compare(first, second, *prefix)
        return None if order is None else order == 0

    return match


TABLE.scalar("ipv4_is_match", f"{_TWO} -> bool", page="ipv4-is-match-function")(_match(_compare_ipv4))
TABLE.scalar("ipv6_is_match", f"{_TWO} -> bool", page="ipv6-is-match-function")(_match(_compare_ipv6))


def _in_range(address: Address, network: Address, bits: int) -> bool:
    return _mask(address[0], min(address[1], network[1]), bits) == _mask(network[0], min(address[1], network[1]), bits)


def _range_test(read: Callable[[str], Address | None], bits: int) -> Callable[[str, str], bool | None]:
    def test(ip: str, network: str) -> bool | None:
        address, block = read(ip), read(network)
        return None if address is None or block is None else _in_range(address, block, bits)

    return test


def _in_any(networks: Sequence[Address], bits: int) -> Callable[[Address], bool]:
    """Whether an address is in one of the networks, however many they are."""
    by_shift: dict[int, set[int]] = {}
    for number, prefix in networks:
        by_shift.setdefault(bits - prefix, set()).add(number >> bits - prefix)
    tables = list(by_shift.items())

    def test(address: Address) -> bool:
        number, prefix = address
        if prefix < bits:
            return any(_in_range(address, network, bits) for network in networks)
        for shift, numbers in tables:  # noqa: SIM110  # a generator costs more than the test
            if number >> shift in numbers:
                return True
        return False

    return test


def _in_constant_ranges(read: Callable[[str], Address | None], bits: int) -> Specialise:
    def specialise(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[str], bool | None] | None:
        ip, *ranges = values
        if ip is not VARIES or VARIES in ranges or types[0] is not STRING:
            return None
        networks = [read(each) for each in _flattened(ranges)]
        test = _in_any([network for network in networks if network is not None], bits)
        otherwise = None if None in networks else False

        def in_ranges(text: str) -> bool | None:
            address = read(text)
            return None if address is None else test(address) or otherwise

        return in_ranges

    return specialise


def _in_constant_range(read: Callable[[str], Address | None], bits: int) -> Specialise:
    in_any = _in_constant_ranges(read, bits)

    def specialise(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[str], bool | None] | None:
        network = values[1]
        return in_any(types, values) if isinstance(network, str) and read(network) is not None else None

    return specialise


_RANGE = "(ip: string, ip_range: string) -> bool"
for _name, _read, _bits in (("ipv4", ipv4, 32), ("ipv6", ipv6, 128)):
    TABLE.scalar(
        f"{_name}_is_in_range",
        _RANGE,
        page=f"{_name}-is-in-range-function",
        specialise=_in_constant_range(_read, _bits),
    )(_range_test(_read, _bits))


def _flattened(values: Iterable[Value]) -> list[str]:
    flat: list[str] = []
    for value in values:
        flat += [dynamic_text(each) for each in value] if isinstance(value, list) else [dynamic_text(value)]
    return flat


def _any_range_test(read: Callable[[str], Address | None], bits: int) -> Callable[..., bool | None]:
    """Whether an address is in one of the networks; null for what is no address, and where it is in none of them but
    one is no network."""

    def test(ip: str, *networks: Value) -> bool | None:
        address = read(ip)
        if address is None:
            return None
        blocks = [read(each) for each in _flattened(networks)]
        if any(block is not None and _in_range(address, block, bits) for block in blocks):
            return True
        return None if None in blocks else False

    return test


_ANY = ("(ip: string|dynamic, range: string, ...) -> bool", "(ip: string|dynamic, ranges: array) -> bool")
for _name, _read, _bits in (("ipv4", ipv4, 32), ("ipv6", ipv6, 128)):
    TABLE.scalar(
        f"{_name}_is_in_any_range",
        *_ANY,
        page=f"{_name}-is-in-any-range-function",
        style=Style.TYPED,
        folds=False,
        specialise=_in_constant_ranges(_read, _bits),
    )(texts(0)(_any_range_test(_read, _bits)))

_PRIVATE = tuple(block for block in map(ipv4, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")) if block)


@TABLE.scalar("ipv4_is_private", "(ip: string) -> bool", page="ipv4-is-private-function")
def ipv4_is_private(text: str) -> bool | None:
    """Whether the address, or the whole network, belongs to a private range of RFC 1918."""
    address = ipv4(text)
    if address is None:
        return None
    number, prefix = address
    for block, length in _PRIVATE:  # noqa: SIM110  # as above
        if prefix >= length and number >> 32 - length == block >> 32 - length:
            return True
    return False


# ----------------------------------------------------------------------------------------------------------- writing


def _ipv4_of(value: Value) -> Address | None:
    if isinstance(value, str):
        return ipv4(value)
    number = to_long(value)
    return (number, 32) if number is not None and 0 <= number < 2**32 else None


def _formatted(value: Value, prefix: Any, *, with_prefix: bool) -> str:
    address = _ipv4_of(value)
    if address is None or not 0 <= prefix <= 32:
        return ""
    length = min(address[1], prefix)
    text = ipv4_text(_mask(address[0], length, 32))
    return f"{text}/{length}" if with_prefix else text


@TABLE.scalar("format_ipv4", "(ip: scalar, [prefix: long]) -> string", page="format-ipv4-function")
def format_ipv4(value: Value, prefix: int = 32) -> str:
    """The dotted form of an address or number, cut to the shorter prefix."""
    return _formatted(value, prefix, with_prefix=False)


@TABLE.scalar(
    "format_ipv4_mask",
    "(ip: scalar, [prefix: int|long]) -> string",
    page="format-ipv4-mask-function",
    accepts=("(ip: scalar, prefix: long) -> string",),
)
def format_ipv4_mask(value: Value, prefix: int = 32) -> str:
    """As ``format_ipv4``, followed by the prefix that was used."""
    return _formatted(value, prefix, with_prefix=True)


@TABLE.scalar(
    "ipv4_range_to_cidr_list", "(start_ip: string, end_ip: string) -> array", page="ipv4-range-to-cidr-list-function"
)
def ipv4_range_to_cidr_list(start: str, end: str) -> Value:
    """The networks that together are the range."""
    first, last = ipv4(start), ipv4(end)
    if first is None or last is None or first[0] > last[0]:
        return None
    blocks = ipaddress.summarize_address_range(ipaddress.IPv4Address(first[0]), ipaddress.IPv4Address(last[0]))
    return [str(block) for block in blocks]


# -------------------------------------------------------------------------------------------------- inside of texts


_STANDING = re.compile(r"(?<![0-9A-Za-z])(?=(\d{1,3}(?:\.\d{1,3}){3})(?![0-9A-Za-z]))", re.ASCII)


@lru_cache(maxsize=1024)
def _standing_addresses(text: str) -> tuple[str, ...]:
    """The IPv4 addresses in a text that have no letter or digit beside them."""
    return tuple(found for found in _STANDING.findall(text) if ipv4(found) is not None)


def _has_address(source: str, ip: str) -> bool:
    return ipv4(ip) is not None and ip in _standing_addresses(source)


def _has_prefix(source: str, prefix: str) -> bool:
    complete = ipv4(prefix) is not None
    if not complete and (not prefix.endswith(".") or not 1 <= prefix.count(".") <= 3):
        return False
    return any(found == prefix if complete else found.startswith(prefix) for found in _standing_addresses(source))


_IN_TEXT = ("(source: string|dynamic, ip: string) -> bool",)
_ANY_IN_TEXT = (
    "(source: string|dynamic, ip: string, ...) -> bool",
    "(source: string|dynamic, ips: array) -> bool",
)

for _name, _test, _signatures in (
    ("has_ipv4", _has_address, _IN_TEXT),
    ("has_ipv4_prefix", _has_prefix, _IN_TEXT),
    ("has_any_ipv4", _has_address, _ANY_IN_TEXT),
    ("has_any_ipv4_prefix", _has_prefix, _ANY_IN_TEXT),
):

    def _search(test: Callable[[str, str], bool]) -> Callable[..., bool]:
        return lambda source, *wanted: any(test(source, each) for each in _flattened(wanted))

    TABLE.scalar(
        _name, *_signatures, page=f"{_name.replace('_', '-')}-function", nulls=Nulls.SEE, style=Style.TYPED, folds=False
    )(texts(0)(_search(_test)))


Places: TypeAlias = Callable[[str], Value]
"""Tells what is known of where an address is, as a bag of country, state, city, latitude and longitude; else null."""


@TABLE.scalar(
    "geo_info_from_ip_address",
    "(ip: string) -> dynamic",
    page="geo-info-from-ip-address-function",
    style=Style.CONTEXT,
    needs_places=True,
)
def geo_info_from_ip_address(context: Any, rows: int, addresses: list[Value]) -> list[Value]:
    """Where each address is, as the places given to the execution say."""
    known: dict[Value, Value] = {address: context.places(address) if address else None for address in set(addresses)}
    return [known[address] for address in addresses]
