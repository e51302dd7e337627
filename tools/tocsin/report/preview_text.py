"""A preview for the terminal.

Values come from logs, which attackers write: control characters are made visible, and a value that is long is cut
with the number of characters that are left out (the HTML page has all of it).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.report.preview import AlertView, EntityGroup, IncidentView, Named, Preview
from tocsin.report.text import visible

_WIDTH: Final = 100
_WIDEST: Final = 120
_NARROWEST: Final = 48
_LABEL: Final = 16
_VALUE_LINES: Final = 3
_ALERTS_IN_FULL: Final = 3
_LISTED: Final = 10
_QUERY_LINES: Final = 12
_NARROW_CELL, _WIDE_CELL = 10, 34

_BOLD, _DIM, _HEAD = "1", "2", "1;34"
_SEVERITIES: Final = {"High": "1;37;41", "Medium": "1;30;43", "Low": "1;30;46", "Informational": "1;37;44"}


def render(preview: Preview, *, color: bool = False, columns: int | None = None) -> str:
    """The preview as text, ending in a newline. ``columns`` is the width of the terminal."""
    width = _WIDTH if columns is None else max(_NARROWEST, min(_WIDEST, columns))
    return "\n".join(line.rstrip() for line in _Page(preview, color, width).lines()) + "\n"


@dataclass(frozen=True, slots=True)
class _Page:
    preview: Preview
    color: bool
    width: int

    def lines(self) -> Iterator[str]:
        shown = self.preview
        where = "the Microsoft Defender portal" if shown.portal == "defender" else "Microsoft Sentinel"
        title = f"{shown.rule.path} {shown.rule.version}".rstrip()
        yield from (self._paint(line, _BOLD) for line in _wrap(visible(title), self.width))
        yield from self._field("shown as in", [where])
        yield from self._field("case", [shown.case])
        yield from self._field("", [shown.place])
        yield from self._field("time", [shown.time])
        if shown.defanged:
            yield from self._field("", ["addresses and links are defanged"])
        for incident in shown.incidents:
            yield from self._incident(incident)
        if shown.without_incident:
            yield from self._heading("Alerts without an incident")
            yield from self._wrapped(shown.why_without)
            yield from self._alerts([shown.alert(number) for number in shown.without_incident])
        yield from self._guide()
        yield from self._rule()

    # The parts

    def _incident(self, incident: IncidentView) -> Iterator[str]:
        yield from self._heading(f"Incident {incident.number}")
        yield from self._titled(incident.severity, incident.title)
        yield from self._field("status", [f"{incident.status}, not assigned"])
        yield from self._field("product", [incident.provider])
        yield from self._attack(incident.tactics, incident.techniques)
        yield from self._field("activity", [_from_to(incident.first_activity, incident.last_activity)])
        yield from self._field("created", [incident.created])
        alerts = [self.preview.alert(number) for number in incident.alerts]
        if len(alerts) > 1:
            yield from self._field("alerts", [str(len(alerts))])
            for alert in alerts[:_LISTED]:
                head = f"{alert.number}. {alert.created}  {alert.severity}  "
                yield from self._hanging(f"  {head}", visible(alert.title))
            yield from self._more(len(alerts) - _LISTED, "alerts")
            yield ""
            yield from self._entities(incident.entities)
        for note in incident.notes:
            yield from self._field("note", [note])
        yield from self._alerts(alerts)

    def _alerts(self, alerts: Sequence[AlertView]) -> Iterator[str]:
        for alert in alerts[:_ALERTS_IN_FULL]:
            yield from self._alert(alert, single=len(alerts) == 1)
        left = len(alerts) - _ALERTS_IN_FULL
        if left > 0:
            yield ""
            yield from self._hanging("", f"… and {left} more in full with --html or --format json")

    def _alert(self, alert: AlertView, single: bool) -> Iterator[str]:
        yield ""
        yield self._paint(f"Alert {alert.number}", _HEAD) + (
            "  sums up the whole result of the run" if alert.sums_up else ""
        )
        if not single or not alert.incident:
            yield from self._titled(alert.severity, alert.title)
        if alert.description:
            yield from self._paragraphs(alert.description)
            yield ""
        yield from self._field("time", [_from_to(alert.first_activity, alert.last_activity)])
        yield from self._field("raised", [f"{alert.created}, by the run at {alert.run}"])
        if not single or not alert.incident:
            yield from self._attack(alert.tactics, alert.techniques)
        yield from self._field("provider", [f"{alert.product}, {alert.provider}"])
        for name, text in alert.links:
            yield from self._field(name, [text])
        yield from self._entities(alert.entities)
        if alert.custom_details:
            yield self._paint("  Custom details", _BOLD)
            label = min(30, max(_LABEL, *(len(name) + 2 for name, _ in alert.custom_details)))
            for name, values in alert.custom_details:
                yield from self._field(f"  {name}", values[:_LISTED] or ["(empty)"], label + 2)
                yield from self._more(len(values) - _LISTED, "values")
        yield from self._events(alert)
        if alert.notes:
            yield self._paint("  What the service dropped, or is assumed here", _BOLD)
            for note in alert.notes:
                yield from self._hanging("    ! ", visible(note))

    def _entities(self, groups: Sequence[EntityGroup]) -> Iterator[str]:
        if not groups:
            yield from self._field("entities", ["none: nothing to click on, nothing to correlate by"])
            return
        yield self._paint(f"  Entities ({sum(len(group.entities) for group in groups)})", _BOLD)
        for group in groups:
            for place, entity in enumerate(group.entities[:_LISTED]):
                heading = group.heading if not place else ""
                yield from self._field(f"  {heading}", [entity.name], _LABEL + 6)
                if len(entity.identifiers) == 1 and entity.identifiers[0][1] == entity.name:
                    continue
                for name, text in entity.identifiers:
                    left_out = " (not written to the alert)" if name in entity.unwritten else ""
                    for line in self._field("", [f"{name} {text}{left_out}"], _LABEL + 6):
                        yield self._paint(line, _DIM)
            yield from self._more(len(group.entities) - _LISTED, group.heading)

    def _events(self, alert: AlertView) -> Iterator[str]:
        shown = len(alert.rows)
        of = f"{shown} of {alert.row_count}" if shown < alert.row_count else str(alert.row_count)
        yield self._paint(f"  Events ({of})", _BOLD)
        if shown == 1:
            said = {text for _, values in alert.custom_details for text in values}
            label = min(30, max(_LABEL, *(len(name) + 2 for name in alert.columns)))
            fresh = [(n, t) for n, t in zip(alert.columns, alert.rows[0], strict=True) if t and t not in said]
            for name, text in fresh:
                yield from self._field(f"  {name}", [text], label + 2)
            left = len(alert.columns) - len(fresh)
            if left:
                yield self._paint(f"    … and {left} columns that are empty or shown above", _DIM)
        elif shown:
            yield from self._table(alert)

    def _table(self, alert: AlertView) -> Iterator[str]:
        room, chosen = self.width - 4, []
        for place, name in enumerate(alert.columns):
            texts = [visible(row[place]) for row in alert.rows]
            if not any(texts):
                continue
            wide = min(_WIDE_CELL, max(_NARROW_CELL, len(name), *(len(text) for text in texts)))
            if room < wide:
                break
            room -= wide + 2
            chosen.append((place, wide, name))
        yield self._paint("    " + "  ".join(_cell(name, wide) for _, wide, name in chosen), _DIM)
        for row in alert.rows:
            yield "    " + "  ".join(_cell(visible(row[place]), wide) for place, wide, _ in chosen)
        left = [name for name in alert.columns if name not in {name for _, _, name in chosen}]
        if left:
            for line in self._hanging("    … ", "and " + visible(", ".join(left))):
                yield self._paint(line, _DIM)

    def _guide(self) -> Iterator[str]:
        guide = self.preview.rule.guide
        if guide is None:
            return
        yield from self._heading("Triage guide")
        yield from self._wrapped(guide.meaning)
        for title, items in (
            ("Questions that decide", guide.questions),
            ("Harmless causes", guide.benign),
            ("If it is real", guide.contain),
        ):
            if items:
                yield self._paint(f"  {title}", _BOLD)
                for item in items:
                    yield from self._hanging("  - ", visible(" ".join(item.split())))
        for line in self._wrapped(f"Stands {guide.place}."):
            yield self._paint(line, _DIM)

    def _rule(self) -> Iterator[str]:
        rule = self.preview.rule
        yield from self._heading(f"The rule: {visible(rule.name)}")
        for term, sentence in rule.facts:
            yield from self._field(term.lower(), [sentence])
        if rule.owner:
            yield from self._field("owner", [rule.owner])
        for place, reference in enumerate(rule.references):
            yield from self._field("" if place else "references", [reference])
        query = rule.query.split("\n")
        yield from self._field("query", [f"{len(query)} lines"])
        for line in query[:_QUERY_LINES]:
            yield self._paint("    " + _cut(visible(line), self.width - 4), _DIM)
        yield from self._more(len(query) - _QUERY_LINES, "lines")
        if self.preview.portal_notes:
            yield from self._heading("In the Defender portal")
            for term, sentence in self.preview.portal_notes:
                yield from self._field(term, [sentence])

    # Pieces of text

    def _attack(self, tactics: Iterable[Named], techniques: Iterable[Named]) -> Iterator[str]:
        names = [one.name for one in tactics]
        if names:
            yield from self._field("tactics", [", ".join(names)])
        for place, one in enumerate(techniques):
            yield from self._field("" if place else "techniques", [f"{one.id} {one.name}"])

    def _titled(self, severity: str, title: str) -> Iterator[str]:
        badge = f" {severity.upper()} "
        lines = _wrap(visible(title), self.width - len(badge) - 1) or [""]
        yield f"{self._paint(badge, _SEVERITIES.get(severity, _BOLD))} {self._paint(lines[0], _BOLD)}"
        for line in lines[1:]:
            yield " " * (len(badge) + 1) + self._paint(line, _BOLD)

    def _heading(self, title: str) -> Iterator[str]:
        yield ""
        title = _cut(title, self.width - 4)
        yield self._paint(f"── {title} " + "─" * max(0, self.width - len(title) - 4), _HEAD)

    def _field(self, label: str, values: Sequence[str], indent: int = _LABEL) -> Iterator[str]:
        """A label with its values, one a line; a long value goes on below its beginning, to some lines."""
        head = f"  {visible(label)}"
        for value in values:
            lines = _wrap(_one_line(value), max(20, self.width - indent)) or [""]
            if len(lines) > _VALUE_LINES:
                kept = lines[:_VALUE_LINES]
                left = len(_one_line(value)) - sum(len(line) + 1 for line in kept)
                lines = [*kept, f"… {left} more characters"]
            for line in lines:
                if len(head) >= indent and head.strip():
                    yield head
                    head = ""
                yield f"{head:<{indent}}{line}"
                head = ""

    def _paragraphs(self, text: str) -> Iterator[str]:
        """Text with the line ends that it has: whoever shows it as plain text breaks the lines there."""
        for line in text.splitlines():
            yield from self._wrapped(line) if line.strip() else [""]

    def _wrapped(self, text: str) -> Iterator[str]:
        yield from _wrap(visible(text), self.width - 2, initial_indent="  ", subsequent_indent="  ")

    def _hanging(self, head: str, text: str) -> list[str]:
        return _wrap(text, self.width, initial_indent=head, subsequent_indent=" " * len(head)) or [head]

    def _more(self, count: int, what: str) -> Iterator[str]:
        if count > 0:
            yield self._paint(f"    … and {count} more {what}", _DIM)

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and text else text


def _wrap(text: str, width: int, initial_indent: str = "", subsequent_indent: str = "") -> list[str]:
    """As ``textwrap.wrap``, but names with hyphens (commands, ids, addresses) stay whole."""
    return textwrap.wrap(
        text, width, initial_indent=initial_indent, subsequent_indent=subsequent_indent, break_on_hyphens=False
    )


def _from_to(first: str, last: str) -> str:
    if first == last:
        return first
    same_day = first[:10] == last[:10]
    return f"{first} to {last[11:] if same_day else last}"


def _one_line(text: str) -> str:
    return visible(" ".join(text.splitlines()))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _cell(text: str, width: int) -> str:
    return f"{_cut(text, width):<{width}}"
