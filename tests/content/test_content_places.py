"""Places of addresses: from a list, and from a MaxMind database that the test writes itself."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path
from typing import Any

import pytest

from tocsin import kql
from tocsin.content.places import PlacesError, listed_places, maxmind_places
from tocsin.kql.functions.ip import Places
from tocsin.kql.interpreter.errors import RefusedOfRows
from tocsin.kql.types import LONG, STRING, ColumnSchema

PRAGUE = {"country": "Czechia", "state": "Prague", "city": "Prague", "latitude": 50.08, "longitude": 14.42}


def ask(places: Places | None, query: str) -> list[Any]:
    analysis = kql.analyze(query, kql.Catalog(places=places is not None))
    return [column[0] for column in kql.prepare(analysis).run({}, places=places).table.data]


def test_a_listed_place_is_found_by_the_longest_network() -> None:
    places = listed_places({"192.0.2.0/24": PRAGUE, "192.0.2.7": {"country": "Norway"}, "2001:db8::/32": PRAGUE})
    query = (
        "print geo_info_from_ip_address('192.0.2.1'), geo_info_from_ip_address('192.0.2.7').country, "
        "geo_info_from_ip_address('2001:db8::1').city, geo_info_from_ip_address('198.51.100.1'), "
        "geo_info_from_ip_address('no address'), geo_info_from_ip_address('')"
    )
    assert ask(places, query) == [PRAGUE, "Norway", "Prague", None, None, None]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"nowhere": {}}, "'nowhere' is neither an IP address nor a network"),
        ({"192.0.2.1": {"town": "x"}}, "has no 'town'"),
        ({"192.0.2.1": {"city": 5}}, "city of 192.0.2.1 is 5; it must be a text"),
        ({"192.0.2.1": {"latitude": "north"}}, "it must be a number"),
        ({"192.0.2.1": {"latitude": True}}, "it must be a number"),
    ],
)
def test_a_list_that_is_wrong_says_where(entries: dict[str, dict[str, Any]], says: str) -> None:
    with pytest.raises(PlacesError, match=says):
        listed_places(entries)


def test_without_a_source_the_call_is_refused_by_name() -> None:
    analysis = kql.analyze("print geo_info_from_ip_address('192.0.2.1')", kql.EMPTY_CATALOG)
    assert [each.code for each in analysis.refusals] == ["TK101"]
    assert "geo_info_from_ip_address" in analysis.refusals[0].message
    with pytest.raises(RefusedOfRows, match="give a MaxMind database") as refused:
        kql.prepare(analysis).run({})
    assert (refused.value.code, refused.value.start) == ("TK101", 6)


def test_without_a_source_the_places_of_no_rows_are_known() -> None:
    columns = (ColumnSchema("a", STRING), ColumnSchema("n", LONG))
    catalog = kql.Catalog({"T": columns})
    query = kql.prepare(kql.analyze("T | where n < 2 | project n, p = tostring(geo_info_from_ip_address(a))", catalog))
    assert query.run({"T": kql.Table.empty(columns)}).table.data == ([], [])
    # Where a table has rows the query ends before it runs, whatever becomes of them.
    with pytest.raises(RefusedOfRows):
        query.run({"T": kql.Table.from_rows(columns, [["192.0.2.1", 5]])})


# ------------------------------------------------------------------------------------------------ a MaxMind database


def _packed(value: Any) -> bytes:
    """A value in the format of MaxMind DB 2.0; short ones only."""
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(_packed(key) + _packed(each) for key, each in value.items())
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(_packed, value))
    if isinstance(value, str):
        data = value.encode()
        return bytes([2 << 5 | len(data)]) + data if len(data) < 29 else bytes([2 << 5 | 29, len(data) - 29]) + data
    if isinstance(value, float):
        return bytes([3 << 5 | 8]) + struct.pack(">d", value)
    data = value.to_bytes(4, "big").lstrip(b"\0")
    return bytes([6 << 5 | len(data)]) + data


def write_database(path: Path, network: str, record: dict[str, Any]) -> None:
    """A database of one IPv4 network."""
    prefix = ipaddress.ip_network(network)
    nodes = prefix.prefixlen
    tree = b""
    for depth in range(nodes):
        following = depth + 1 if depth + 1 < nodes else nodes + 16
        pair = [nodes, nodes]  # "not found" points to the number of nodes
        pair[int(prefix.network_address) >> 31 - depth & 1] = following
        tree += b"".join(each.to_bytes(3, "big") for each in pair)
    about = {
        "node_count": nodes,
        "record_size": 24,
        "ip_version": 4,
        "database_type": "Test-City",
        "languages": ["en"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1,
        "description": {"en": "test"},
    }
    path.write_bytes(tree + bytes(16) + _packed(record) + b"\xab\xcd\xefMaxMind.com" + _packed(about))


def test_a_maxmind_database_is_read(tmp_path: Path) -> None:
    pytest.importorskip("maxminddb")
    record = {
        "country": {"names": {"en": "Czechia", "de": "Tschechien"}},
        "subdivisions": [{"names": {"en": "Prague"}}],
        "city": {"names": {"en": "Prague"}},
        "location": {"latitude": 50.08, "longitude": 14.42},
    }
    path = tmp_path / "city.mmdb"
    write_database(path, "192.0.2.0/24", record)
    places = maxmind_places(path)
    query = "print geo_info_from_ip_address('192.0.2.200'), geo_info_from_ip_address('192.0.3.1')"
    assert ask(places, query) == [PRAGUE, None]
    assert ask(places, "print geo_info_from_ip_address('2001:db8::1'), geo_info_from_ip_address('x')") == [None, None]
    write_database(path, "192.0.2.0/24", {"country": {"names": {"de": "Tschechien"}}, "city": 5})
    assert ask(maxmind_places(path), "print geo_info_from_ip_address('192.0.2.200')") == [{}]


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    pytest.importorskip("maxminddb")
    path = tmp_path / "not.mmdb"
    path.write_text("no database", encoding="utf-8")
    for each in (path, tmp_path / "missing.mmdb"):
        with pytest.raises(PlacesError, match="cannot be read as a MaxMind database"):
            maxmind_places(each)
