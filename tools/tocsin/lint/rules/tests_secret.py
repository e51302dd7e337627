"""TST006."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.personal_data import secrets
from tocsin.lint.sample_files import found_in_data


class TestsSecret(Check):
    """A sample or test file holds what looks like a secret: a token, a key, a password.

    Why: logs hold tokens more often than one thinks. Whoever can read the repository can use it until it is replaced;
    deleting the file does not help.

    Fails::

        {"CommandLine": "curl -H 'Authorization: Bearer ya29.A0ARrdaM..."}

    Right::

        {"CommandLine": "curl -H 'Authorization: Bearer REDACTED'"}

    Fine to ignore: when it is made up and has to have the form, with ``[[lint.per-path]]`` in tocsin.toml. It is an
    error because nothing else in a repository does more harm.
    """

    code, slug, level = "TST006", "test.secret", Level.ERROR
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        for suspect, place in found_in_data(context, secrets):
            length = len(suspect.text)
            yield Finding(self.code, self.slug, self.level, suspect.message, suspect.help, place, (), length)
