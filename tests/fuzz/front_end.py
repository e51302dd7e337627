"""Fuzzes parse, analyze and format with atheris (coverage-guided), on words and pieces of queries put together.

    python -m venv FUZZ && FUZZ/bin/python -m pip install atheris google-re2
    PYTHONPATH=tools FUZZ/bin/python tests/fuzz/front_end.py [CORPUS_FOLDER] -max_total_time=180

What must hold for every text: no exception; tokens give the text back; spans lie inside it; a layout has the same
words and is its own layout. atheris is for this alone and no dependency; arguments are libFuzzer's. A text that breaks
a rule is written to ``crash-…``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tocsin import kql

HERE = Path(__file__).parent

WORDS: tuple[str, ...] = (
    *(HERE / "words.txt").read_text(encoding="utf-8").split(),
    *("\n", "\r\n", "\t", " ", "// comment\n", "\x00", "\ud800", "é", "\U0001f600", "\ufeff"),
)

PIECES: tuple[str, ...] = tuple(
    piece.strip()
    for file in sorted((HERE.parent / "oracle" / "queries").iterdir())
    for line in file.read_text(encoding="utf-8").splitlines()
    if not line.startswith("//")
    for piece in line.split("|")
)
"""What stands between the pipes of our own queries."""

CATALOG = kql.Catalog(
    tables={
        "T": (
            kql.ColumnSchema("a", kql.ScalarType.STRING),
            kql.ColumnSchema("n", kql.ScalarType.LONG),
            kql.ColumnSchema("x", kql.ScalarType.DYNAMIC),
        ),
        "U": (kql.ColumnSchema("a", kql.ScalarType.STRING), kql.ColumnSchema("c", kql.ScalarType.DATETIME)),
    },
    functions={"f": kql.WorkspaceFunction("f", "(a: string, n: long = 1)", "T | where a == a | take n")},
)


FAULT = "TK192"
"""The formatter found that its layout would change more than blanks: left alone, but a fault of ours."""


def text_of(data: bytes) -> str:
    """A text for the fuzzer's bytes: words, or pieces of queries with a pipe or a line end between them."""
    return _pieces(data[1:]) if data[:1] < b"\x80" else _words(data[1:])


def _pieces(data: bytes) -> str:
    """Three bytes are a piece, what follows it, and how much of it is left away at its end (mostly nothing)."""
    parts: list[str] = []
    for at in range(0, len(data) - 2, 3):
        high, low, rest = data[at : at + 3]
        piece = PIECES[(high * 256 + low) % len(PIECES)]
        parts.append(piece[: -(rest - 239)] if rest >= 240 else piece)
        parts.append((" | ", "\n| ", "|", "\n", ";\n", ", ", " ", "\r\n|\t // c\n")[rest % 8])
    return "".join(parts)


def _words(data: bytes) -> str:
    """A byte is a word or, after the byte 255, a character."""
    parts: list[str] = []
    at = 0
    while at < len(data):
        code = data[at]
        if code == 255 and at + 1 < len(data):
            at += 1
            parts.append(chr(data[at]))
        else:
            parts.append(WORDS[code % len(WORDS)])
            if code < 128:
                parts.append(" ")
        at += 1
    return "".join(parts)


def check(text: str) -> None:
    """Raise where a rule is broken."""
    from tocsin.kql.syntax.formatting import format_query
    from tocsin.kql.syntax.printer import source

    analysis = kql.analyze(text, CATALOG)
    if source(analysis.tree) != text:
        raise AssertionError("the tokens do not give the text back")
    for each in (*analysis.diagnostics, *analysis.refusals):
        if not 0 <= each.start <= each.start + each.length <= len(text):
            raise AssertionError(f"{each.code} lies outside of the text: {each.start}, {each.length}")
    laid_out = format_query(text)
    if laid_out.errors:
        if any(each.code == FAULT for each in laid_out.errors):
            raise AssertionError(f"the formatter caught itself: {laid_out.errors}")
    elif format_query(laid_out.text).text != laid_out.text:
        raise AssertionError("the layout of the layout differs")


def main() -> None:
    """Fuzz until libFuzzer's own options say stop."""
    import atheris

    with atheris.instrument_imports(
        include=["tocsin.kql.syntax", "tocsin.kql.semantics"], enable_loader_override=False
    ):
        import tocsin.kql.semantics.analysis
        import tocsin.kql.syntax.formatting  # noqa: F401  # imported for its instrumentation

    atheris.Setup(sys.argv, lambda data: check(text_of(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
