"""Where the parser stands in the tokens, and how it reports what is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tocsin.kql.syntax.tree import Diagnostic, Missing, Severity, Token, TokenKind
from tocsin.kql.syntax.words import CALL_WORDS, RESERVED_WORDS

T = TypeVar("T")

LIST_ENDS = frozenset({")", "]", "}", "|", ";", ""})
"""Words that end a list whatever it lists; the empty one is the end of the text."""

DEEPEST_NESTING = 160
"""Steps of nesting a text may have. A bracket takes two, the right side of a binary operator one, an operator with a
subquery four. The parser recurses four frames a step at most, and the readers of the tree recurse as well; the
deepest public rules need some 30 steps."""

LONGEST_CHAIN = 150
"""Operators of a chain that nests to the left (``a + b + …``), or members of a path. ``and``/``or`` have no limit."""

MOST_DIAGNOSTICS = 200
"""Syntax errors reported for one text."""


class Cursor:
    """A position in the tokens. ``word`` is the text of the token at it; the empty text is the end."""

    def __init__(self, text: str, tokens: list[Token], diagnostics: list[Diagnostic]) -> None:
        self.source = text
        self.tokens = tokens
        self.words = [token.text for token in tokens] + [""] * 4
        self.kinds = [token.kind for token in tokens] + [TokenKind.END] * 4
        self.diagnostics = diagnostics
        self.at = 0
        self.word = self.words[0]
        self.depth = 0
        self.chain_links = 0
        self._abandoned = False
        self._told: set[tuple[str, int]] = set()

    # ------------------------------------------------------------------------------------------------- movement

    def advance(self) -> Token:
        """The token at the position; the position moves behind it (not beyond the end)."""
        token = self.tokens[self.at]
        if token.kind is not TokenKind.END:
            self.at += 1
            self.word = self.words[self.at]
        return token

    def accept(self, word: str) -> Token | None:
        """The token at the position if it is this word, else None."""
        return self.advance() if self.word == word else None

    def expect(self, word: str) -> Token | None:
        """As ``accept``; reports the word when it is not there."""
        if self.word == word:
            return self.advance()
        self.complain_expected(word)
        return None

    def move_to(self, at: int) -> None:
        self.at = at
        self.word = self.words[at]

    @property
    def here(self) -> int:
        """Offset of the token at the position."""
        return self.tokens[self.at].start

    @property
    def end(self) -> int:
        """Offset behind the token before the position."""
        return self.tokens[self.at - 1].end if self.at else 0

    # ----------------------------------------------------------------------------------------------- complaints

    def complain(self, code: str, message: str, start: int, length: int, suggestion: str | None = None) -> None:
        """Records a syntax error; one of a kind for each place, as the second says nothing new."""
        if self._abandoned or (code, start) in self._told or len(self.diagnostics) >= MOST_DIAGNOSTICS:
            return
        self._told.add((code, start))
        self.diagnostics.append(Diagnostic(code, Severity.ERROR, message, start, length, suggestion))

    def complain_expected(self, *words: str, at: int | None = None) -> None:
        """A certain word is wanted. ``at`` is the index of the token found instead, if the position has moved on."""
        message = f"Expected: {words[0]}" if len(words) == 1 else f"Expected one of: {', '.join(words)}"
        self.complain("KS005", message, *self._place_of_word(at))

    def complain_missing_word(self, what: str, at: int | None = None) -> None:
        """A word of a kind is wanted; ``at`` as above."""
        self.complain("KS006", f"Missing {what}", *self._place_of_word(at))

    def _place_of_word(self, at: int | None) -> tuple[int, int]:
        """Start and length of the token found instead of a word if it is near, else of nothing behind the last one."""
        found = self.at if at is None else at
        token = self.tokens[found]
        end = self.tokens[found - 1].end if found else 0
        between = self.source[end : token.start]
        if len(between) > 1 or between in ("\n", "\r"):
            return end, 0
        return token.start, token.end - token.start

    def complain_missing(self, what: str) -> None:
        """An element of the grammar is wanted and nothing here starts one."""
        word = self.word
        if what in ("expression", "name") and self.kinds[self.at] is TokenKind.IDENTIFIER and word in RESERVED_WORDS:
            purpose = "to be used as the name" if what == "name" else "to be part of an expression"
            hint = f"['{word}']"
            message = f"Missing {what}: if the keyword '{word}' is meant {purpose}, it must be bracketed as {hint}."
            self.complain("KS006", message, self.end, 0, None if word in CALL_WORDS else hint)
        else:
            self.complain("KS006", f"Missing {what}", self.end, 0)

    def missing(self, what: str = "expression") -> Missing:
        """A placeholder, reported."""
        self.complain_missing(what)
        return Missing(self.end, self.end)

    # -------------------------------------------------------------------------------------------------- nesting

    def descend(self) -> None:
        """Into a bracket: two steps deeper. Beyond the limit the rest of the text is given up with one diagnostic:
        every rule then finds the end of the text, so the tree is still complete."""
        self.depth += 2
        if self.depth > DEEPEST_NESTING:
            self.give_up("nested too deeply")

    def ascend(self) -> None:
        self.depth -= 2

    def give_up(self, why: str) -> None:
        if not self._abandoned:
            token = self.tokens[self.at]
            self.complain(
                "TK001",
                f"The query is {why}; the rest of it was not read. Use let statements or lists to flatten it.",
                token.start,
                token.end - token.start,
            )
            self._abandoned = True
        self.move_to(len(self.tokens) - 1)

    # ---------------------------------------------------------------------------------------------------- lists

    def at_list_end(self) -> bool:
        return self.word in LIST_ENDS

    def separated(
        self,
        element: Callable[[], T | None],
        missing: Callable[[], T],
        at_end: Callable[[], bool] | None,
        *,
        required: bool = False,
        trailing: bool = False,
    ) -> tuple[T, ...]:
        """Elements with commas between.

        ``element`` reads one or returns None and reads nothing. ``at_end`` tells where the list ends; with it, a
        comma that is left out is reported and the list goes on. ``trailing``: a comma may follow the last.
        """
        items: list[T] = []
        item = None if at_end is not None and at_end() else element()
        if item is None and self.word == ",":
            item = missing()
        while item is not None:
            items.append(item)
            if self.kinds[self.at] is TokenKind.END or (at_end is not None and at_end()):
                break
            if self.word == ",":
                self.advance()
                item = None if at_end is not None and at_end() else element()
                if item is None and not trailing:
                    items.append(missing())
            elif at_end is not None:
                before = self.at
                item = element()
                if item is not None:
                    self.complain_expected(",", at=before)
            else:
                break
        if required and not items:
            items.append(missing())
        return tuple(items)
