"""The pages of docs/ that are made from the program say what the program does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tocsin.cli.codes import families

TOOLS = Path(__file__).parents[2] / "tools"
BUILD = runpy.run_path(str(TOOLS / "build_docs.py"))


@pytest.mark.parametrize("name", BUILD["PAGES"])
def test_the_page_is_current(name: str) -> None:
    written = (TOOLS.parent / "docs" / name).read_text(encoding="utf-8")
    assert written == BUILD["PAGES"][name](), "run: make format"


def test_every_code_in_the_program_is_listed_once() -> None:
    listed = [code.code for family in families() for code in family.codes]
    assert len(listed) == len(set(listed))
    prefixes = "|".join(sorted({code.rstrip("0123456789") for code in listed}))
    pattern = re.compile(rf'"((?:{prefixes})[0-9]{{3}})"')
    sources = [path for path in (TOOLS / "tocsin").rglob("*.py") if path.name != "codes.py"]
    used = {code for path in sources for code in pattern.findall(path.read_text(encoding="utf-8"))}
    assert used - set(listed) <= {"DEPLOY000", "ENG000"}, "bases of errors, never shown"


def test_every_code_says_what_it_means() -> None:
    assert [code.code for family in families() for code in family.codes if not code.about.endswith((".", ")"))] == []


def test_the_worked_example_of_a_function_is_the_function() -> None:
    text = (TOOLS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(@TABLE.*?)```", text, re.DOTALL)
    assert example in (TOOLS / "tocsin/kql/functions/strings.py").read_text(encoding="utf-8")
