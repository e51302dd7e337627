"""CNT010."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.editing import remove, set_value
from tocsin.content.finding import Finding, Fix, Level
from tocsin.content.models import Parser
from tocsin.content.source import Document, PathPart
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.references import wrong_with
from tocsin.lint.texts import contents


class ContentReference(Check):
    """A reference is no address that a reader can open, or is listed twice.

    That is: no https, a private or internal host, a host that is gone, a name or password in it.

    Why: a link is there to be followed by somebody who has never seen the rule. Only the form is looked at; nothing is
    fetched.

    Fails::

        references: ["http://wiki.corp.local/mail", "see the wiki"]

    Right::

        references: ["https://learn.microsoft.com/defender-office-365/message-headers-eop-mdo"]

    Fine to ignore: when everybody who reads the rule can reach the internal page.
    """

    code, slug, level = "CNT010", "rule.reference", Level.WARNING

    def check(self, context: LintContext) -> Iterator[Finding]:
        for loaded in contents(context.repository):
            places: list[tuple[tuple[PathPart, ...], str]] = [
                (("x-tocsin", "references", i), link) for i, link in enumerate(loaded.model.extension.references)
            ]
            if isinstance(loaded.model, Parser):
                listed = isinstance(_plain(loaded.document, "References"), list)
                places += [
                    (("References", i, "Link") if listed else ("References", "Link"), one.link)
                    for i, one in enumerate(loaded.model.references)
                ]
            yield from self._of(loaded.document, places)

    def _of(self, document: Document, places: list[tuple[tuple[PathPart, ...], str]]) -> Iterator[Finding]:
        seen: set[str] = set()
        for path, link in places:
            problem = wrong_with(link)
            if problem is not None:
                secured = f"https{link.removeprefix('http')}" if link.startswith("http://") else ""
                # Whether the host answers there nobody knows: a person looks.
                change = set_value(document, path, secured) if secured and wrong_with(secured) is None else None
                offered = Fix((change,), safe=False) if change is not None else None
                yield self.finding(document, path, problem.message, problem.help, fix=offered)
            same = link.strip().rstrip("/").lower()
            if same in seen:
                edit = remove(document, path) if path[0] == "x-tocsin" else None
                fix = Fix((edit,)) if edit is not None else None
                yield self.finding(document, path, "this reference is listed twice", "keep one of them", fix=fix)
            seen.add(same)


def _plain(document: Document, *path: PathPart) -> object:
    node = document.node(*path)
    return node.plain() if node is not None else None
