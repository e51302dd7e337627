"""The kinds of problems that a test of a detection can have itself; a case that has one is not run."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tocsin.content.finding import Finding, FindingKind
from tocsin.content.source import Location

KINDS: Mapping[str, FindingKind] = MappingProxyType(
    {
        kind.code: kind
        for kind in (
            FindingKind(
                "TST101",
                "sample.unreadable",
                about="A sample file is missing, outside of tests, or holds no records that can be read.",
            ),
            FindingKind("TST102", "sample.unknown-column", about="A record has a field that its table does not have."),
            FindingKind("TST103", "sample.wrong-type", about="A record has a value that its column cannot hold."),
            FindingKind("TST104", "test.unknown-table", about="A case gives records of a table that does not exist."),
            FindingKind("TST105", "test.unknown-record", about="A case names a record that the file does not have."),
            FindingKind(
                "TST106", "test.unknown-watchlist", about="A case gives rows of a watchlist that does not exist."
            ),
            FindingKind(
                "TST107",
                "test.unknown-watchlist-column",
                about="A case gives a watchlist a column that it does not have.",
            ),
            FindingKind("TST108", "test.unknown-fixture", about="A test file includes a fixture that is not there."),
            FindingKind(
                "TST109",
                "test.impossible-time",
                about="A time of a case cannot be: a period without runs, a record ingested before it was generated, "
                "a failure at a time without a run, an incident closed that is not open.",
            ),
            FindingKind(
                "TST110",
                "test.cannot-fail",
                about="A case states that something is not there which the rule can never give: "
                "a column, a custom detail, an entity.",
            ),
            FindingKind(
                "TST111",
                "test.unknown-external",
                about="A case gives rows for an address that the query does not read.",
            ),
            FindingKind("TST112", "test.too-large", about="A case gives more records than a test can need."),
        )
    }
)


def problem(code: str, message: str, help: str, location: Location) -> Finding:
    """A finding of the kind ``code``."""
    kind = KINDS[code]
    return Finding(code, kind.slug, kind.level, message, help, location)
