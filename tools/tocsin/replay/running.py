"""A whole replay: the rules shared out to processes, their runs put together, incidents made of all alerts.

Rules that read what other rules publish come last, in this process; all others can be worked out apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from time import perf_counter
from typing import Any, Final

from tocsin import processes
from tocsin.content.repository import Repository
from tocsin.kql.types import TICKS_PER_SECOND
from tocsin.replay.loading import TableFacts, span_of
from tocsin.replay.problems import Problems
from tocsin.replay.records import MissingLibrary
from tocsin.replay.rules import NotRun, prepare_rules
from tocsin.replay.share import Request, RuleReach, Share, ShareResult, Tell
from tocsin.sentinel.history import History, Run, SimulatedRule

WORTH_A_PROCESS: Final = 20_000_000
"""Bytes of logs from which on a second process saves more than it costs to start."""
_HOUR: Final = 3600 * TICKS_PER_SECOND

Progress = Callable[[str, int, int], None]
"""Told what is at work, how much is done and how much there is."""


class NothingToReplay(Exception):
    """No record has a time, and none was given; the text says so."""


class ProcessDied(Exception):
    """A process of the replay ended by itself, as when the system takes it for want of memory."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to. ``history.rules`` are all rules that ran, in order of their names."""

    history: History
    reach: Mapping[str, RuleReach]
    facts: Mapping[str, TableFacts]
    problems: Problems
    not_run: tuple[NotRun, ...]
    seconds_reading: float
    seconds: float


def replay(
    request: Request, repository: Repository, rules: Sequence[str], progress: Progress, workers: int | None = None
) -> Replayed:
    """Replay these rules. ``workers``: how many processes, None by the size of the logs.

    Raises NothingToReplay, MissingLibrary, ProcessDied.
    """
    began = perf_counter()
    prepared = prepare_rules(repository, rules)
    apart = [rule for rule in prepared.rules if not rule.reads_alerts]
    last = [rule.name for rule in prepared.rules if rule.reads_alerts]
    shares = _shares(apart, request, workers)
    problems = Problems()
    for name in sorted(set(prepared.columns) - set(request.files)):
        _note_missing(problems, name, prepared.rules)
    with _workers(request, shares, repository) as working:
        final = Share(request, last, repository)
        loaded = working.load(_share_of_progress(progress, len(shares)))
        told = _share_of_progress(progress, 1)(0)
        final.load(told)
        facts = {**final.facts, **{name: one for _, found in loaded for name, one in found.items()}}
        for found, _ in loaded:
            problems.merge(found)
        problems.merge(final.problems)
        start, end = _stretch(request, facts)
        seconds_reading = perf_counter() - began
        results = working.run(start, end, _share_of_progress(progress, len(shares)))
    runs: list[Run] = [run for result in results for run in result.runs]
    history, result = final.run(start, end, told, worked_out=runs)
    whole = _with_rules(history, prepared.rules)
    return Replayed(
        history=whole,
        reach={one.rule: one for each in (*results, result) for one in each.reach},
        facts=facts,
        problems=problems,
        not_run=prepared.not_run,
        seconds_reading=seconds_reading,
        seconds=perf_counter() - began,
    )


def _with_rules(history: History, rules: tuple[SimulatedRule, ...]) -> History:
    return History(
        rules=rules,
        start=history.start,
        end=history.end,
        behaviour=history.behaviour,
        runs=history.runs,
        disabled=history.disabled,
        changes=history.changes,
        incidents=history.incidents,
        published=history.published,
    )


def _note_missing(problems: Problems, table: str, rules: Sequence[SimulatedRule]) -> None:
    from tocsin.content.source import Location
    from tocsin.sentinel.security_alert import TABLE as ALERTS
    from tocsin.sentinel.security_incident import TABLE as INCIDENTS

    if table in (ALERTS, INCIDENTS):
        return  # The replay writes these itself.
    readers = ", ".join(rule.name for rule in rules if table in rule.tables)
    message = f"there are no records of {table}, which {readers} reads"
    problems.add("RPL005", message, f"add {table}.jsonl, or a folder {table}, to the logs", Location(table, 1, 1))


def _stretch(request: Request, facts: Mapping[str, TableFacts]) -> tuple[int, int]:
    """From when to when: as asked for, else the whole hours around the records. Raises NothingToReplay."""
    span = span_of(facts)
    if span is None and (request.start is None or request.end is None):
        raise NothingToReplay("there are no records with a TimeGenerated of tables that the rules read")
    first, latest = span or (0, 0)
    start = first // _HOUR * _HOUR if request.start is None else request.start
    end = (latest // _HOUR + 1) * _HOUR if request.end is None else request.end
    if end < start:
        raise NothingToReplay("the replay would end before it begins")
    return start, end


# ------------------------------------------------------------------------------------------------------------ shares


def _shares(rules: Sequence[SimulatedRule], request: Request, workers: int | None) -> list[list[str]]:
    """Which rules are worked out together. Rules of the same tables stay together, so that records are held once,
    unless that would leave a process without work."""
    weights = {
        rule.name: sum(file.size for table in rule.tables for file in request.files.get(table, ())) for rule in rules
    }
    count = workers or (processes.processors() if sum(weights.values()) >= WORTH_A_PROCESS else 1)
    groups = _by_tables(rules)
    if len(groups) == 1 and workers is not None:
        groups = [[rule] for rule in rules]
    count = max(1, min(count, len(groups)))
    shares: list[list[str]] = [[] for _ in range(count)]
    loads = [0] * count
    for group in sorted(groups, key=lambda each: -sum(weights[rule.name] for rule in each)):
        lightest = loads.index(min(loads))
        shares[lightest] += [rule.name for rule in group]
        loads[lightest] += sum(weights[rule.name] for rule in group) or 1
    return [sorted(share) for share in shares if share]


def _by_tables(rules: Sequence[SimulatedRule]) -> list[list[SimulatedRule]]:
    """Rules in groups that have no table in common."""
    groups: list[tuple[set[str], list[SimulatedRule]]] = []
    for rule in rules:
        tables, members = set(rule.tables), [rule]
        apart = []
        for held, others in groups:
            if held & tables:
                tables |= held
                members = others + members
            else:
                apart.append((held, others))
        groups = [*apart, (tables, members)]
    return [members for _, members in groups]


class _Working:
    """The shares that are worked out before the last one."""

    def load(self, tell: Callable[[int], Tell]) -> list[tuple[Problems, Mapping[str, TableFacts]]]:
        """Read the records of every share."""
        raise NotImplementedError

    def run(self, start: int, end: int, tell: Callable[[int], Tell]) -> list[ShareResult]:
        """Run the rules of every share."""
        raise NotImplementedError


class _Here(_Working):
    """One share, in this process."""

    def __init__(self, shares: Sequence[Share]) -> None:
        self._shares = shares

    def load(self, tell: Callable[[int], Tell]) -> list[tuple[Problems, Mapping[str, TableFacts]]]:
        for number, share in enumerate(self._shares):
            share.load(tell(number))
        return [(share.problems, share.facts) for share in self._shares]

    def run(self, start: int, end: int, tell: Callable[[int], Tell]) -> list[ShareResult]:
        return [share.run(start, end, tell(number))[1] for number, share in enumerate(self._shares)]


class _Apart(_Working):
    """Each share in a process of its own."""

    def __init__(self, links: Sequence[Connection]) -> None:
        self._links = links

    def load(self, tell: Callable[[int], Tell]) -> list[tuple[Problems, Mapping[str, TableFacts]]]:
        return self._answers(tell)

    def run(self, start: int, end: int, tell: Callable[[int], Tell]) -> list[ShareResult]:
        for link in self._links:
            link.send((start, end))
        return self._answers(tell)

    def _answers(self, tell: Callable[[int], Tell]) -> list[Any]:
        """What each process answers, passing on what it tells on the way."""
        answers: dict[int, Any] = {}
        numbers = {id(link): number for number, link in enumerate(self._links)}
        while len(answers) < len(self._links):
            open_links = [link for number, link in enumerate(self._links) if number not in answers]
            for ready in wait(open_links):
                assert isinstance(ready, Connection)
                number = numbers[id(ready)]
                try:
                    kind, content = ready.recv()
                except (EOFError, OSError):
                    raise ProcessDied("a process of the replay has ended unexpectedly") from None
                if kind == "told":
                    tell(number)(*content)
                elif kind == "missing":
                    raise MissingLibrary(content)
                else:
                    answers[number] = content
        return [answers[number] for number in range(len(self._links))]


@contextmanager
def _workers(request: Request, shares: Sequence[Sequence[str]], repository: Repository) -> Iterator[_Working]:
    if len(shares) < 2:
        yield _Here([Share(request, rules, repository) for rules in shares])
        return
    context = get_context("spawn")
    started: list[tuple[SpawnProcess, Connection]] = []
    try:
        with processes.interrupt_is_for_us():
            for rules in shares:
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs, request, tuple(rules)), daemon=True)
                process.start()
                theirs.close()
                started.append((process, ours))
        yield _Apart([link for _, link in started])
    finally:
        for process, link in started:
            link.close()
            process.terminate()
            process.join()


def _work(link: Connection, request: Request, rules: Sequence[str]) -> None:
    """What a process does: read, say what was read, wait for the stretch, run, say what was found."""
    last = [0.0]

    def tell(phase: str, name: str, done: int, total: int) -> None:
        now = perf_counter()
        if done == total or now - last[0] > _TOLD_EVERY:
            last[0] = now
            link.send(("told", (phase, name, done, total)))

    share = Share(request, rules)
    try:
        share.load(tell)
    except MissingLibrary as error:
        link.send(("missing", str(error)))
        return
    link.send(("loaded", (share.problems, share.facts)))
    try:
        start, end = link.recv()
    except EOFError:
        return  # The replay was given up.
    _, result = share.run(start, end, tell)
    link.send(("ran", result))


_TOLD_EVERY: Final = 0.1


def _share_of_progress(progress: Progress, count: int) -> Callable[[int], Tell]:
    """One progress out of that of all shares, in percent of the phase."""
    done = [0.0] * count

    def of(number: int) -> Tell:
        def tell(phase: str, name: str, so_far: int, total: int) -> None:
            done[number] = so_far / max(total, 1)
            progress(f"{phase} {name}", round(100 * sum(done) / count), 100)

        return tell

    return of
