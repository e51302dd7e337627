"""A replay on the terminal.

::

    replayed 2026-09-14 00:00Z to 2026-09-15 00:00Z (1d), 3 rules, 75 runs

    direct_send/unauthorised_source                    High   4 alerts, 4 incidents
      00:00 ················▂··█···········|··········· 00:00
      25 runs every 1h over 1d; 154,032 rows scanned in 4.2 s
      from event to alert: best 12m, median 31m, worst 58m
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from tocsin.replay.summary import Figures, RuleFigures
from tocsin.replay.wording import (
    clock,
    cost_text,
    count_of,
    days_and_clock,
    notes_on,
    runs_text,
    schedule_text,
    speed_text,
    stretch_text,
)
from tocsin.report.text import fitted, visible

_BARS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = ".:-=+*#@"
_MOST_INCIDENTS: Final = 20
_MOST_ENTITIES: Final = 10
_BOLD, _DIM, _RED, _YELLOW, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[0m"
_COLORS: Final = {"High": _RED, "Medium": _YELLOW}

_Paint: TypeAlias = Callable[[str, str], str]
"""Gives a text a style."""


def render(figures: Figures, *, color: bool = False, columns: int | None = None, blocks: bool = True) -> str:
    """The whole report, ending in a newline. ``blocks``: the terminal can show block characters."""
    paint = _painted if color else _plain
    lines = [
        paint(f"replayed {stretch_text(figures)}", _BOLD),
        f"{count_of(len(figures.rules), 'rule')}, {count_of(figures.runs, 'run')}, "
        f"{count_of(len(figures.alerts), 'alert')}, {count_of(len(figures.incidents), 'incident')}",
        "",
    ]
    peak = max((count for rule in figures.rules for count in rule.alerts_by_step), default=0)
    for rule in figures.rules:
        lines += [*_rule(figures, rule, peak, paint, columns, blocks), ""]
    for not_run in figures.not_run:
        lines += [f"{paint('NOT RUN', _RED)} {not_run.rule}", *(f"  {one}" for one in not_run.reason.splitlines()), ""]
    lines += _incidents(figures, paint, columns)
    lines += _entities(figures, columns)
    lines += _records(figures)
    lines.append(speed_text(figures))
    return "\n".join(lines) + "\n"


def _rule(
    figures: Figures, rule: RuleFigures, peak: int, paint: _Paint, columns: int | None, blocks: bool
) -> Iterator[str]:
    found = f"{count_of(rule.alerts, 'alert')}, {count_of(rule.incidents, 'incident')}"
    mark = _COLORS.get(rule.severity, _BOLD) if rule.alerts else _DIM
    yield f"{paint(visible(rule.name), _BOLD)}  {paint(found, mark)}"
    bars = _bars(rule.alerts_by_step, peak, blocks)
    yield f"  {clock(figures.start)} {bars} {clock(figures.start + figures.step * len(rule.alerts_by_step))}"
    facts = (f"{runs_text(rule)} {schedule_text(rule)}; {cost_text(rule)}", *notes_on(rule))
    for fact in facts:
        yield from fitted(f"  {fact}", columns).splitlines()


def _bars(counts: Sequence[int], peak: int, blocks: bool) -> str:
    levels = _BARS if blocks else _PLAIN_BARS
    empty = "·" if blocks else " "
    return "".join(levels[(count * len(levels) - 1) // max(peak, 1)] if count else empty for count in counts)


def _incidents(figures: Figures, paint: _Paint, columns: int | None) -> Iterator[str]:
    if not figures.incidents:
        return
    maker = "Defender" if figures.portal == "defender" else "Sentinel"
    yield paint(f"incidents that {maker} makes", _BOLD)
    for one in figures.incidents[:_MOST_INCIDENTS]:
        alerts = count_of(len(one.alerts), "alert")
        yield from fitted(
            f"  {days_and_clock(one.created)} #{one.number} {one.severity}: {one.title} ({alerts})", columns
        ).splitlines()
    left = len(figures.incidents) - _MOST_INCIDENTS
    if left > 0:
        yield f"  and {left:,} more (--incidents FILE, --html FILE)"
    yield ""


def _entities(figures: Figures, columns: int | None) -> Iterator[str]:
    if not figures.entities:
        return
    yield f"entities hit most, of {figures.entities_in_all:,}"
    for one in figures.entities[:_MOST_ENTITIES]:
        text = f"  {one.alerts:>5,} {one.type} {one.name} ({', '.join(one.rules)})"
        yield from fitted(text, columns).splitlines()
    yield ""


def _records(figures: Figures) -> Iterator[str]:
    for name, facts in figures.records.items():
        left_out = f", {facts.left_out:,} left out" if facts.left_out else ""
        span = ""
        if facts.first is not None and facts.last is not None:
            span = f", {days_and_clock(facts.first)} to {days_and_clock(facts.last)}"
        yield f"{name}: {count_of(facts.records, 'record')} of {count_of(facts.files, 'file')}{span}{left_out}"


def _painted(text: str, style: str) -> str:
    return f"{style}{text}{_RESET}"


def _plain(text: str, style: str) -> str:
    return text
