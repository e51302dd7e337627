"""Times, spans and counts of a replay in words, the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.kql.literals import format_datetime
from tocsin.kql.types import TICKS_PER_SECOND
from tocsin.replay.summary import Figures, RuleFigures
from tocsin.sentinel.coverage import Reason
from tocsin.sentinel.history import Outcome
from tocsin.testing.moments import span_text

__all__ = ["clock", "count_of", "days_and_clock", "notes_on", "runs_text", "schedule_text", "span_text"]


def days_and_clock(ticks: int) -> str:
    """``2026-09-14 10:05Z``, with seconds where there are any."""
    text = format_datetime(ticks)[:19].replace("T", " ")
    return f"{text.removesuffix(':00') if text.count(':') == 2 else text}Z"


def clock(ticks: int) -> str:
    """``10:05``"""
    return format_datetime(ticks)[11:16]


def count_of(number: int, what: str, many: str = "") -> str:
    """``1 alert``, ``1,200 alerts``."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def schedule_text(rule: RuleFigures) -> str:
    """``every 1h over 1d``; an NRT rule ``every 1m over what arrived``."""
    if rule.effect.by_ingestion:
        return f"every {span_text(rule.effect.interval)} over what arrived"
    return f"every {span_text(rule.effect.interval)} over {span_text(rule.effect.period)}"


def runs_text(rule: RuleFigures) -> str:
    """``25 runs``, and how many of them did not run."""
    parts = [count_of(rule.outcomes.get(Outcome.RAN, 0), "run")]
    parts += [
        f"{rule.outcomes[one]:,} {one.value}" for one in Outcome if one is not Outcome.RAN and one in rule.outcomes
    ]
    return ", ".join(parts)


_UNSEEN = {
    Reason.LATE: "arrived after the runs that should have seen them",
    Reason.NOT_RUN: "lay in windows of runs that did not run",
    Reason.GAP: "lay in no window: the rule looks back less far than from one run to the next",
    Reason.BEFORE: "are older than the first window",
    Reason.PENDING: "will be seen by a run after the end",
}


def notes_on(rule: RuleFigures) -> Iterator[str]:
    """What is to be said of a rule beside its counts: latency, events that it missed or alerted twice, failures."""
    reach = rule.reach
    if reach is not None and reach.latency is not None:
        best, median, worst = (
            span_text(one) for one in (reach.latency.best, reach.latency.median, reach.latency.worst)
        )
        what = "from event to alert" if reach.by_event else "from the oldest row of an alert to the alert"
        yield f"{what}: best {best}, median {median}, worst {worst}"
    if reach is not None:
        for table in reach.tables:
            for reason, count in sorted(table.unseen.items(), key=lambda each: list(Reason).index(each[0])):
                first = next(each for each in table.examples if each.reason is reason)
                where = f"first row {first.event.row} of {days_and_clock(first.time)}"
                yield f"{count:,} of {count_of(table.events, 'event')} in {table.table} {_UNSEEN[reason]} ({where})"
        if reach.twice:
            yield f"{count_of(reach.twice, 'event')} alerted by more than one run"
        elif reach.twice is None and rule.alerts:
            yield "events alerted twice were not looked for among so many records; replay fewer hours to find them"
    if rule.trouble:
        yield f"failed: {rule.trouble}"


def cost_text(rule: RuleFigures) -> str:
    """``scanned 1,200 rows in 3.4 s``"""
    return f"{count_of(rule.scanned, 'row')} scanned in {rule.seconds:.1f} s"


def stretch_text(figures: Figures) -> str:
    """From when to when, and how long that is."""
    span = span_text(figures.end - figures.start)
    return f"{days_and_clock(figures.start)} to {days_and_clock(figures.end)} ({span})"


def speed_text(figures: Figures) -> str:
    """How long it took."""
    speed = figures.events / max(figures.seconds, 1 / TICKS_PER_SECOND)
    reading = f"{figures.seconds_reading:.1f} s of it reading"
    return f"{count_of(figures.events, 'event')} in {figures.seconds:.1f} s ({reading}), {speed:,.0f} events a second"
