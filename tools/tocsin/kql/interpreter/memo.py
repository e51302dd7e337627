"""Results of costly functions that are kept from one run of a query to the next.

Runs over overlapping windows see the same records again and again; and most columns hold far fewer values than rows.
A run that is given a memo asks a costly function once for each value it has not met. What is kept is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, TypeVar

from tocsin.kql.plan import Call
from tocsin.kql.types import BOOL, DATETIME, GUID, INT, LONG, STRING, TIMESPAN, Value

T = TypeVar("T")

_COSTLY: Final = frozenset(
    {
        "base64_decode_tostring",
        "extract",
        "extract_all",
        "extract_json",
        "extractjson",
        "format_datetime",
        "has_any_ipv4",
        "has_any_ipv4_prefix",
        "has_ipv4",
        "has_ipv4_prefix",
        "hash_md5",
        "hash_sha1",
        "hash_sha256",
        "ipv4_is_in_any_range",
        "ipv4_is_in_range",
        "ipv4_is_match",
        "ipv4_is_private",
        "ipv6_is_in_any_range",
        "ipv6_is_in_range",
        "ipv6_is_match",
        "matches regex",
        "parse_csv",
        "parse_ipv4",
        "parse_ipv6",
        "parse_json",
        "parse_path",
        "parse_url",
        "parse_urlquery",
        "parse_user_agent",
        "parse_xml",
        "parsejson",
        "replace",
        "replace_regex",
        "split",
        "todynamic",
        "todatetime",
        "trim",
        "trim_end",
        "trim_start",
        "url_decode",
    }
)
"""Functions that cost clearly more than looking a value up."""

_KEYS: Final = frozenset({BOOL, DATETIME, GUID, INT, LONG, STRING, TIMESPAN})
"""Types whose values can be looked up. Reals are out: 0.0 and -0.0 would be one key."""

_FULL_RUNS: Final = 8
"""So many runs with a full memo, and it starts anew: what it holds may be of records long gone by."""


def is_costly(call: Call) -> bool:
    """Whether the call costs clearly more than looking its value up."""
    return call.function.name in _COSTLY


def is_remembered(call: Call, varying: Sequence[int]) -> bool:
    """Whether a memo keeps the results of this call, whose arguments at the places ``varying`` differ between rows."""
    return is_costly(call) and all(call.arguments[place].type in _KEYS for place in varying)


class Memo:
    """What costly functions gave. One memo serves any number of queries, one after the other; ``capacity`` is the
    number of results it keeps, each of some 150 bytes beside the value itself."""

    def __init__(self, capacity: int = 1_000_000) -> None:
        self.capacity = capacity
        self.room = capacity
        self._full_runs = 0
        self._sites: dict[Call, Site] = {}
        self._rows: dict[object, Any] = {}

    def begin_run(self) -> None:
        """A run begins. Nothing is dropped in the middle of one."""
        self._full_runs += self.room <= 0
        if self._full_runs > _FULL_RUNS:
            self._full_runs = 0
            self._sites.clear()
            self.room = self.capacity

    def kept(self, part: object, make: Callable[[], T]) -> T:
        """What is kept of a part of a plan; made when there is nothing yet."""
        found: T | None = self._rows.get(part)
        if found is None:
            found = self._rows[part] = make()
        return found

    def site(self, call: Call, given: list[Value], evaluate: Callable[[Any], Value]) -> Site:
        """The results of one call in a query. ``given`` are its arguments that are the same in all rows: where they
        are others than before, the results are too."""
        site = self._sites.get(call)
        if site is None or site.given != given:
            if site is not None:
                self.room += len(site)
            site = self._sites[call] = Site(self, given)
        site.evaluate = evaluate
        return site


class Site(dict[Hashable, Value]):
    """Results by arguments; one that is not there is worked out, and kept while there is room."""

    __slots__ = ("evaluate", "given", "memo")

    evaluate: Callable[[Any], Value]

    def __init__(self, memo: Memo, given: list[Value]) -> None:
        self.memo = memo
        self.given = given

    def __missing__(self, key: Hashable) -> Value:
        value = self.evaluate(key)
        if self.memo.room > 0:
            self.memo.room -= 1
            self[key] = value
        return value
