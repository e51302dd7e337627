"""From values back to their places in the file."""

from __future__ import annotations

import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.content.reading import parse_yaml
from tocsin.content.source import Document, Location


def document(text: str) -> Document:
    read, findings = parse_yaml(text, "a.yaml")
    assert findings == ()
    return read


TEXT = """\
entityMappings:
  - entityType: IP
    fieldMappings:
      - identifier: Address
        columnName: SenderIP
query: |
  T
"""


def test_location_of_value_and_key() -> None:
    read = document(TEXT)
    path = ("entityMappings", 0, "fieldMappings", 0, "columnName")
    assert read.location(*path) == Location("a.yaml", 5, 21)
    assert read.location(*path, key=True) == Location("a.yaml", 5, 9)
    assert str(read.location("query", key=True)) == "a.yaml:6:1"


def test_location_of_what_is_not_there_is_the_nearest_above() -> None:
    read = document(TEXT)
    assert read.location("entityMappings", 0, "nothing") == read.location("entityMappings", 0)
    assert read.location("nothing") == Location("a.yaml", 1, 1)
    assert Document("b.yaml", "", None).location("x") == Location("b.yaml", 1, 1)


def marked(source: str) -> None:
    """Each ``«n»`` in the source marks the place of the n-th character ``#`` of the value at ``q``."""
    plain = ""
    places = []
    for character in source:
        if character == "#":
            before = plain.replace("\r\n", "\n").rsplit("\n", 1)
            places.append((before[0].count("\n") + 2 if len(before) == 2 else 1, len(before[-1]) + 1))
        plain += character
    read = document(plain)
    node = read.node("q")
    assert node is not None
    assert isinstance(node.value, str)
    offsets = [at for at, character in enumerate(node.value) if character == "#"]
    assert len(offsets) == len(places)
    found = [read.location_in_text("q", offset=offset) for offset in offsets]
    assert [(place.line, place.column) for place in found] == places


@pytest.mark.parametrize(
    "source",
    [
        "q: |\n  ab#c\n  d#\n",
        "q: |\n\n\n  #a\n\n   #b\n  c#",
        "q: |-\n    a#\n\n\nz: 1\n",
        "q: |+\n  a#\n\n\nz: 1\n",
        "q: |2\n    a#\n  b#\n",
        "q: |2-\n    a#\n  b#\n",
        "q: |-2\n    a#\n  b#\n",
        "z:\n  - 1\nq: |1\n  a#\n b#\n",
        "q: |\r\n  a#\r\n  b#\r\n",
        "q: |\n  é😀#\n",
        "q: |\n  a\tb#\n  \tc#\n",
        "q: >\n  a#\n  b#\n\n  c#\n",
        "q: >-\n  a#\n    b#\n    c#\n  d#\n",
        "q: >+\n  a#\n\n\n    b#\n\n  c#\n\n\nz: 1\n",
        "q: >\n\n\n  a#\n   #\n  b#",
        "q: 'a#b''c#'\n",
        "q: 'a#\n  b#\n\n  c#  '\n",
        'q: "a#\\tb#\\u00e9#\\x41#\\"#"\n',
        'q: "a#  \n   b#\n\n\n   c#"\n',
        'q: "a#\\\n   b#\\\n   \\  c#"\n',
        'q: "a#\\U0001F600#"\n',
        "q: a#b#\n",
        "q: a#\n  b#\n\n  c#\nz: 1\n",
        "q: {a: 1}\nz: 1\n",
    ],
)
def test_places_in_text(source: str) -> None:
    if source.startswith("q: {"):
        assert document(source).location_in_text("q", offset=3) == Location("a.yaml", 1, 4)
    else:
        marked(source)


def test_offset_past_the_end_is_the_end() -> None:
    assert document("q: abc\nz: 1\n").location_in_text("q", offset=99) == Location("a.yaml", 1, 7)
    assert document("q: 'abc'\n").location_in_text("q", offset=3) == Location("a.yaml", 1, 8)
    assert document("q: |-\n  abc\n").location_in_text("q", offset=3) == Location("a.yaml", 2, 6)
    assert document("q: |\n  abc\n").location_in_text("q", offset=99) == Location("a.yaml", 2, 6)
    assert document("q: ''\n").location_in_text("q", offset=0) == Location("a.yaml", 1, 5)


TEXTS = st.text(st.sampled_from("ab '\"\\:#-|>{é😀\t\n"), max_size=60)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.sampled_from(["|", ">", "'", '"', ""]), st.integers(0, 10_000))
def test_every_character_stands_where_it_is_said_to(value: str, style: str, seed: int) -> None:
    width = random.Random(seed).choice([8, 20, 80])
    # yaml.dump falls back to another style where the wished one can not hold the value.
    dumped = yaml.dump({"z": [{"q": value}]}, default_style=style or None, width=width, allow_unicode=True)
    read, findings = parse_yaml(dumped, "a.yaml")
    if findings:
        return
    path = ("z", 0, "q")
    node = read.node(*path)
    assert node is not None
    if not isinstance(node.value, str):
        return
    lines = dumped.split("\n")
    places = [read.location_in_text(*path, offset=offset) for offset in range(len(node.value))]
    for character, place in zip(node.value, places, strict=True):
        line = lines[place.line - 1] + "\n"
        at = line[place.column - 1]
        folded = character in " \n" and at in " \n"
        assert at == character or at in "\\'" or folded, (dumped, node.value, place)
    assert places == sorted(places)
    visible = [place for character, place in zip(node.value, places, strict=True) if character not in " \n\t"]
    assert len(set(visible)) == len(visible)
