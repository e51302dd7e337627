"""A preview as one HTML page that needs nothing else: no script, no picture, no address to fetch from.

Values come from logs, which attackers write. All text is escaped, none of it becomes a link or an attribute, and the
page's content security policy lets nothing be loaded or run, should that ever fail. Long values are folded up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from tocsin.report.preview import AlertView, EntityGroup, IncidentView, Named, Preview
from tocsin.report.preview_style import STYLE
from tocsin.report.text import visible

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_LONG: Final = 160
_LONG_CELL: Final = 70
_CUT: Final = 20
_ALERTS_OPEN: Final = 5
"""So many alerts of an incident are shown unfolded."""
_UNWRITTEN: Final = "(not written to the alert)"
_DROPPED: Final = "What the service dropped, or is assumed here"
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{8,16}Z", re.ASCII)
_SEVERITIES: Final = frozenset({"High", "Medium", "Low", "Informational"})


def render(preview: Preview) -> str:
    """The page."""
    portal = "Microsoft Defender portal" if preview.portal == "defender" else "Microsoft Sentinel"
    title = preview.incidents[0].title if preview.incidents else preview.rule.name
    incidents = [_incident(preview, one) for one in preview.incidents]
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(visible(title))} - tocsin preview</title>",
        f"<style>\n{STYLE}</style>",
        "</head>",
        "<body>",
        '<a class="skip" href="#main">To the incident</a>',
        '<div class="page">',
        _top(preview, portal),
        '<main id="main">',
        *incidents,
        _without_incident(preview),
        _guide(preview),
        _rule(preview),
        _portal(preview),
        "</main>",
        "</div>",
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _top(preview: Preview, portal: str) -> str:
    version = f" {preview.rule.version}" if preview.rule.version else ""
    notes = " Addresses and links are defanged." if preview.defanged else ""
    return (
        f'<header class="top"><h1>{_text(preview.rule.name)}</h1>'
        f"<p>Preview of <code>{_text(preview.rule.path)}</code>{_text(version)}, as {_the(portal)} would show it at "
        f"{_text(preview.time)}.{notes}<br>Test case: {_text(preview.case)} {_soft(f'({preview.place})')}</p>"
        "</header>"
    )


def _the(portal: str) -> str:
    return f"the {portal}" if portal.endswith("portal") else portal


def _incident(preview: Preview, one: IncidentView) -> str:
    alerts = [preview.alert(number) for number in one.alerts]
    facts = [
        ("Status", f"{_text(one.status)}"),
        ("Owner", "Not assigned"),
        ("Product", _text(one.provider)),
        ("Created", _time(one.created)),
        ("Activity", _span(one.first_activity, one.last_activity)),
        ("Alerts", str(len(alerts))),
        ("Tactics", _names(one.tactics, with_ids=False)),
        ("Techniques", _names(one.techniques, with_ids=True)),
    ]
    body = [
        _kicker(one.severity, f"Incident {one.number}"),
        f'<h2 id="incident-{one.number}">{_text(one.title)}</h2>',
        _definitions(facts, "wide"),
    ]
    if len(alerts) > 1:
        body += [
            _paragraphs(one.description),
            _alert_table(alerts),
            "<h4>Entities of all alerts</h4>",
            _entities(one.entities),
        ]
    body += [_notes(one.notes)]
    body += [_alert(alert, len(alerts) == 1, place < _ALERTS_OPEN) for place, alert in enumerate(alerts)]
    css = f"card incident {one.severity}" if one.severity in _SEVERITIES else "card incident"
    return f'<article class="{css}" aria-labelledby="incident-{one.number}">{_joined(body)}</article>'


def _alert_table(alerts: Sequence[AlertView]) -> str:
    rows = _joined(
        f'<tr><td><a href="#alert-{one.number}">{one.number}</a></td><td class="nowrap">{_time(one.created)}</td>'
        f"<td>{_text(one.severity)}</td><td>{_value(one.title)}</td></tr>"
        for one in alerts
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Alert", "Raised", "Severity", "Title"))
    return _scroll("Alerts of the incident", f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _alert(one: AlertView, single: bool, is_open: bool) -> str:
    heading = f"Alert {one.number}" if single else f"Alert {one.number}: {one.title}"
    facts = [
        ("Severity", _text(one.severity)),
        ("Activity", _span(one.first_activity, one.last_activity)),
        ("Raised", f"{_time(one.created)}, by the run at {_time(one.run)}"),
        ("Product", f"{_text(one.product)}, {_text(one.provider)}"),
        ("Alert id", _text(one.id)),
    ]
    if not single:
        facts[1:1] = [
            ("Tactics", _names(one.tactics, with_ids=False)),
            ("Techniques", _names(one.techniques, with_ids=True)),
        ]
    facts += [(name, _value(text)) for name, text in one.links]
    sums_up = "<p><strong>Sums up the whole result of the run.</strong></p>" if one.sums_up else ""
    details = [(name, _values(values)) for name, values in one.custom_details]
    body = [
        sums_up,
        _paragraphs(one.description),
        "<h4>Entities</h4>",
        _entities(one.entities),
        "<h4>Custom details</h4>" + _definitions(details) if details else "",
        _events(one),
        _notes(one.notes),
        "<h4>About the alert</h4>",
        _definitions(facts),
        _folded("Query behind the link to the events", f"<pre>{_lines(one.query)}</pre>", on_paper=False),
    ]
    title = f'<h3 id="alert-{one.number}">{_text(heading)}</h3>'
    if is_open:
        return f'<section class="alert" aria-labelledby="alert-{one.number}">{title}{_joined(body)}</section>'
    return (
        f'<section class="alert" aria-labelledby="alert-{one.number}"><details><summary>{title}</summary>'
        f"{_joined(body)}</details></section>"
    )


def _entities(groups: Sequence[EntityGroup]) -> str:
    if not groups:
        return '<p class="soft">None: there is nothing to click on and nothing to correlate by.</p>'
    return f'<div class="groups">{_joined(_group(group) for group in groups)}</div>'


def _group(group: EntityGroup) -> str:
    cards = []
    for entity in group.entities:
        shown = [
            (name, _value(text) + (f" {_soft(_UNWRITTEN)}" if name in entity.unwritten else ""))
            for name, text in entity.identifiers
            if len(entity.identifiers) > 1 or text != entity.name
        ]
        name = f'<div class="name">{_value(entity.name)}</div>'
        cards.append(f'<li class="entity">{name}{_definitions(shown) if shown else ""}</li>')
    return (
        f'<div><p class="type">{_text(group.heading)} ({len(group.entities)})</p>'
        f'<ul class="plain entities">{_joined(cards)}</ul></div>'
    )


def _events(one: AlertView) -> str:
    count = len(one.rows)
    of = f"{count} of {one.row_count}" if count < one.row_count else str(count)
    heading = f"<h4>Events ({of})</h4>"
    if not count:
        return heading + '<p class="soft">None: the rule fires on the absence of rows.</p>'
    if count == 1:
        filled = [(name, _value(text)) for name, text in zip(one.columns, one.rows[0], strict=True) if text]
        return heading + _folded(f"Columns of the event ({len(filled)} filled)", _definitions(filled))
    kept = [place for place in range(len(one.columns)) if any(row[place] for row in one.rows)]
    head = "".join(f'<th scope="col">{_text(one.columns[place])}</th>' for place in kept)
    cells = ([_value(row[place], _LONG_CELL) for place in kept] for row in one.rows)
    rows = _joined(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in cells)
    table = f'<table class="events"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return heading + _scroll("Events of the alert", table)


def _without_incident(preview: Preview) -> str:
    if not preview.without_incident:
        return ""
    alerts = [_alert(preview.alert(number), False, True) for number in preview.without_incident]
    return (
        '<section class="card" aria-labelledby="no-incident"><h2 id="no-incident">Alerts without an incident</h2>'
        f"<p>{_text(preview.why_without)}</p>{_joined(alerts)}</section>"
    )


def _guide(preview: Preview) -> str:
    guide = preview.rule.guide
    if guide is None:
        return ""
    lists = (
        ("Questions that decide", guide.questions),
        ("Harmless causes", guide.benign),
        ("If it is real", guide.contain),
    )
    parts = [
        f"<div><h4>{title}</h4><ul>{_joined(f'<li>{_text(item)}</li>' for item in items)}</ul></div>"
        for title, items in lists
        if items
    ]
    return (
        '<section class="card" aria-labelledby="guide"><h2 id="guide">Triage guide</h2>'
        f'<p>{_text(guide.meaning)}</p><div class="guide">{_joined(parts)}</div>'
        f'<p class="soft">Stands {_text(guide.place)}.</p></section>'
    )


def _rule(preview: Preview) -> str:
    rule = preview.rule
    references = "".join(f"<li>{_reference(one)}</li>" for one in rule.references)
    facts = [(term, _text(sentence)) for term, sentence in rule.facts]
    facts += [("Owner", _text(rule.owner))] if rule.owner else []
    facts += [("References", f'<ul class="plain">{references}</ul>')] if references else []
    facts += [("Id", _text(rule.id))]
    return (
        '<section class="card" aria-labelledby="rule"><h2 id="rule">The rule</h2>'
        f"{_definitions(facts)}{_folded('Description', _paragraphs(rule.description)) if rule.description else ''}"
        f"{_folded('Query', f'<pre>{_lines(rule.query)}</pre>')}</section>"
    )


def _portal(preview: Preview) -> str:
    if not preview.portal_notes:
        return ""
    facts = [(term, _text(sentence)) for term, sentence in preview.portal_notes]
    return (
        '<section class="card" aria-labelledby="portal"><h2 id="portal">In the Defender portal</h2>'
        f"{_definitions(facts)}</section>"
    )


# Pieces. What takes ``str`` escapes it; what is called markup is HTML already.


def _text(text: str) -> str:
    """Text of one line as HTML, its direction kept to itself: a name may hold characters that turn it around."""
    shown = escape(visible(" ".join(text.splitlines())))
    return shown if text.isascii() else f"<bdi>{shown}</bdi>"


def _soft(text: str) -> str:
    return f'<span class="soft">{_text(text)}</span>'


def _lines(text: str) -> str:
    return "\n".join(escape(visible(line)) for line in text.expandtabs(2).splitlines())


def _value(text: str, most: int = _LONG) -> str:
    """A value from a log: folded up when it has more than ``most`` characters or several lines."""
    if _MOMENT.fullmatch(text):
        return f'<span class="nowrap">{escape(text)}</span>'
    if len(text) <= most and len(text.splitlines()) <= 1:
        return _text(text)
    start = " ".join(text[:most].splitlines())[: most - _CUT]
    size = f"({len(text):,} characters)"
    return f'<details class="long"><summary>{_text(start)}… {_soft(size)}</summary><pre>{_lines(text)}</pre></details>'


def _values(values: Sequence[str]) -> str:
    if not values:
        return _soft("(empty)")
    if len(values) == 1:
        return _value(values[0])
    return f'<ul class="plain">{"".join(f"<li>{_value(one)}</li>" for one in values)}</ul>'


def _reference(address: str) -> str:
    """A link of the rule's author; only https leads anywhere."""
    if not address.startswith("https://"):
        return _text(address)
    return f'<a rel="noopener noreferrer" href="{escape(visible(address))}">{_text(address)}</a>'


def _names(names: Sequence[Named], *, with_ids: bool) -> str:
    if not names:
        return _soft("None")
    shown = (f"{one.id} {one.name}".strip() if with_ids else one.name or one.id for one in names)
    return f'<ul class="plain">{"".join(f"<li>{_text(one)}</li>" for one in shown)}</ul>'


def _kicker(severity: str, text: str) -> str:
    css = f"severity {severity}" if severity in _SEVERITIES else "severity"
    return f'<p class="kicker"><span class="{css}">{_text(severity)}</span> {_text(text)}</p>'


def _definitions(facts: Iterable[tuple[str, str]], css: str = "") -> str:
    """Pairs of a term (text) and its markup."""
    rows = [(_text(term), markup) for term, markup in facts]
    if css:
        return f'<dl class="{css}">{"".join(f"<div><dt>{t}</dt><dd>{m}</dd></div>" for t, m in rows)}</dl>'
    return f"<dl>{''.join(f'<dt>{t}</dt><dd>{m}</dd>' for t, m in rows)}</dl>"


def _paragraphs(text: str) -> str:
    """Text with the line ends that it has: whoever shows it as plain text breaks the lines there."""
    parts = [part.strip("\n") for part in text.replace("\r\n", "\n").split("\n\n")]
    return "".join(f"<p>{'<br>'.join(_text(line) for line in part.splitlines())}</p>" for part in parts if part)


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    listed = "".join(f"<li>{_text(note)}</li>" for note in notes)
    return f'<div class="notes" role="note"><strong>{_DROPPED}</strong><ul>{listed}</ul></div>'


def _scroll(label: str, markup: str) -> str:
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">{markup}</div>'


def _folded(title: str, markup: str, *, on_paper: bool = True) -> str:
    css = "section" if on_paper else "section screen"
    return f'<details class="{css}"><summary>{_text(title)}</summary>{markup}</details>'


def _time(text: str) -> str:
    return f'<time datetime="{escape(text.replace(" ", "T"))}">{escape(text)}</time>'


def _span(first: str, last: str) -> str:
    return _time(first) if first == last else f"{_time(first)} to {_time(last)}"


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)
