"""TST003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.sample_files import SUFFIXES, misfits, sample_files


class TestsSampleRows(Check):
    """A sample file cannot be read, or its records are no rows of the table whose name its folder has.

    Every file below tests/samples is read, those too that no test uses yet.

    Why: a test on a record that the service could not have written proves nothing; a misspelt column is null, and the
    rule stays quiet for a reason that is none.

    Fails::

        tests/samples/EmailEvents/phish.jsonl      # {"SenderIpV4": "203.0.113.7"}

    Right::

        tests/samples/EmailEvents/phish.jsonl      # {"SenderIPv4": "203.0.113.7"}

    Fine to ignore: never; put files that are no samples elsewhere. Folders of tables that nobody knows are left alone.
    """

    code, slug, level = "TST003", "test.sample-rows", Level.ERROR
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        for sample in sample_files(context.repository.root):
            columns = context.catalog.tables.get(sample.table)
            if sample.file.suffix.lower() not in SUFFIXES or columns is None:
                continue
            told: set[str] = set()
            for one in misfits(sample, columns):
                if one.message not in told:
                    told.add(one.message)
                    yield Finding(self.code, self.slug, self.level, one.message, one.help, one.location)
