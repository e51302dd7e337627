"""Previews: what the pages say, and that nothing that comes out of a log can change them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.report import preview_html, preview_text
from tocsin.report.defang import defanged
from tocsin.report.preview import (
    AlertView,
    EntityGroup,
    EntityView,
    Guide,
    IncidentView,
    Named,
    Preview,
    RuleView,
    as_json,
)
from tocsin.report.text import visible

HOSTILE = (
    "<script>alert(1)</script>",
    "</title></style></pre><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "javascript:alert(1) https://evil.example/",
    "\u202e gnp.exe \x1b]0;title\x07 \x00",
    "line\r\nline\u2028line",
    "&lt;b&gt; &#60;script&#62;",
    "<!-- " + "x" * 400 + " -->\n</details>",
)
TAGS = {
    "html", "head", "meta", "title", "style", "body", "a", "div", "header", "h1", "h2", "h3", "h4", "p", "code", "br",
    "main", "article", "section", "span", "dl", "dt", "dd", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
    "details", "summary", "pre", "time", "bdi", "strong",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "name", "content", "http-equiv", "class", "href", "id", "aria-labelledby", "aria-label", "role",
    "tabindex", "scope", "datetime", "rel",
}  # fmt: skip
VOID = {"meta", "br"}


class Page(HTMLParser):
    """A page taken apart; fails on a tag that is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.headings: list[int] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")


def preview(value: str = "value", *, rows: int = 1, alerts: int = 1, portal: str = "sentinel") -> Preview:
    """A preview in which every text that can come from a log is ``value``."""
    entities = (EntityGroup("IP", "IP", (EntityView(value, (("Address", value), ("Other", value)), ("Other",)),)),)
    tactics, techniques = (Named("InitialAccess", "Initial Access"),), (Named("T1566", "Phishing"),)
    made = tuple(
        AlertView(
            number=number, incident=1, title=value, severity="High", description=f"{value}\n\n{value}", tactics=tactics,
            techniques=techniques, run="2025-07-15 10:00:00Z", created="2025-07-15 10:05:00Z",
            first_activity="2025-07-15 09:57:00Z", last_activity="2025-07-15 09:58:00Z", sums_up=False,
            entities=entities, custom_details=(("Detail", (value, value)), ("Nothing", ())),
            links=(("AlertLink", value),), columns=("TimeGenerated", "Column"),
            rows=tuple((f"t{row}", value) for row in range(min(rows, 10))), row_count=rows, query=f"T | {value}",
            provider="ASI Scheduled Alerts", product="Azure Sentinel", id="0001", notes=(value,),
        )
        for number in range(1, alerts + 1)
    )  # fmt: skip
    incident = IncidentView(
        number=1, title=value, severity="High", status="New", provider="Microsoft Sentinel", description=value,
        tactics=tactics, techniques=techniques, created="2025-07-15 10:05:00Z", first_activity="2025-07-15 09:57:00Z",
        last_activity="2025-07-15 09:58:00Z", alerts=tuple(range(1, alerts + 1)), entities=entities, notes=(value,),
    )  # fmt: skip
    rule = RuleView(
        path="family/rule", name="Rule", id="1", version="1.0.0", kind="Scheduled", description="What it finds.",
        owner="team", references=("https://example.org/a", "javascript:alert(1)"), query="T\n| take 1",
        guide=Guide("Meaning.", ("Who?",), ("A printer.",), ("Block it.",), "in the rule"),
        facts=(("Runs", "every hour over the hour before"),),
    )  # fmt: skip
    return Preview(
        rule=rule, case=value, place="tests/x.test.yaml:1:1", time="2025-07-15 10:00:00Z", portal=portal,
        incidents=(incident,), alerts=made, without_incident=(), why_without="",
        portal_notes=(("Title", "Defender may choose it"),) if portal == "defender" else (), defanged=False,
    )  # fmt: skip


@pytest.mark.parametrize(("rows", "alerts"), [(1, 1), (3, 1), (1, 7)])
@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_becomes_markup(value: str, rows: int, alerts: int) -> None:
    _is_sound(preview(value, rows=rows, alerts=alerts), value)


@given(st.text(max_size=200))
@example("</bdi><script>")
def test_no_text_at_all_becomes_markup(value: str) -> None:
    _is_sound(preview(value, rows=2, alerts=2), value)


def _is_sound(shown: Preview, value: str) -> None:
    page = Page(preview_html.render(shown))
    assert page.tags <= TAGS
    assert page.open == []
    assert {name for _, name, _ in page.attributes} <= ATTRIBUTES
    links = {text for _, name, text in page.attributes if name == "href"}
    assert links <= {"#main", "https://example.org/a", *(f"#alert-{one.number}" for one in shown.alerts)}
    if value.isprintable() and len(value) <= 70 and value.split():
        assert page.texts.count(value) >= 8 or value.strip() != value


def test_a_long_value_is_folded_up_and_whole() -> None:
    value = "é" * 50 + " <b> " + "y" * 500
    page = Page(preview_html.render(preview(value)))
    assert value in page.texts
    assert any("555 characters" in text for text in page.texts)


def test_the_page_needs_nothing_from_elsewhere_and_may_run_nothing() -> None:
    text = preview_html.render(preview())
    page = Page(text)
    assert ("meta", "content") in {(tag, name) for tag, name, _ in page.attributes}
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|src=", text)


@pytest.mark.parametrize("alerts", [1, 7])
def test_headings_never_skip_a_level_and_labels_lead_to_ids(alerts: int) -> None:
    page = Page(preview_html.render(preview(alerts=alerts, rows=2, portal="defender")))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(
        after - before <= 1 or after == 4 for before, after in zip(page.headings, page.headings[1:], strict=False)
    )
    ids = [text for _, name, text in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {text for _, name, text in page.attributes if name == "aria-labelledby"} <= set(ids)
    assert ("html", "lang", "en") in page.attributes


@given(st.text(max_size=300), st.integers(10, 200))
def test_the_terminal_gets_no_control_characters_and_no_line_wider_than_it(value: str, columns: int) -> None:
    text = preview_text.render(preview(value, rows=3, alerts=2), columns=columns)
    assert all(line == visible(line) for line in text.split("\n"))
    assert all(len(line) <= max(48, min(120, columns)) for line in text.split("\n"))


def test_colour_only_where_it_is_asked_for() -> None:
    plain, colored = preview_text.render(preview()), preview_text.render(preview(), color=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain


def test_ten_events_are_shown_and_the_number_of_all() -> None:
    shown = preview(rows=14)
    assert "Events (10 of 14)" in preview_text.render(shown)
    page = Page(preview_html.render(shown))
    assert "Events (10 of 14)" in page.texts
    assert {"t0", "t9"} <= set(page.texts)
    assert "t10" not in page.texts


def test_alerts_without_an_incident_say_why() -> None:
    shown = preview()
    alone = replace(
        shown,
        incidents=(),
        alerts=(replace(shown.alert(1), incident=0),),
        without_incident=(1,),
        why_without="no reason",
    )
    assert "no reason" in preview_text.render(alone)
    assert "no reason" in Page(preview_html.render(alone)).texts


def test_json_holds_every_part() -> None:
    read = json.loads(as_json(preview(HOSTILE[0])))
    assert read["incidents"][0]["title"] == HOSTILE[0]
    assert read["alerts"][0]["custom_details"][0] == ["Detail", [HOSTILE[0], HOSTILE[0]]]
    assert read["rule"]["guide"]["questions"] == ["Who?"]


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("203.0.113.7", "203[.]0[.]113[.]7"),
        ("Mail from 203.0.113.7, then", "Mail from 203[.]0[.]113[.]7, then"),
        ("2001:db8:77::25", "2001[:]db8[:]77[:][:]25"),
        ("hr@contoso.com", "hr[@]contoso[.]com"),
        ("https://login.evil.example/a.php?b=c.d", "hxxps[://]login[.]evil[.]example/a[.]php?b=c.d"),
        ("HTTP://evil.example", "HxxP[://]evil[.]example"),
        ("ftp://files.example", "fxp[://]files[.]example"),
        ("custom+app://x", "custom+app[://]x"),
        ("bücher.example", "bücher[.]example"),
        ("xn--bcher-kva.example.", "xn--bcher-kva[.]example."),
        ("2026-09-14T07:12:44.318512Z", "2026-09-14T07:12:44.318512Z"),
        ("at 09:58:00 it ends. Then", "at 09:58:00 it ends. Then"),
        ("spf=fail dkim=none 1.5", "spf=fail dkim=none 1.5"),
        ("", ""),
    ],
)
def test_addresses_and_links_are_made_harmless(text: str, harmless: str) -> None:
    assert defanged(text) == harmless


@given(st.text(alphabet="ab1.:/@[]- hxtps", max_size=60))
def test_nothing_that_is_defanged_can_be_clicked(text: str) -> None:
    shown = defanged(text)
    assert not re.search(r"https?://", shown)
    assert not re.search(r"\w@\w", shown)
    assert len(shown) >= len(text)
