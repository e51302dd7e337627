"""Whatever is done to the files of a repository ends in findings, in results or in a text that says what is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from test_lint_cache_edits import FILES

from tocsin.compile import TARGETS, compile_repository
from tocsin.content.finding import Level
from tocsin.content.repository import load_repository
from tocsin.content.settings import load_settings
from tocsin.lint.driver import Conditions
from tocsin.lint.fixes import fix_all
from tocsin.lint.runs import LintRun, Wanted, run
from tocsin.testing import run_tests

TOKENS = re.compile(r"[\w.-]+|\s+|[^\w\s]")
NASTY = (
    "null", "true", "-1", "1e400", ".nan", "9" * 40, "2025-01-01", "0001-01-01T00:00:00Z", "[]", "{}",
    "9999-12-31T23:59:59.9999999Z", "[[]]",
    "{a: b}", '""', "&a *a", "*a", "!!python/object:os.system", "!!binary aGk=", "<<: {a: 1}",
    "? [a]", "\t", "\x00", "\x1b[31m", "\u2028", "\ud800", '"\\ud800"', "|\n", ">\n", "#", ":", "- ", "{{", "}}", "P1D",
    "9999999d", "-1h", "${x}", "x" * 3000, "[" * 60, "(" * 300, "let x=1;", "0x10", "'\\", "\u0130", "1:30", "yes",
)  # fmt: skip
"""What stands in the place of a token."""


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_tokens_deleted_replaced_and_swapped(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    tokens = TOKENS.findall(FILES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(tokens) - 1))
        tokens[place] = data.draw(st.sampled_from(("", *NASTY)) | st.sampled_from(tokens))
    text = "".join(tokens)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for each, content in FILES.items():
            (root / each).parent.mkdir(parents=True, exist_ok=True)
            (root / each).write_bytes((text if each == name else content).encode("utf-8", "surrogatepass"))
        loaded, _, problems = load_settings(root)
        if any(one.level is Level.ERROR for one in problems):
            return

        def lint(texts: dict[str, str]) -> LintRun:
            return run(Wanted(root), Conditions(loaded), instead=texts)

        for change in fix_all(lint, lambda file: (root / file).read_text("utf-8"), unsafe=True).changes:
            assert change.before == (root / change.path).read_text("utf-8")
        repository = load_repository(root)
        assert all(one.passed or one.details for one in run_tests(repository, sorted(repository.tests), workers=1))
        for target in TARGETS:
            compile_repository(repository, target, root / "build")
