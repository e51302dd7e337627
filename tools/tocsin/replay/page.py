"""A replay as a page of HTML that needs nothing else: timeline, incidents, entities, cost.

Text of records and rules is escaped, and the page forbids scripts and anything from elsewhere by its own policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from tocsin.kql.types import TICKS_PER_SECOND
from tocsin.replay.summary import STEPS, Figures, RuleFigures
from tocsin.replay.wording import (
    clock,
    count_of,
    days_and_clock,
    notes_on,
    runs_text,
    schedule_text,
    speed_text,
    stretch_text,
)
from tocsin.report.text import visible

MOST_INCIDENTS: Final = 500
"""Incidents on the page; the rest are counted."""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_WIDTH, _LANE = 960, 54
_LEFT, _RIGHT = 8, 8
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2733; --soft: #5a6775; --line: #d5dbe2; --back: #ffffff; --lane: #f4f6f9;
  --alert: #b3261e; --incident: #1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #a3afbc; --line: #36424f; --back: #12181f;
  --lane: #1b232c; --alert: #ff8a80; --incident: #8ab8f5; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto;
  max-width: 62rem; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; overflow-wrap: anywhere; }
p { margin: .25rem 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); } ul { margin: .25rem 0; padding-left: 1.25rem; }
svg { display: block; width: 100%; min-width: 34rem; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.lane { fill: var(--lane); } .grid { stroke: var(--line); } .alert { fill: var(--alert); }
.incident { fill: none; stroke: var(--incident); stroke-width: 2; }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 .8em; vertical-align: baseline; }
.key.alert { background: var(--alert); } .key.incident { border: 2px solid var(--incident); border-radius: 50%;
  box-sizing: border-box; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: anywhere; min-width: 4rem; } td:first-child { min-width: 7rem; } td.text { min-width: 14rem; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.time { white-space: nowrap; } caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
"""


def render(figures: Figures) -> str:
    """The whole page."""
    title = f"Replay of {stretch_text(figures)}"
    body = "\n".join(
        (
            *_head(figures, title),
            *_rules(figures),
            *_not_run(figures),
            *_incidents(figures),
            *_entities(figures),
            *_cost(figures),
            *_records(figures),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return escape(visible(text))


def _head(figures: Figures, title: str) -> Iterator[str]:
    yield f"<h1>{_text(title)}</h1>"
    found = f"{count_of(len(figures.alerts), 'alert')} and {count_of(len(figures.incidents), 'incident')}"
    yield f"<p>{found} from {count_of(figures.runs, 'run')} of {count_of(len(figures.rules), 'rule')}.</p>"
    yield f'<p class="soft">{_text(speed_text(figures))}</p>'


def _rules(figures: Figures) -> Iterator[str]:
    yield "<h2>Timeline</h2>"
    yield (
        '<p class="soft"><span class="key alert"></span>alerts in each part of the time'
        '<span class="key incident"></span>an incident is created. All bars have one scale.</p>'
    )
    peak = max((count for rule in figures.rules for count in rule.alerts_by_step), default=0)
    for rule in figures.rules:
        yield "<section>"
        yield f"<h3>{_text(rule.title)}</h3>"
        yield (
            f'<p class="soft">{_text(rule.name)}: {count_of(rule.alerts, "alert")}, '
            f"{count_of(rule.incidents, 'incident')}; {_text(runs_text(rule))} {_text(schedule_text(rule))}</p>"
        )
        yield f'<div class="scroll" tabindex="0" role="region" aria-label="Timeline of {_text(rule.title)}">'
        yield f"{_lane(figures, rule, peak)}</div>"
        notes = list(notes_on(rule))
        if notes:
            yield _list(notes)
        yield "</section>"


def _lane(figures: Figures, rule: RuleFigures, peak: int) -> str:
    """The timeline of one rule: a bar of alerts for each step, a ring for each step in which incidents are created."""
    width = (_WIDTH - _LEFT - _RIGHT) / STEPS
    name = f"{rule.title}: {count_of(rule.alerts, 'alert')}, {count_of(rule.incidents, 'incident')} over time"
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_LANE + 18}" role="img" aria-label="{_text(name)}">',
        f'<rect class="lane" x="{_LEFT}" y="0" width="{_WIDTH - _LEFT - _RIGHT}" height="{_LANE}" rx="3"/>',
    ]
    for step in range(0, STEPS + 1, STEPS // 6):
        x = _LEFT + step * width
        anchor = "start" if step == 0 else "end" if step == STEPS else "middle"
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{_LANE}"/>')
        at = _text(_axis(figures, step))
        parts.append(f'<text x="{x:.1f}" y="{_LANE + 13}" text-anchor="{anchor}">{at}</text>')
    for step, (alerts, incidents) in enumerate(zip(rule.alerts_by_step, rule.incidents_by_step, strict=True)):
        if not alerts and not incidents:
            continue
        x = _LEFT + step * width
        begin, end = figures.start + step * figures.step, figures.start + (step + 1) * figures.step
        told = (
            f"{days_and_clock(begin)} to {clock(end)}: {count_of(alerts, 'alert')}, {count_of(incidents, 'incident')}"
        )
        height = max(4.0, (_LANE - 18) * alerts / max(peak, 1)) if alerts else 0
        parts.append(f"<g><title>{_text(told)}</title>")
        if alerts:
            place = f'x="{x + 1:.1f}" y="{_LANE - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}"'
            parts.append(f'<rect class="alert" {place}/>')
        if incidents:
            parts.append(f'<circle class="incident" cx="{x + width / 2:.1f}" cy="9" r="5"/>')
        parts.append("</g>")
    return "".join((*parts, "</svg>"))


def _axis(figures: Figures, step: int) -> str:
    ticks = figures.start + step * figures.step
    longer_than_days = figures.step * STEPS > 2 * 86_400 * TICKS_PER_SECOND
    return days_and_clock(ticks)[5:16] if longer_than_days else clock(ticks)


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"


def _table(caption: str, heads: Iterable[tuple[str, str]], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table; ``heads`` are names and classes of the columns."""
    named = list(heads)
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(caption)}"><table>'
    yield f"<caption>{_text(caption)}</caption><thead><tr>"
    yield "".join(f'<th scope="col" class="{kind}">{_text(name)}</th>' for name, kind in named)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = (f'<td class="{kind}">{_text(cell)}</td>' for cell, (_, kind) in zip(row, named, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _not_run(figures: Figures) -> Iterator[str]:
    if figures.not_run:
        yield "<h2>Rules that were not run</h2>"
        yield _list(f"{one.rule}: {one.reason}" for one in figures.not_run)


def _incidents(figures: Figures) -> Iterator[str]:
    if not figures.incidents:
        return
    maker = "Microsoft Defender" if figures.portal == "defender" else "Microsoft Sentinel"
    shown = figures.incidents[:MOST_INCIDENTS]
    left = len(figures.incidents) - len(shown)
    caption = f"As {maker} makes them" + (f"; {left:,} more are not shown" if left else "")
    yield "<h2>Incidents</h2>"
    heads = (("Created", "time"), ("No.", "number"), ("Severity", ""), ("Title", "text"), ("Alerts", "number"))
    rows = (
        (days_and_clock(one.created), f"{one.number}", one.severity, one.title, f"{len(one.alerts):,}") for one in shown
    )
    yield from _table(caption, heads, rows)


def _entities(figures: Figures) -> Iterator[str]:
    if not figures.entities:
        return
    yield "<h2>Entities hit most</h2>"
    heads = (("Type", ""), ("Entity", ""), ("Alerts", "number"), ("Rules", ""))
    rows = ((one.type, one.name, f"{one.alerts:,}", ", ".join(one.rules)) for one in figures.entities)
    yield from _table(f"The first of {figures.entities_in_all:,}", heads, rows)


def _cost(figures: Figures) -> Iterator[str]:
    yield "<h2>Cost</h2>"
    heads = (
        ("Rule", ""),
        ("Runs", "number"),
        ("Rows scanned", "number"),
        ("Rows found", "number"),
        ("Seconds", "number"),
    )
    rows = (
        (rule.name, f"{sum(rule.outcomes.values()):,}", f"{rule.scanned:,}", f"{rule.rows:,}", f"{rule.seconds:.1f}")
        for rule in figures.rules
    )
    yield from _table("What the queries took here: a guide to which rule is dear, not a bill", heads, rows)


def _records(figures: Figures) -> Iterator[str]:
    yield "<h2>Records</h2>"
    heads = (("Table", ""), ("Records", "number"), ("Left out", "number"), ("First", "time"), ("Last", "time"))
    rows = (
        (
            name,
            f"{facts.records:,}",
            f"{facts.left_out:,}",
            "" if facts.first is None else days_and_clock(facts.first),
            "" if facts.last is None else days_and_clock(facts.last),
        )
        for name, facts in figures.records.items()
    )
    yield from _table("What the rules were given", heads, rows)
    if figures.problems.first:
        yield _list(f"{one.location}: {one.message}" for one in figures.problems.first)
