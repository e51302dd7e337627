"""Where IP addresses are, for ``geo_info_from_ip_address``: from a MaxMind database, or from a list in a test.

Both give what ``kql``'s ``PreparedQuery.run(places=…)`` takes: a function from the text of an address to a bag with
``country``, ``state``, ``city``, ``latitude`` and ``longitude`` as far as they are known, or None.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from tocsin.kql.functions.ip import Places
from tocsin.kql.types import Value

FIELDS: Mapping[str, type] = {"country": str, "state": str, "city": str, "latitude": float, "longitude": float}
"""What is told of a place, and how."""


class PlacesError(Exception):
    """A source of places that cannot be used; the text says why and what to do."""


Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def listed_places(entries: Mapping[str, Mapping[str, Any]]) -> Places:
    """Places by address or network (``203.0.113.0/24``); the longest network that holds an address counts.

    Raises PlacesError for a key that is no network, and for a field or value that a place has not.
    """
    networks: list[tuple[Network, dict[str, Value]]] = []
    for text, place in entries.items():
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise PlacesError(f"'{text}' is neither an IP address nor a network such as 203.0.113.0/24") from None
        networks.append((network, _checked(text, place)))
    networks.sort(key=lambda item: -item[0].prefixlen)

    def find(text: str) -> Value:
        address = _address(text)
        if address is None:
            return None
        return next((dict(place) for network, place in networks if address in network), None)

    return find


def _checked(network: str, place: Mapping[str, Any]) -> dict[str, Value]:
    made: dict[str, Value] = {}
    for name, value in place.items():
        if name not in FIELDS:
            raise PlacesError(f"A place has no '{name}' ({network}); it has {', '.join(FIELDS)}")
        wanted = FIELDS[name]
        if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else str):
            raise PlacesError(f"The {name} of {network} is {value!r}; it must be a {_NAMES[wanted]}")
        made[name] = float(value) if wanted is float else value
    return made


_NAMES = {str: "text", float: "number"}


def maxmind_places(path: Path) -> Places:
    """Places of a MaxMind City database (``.mmdb``), the whole of which is read into memory.

    Raises PlacesError when the library ``maxminddb`` (extra ``geoip``) is missing or the file is no such database.
    """
    if find_spec("maxminddb") is None:
        raise PlacesError("a MaxMind database needs the library 'maxminddb': pip install 'tocsin[geoip]'")
    import maxminddb

    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise PlacesError(f"{path} cannot be read as a MaxMind database: {error}") from error

    def find(text: str) -> Value:
        address = _address(text)
        if address is None or (address.version == 6 and reader.metadata().ip_version == 4):
            return None
        try:
            record = reader.get(address)
        except maxminddb.InvalidDatabaseError:
            return None
        return _place_of(record) if isinstance(record, dict) else None

    return find


def _place_of(record: Mapping[str, Any]) -> Value:
    states = record.get("subdivisions")
    location = record.get("location")
    location = location if isinstance(location, dict) else {}
    found: dict[str, Value] = {
        "country": _english(record.get("country")),
        "state": _english(states[0] if isinstance(states, list) and states else None),
        "city": _english(record.get("city")),
        "latitude": location.get("latitude"),
        "longitude": location.get("longitude"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _english(part: Any) -> Value:
    names = part.get("names") if isinstance(part, dict) else None
    name = names.get("en") if isinstance(names, dict) else None
    return name if isinstance(name, str) else None
