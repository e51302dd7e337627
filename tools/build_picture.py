"""Draw ``docs/preview.svg``, the picture in the README: ``python tools/build_picture.py``.

It is what the program writes to a terminal of 100 columns: a finding in a rule with a typing error, then the preview
of the rule as it stands. The tests hold it to what this script makes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html import escape
from itertools import takewhile
from pathlib import Path

from tocsin.content.finding import Finding
from tocsin.content.repository import Repository, load_repository
from tocsin.lint import lint_repository
from tocsin.report import preview_text, text
from tocsin.report.preview_views import preview_of
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR
from tocsin.testing.preview import CasePreviews
from tocsin.testing.runner import Bench

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "preview.svg"
RULE = "direct_send/unauthorised_source"
FILE = f"detections/{RULE}.yaml"
RIGHT, WRONG = "not(SourceAuthorised)", "not(SourceAuthorized)"

COLUMNS = 100
CELL, LINE, MARGIN = 8.0, 18, 16
GROUND, INK, SOFT, PROMPT = "#16191d", "#e6e9ec", "#9aa4ae", "#7ee2a8"
COLORS = {30: "#16191d", 31: "#ff8a80", 33: "#ffd479", 34: "#82b8ff", 36: "#6fd9e0", 37: "#ffffff"}
GROUNDS = {41: "#b42318", 43: "#d9a400", 44: "#41596f", 46: "#3aa3ab"}
PROMPT_CODE = -1
SGR = re.compile(r"\x1b\[([\d;]*)m")


def lines() -> Iterator[str]:
    """What the terminal shows, with its colours."""
    repository = load_repository(ROOT)
    yield "$ tocsin lint"
    source = repository.detections[RULE].document.text
    wrong = load_repository(ROOT, instead={FILE: source.replace(RIGHT, WRONG)})
    found = _finding(wrong)
    sources = text.SourceLines(ROOT, {FILE: source.replace(RIGHT, WRONG)})
    shown = text.render_finding(found, sources, color=True, columns=COLUMNS)
    for line in shown.rstrip("\n").split("\n"):
        yield from _folded(line)
    yield ""
    yield f"$ tocsin preview {RULE}"
    yield from takewhile(lambda line: "Events (" not in line, _preview(repository))
    yield "  …"


def _finding(repository: Repository) -> Finding:
    return next(one for one in lint_repository(repository) if one.code == "KS142" and one.location.file == FILE)


def _preview(repository: Repository) -> list[str]:
    previews = CasePreviews(Bench(repository), repository.tests[RULE], DEFAULT_BEHAVIOUR)
    return preview_text.render(preview_of(previews.outcome(0)), color=True, columns=COLUMNS).split("\n")


def _folded(line: str) -> Iterator[str]:
    """A line in pieces that fit, as a terminal breaks it; a piece goes on in the colour of the one before."""
    piece, room, code = "", COLUMNS, ""
    for place, part in enumerate(SGR.split(line)):
        if place % 2:
            code = f"\x1b[{part}m"
            piece += code
            continue
        while len(part) > room:
            yield piece + part[:room]
            piece, part, room = code, part[room:], COLUMNS
        piece += part
        room -= len(part)
    yield piece


def picture() -> str:
    """The SVG."""
    shown = list(lines())
    width, height = int(COLUMNS * CELL + 2 * MARGIN), LINE * len(shown) + 2 * MARGIN
    drawn = [piece for number, line in enumerate(shown) for piece in _drawn(line, MARGIN + LINE * number)]
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img"'
        ' aria-labelledby="title">',
        '<title id="title">tocsin lint finds a misspelt column at its line; tocsin preview shows the incident, alert,'
        " entities and custom details that an analyst will see</title>",
        f"<style>text {{ font: 13px Consolas, Menlo, 'DejaVu Sans Mono', monospace; fill: {INK}; white-space: pre; }}"
        " .b { font-weight: 700; }</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{GROUND}"/>',
    ]
    return "\n".join([*head, *drawn, "</svg>"]) + "\n"


def _drawn(line: str, top: int) -> Iterator[str]:
    column, codes = 0, [PROMPT_CODE] if line.startswith("$ ") else []
    parts = SGR.split(line)
    for place, part in enumerate(parts):
        if place % 2:
            codes = [int(code) for code in part.split(";") if code not in ("", "0")]
            continue
        x, cells = MARGIN + column * CELL, len(part)
        column += cells
        ground = next((GROUNDS[code] for code in codes if code in GROUNDS), "")
        if ground:
            yield f'<rect x="{x:g}" y="{top}" width="{cells * CELL:g}" height="{LINE}" fill="{ground}"/>'
        stripped = part.strip(" ")
        if not stripped:
            continue
        x += (len(part) - len(part.lstrip(" "))) * CELL
        fill = next((COLORS[code] for code in codes if code in COLORS), "")
        fill = SOFT if 2 in codes else PROMPT if PROMPT_CODE in codes else fill
        style = (f' fill="{fill}" style="fill:{fill}"' if fill else "") + (' class="b"' if 1 in codes else "")
        length = len(stripped) * CELL
        yield (
            f'<text x="{x:g}" y="{top + 13}" textLength="{length:g}" lengthAdjust="spacingAndGlyphs"{style}>'
            f"{escape(stripped)}</text>"
        )


def main() -> int:
    PICTURE.write_text(picture(), encoding="utf-8", newline="\n")
    print(f"wrote docs/{PICTURE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
