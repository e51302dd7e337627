"""Which findings are shown, and at which level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin.content.finding import Finding, Level
from tocsin.content.settings import LintRules, Settings
from tocsin.content.source import Location
from tocsin.content.toml_reading import parse_toml
from tocsin.content.validation import build
from tocsin.lint.selection import Named, Selection, exactness, path_matches, selection_of, unknown_patterns

FILE = "detections/mail/rule.yaml"
KQL004 = Named(("KQL004",), "query.too-long")
FORWARDED = Named(("KS142", "KQL001"), "query.error")


@pytest.mark.parametrize(
    ("pattern", "named", "matches"),
    [
        ("KQL004", KQL004, True), ("kql004", KQL004, True), ("KQL", KQL004, True), ("KQL0", KQL004, True),
        ("query.too-long", KQL004, True), ("query", KQL004, True), ("ALL", KQL004, True),
        ("KQL1", KQL004, False), ("K", KQL004, False), ("quer", KQL004, False), ("", KQL004, False),
        ("KQL0041", KQL004, False), ("KS142", FORWARDED, True), ("KS", FORWARDED, True), ("KQL001", FORWARDED, True),
    ],
)  # fmt: skip
def test_what_a_pattern_names(pattern: str, named: Named, matches: bool) -> None:
    assert bool(exactness(pattern, named)) is matches


def rules(text: str) -> LintRules:
    settings, findings = build(Settings, parse_toml(text, "tocsin.toml")[0])
    assert settings is not None, findings
    return settings.lint


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("", Level.WARNING),
        ("[lint]\nselect = ['KQL']", Level.WARNING),
        ("[lint]\nselect = ['ENT']", None),
        ("[lint]\nignore = ['KQL']", None),
        ("[lint]\nignore = ['KQL']\nselect = ['KQL004']", Level.WARNING),
        ("[lint]\nignore = ['KQL004']\nselect = ['KQL004']", None),
        ("[lint]\nlevels = {KQL = 'info'}", Level.INFO),
        ("[lint]\nlevels = {KQL = 'info', 'query.too-long' = 'error'}", Level.ERROR),
        ("[[lint.per-path]]\npath = 'detections/mail'\nignore = ['KQL']", None),
        ("[[lint.per-path]]\npath = 'detections/other'\nignore = ['KQL']", Level.WARNING),
        ("[[lint.per-path]]\npath = '**/rule.yaml'\nlevels = {query = 'error'}", Level.ERROR),
        (
            "[lint]\nlevels = {KQL004 = 'info'}\n[[lint.per-path]]\npath = '*/mail/*'\nlevels = {KQL = 'error'}",
            Level.ERROR,
        ),
    ],
)
def test_settings_decide(text: str, level: Level | None) -> None:
    assert selection_of(rules(text)).level_of("KQL004", "query.too-long", Level.WARNING, FILE) is level


def test_options_stand_over_settings() -> None:
    settings = rules("[lint]\nselect = ['ENT']\nignore = ['KQL004']")
    assert selection_of(settings, ["KQL"]).level_of("KQL005", "query.x", Level.ERROR, FILE)
    assert selection_of(settings, ["KQL"]).level_of("KQL004", "query.too-long", Level.ERROR, FILE) is None
    assert selection_of(settings, ["KQL"], ["KQL005"]).level_of("KQL005", "query.x", Level.ERROR, FILE) is None


def test_a_file_that_cannot_be_read_is_shown_whatever_is_selected() -> None:
    selection = Selection(select=("KQL",))
    assert selection.level_of("YAML001", "yaml.syntax", Level.ERROR, FILE) is Level.ERROR
    assert selection.level_of("CONTENT006", "content.foreign-field", Level.WARNING, FILE) is None


def test_a_level_that_stays_leaves_the_finding_as_it_is() -> None:
    finding = Finding("KQL004", "query.too-long", Level.ERROR, "m", "h", Location(FILE, 1, 1))
    lower = Selection(levels={"KQL": Level.INFO})
    assert list(Selection().apply([finding])) == [finding]
    assert list(lower.apply([finding])) == [replace(finding, level=Level.INFO)]


def test_a_check_that_is_shown_nowhere_need_not_run() -> None:
    assert not Selection(ignore=("KQL",)).may_show("KQL004", "query.too-long", Level.ERROR)
    quiet_here = selection_of(rules("[[lint.per-path]]\npath = '**'\nignore = ['KQL']"))
    assert quiet_here.may_show("KQL004", "query.too-long", Level.ERROR)


def test_a_pattern_that_names_nothing_is_told_at_its_place() -> None:
    text = "[lint]\nignore = ['KQL', 'KQL04', 'KS999']\nlevels = {'query.to-long' = 'info'}\n"
    document, _ = parse_toml(text + "[[lint.per-path]]\npath='a'\nignore = 'XYZ'", "tocsin.toml")
    settings, _ = build(Settings, document)
    assert settings is not None
    found = list(unknown_patterns(settings.lint, document, [KQL004, FORWARDED]))
    assert [(one.location.line, one.location.column, one.code) for one in found] == [
        (2, 18, "SET003"), (3, 11, "SET003"), (6, 10, "SET003"),
    ]  # fmt: skip
    assert found[0].help == "did you mean KQL004?"
    assert found[1].help == "did you mean query.too-long?"


@pytest.mark.parametrize(
    ("pattern", "file", "matches"),
    [
        ("detections", "detections/a/b.yaml", True), ("detections/", "detections/a/b.yaml", True),
        ("./detections/a", "detections/a/b.yaml", True), ("detections/*", "detections/a/b.yaml", True),
        ("detections/*.yaml", "detections/a/b.yaml", False), ("detections/**/b.yaml", "detections/b.yaml", True),
        ("**/b.yaml", "detections/a/b.yaml", True), ("*.yaml", "a/b.yaml", False), ("a?.yaml", "ab.yaml", True),
        ("a+b(c.yaml", "a+b(c.yaml", True), ("det", "detections/a.yaml", False), ("**", "x/y", True),
    ],
)  # fmt: skip
def test_globs(pattern: str, file: str, matches: bool) -> None:
    assert path_matches(pattern, file) is matches
