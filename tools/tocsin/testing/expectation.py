"""What a test states against what the rule did, and the difference in words a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tocsin.content.models import Expectation, LatencyLimit, Runs, Several
from tocsin.content.source import Document, Location, PathPart
from tocsin.kql.literals import format_datetime
from tocsin.sentinel.coverage import Reason, Unseen
from tocsin.sentinel.window import ticks_of
from tocsin.testing.differences import (
    Mismatch,
    alert_line,
    alert_mismatches,
    incident_line,
    incident_mismatches,
    row_line,
    row_mismatches,
)
from tocsin.testing.happened import AlertedEvent, Happened, OverTime
from tocsin.testing.matching import Matching
from tocsin.testing.moments import shown_time, span_text

A = TypeVar("A")

_SHOWN = 5
Path = tuple[PathPart, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that does not hold: where it is written, what is wrong, and the two sides in lines."""

    location: Location
    headline: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((f"{self.headline}  ({self.location})", *(f"  {line}" for line in self.lines)))


def compare(expected: Expectation, happened: Happened, document: Document, path: Path) -> tuple[Difference, ...]:
    """Every way in which ``happened`` differs from what the expectation at ``path`` of ``document`` states."""
    return tuple(_Comparison(happened, document).differences(expected, path))


@dataclass(frozen=True, slots=True)
class _Things(Generic[A]):
    """Actual alerts, incidents or rows, and how they are told. ``differ(expected, actual)`` is empty for a match."""

    noun: str
    came: str
    actual: Sequence[A]
    line: Callable[[A], str]
    differ: Callable[[Any, A], list[Mismatch]]

    def listed(self, things: Sequence[A]) -> tuple[str, ...]:
        return listed(things, self.line)

    @property
    def number(self) -> str:
        return f"{counted(len(self.actual), self.noun)} {self.came}"


@dataclass(frozen=True, slots=True)
class _Comparison:
    happened: Happened
    document: Document

    def differences(self, expected: Expectation, path: Path) -> Iterator[Difference]:
        happened = self.happened
        if expected.alerts is not None:
            yield from self._several(expected.alerts, self._alerts(), (*path, "alerts"))
        if expected.incidents is not None:
            incidents = _Things("incident", "made", happened.incidents, incident_line, incident_mismatches)
            yield from self._several(expected.incidents, incidents, (*path, "incidents"))
        if expected.rows is not None:
            yield from self._several(expected.rows, self._rows(whole=False), (*path, "rows"))
        if happened.over_time is not None:
            yield from self._over_time(expected, happened.over_time, path)
        if expected.none_of is not None:
            at = (*path, "not")
            if not any(self.differences(expected.none_of, at)):
                yield self._difference(at, "what must not be is so", self._told(expected.none_of))
        if expected.any_of is not None:
            yield from self._any(expected.any_of, (*path, "any"))

    def _difference(self, path: Path, headline: str, lines: tuple[str, ...] = ()) -> Difference:
        return Difference(self.document.location(*path), headline, lines)

    def _alerts(self) -> _Things[int]:
        alerts, runs, time = self.happened.alerts, self.happened.runs, self.happened.time

        def line(place: int) -> str:
            when = f"run {format_datetime(runs[place])[:19]}Z " if self.happened.over_time is not None else ""
            return when + alert_line(alerts[place])

        def differ(expected: Any, place: int) -> list[Mismatch]:
            return alert_mismatches(expected, alerts[place], runs[place] if runs else None, time)

        return _Things("alert", "raised", range(len(alerts)), line, differ)

    def _rows(self, *, whole: bool) -> _Things[tuple[Any, ...]]:
        result = self.happened.result

        def differ(expected: Any, row: tuple[Any, ...]) -> list[Mismatch]:
            return row_mismatches(expected, result, row, whole=whole)

        return _Things("row", "returned", list(result.rows()), lambda row: row_line(result, row), differ)

    def _several(self, stated: Several[Any], things: _Things[Any], path: Path) -> Iterator[Difference]:
        actual = len(things.actual)
        if stated.count is not None and stated.count != actual:
            headline = f"{counted(stated.count, things.noun)} expected, {things.number}"
            yield self._difference((*path, "count"), headline, things.listed(things.actual))
        these = getattr(stated, "these", None)
        if these is not None:
            yield from self._paired(these, things, (*path, "these"))
        if stated.exactly is not None:
            whole = self._rows(whole=True) if things.noun == "row" else things
            yield from self._paired(stated.exactly, whole, (*path, "exactly"))
        if stated.in_order is not None:
            yield from self._in_order(stated.in_order, things, (*path, "inOrder"))
        if isinstance(stated.at_least, int):
            if actual < stated.at_least:
                headline = f"at least {counted(stated.at_least, things.noun)} expected, {things.number}"
                yield self._difference((*path, "atLeast"), headline, things.listed(things.actual))
        elif stated.at_least is not None:
            yield from self._paired(stated.at_least, things, (*path, "atLeast"), others=True)
        if stated.at_most is not None and actual > stated.at_most:
            headline = f"at most {counted(stated.at_most, things.noun)} expected, {things.number}"
            yield self._difference((*path, "atMost"), headline, things.listed(things.actual))
        if stated.any_of is not None:
            yield from self._one_of(stated.any_of, things, (*path, "any"))
        for i, one in enumerate(stated.none_of or ()):
            there = [thing for thing in things.actual if not things.differ(one, thing)]
            if there:
                headline = f"{counted(len(there), things.noun)} {_is(there)} there that must not be"
                yield self._difference((*path, "not", i), headline, things.listed(there))

    def _paired(
        self, expected: Sequence[Any], things: _Things[Any], path: Path, *, others: bool = False
    ) -> Iterator[Difference]:
        """Each expected thing with an actual one of its own; ``others``: more may be there."""
        noun, count = things.noun, len(expected)
        table = [[things.differ(one, thing) for thing in things.actual] for one in expected]
        matching = Matching(table, len(things.actual))
        for i in range(count):
            if i in matching.closest:
                yield self._differs(f"{noun} {i + 1} of {count} differs", table[i][matching.closest[i]], (*path, i))
            elif i not in matching.exact:
                headline = f"{noun} {i + 1} of {count} is missing: {counted(len(things.actual), noun)} came"
                yield self._difference((*path, i), headline, things.listed(things.actual))
        if matching.unexpected and not others:
            extra = [things.actual[j] for j in matching.unexpected]
            came = f"({count} expected, {len(things.actual)} came)"
            yield self._difference(path, f"{counted(len(extra), noun)} more than expected {came}", things.listed(extra))

    def _in_order(self, expected: Sequence[Any], things: _Things[Any], path: Path) -> Iterator[Difference]:
        if len(expected) != len(things.actual):
            yield from self._paired(expected, things, path)
            return
        pairs = [things.differ(one, thing) for one, thing in zip(expected, things.actual, strict=True)]
        if not any(pairs):
            return
        table = [[things.differ(one, thing) for thing in things.actual] for one in expected]
        if len(Matching(table, len(things.actual)).exact) == len(expected):
            headline = f"the {things.noun}s came in another order"
            yield self._difference(path, headline, things.listed(things.actual))
            return
        for i, mismatches in enumerate(pairs):
            if mismatches:
                yield self._differs(f"{things.noun} {i + 1} of {len(expected)} differs", mismatches, (*path, i))

    def _one_of(self, expected: Sequence[Any], things: _Things[Any], path: Path) -> Iterator[Difference]:
        table = [(things.differ(one, thing), i) for i, one in enumerate(expected) for thing in things.actual]
        if any(not mismatches for mismatches, _ in table):
            return
        if not table:
            yield self._difference(path, f"one of {len(expected)} {things.noun}s expected, none {things.came}")
            return
        mismatches, i = min(table, key=lambda pair: len(pair[0]))
        yield self._differs(
            f"none of {len(expected)} possible {things.noun}s came; the nearest", mismatches, (*path, i)
        )

    def _differs(self, headline: str, mismatches: Sequence[Mismatch], path: Path) -> Difference:
        lines = tuple(text for one in mismatches for text in one.lines())
        return self._difference((*path, *mismatches[0].path), headline, lines)

    def _any(self, members: Sequence[Expectation], path: Path) -> Iterator[Difference]:
        failed = []
        for i, member in enumerate(members):
            found = list(self.differences(member, (*path, i)))
            if not found:
                return
            failed.append(found)
        lines = tuple(line for found in failed for one in found for line in str(one).splitlines())
        yield self._difference(path, f"none of the {len(members)} expectations holds", lines)

    def _told(self, expected: Expectation) -> tuple[str, ...]:
        """What there is, of what is spoken of."""
        lines: list[str] = []
        things: tuple[tuple[Any, _Things[Any]], ...] = (
            (expected.alerts, self._alerts()),
            (
                expected.incidents,
                _Things("incident", "made", self.happened.incidents, incident_line, incident_mismatches),
            ),
            (expected.rows, self._rows(whole=False)),
        )
        for stated, there in things:
            if stated is not None:
                lines += (there.number, *(f"  {line}" for line in there.listed(there.actual)))
        return tuple(lines)

    # Several runs

    def _over_time(self, expected: Expectation, over_time: OverTime, path: Path) -> Iterator[Difference]:
        if expected.runs is not None:
            yield from self._runs(expected.runs, over_time, (*path, "runs"))
        if expected.unseen is not None and expected.unseen != len(over_time.unseen):
            wanted, there = counted(expected.unseen, "record"), counted(len(over_time.unseen), "record")
            lines = listed(over_time.unseen, lambda one: f"{over_time.name_of(one)}: {_why_unseen(one)}")
            yield self._difference((*path, "unseen"), f"{wanted} unseen by every run expected, {there} came", lines)
        if expected.each_event is not None:
            yield from self._each_event(expected.each_event, over_time, (*path, "eachEvent"))
        if expected.latency is not None:
            yield from self._latency(expected.latency, over_time, (*path, "latency"))

    def _runs(self, expected: Runs, over_time: OverTime, path: Path) -> Iterator[Difference]:
        for name in ("ran", "suppressed", "failed", "skipped"):
            wanted, there = getattr(expected, name), over_time.outcomes.get(name, 0)
            if wanted is not None and wanted != there:
                yield self._difference((*path, name), f"{counted(wanted, 'run')} {name} expected, {there} {name}")

    def _each_event(self, expected: Mapping[str, str], over_time: OverTime, path: Path) -> Iterator[Difference]:
        alerted = over_time.alerted()
        for name, times in expected.items():
            holds = _TIMES[times]
            of_name = [one for one in alerted if one.event.name == name]
            chosen = alerted if name == "*" else of_name or [one for one in alerted if one.event.table == name]
            wrong = [one for one in chosen if not holds(len(one.runs))]
            if wrong:
                what = "of the given records" if name == "*" else f"of {name}"
                headline = f"{len(wrong)} {what} {_is(wrong)} not alerted {_SPOKEN[times]}"
                yield self._difference((*path, name), headline, listed(wrong, _alerted_line))

    def _latency(self, expected: LatencyLimit, over_time: OverTime, path: Path) -> Iterator[Difference]:
        limit = ticks_of(expected.at_most)
        alerted = [one for one in over_time.alerted() if one.runs]
        if not alerted:
            yield self._difference(
                path, f"an alert at the latest {span_text(limit)} after its event expected, none raised"
            )
            return
        late = [one for one in alerted if (took := _took(one)) is not None and took > limit]
        if late:
            headline = f"{counted(len(late), 'record')} alerted later than {span_text(limit)} after the event"
            yield self._difference((*path, "atMost"), headline, listed(late, _alerted_line))


_TIMES: Mapping[str, Callable[[int], bool]] = {
    "once": lambda runs: runs == 1,
    "atLeastOnce": lambda runs: runs >= 1,
    "atMostOnce": lambda runs: runs <= 1,
    "never": lambda runs: runs == 0,
}


def _why_unseen(one: Unseen) -> str:
    late = f", {span_text(one.arrived - one.time)} late, at {shown_time(one.arrived)}"
    return f"{one.reason.value}{late if one.reason is Reason.LATE else ''}"


_SPOKEN = {"once": "exactly once", "atLeastOnce": "at least once", "atMostOnce": "at most once", "never": "never"}


def _took(one: AlertedEvent) -> int | None:
    """From the record to the publishing of its first alert."""
    return None if one.event.time is None or not one.runs else one.runs[0][1] - one.event.time


def _alerted_line(one: AlertedEvent) -> str:
    when = "" if one.event.time is None else f" of {format_datetime(one.event.time)[:19]}Z"
    if not one.runs:
        return f"{one.event}{when}: no alert"
    runs = ", ".join(f"{format_datetime(run)[11:19]}" for run, _ in one.runs)
    took = _took(one)
    after = "" if took is None else f", first after {span_text(took)}"
    return f"{one.event}{when}: alerted by the run{'' if len(one.runs) == 1 else 's'} of {runs}{after}"


def listed(things: Sequence[A], line: Callable[[A], str]) -> tuple[str, ...]:
    """The first few things in lines, and how many more there are."""
    lines = [line(one) for one in things[:_SHOWN]]
    if len(things) > _SHOWN:
        lines.append(f"… and {len(things) - _SHOWN} more")
    return tuple(lines)


def counted(number: int, noun: str) -> str:
    """``no alerts``, ``1 alert``, ``2 alerts``."""
    words = {0: "no"}
    return f"{words.get(number, str(number))} {noun}{'' if number == 1 else 's'}"


def _is(things: Sequence[Any]) -> str:
    return "is" if len(things) == 1 else "are"
