"""The packaged data: it loads fast, and says what its sources say."""

from __future__ import annotations

from tocsin.kql.types import ScalarType
from tocsin.sentinel import attack
from tocsin.sentinel.entities import entity_types
from tocsin.sentinel.schemas import packaged_tables


def test_tables_have_their_columns_in_order() -> None:
    columns = packaged_tables("sentinel")["EmailEvents"]
    assert [column.name for column in columns[:2]] == ["TenantId", "AttachmentCount"]
    types = {column.name: column.type for column in columns}
    assert types["TimeGenerated"] is ScalarType.DATETIME
    assert types["SenderIPv4"] is ScalarType.STRING
    assert types["_ItemId"] is ScalarType.STRING, "every table of a workspace has the standard columns"


def test_every_table_can_be_read_and_no_column_comes_twice() -> None:
    for name in ("sentinel", "m365"):
        tables = packaged_tables(name)
        assert len(tables) > 50
        for table, columns in tables.items():
            assert columns, table
            assert len({column.name for column in columns}) == len(columns), table


def test_defender_tables_have_no_columns_of_log_analytics() -> None:
    assert "TenantId" not in {column.name for column in packaged_tables("m365")["EmailEvents"]}


def test_entity_types() -> None:
    types = entity_types()
    assert types["FileHash"].is_identified_by(["Algorithm", "Value"])
    assert not types["FileHash"].is_identified_by(["Value"])
    assert types["Account"].is_identified_by(["Name"])
    assert not types["Account"].is_strongly_identified_by(["Name"])
    assert types["Account"].is_strongly_identified_by(["UPNSuffix", "Name"])
    for type_ in types.values():
        for group in (*type_.required, *type_.strong, *type_.weak):
            assert group <= set(type_.identifiers), type_.name


def test_attack() -> None:
    techniques = attack.techniques()
    assert techniques["T1566.001"].parent == "T1566"
    assert techniques["T1114.003"].tactics == ("Collection",)
    assert {tactic for technique in techniques.values() for tactic in technique.tactics} <= set(attack.TACTICS)
    assert attack.version() == "18.1"


def test_attack_changes_lead_to_techniques() -> None:
    changes, known = attack.changes(), attack.techniques()
    assert set(changes.revoked.values()) <= known.keys()
    assert set(changes.going) <= known.keys()
    assert set(changes.going.values()) - {""} <= changes.coming.keys()
    assert not known.keys() & (changes.revoked.keys() | changes.deprecated | changes.coming.keys())
    assert changes.revoked["T1073"] == "T1574.001", "a successor that was revoked in its turn is followed"
    assert {tactic for technique in changes.coming.values() for tactic in technique.tactics} <= set(attack.TACTICS)
    assert attack.next_version() == "19"
