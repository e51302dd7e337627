"""The picture in the README shows what the program writes."""

from __future__ import annotations

import runpy
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
BUILD = runpy.run_path(str(ROOT / "tools" / "build_picture.py"))
SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_current_and_needs_nothing_from_elsewhere() -> None:
    written = (ROOT / "docs" / "preview.svg").read_text(encoding="utf-8")
    assert written == BUILD["picture"](), "run: make format"
    drawn = ElementTree.fromstring(written)
    assert {one.tag.removeprefix(SVG) for one in drawn.iter()} == {"svg", "title", "style", "rect", "text"}
    assert "docs/preview.svg" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_long_line_is_broken_at_the_edge_and_keeps_its_colour() -> None:
    line = "\x1b[1mab\x1b[0m " + "x" * 120
    pieces = list(BUILD["_folded"]("\x1b[1;31m" + "y" * 230 + "\x1b[0m"))
    assert [len(BUILD["SGR"].sub("", piece)) for piece in pieces] == [100, 100, 30]
    assert all(piece.startswith("\x1b[1;31m") for piece in pieces)
    assert "".join(BUILD["SGR"].sub("", piece) for piece in BUILD["_folded"](line)) == "ab " + "x" * 120
