"""TST004."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Location
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.sample_files import SUFFIXES, sample_files


class TestsUnusedSample(Check):
    """No test names a sample file.

    Why: recorded data that nothing reads is only a risk: nobody sees when it goes out of date, and it may be
    somebody's. Or a test was meant to read it.

    Fails::

        tests/samples/EmailEvents/old.jsonl      # in no test file

    Right::

        records: {old: {file: samples/EmailEvents/old.jsonl}}

    Fine to ignore: when the file is for trying things out with `tocsin kql run`.
    """

    code, slug, level = "TST004", "test.unused-sample", Level.INFO
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        repository = context.repository
        texts = [one.document.text for one in repository.tests.values()]
        texts += [one.document.text for one in repository.fixtures.values()]
        if not texts:
            return
        for sample in sample_files(repository.root):
            named = sample.path.removeprefix("tests/")
            if sample.file.suffix.lower() in SUFFIXES and not any(named in text for text in texts):
                message, help = "no test uses this sample file", f"name it in a test: file: {named}; or delete it"
                yield Finding(self.code, self.slug, self.level, message, help, Location(sample.path, 1, 1))
