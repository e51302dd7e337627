"""A tree back to its text."""

from __future__ import annotations

from tocsin.kql.syntax.tree import SyntaxTree


def source(tree: SyntaxTree) -> str:
    """The text of ``tree``, to the letter, put together from its tokens and the trivia between them."""
    parts: list[str] = []
    end = 0
    for token in tree.tokens:
        parts.append(tree.text[end : token.start])
        parts.append(token.text)
        end = token.end
    return "".join(parts)
