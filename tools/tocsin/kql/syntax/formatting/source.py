"""A parsed text as the formatter sees it: tokens by number, and what lies between them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from tocsin.kql.syntax.tree import Node, SyntaxTree, TokenKind

_LINE_END = re.compile(r"\r\n|[\r\n\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between two tokens. ``trailing``: a comment on the line of the first one, with the blanks before it;
    ``own_lines``: the lines after that one, comments and empty texts for blank lines; ``line_break``: there is one."""

    trailing: str
    own_lines: tuple[str, ...]
    line_break: bool

    @property
    def comments(self) -> bool:
        """Whether there is a comment, after which a line must end."""
        return bool(self.trailing) or any(self.own_lines)


class Source:
    """Tokens of a text by number; ``between[i]`` is what lies before token ``i``."""

    def __init__(self, tree: SyntaxTree) -> None:
        self.tree = tree
        self.tokens = tree.tokens
        self.texts = [token.text for token in tree.tokens]
        self._starts = [token.start for token in tree.tokens[:-1]]
        self._ends = [token.end for token in tree.tokens[:-1]]
        ends = [0, *self._ends]
        self.between = [_between(tree.text[end : token.start]) for end, token in zip(ends, tree.tokens, strict=False)]

    def __len__(self) -> int:
        return len(self.tokens)

    def first(self, node: Node) -> int:
        """The number of a node's first token."""
        return bisect_left(self._starts, node.start)

    def last(self, node: Node) -> int:
        """The number of a node's last token; before ``first`` for a node without tokens."""
        return bisect_right(self._ends, node.end) - 1

    def is_end(self, index: int) -> bool:
        """Whether the token is the end of the text."""
        return self.tokens[index].kind is TokenKind.END


def _between(text: str) -> Between:
    if not text or ("\n" not in text and text.isspace() and not _LINE_END.search(text)):
        return Between("", (), False)
    first, *others = _LINE_END.split(text)
    lines = [_comment(line) for line in others]
    if lines and not lines[-1]:
        lines.pop()
    return Between(first.rstrip() if _comment(first) else "", tuple(lines), bool(others))


def _comment(line: str) -> str:
    at = line.find("//")
    return line[at:].rstrip() if at >= 0 else ""
