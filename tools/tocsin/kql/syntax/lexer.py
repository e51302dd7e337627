"""Text to tokens: one regular expression, one pass. Every character ends up in a token or in the trivia before one."""

from __future__ import annotations

import re

from tocsin.kql.syntax.tree import Diagnostic, Severity, Token, TokenKind
from tocsin.kql.syntax.words import DOTTED_WORDS, HYPHENATED_WORDS, words_of

_BLANK = r"[ \t\r\n\f\u00a0\u1680\u180e\u2000-\u200b\u202f\u205f\u3000\ufeff]"
_TRIVIA = rf"(?:{_BLANK}++|//[^\r\n\u2028\u2029]*+|[\u2028\u2029])*+"
_HEX = "[0-9a-fA-F]"
_ESCAPE = rf"\\(?:[\\'\"abfnrtv]|u{_HEX}{{4}}|U{_HEX}{{8}}|x{_HEX}{{2}}|[0-3][0-7]{{2}}|[0-7]{{1,2}})"

_TYPED_LITERALS: dict[str, TokenKind] = {
    "bool": TokenKind.BOOL,
    "date": TokenKind.DATETIME,
    "datetime": TokenKind.DATETIME,
    "decimal": TokenKind.DECIMAL,
    "double": TokenKind.REAL,
    "guid": TokenKind.GUID,
    "int": TokenKind.INT,
    "int32": TokenKind.INT,
    "int64": TokenKind.LONG,
    "long": TokenKind.LONG,
    "real": TokenKind.REAL,
    "time": TokenKind.TIMESPAN,
    "timespan": TokenKind.TIMESPAN,
}
"""``word(`` without a blank between is a literal up to the next ``)`` of the line."""

_UNITS = words_of(
    """
    microseconds microsecond microsec micros micro milliseconds millisecond millisec millis milli ms minutes
    minute min m nanoseconds nanosecond nanosec nanos nano seconds second sec s hours hour hrs hr h days day d
    ticks tick
    """
)

_BANG_WORDS = words_of(
    """
    between contains_cs contains endswith_cs endswith hasprefix_cs hasprefix hassuffix_cs hassuffix has_cs has
    in~ in startswith_cs startswith
    """
)

_WORD_END = r"(?![A-Za-z0-9_])"
_STRING = (
    rf"[hH]?(?:'(?:[^'\\\r\n]++|{_ESCAPE})*+(?P<closed_single>')?|\"(?:[^\"\\\r\n]++|{_ESCAPE})*+(?P<closed_double>\")?"
    r"|@'(?:[^'\r\n]++|'')*+(?P<closed_verbatim_single>')?|@\"(?:[^\"\r\n]++|\"\")*+(?P<closed_verbatim_double>\")?"
    r"|@?```(?:(?s:.*?)(?P<closed_ticks>```)|(?s:.*))|@?~~~(?:(?s:.*?)(?P<closed_tildes>~~~)|(?s:.*)))"
)
_CLOSED = (
    "closed_single",
    "closed_double",
    "closed_verbatim_single",
    "closed_verbatim_double",
    "closed_ticks",
    "closed_tildes",
)
_QUOTE = re.compile("'|\"|```|~~~")

_COMPOUND_WORDS = [re.escape(word) for word in sorted([*HYPHENATED_WORDS, *DOTTED_WORDS], key=len, reverse=True)]

_MASTER = re.compile(
    _TRIVIA
    + "(?:"
    + "|".join(
        (
            rf"(?P<string>{_STRING})",
            rf"(?P<guid>{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})",
            rf"(?P<typed>(?P<type>{'|'.join(sorted(_TYPED_LITERALS, key=len, reverse=True))})"
            r"\([^)\r\n\u2028\u2029]*+\)?)",
            rf"(?P<bool>(?:true|True|TRUE|false|False|FALSE){_WORD_END})",
            rf"(?P<word>(?:{'|'.join(_COMPOUND_WORDS)}|matches[ ]regex|in~){_WORD_END}"
            r"|[A-Za-z_$][A-Za-z0-9_]*+)",
            rf"(?P<real>[0-9]++(?:\.(?:(?!\.)|(?=\.\.))[0-9]*+(?:[eE][+-]?[0-9]++)?|[eE][+-]?[0-9]++){_WORD_END})",
            rf"(?P<timespan>[0-9]++(?:\.[0-9]++)?(?:{'|'.join(_UNITS)}){_WORD_END})",
            rf"(?P<long>(?:0[xX]{_HEX}++|[0-9]++){_WORD_END})",
            r"(?P<digits_first>[0-9]++[A-Za-z_][A-Za-z0-9_]*+)",
            rf"(?P<punctuation>!(?:{'|'.join(_BANG_WORDS)}){_WORD_END}"
            r"|\.\.|<=|<>|<\||>=|==|=>|=~|!=|!~|[()\[\]{}|.+\-*/%<>=:;,@?]|!(?![A-Za-z0-9_]))",
            r"(?P<directive>\#[^\r\n\u2028\u2029]*+)",
            r"(?P<end>\Z)",
            r"(?P<bad>(?s:.))",
        )
    )
    + ")",
    re.ASCII,
)

_KINDS: dict[str, TokenKind] = {
    "string": TokenKind.STRING,
    "guid": TokenKind.GUID,
    "bool": TokenKind.BOOL,
    "word": TokenKind.IDENTIFIER,
    "real": TokenKind.REAL,
    "timespan": TokenKind.TIMESPAN,
    "long": TokenKind.LONG,
    "digits_first": TokenKind.IDENTIFIER,
    "punctuation": TokenKind.PUNCTUATION,
    "directive": TokenKind.BAD,
    "end": TokenKind.END,
    "bad": TokenKind.BAD,
}

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

LONGEST_TEXT = 2_000_000
"""Characters a text may have; the service itself takes no longer query."""

MOST_TOKENS = 100_000
"""Tokens a text may have: keeps the time for any text below about a second."""


def tokenize(text: str) -> tuple[list[Token], list[Diagnostic]]:
    """All tokens of ``text``, an END token last, and what is wrong with single characters and literals.

    A ``#`` directive line is a BAD token without a diagnostic: the parser allows it in front of a query. A text
    beyond the limits becomes one BAD token and a ``TK002``.
    """
    if len(text) > LONGEST_TEXT:
        return _refuse(text, f"longer than {LONGEST_TEXT:,} characters")
    tokens: list[Token] = []
    diagnostics: list[Diagnostic] = []
    add = tokens.append
    for match in _MASTER.finditer(text):
        group = match.lastgroup
        assert group is not None
        start, end = match.span(group)
        content = text[start:end]
        if group == "word":
            add(Token(TokenKind.IDENTIFIER, content, start, end))
        elif group == "typed":
            add(Token(_TYPED_LITERALS[match["type"]], content, start, end))
            if content[-1] != ")":
                diagnostics.append(_missing(")", end))
        else:
            add(Token(_KINDS[group], content, start, end))
            if group == "string":
                if not any(match.group(*_CLOSED)):
                    quote = _QUOTE.search(content)
                    assert quote is not None
                    diagnostics.append(_missing(quote[0], end))
            elif group == "bad":
                diagnostics.append(Diagnostic("KS002", Severity.ERROR, f"Unexpected: {_shown(content)}", start, 1))
            elif group == "end":
                break
        if len(tokens) > MOST_TOKENS:
            return _refuse(text, f"of more than {MOST_TOKENS:,} words and signs")
    for match in _UNSTORABLE.finditer(text):
        diagnostics.append(
            Diagnostic(
                "TK003",
                Severity.ERROR,
                f"The character {_shown(match[0])} can not be part of a query: it is no text in UTF-8. Remove it.",
                match.start(),
                1,
            )
        )
        break
    return tokens, diagnostics


def _refuse(text: str, why: str) -> tuple[list[Token], list[Diagnostic]]:
    size = len(text)
    tokens = [Token(TokenKind.BAD, text, 0, size), Token(TokenKind.END, "", size, size)]
    message = f"The query is {why}. Split it, or put long lists into a watchlist."
    return tokens, [Diagnostic("TK002", Severity.ERROR, message, 0, size)]


def _missing(text: str, at: int) -> Diagnostic:
    return Diagnostic("KS001", Severity.ERROR, f"Missing: {text}", at, 0)


def _shown(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"
