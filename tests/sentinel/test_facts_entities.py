"""The entities of an alert: mapping, identifiers, merging, limits, and how they are written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alert_builders import PER_RESULT, alerts, mapping

from tocsin.sentinel import limits
from tocsin.sentinel.alert_entities import entities_json
from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.entities import entity_types
from tocsin.sentinel.entity_json import Entity, read_entities
from tocsin.sentinel.rendering import utf8_size

TEXT = {"A": "string"}
TWO = {"A": "string", "B": "string"}


def found(
    rows: list[tuple[Any, ...]], types: dict[str, str], *mappings: dict[str, Any], **settings: Any
) -> list[dict[str, str]]:
    (alert,) = alerts(rows, types, Behaviour(**settings), entityMappings=list(mappings))
    return [one.as_dict() for one in alert.entities]


@pytest.mark.parametrize(("type_", "names"), [
    (name, sorted(names)) for name, type_ in entity_types().items() for names in type_.required
])  # fmt: skip
def test_a_required_set_of_identifiers_makes_an_entity(type_: str, names: list[str]) -> None:
    (alert,) = alerts([("value",)], TEXT, entityMappings=[mapping(type_, **dict.fromkeys(names, "A"))])
    (entity,) = alert.entities
    assert entity.type == type_
    assert dict.fromkeys(names, "value").items() <= entity.as_dict().items()


@pytest.mark.parametrize(("type_", "name"), [
    ("FileHash", "Value"), ("FileHash", "Algorithm"), ("Account", "NTDomain"), ("Host", "OSFamily"),
    ("File", "Directory"),
])  # fmt: skip
def test_without_a_required_set_there_is_no_entity(type_: str, name: str) -> None:
    assert found([("value",)], TEXT, mapping(type_, **{name: "A"})) == []


def test_a_row_whose_identifier_is_empty_gives_no_entity() -> None:
    assert found([("",), ("a",)], TEXT, mapping("IP", Address="A")) == [{"Address": "a"}]
    assert found([("MD5", "")], TWO, mapping("FileHash", Algorithm="A", Value="B")) == []


def test_several_mappings_of_one_type_are_allowed() -> None:
    both = found([("a", "b")], TWO, mapping("IP", Address="A"), mapping("IP", Address="B"))
    assert both == [{"Address": "a"}, {"Address": "b"}]


def test_entities_are_case_sensitive_about_their_columns() -> None:
    assert found([("a",)], TEXT, mapping("IP", Address="a")) == []


@pytest.mark.parametrize("name", sorted(entity_types()["Account"].dropped_names))
def test_an_account_known_only_by_a_built_in_name_is_dropped(name: str) -> None:
    assert found([(name,), (name.lower(),)], TEXT, mapping("Account", Name="A")) == []
    with_sid = found([(name, "S-1-5-18")], TWO, mapping("Account", Name="A", Sid="B"))
    assert with_sid == [{"Name": name, "Sid": "S-1-5-18"}]


def test_the_name_of_an_account_holds_the_prefix_of_the_upn_only() -> None:
    assert found([("mia@contoso.com",)], TEXT, mapping("Account", Name="A")) == [
        {"Name": "mia", "UPNSuffix": "contoso.com"}
    ]


def test_full_name_and_display_name_are_mapped_but_are_no_part_of_the_written_entity() -> None:
    mapped = [
        mapping("Account", FullName="A", DisplayName="B"), mapping("Host", FullName="B"), mapping("Host", FullName="A"),
    ]  # fmt: skip
    (alert,) = alerts([("mia", "web.contoso.com")], TWO, entityMappings=mapped)
    assert alert.entities[0].as_dict() == {"FullName": "mia", "DisplayName": "web.contoso.com"}
    assert json.loads(entities_json(alert.entities)) == [
        {"$id": "3", "Name": "mia", "Type": "account"},
        {"$id": "4", "HostName": "web", "DnsDomain": "contoso.com", "Type": "host"},
        {"$id": "5", "HostName": "mia", "Type": "host"},
    ]


@pytest.mark.parametrize(("name", "json_type"), [(name, type_.json_type) for name, type_ in entity_types().items()])
def test_types_are_written_in_their_json_form(name: str, json_type: str) -> None:
    (written,) = json.loads(entities_json([Entity(name, (("Name", "x"),))]))
    assert written["Type"] == json_type


def test_entities_of_equal_identifiers_are_one() -> None:
    assert found([("a", "a"), ("a", "a")], TWO, mapping("IP", Address="A"), mapping("IP", Address="B")) == [
        {"Address": "a"}
    ]


@pytest.mark.parametrize(("rows", "strong"), [
    ([("mia@contoso.com", ""), ("mia@contoso.com", "7f")], 1),
    ([("mia@contoso.com", "7f"), ("", "7f")], 1),
    ([("mia@contoso.com", "7f"), ("mia@contoso.com", "80")], 2),
    ([("mia", ""), ("mia", "7f")], 2),
])  # fmt: skip
def test_entities_that_agree_in_a_strong_identifier_are_merged(rows: list[tuple[str, str]], strong: int) -> None:
    account = mapping("Account", Name="A", AadUserId="B")
    assert len(found(rows, TWO, account, entities_merged="strong")) == strong
    assert len(found(rows, TWO, account, entities_merged="equal")) == 2


def test_a_merged_entity_has_the_identifiers_of_both() -> None:
    account = mapping("Account", Name="A", AadUserId="B")
    assert found([("mia@contoso.com", ""), ("mia@contoso.com", "7f")], TWO, account) == [
        {"Name": "mia", "UPNSuffix": "contoso.com", "AadUserId": "7f"}
    ]


@pytest.mark.parametrize("mappings", [1, 2, 3, 10])
def test_an_alert_holds_500_entities_shared_equally_over_the_mappings(mappings: int) -> None:
    columns = {f"C{i}": "string" for i in range(mappings)}
    rows = [tuple(f"{row}.{column}" for column in columns) for row in range(600)]
    (alert,) = alerts(rows, columns, entityMappings=[mapping("IP", Address=column) for column in columns])
    share = 500 // mappings
    for column in columns:
        assert sum(dict(one.identifiers)["Address"].endswith(column) for one in alert.entities) == share
    assert len(alert.notes) == 1, "the same remark is not repeated for each mapping"


@pytest.mark.parametrize("size", [64 * 1024, 32 * 1024])
def test_the_entities_field_is_filled_one_by_one_up_to_64_kb(size: int) -> None:
    rows = [(f"{i:03}" + "ü" * 400,) for i in range(200)]
    (alert,) = alerts(rows, TEXT, Behaviour(entities_bytes=size), entityMappings=[mapping("URL", Url="A")])
    held = utf8_size(entities_json(alert.entities))
    assert size - 1000 < held <= size
    assert [dict(one.identifiers)["Url"][:3] for one in alert.entities] == [
        f"{i:03}" for i in range(len(alert.entities))
    ]
    assert alert.notes == (f"URL: entities beyond {size} bytes are dropped",)


def test_an_entities_field_of_exactly_the_limit_is_whole() -> None:
    rows = [("a" * 50,), ("b" * 50,)]
    (whole,) = alerts(rows, TEXT, entityMappings=[mapping("URL", Url="A")])
    size = utf8_size(entities_json(whole.entities))
    for most, count in ((size, 2), (size - 1, 1)):
        (alert,) = alerts(rows, TEXT, Behaviour(entities_bytes=most), entityMappings=[mapping("URL", Url="A")])
        assert len(alert.entities) == count


@pytest.mark.parametrize(("text", "written"), [("true", True), ("False", False), ("perhaps", "perhaps")])
def test_yes_and_no_are_written_as_such(text: str, written: Any) -> None:
    (entity,) = json.loads(entities_json([Entity("Account", (("Name", "true"), ("IsDomainJoined", text)))]))
    assert (entity["Name"], entity["IsDomainJoined"]) == ("true", written)


@pytest.mark.parametrize(("text", "written"), [('["a","b"]', ["a", "b"]), ("a", ["a"]), ("[", ["["]), ("7", ["7"])])
def test_lists_of_a_mail_message_are_written_as_lists(text: str, written: list[str]) -> None:
    (entity,) = json.loads(entities_json([Entity("MailMessage", (("Urls", text),))]))
    assert entity["Urls"] == written


def test_the_documented_size_is_the_default() -> None:
    assert Behaviour().entities_bytes == limits.ENTITIES_BYTES == 65_536


READY = json.dumps([
    {"$id": "3", "HostName": "web", "Type": "host"},
    {"$id": "4", "Name": "mia", "Host": {"$ref": "3"}, "IsDomainJoined": True, "Type": "account"},
    {"$id": "5", "ProcessId": "7", "ImageFile": {"$id": "6", "Name": "x.exe", "Type": "file"}, "Type": "process"},
    {"$ref": "6"},
    {"$id": "7", "Name": "y.exe", "FileHashes": [{"$id": "8", "Algorithm": "MD5", "Value": "0", "Type": "filehash"}],
     "Type": "file"},
])  # fmt: skip


@pytest.mark.parametrize("type_", ["string", "dynamic"])
def test_sentinel_entities_mappings_take_over_the_entities_of_another_alert(type_: str) -> None:
    value = READY if type_ == "string" else json.loads(READY)
    (alert,) = alerts(
        [(value, "203.0.113.7")], {"E": type_, "A": "string"},
        entityMappings=[mapping("IP", Address="A")], sentinelEntitiesMappings=[{"columnName": "E"}],
    )  # fmt: skip
    assert [one.type for one in alert.entities] == ["IP", "Host", "Account", "Process", "File", "File"]
    assert json.loads(entities_json(alert.entities)) == [
        {"$id": "3", "Address": "203.0.113.7", "Type": "ip"},
        {"$id": "4", "HostName": "web", "Type": "host"},
        {"$id": "5", "Name": "mia", "IsDomainJoined": True, "Host": {"$ref": "4"}, "Type": "account"},
        {"$id": "6", "ProcessId": "7", "ImageFile": {"$id": "7", "Name": "x.exe", "Type": "file"}, "Type": "process"},
        {"$ref": "7"},
        {"$id": "8", "Name": "y.exe", "FileHashes": [
            {"$id": "9", "Algorithm": "MD5", "Value": "0", "Type": "filehash"}], "Type": "file"},
    ]  # fmt: skip


def test_written_entities_can_be_read_again() -> None:
    entities = tuple(read_entities(READY))
    assert tuple(read_entities(entities_json(entities))) == entities


@pytest.mark.parametrize("value", [
    "", " ", "[", "null", "7", '"x"', "[7, null]", "[{}]", '[{"$ref":"9"}]', '[{"Type":7}]', None, 3, {"$ref": "1"},
    "[" * 100_000, "[" * 900 + "]" * 900, '[{"$id":"1","Host":{"$ref":"1"}}]',
])  # fmt: skip
def test_a_value_that_is_no_entities_field_gives_none(value: Any) -> None:
    assert list(read_entities(value)) == []


def test_what_is_no_text_in_a_taken_over_entity_becomes_text() -> None:
    (one,) = read_entities('[{"Address":"a","Location":{"City":"Zürich"},"Port":7,"Gone":null,"Type":"ip"}]')
    assert one.as_dict() == {"Address": "a", "Location": '{"City":"Zürich"}', "Port": "7"}


def test_entities_that_refer_to_themselves_are_cut_off() -> None:
    (one,) = read_entities('[{"$id":"1","Host":{"$ref":"1"},"HostName":"x","Type":"host"}]')
    assert one.as_dict() == {"HostName": "x"}
    assert len(entities_json([one])) < 1_000


def test_each_alert_of_an_alert_per_event_rule_has_the_entities_of_its_event() -> None:
    made = alerts([("a",), ("b",)], TEXT, entityMappings=[mapping("IP", Address="A")], **PER_RESULT)
    assert [[dict(one.identifiers)["Address"] for one in alert.entities] for alert in made] == [["a"], ["b"]]
