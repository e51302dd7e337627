"""TST005."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.personal_data import suspects
from tocsin.lint.sample_files import found_in_data


class TestsPersonalData(Check):
    """A sample or test file holds what may belong to somebody real.

    That is: a domain or mail address that is none of the invented ones, a public IP address, the id of a tenant, a
    telephone number.

    Why: recorded logs are personal data. In git they are copied to everybody, and stay after they were deleted.

    Fails::

        {"SenderFromAddress": "jane@some-real-company.com", "SenderIPv4": "20.70.30.10"}

    Right::

        {"SenderFromAddress": "jane@fabrikam.com", "SenderIPv4": "203.0.113.10"}

    Fine to ignore: for data that is public and has to be real, with ``[[lint.per-path]]`` in tocsin.toml. Names that do
    not exist: example.com, .example, contoso and the other companies of Microsoft's documentation; addresses:
    192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32; telephone: 555-0100 to 555-0199.
    """

    code, slug, level = "TST005", "test.personal-data", Level.WARNING
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        for suspect, place in found_in_data(context, suspects):
            length = len(suspect.text)
            yield Finding(self.code, self.slug, self.level, suspect.message, suspect.help, place, (), length)
