"""What became of records and what alerts were made of, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tocsin.kql.interpreter.fates import Condition, End, Ending, Fate, Reading
from tocsin.kql.plan_text import value_text
from tocsin.kql.types import null_of
from tocsin.report.text import SourceLines, fitted, pointer, visible
from tocsin.testing.explain import explain
from tocsin.testing.explain_case import clock
from tocsin.testing.explain_places import Places
from tocsin.testing.explained import AlertTold, Explained, RecordFate, RunTold

_RESET, _BOLD, _DIM, _RED, _GREEN, _YELLOW = "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"
_VALUE_CHARS = 100
_LINE_CHARS = 160
_MANY_READINGS = 8
_MANY_COLUMNS = 30
_MANY_HOPS = 6
_DEEPEST = 3
_MANY_REASONS = 3
_RUNS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Look:
    """How the text looks: colour, and how wide the terminal is (None: no terminal)."""

    color: bool = False
    columns: int | None = None

    def paint(self, text: str, style: str) -> str:
        """The text in a style, where colour is on."""
        return f"{style}{text}{_RESET}" if self.color else text


PLAIN = Look()


def summary(explained: Explained, look: Look = PLAIN) -> Iterator[str]:
    """The case, and its runs in one line each."""
    yield look.paint(visible(f"{explained.detection}: {explained.case}"), _BOLD)
    yield f" --> {visible(str(explained.location))}"
    for run in explained.runs[:_RUNS_SHOWN]:
        raised = sum(alert.run == run.now for alert in explained.alerts)
        seen = ", ".join(f"{name} {count}" for name, count in run.seen.items() if count) or "none"
        yield f"run at {clock(run.now)}: records seen: {seen}; rows: {run.rows}; alerts: {raised}"
    if len(explained.runs) > _RUNS_SHOWN:
        yield f"… {len(explained.runs) - _RUNS_SHOWN} runs more"
    if explained.runs and not explained.window.by_ingestion:
        window = explained.window
        yield f"the last run looks at TimeGenerated from {clock(window.start)} to {clock(window.end)}"


def steps(run: RunTold, places: Places, look: Look = PLAIN) -> Iterator[str]:
    """The query as a tree of steps with rows in and out, under the time of the run."""
    yield look.paint(f"the run at {clock(run.now)}", _DIM)
    functions = {step.origin: places.text(step.origin) for step in run.steps if step.origin is not None}
    for line in fitted(explain(run.steps, places.text(None), functions), look.columns).splitlines():
        style = _RED if "<--" in line else _DIM if line.rstrip().endswith((":", "(none left)")) else ""
        yield look.paint(line, style) if style else line


# ---------------------------------------------------------------------------------------------------------- records


def record(told: RecordFate, places: Places, sources: SourceLines, look: Look = PLAIN) -> list[str]:
    """What became of a record: in which alerts it is, or the step that dropped it, with the line of source."""
    verdict, style = _verdict(told)
    lines = [f"{look.paint(visible(str(told.event)), _BOLD)}: {look.paint(visible(verdict), style)}"]
    if told.fate is None or told.alerts:
        return lines + [f"    {visible(line)}" for line in _way(told.fate)] if told.fate is not None else lines
    if told.note:
        return lines
    main, *others = [each for each in told.fate.endings if each.end is not End.RESULT]
    shown = [main, *(each for each in others if not each.partial)]
    explained: set[str] = set()
    for number, ending in enumerate(shown[:_MANY_HOPS]):
        lines += _ending(ending, places, sources, look, explained, main=number == 0)
    return lines


def _verdict(told: RecordFate) -> tuple[str, str]:
    if told.alerts:
        numbers = ", ".join(map(str, told.alerts))
        return f"in alert{'s' if len(told.alerts) > 1 else ''} {numbers}", _GREEN
    if told.fate is None:
        return told.note, _RED
    seen = f" ({told.runs} runs saw it; this is the one at {clock(told.run)})" if told.runs > 1 and told.run else ""
    if told.note:
        rows = ", ".join(str(row + 1) for row in told.fate.reached)
        return f"in row {rows} of the result, and yet in no alert: {told.note}{seen}", _YELLOW
    main = told.fate.main
    words = {
        End.DROPPED: "lost",
        End.VALUE: "used only as a value to compare with",
        End.COMPARED: "used only to keep rows of the other side of a join out",
        End.UNKNOWN: "not known",
        End.UNREAD: main.why,
        End.RESULT: "in a further result",
    }
    return words[main.end] + seen, _RED if main.end is End.DROPPED else _YELLOW


def _way(fate: Fate | None) -> Iterator[str]:
    """The groups and joins on the way of a record that got there."""
    if fate is not None and fate.main.end is End.RESULT:
        yield from _hops(fate.main)


def _ending(
    ending: Ending, places: Places, sources: SourceLines, look: Look, told: set[str], *, main: bool
) -> list[str]:
    lines = [f"    {visible(line)}" for line in _hops(ending)] if main else []
    site = ending.site
    if site is None:
        return lines
    written, start = places.step(site)
    failing = ending.test.failing if ending.test is not None else ()
    marked, length = start, len(written.split("\n", 1)[0])
    if failing:
        marked, length = places.span(failing[0], site) or (marked, length)
    location = places.location(site.origin, marked)
    around = f" inside {' / '.join(site.path)}" if site.path else ""
    if not main:
        where = f", {location}" if location is not None else ""
        lines.append(f"    also {ending.end.value} by {site.operator}{around}{where}: {visible(ending.why)}")
        lines += [f"      {visible(line)}" for line in _conditions(failing, places, told)]
        return lines
    count = f" ({len(ending.rows)} rows of it)" if len(ending.rows) > 1 else ""
    lines.append(f"    {visible(site.operator or 'a step')}{around}{count}: {visible(ending.why)}")
    if location is not None:
        shown = pointer(location, length, sources, color=look.color, columns=look.columns, style="\x1b[1;31m")
        lines += [f"   {line}" for line in shown]
    lines += [f"    {visible(line)}" for line in _conditions(failing, places, told)]
    return lines


def _conditions(failing: Sequence[Condition], places: Places, told: set[str]) -> Iterator[str]:
    """The conditions that were not true, with what they saw. ``told`` is what was explained of the record before."""
    for each in failing[:_MANY_READINGS]:
        verdict = "null" if each.verdict is None else "false"
        yield _cut(f"{places.condition(each)} is {verdict}")
        yield from (f"  {line}" for line in _readings(each.reads, places, told, 0))


def _readings(reads: Sequence[Reading], places: Places, told: set[str], depth: int) -> Iterator[str]:
    for each in reads[:_MANY_READINGS]:
        line = _cut(f"{each.name} = {value_text(each.value, each.type, _VALUE_CHARS)}")
        explained = each.test is not None and depth < _DEEPEST
        yield f"{line}  (see above)" if explained and line in told else line
        if each.test is not None and explained and line not in told:
            told.add(line)
            yield from (f"  {behind}" for behind in _because(each.test, places, told, depth + 1))
    if len(reads) > _MANY_READINGS:
        yield f"… {len(reads) - _MANY_READINGS} more"


def _because(test: Condition, places: Places, told: set[str], depth: int) -> Iterator[str]:
    """Why a column that was worked out from conditions has its value: the parts that made it so."""
    location = places.location(test.origin, test.start) if test.length else None
    where = f"  ({location})" if location is not None else ""
    decisive = list(test.failing or _true_parts(test))
    for each in decisive[:_MANY_REASONS]:
        verdict = "null" if each.verdict is None else "true" if each.verdict else "false"
        yield _cut(f"because {places.condition(each)} is {verdict}") + where
        yield from (f"  {line}" for line in _readings(each.reads, places, told, depth))
    if len(decisive) > _MANY_REASONS:
        yield f"and {len(decisive) - _MANY_REASONS} conditions more, none of them true"


def _true_parts(test: Condition) -> list[Condition]:
    """The smallest conditions that make one true."""
    if test.word == "and":
        return [leaf for part in test.parts for leaf in _true_parts(part)]
    if test.word in ("case", "coalesce", "iff", "iif"):
        return _true_parts(test.parts[0])
    if test.word == "or":
        return next((_true_parts(part) for part in test.parts if part.verdict is True), [test])
    return [test]


def _hops(ending: Ending) -> Iterator[str]:
    """The steps that put a record together with others or made several rows of it. A group of one row inside a
    function only takes doublets out: nothing is to be said of it."""
    told = [hop for hop in ending.hops if hop.size > 1 or (hop.kind == "group" and hop.site.origin is None)]
    for hop in told[-_MANY_HOPS:]:
        if hop.kind != "group":
            yield f"{hop.site.operator}: {hop.size} rows of it"
            continue
        values = [f"{each.name} = {value_text(each.value, each.type, 40)}" for each in hop.values[:_MANY_READINGS]]
        values += ["…"] * (len(hop.values) > _MANY_READINGS)
        others = "alone" if hop.size == 1 else f"with {hop.size - 1} other row{'' if hop.size == 2 else 's'}"
        yield _cut(f"{hop.site.operator}: {others} in a group: {', '.join(values)}")


# ----------------------------------------------------------------------------------------------------------- alerts


def alert(told: AlertTold, explained: Explained, look: Look = PLAIN) -> list[str]:
    """An alert: the records that made it, with the columns of them that the query reads."""
    head = f"alert {told.number} of the run at {clock(told.run)}"
    lines = [look.paint(visible(f"{head}: [{told.severity}] {told.title}"), _BOLD)]
    names = {(one.event.table, one.event.row): str(one.event) for one in explained.records}
    for table, rows in told.records.items():
        for row in rows:
            lines.append(f"  {visible(names.get((table, row), f'{table} record {row + 1}'))}")
            lines += [f"      {visible(line)}" for line in _fields(explained, table, row)]
    for alias, items in told.watchlists.items():
        numbers = ", ".join(str(item + 1) for item in items)
        lines.append(f"  watchlist {visible(alias)}, row{'s' if len(items) > 1 else ''} {numbers}")
    if not told.complete:
        lines.append("  a step of the query cannot say which records its rows are made of: there may be more")
    for table in told.written:
        lines.append(f"  rows of {visible(table)} that another rule of the case wrote")
    if not told.records and not told.written and told.complete:
        lines.append("  no given record: the row is one that the query makes of itself")
    return lines


def _fields(explained: Explained, table: str, row: int) -> Iterator[str]:
    """The columns that the query reads of a record, those that hold something."""
    read = explained.columns.get(table, ())
    given = explained.tables[table]
    shown = 0
    for column, values in zip(given.columns, given.data, strict=True):
        value = values[row]
        if (column.name in read or not explained.columns) and value != null_of(column.type):
            shown += 1
            if shown > _MANY_COLUMNS:
                yield "…"
                return
            yield _cut(f"{column.name} = {value_text(value, column.type, _VALUE_CHARS)}")


# ------------------------------------------------------------------------------------------------- below a failed test


def short(explained: Explained, places: Places, most: int) -> list[str]:
    """The fate of records in a line or two each, those that are in no alert first; at most ``most`` records."""
    ordered: Iterable[RecordFate] = sorted(explained.records, key=lambda one: bool(one.alerts))
    lines: list[str] = []
    for told in list(ordered)[:most]:
        lines += _short(told, places)
    if len(explained.records) > most:
        lines.append(f"… and {len(explained.records) - most} records more: tocsin explain shows them")
    return lines


def _short(told: RecordFate, places: Places) -> list[str]:
    verdict, _ = _verdict(told)
    if told.fate is None or told.alerts or told.note or told.fate.main.site is None:
        return [f"{told.event}: {verdict}"]
    main = told.fate.main
    site = told.fate.main.site
    failing = main.test.failing if main.test is not None else ()
    span = places.span(failing[0], site) if failing else None
    location = places.location(site.origin, places.step(site)[1] if span is None else span[0])
    at = f" at {location}" if location is not None else ""
    lines = [f"{told.event}: {verdict} in {site.operator or 'a step'}{at}: {main.why}"]
    lines += [_cut(f"  {places.condition(each)}: {_values(each.reads)}".rstrip(": ")) for each in failing[:3]]
    group = next((hop for hop in reversed(main.hops) if hop.kind == "group" and hop.site.origin is None), None)
    if group is not None:
        size = f"{group.size} row{'' if group.size == 1 else 's'}"
        lines.append(_cut(f"  its group of {size}: {_values(group.values)}"))
    return lines


def _values(reads: Sequence[Reading]) -> str:
    """The first values in one line, a condition behind one told by what it saw."""
    shown = []
    for each in reads[:4]:
        text = f"{each.name} = {value_text(each.value, each.type, 60)}"
        behind = [] if each.test is None else [*(each.test.failing or _true_parts(each.test))][:1]
        if behind and behind[0].reads:
            text += f" (from {_values(behind[0].reads)})"
        shown.append(text)
    return ", ".join(shown)


def _cut(text: str) -> str:
    return text if len(text) <= _LINE_CHARS else text[: _LINE_CHARS - 1] + "…"
