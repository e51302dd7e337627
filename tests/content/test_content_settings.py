"""tocsin.toml: every mistake has its place and its advice, and values are what tomllib reads."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import kql
from tocsin.content.settings import Settings, load_settings, read_section
from tocsin.content.toml_reading import parse_toml


def settings_of(root: Path, text: str | bytes) -> tuple[Settings, list[str]]:
    (root / "tocsin.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    settings, _, findings = load_settings(root)
    return settings, [f"{one.location} {one.code} {one.message} / {one.help}" for one in findings]


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    settings, _, findings = load_settings(tmp_path)
    assert (settings, findings) == (Settings(), ())


def test_limits_of_tests(tmp_path: Path) -> None:
    settings, findings = settings_of(tmp_path, "[tests]\nseconds = 5\nmemory = 300\nrows = 9_000\n")
    limits = settings.tests.limits()
    assert findings == []
    assert (limits.seconds, limits.memory, limits.rows) == (5, 300_000_000, 9_000)
    assert (limits.cells, limits.characters) == (kql.Limits().cells, kql.Limits().characters)
    assert Settings().tests.limits() == kql.Limits()


@pytest.mark.parametrize("value", ["seconds = 0", "seconds = inf", "rows = -1", "memory = 1.5", "cpu = 3"])
def test_limits_of_tests_that_are_none(tmp_path: Path, value: str) -> None:
    _, findings = settings_of(tmp_path, f"[tests]\n{value}\n")
    column = 1 if value.startswith("cpu") else value.index("=") + 3
    assert [one.split()[0] for one in findings] == [f"tocsin.toml:2:{column}"]


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    settings, findings = settings_of(
        tmp_path,
        """
[lint]
select = "KQL"                      # one, or a list
ignore = ['text.limits', "TXT"]
baseline = "known.json"
levels.ENT004 = "info"

[lint.cost]
budget = 20
tables = {SigninLogs = "large"}

[[lint.per-path]]
path = "detections/legacy/**"
ignore = ["ALL"]

[[lint.per-path]]
path = ["a", 'b']
levels = {KQL = "error"}

[environments.prod]
subscription = "x"
""",
    )
    assert findings == []
    lint = settings.lint
    assert (lint.select, lint.ignore, lint.baseline) == (("KQL",), ("text.limits", "TXT"), "known.json")
    assert (lint.levels, lint.cost.budget, lint.cost.tables) == ({"ENT004": "info"}, 20, {"SigninLogs": "large"})
    assert [(one.path, one.ignore) for one in lint.per_path] == [
        (("detections/legacy/**",), ("ALL",)),
        (("a", "b"), ()),
    ]
    assert lint.per_path[1].levels == {"KQL": "error"}
    assert settings.environments["prod"] == {"subscription": "x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[lint]\nbasline = 'x'", 'tocsin.toml:2:1 CONTENT002 "basline" is no field here / did you mean baseline?'),
        (
            "[lint]\n[[lint.per-path]]\npath = 'a'\n[[lint.per-path]]\nignore = ['KQL']",
            'tocsin.toml:4:1 CONTENT001 the field "path" is missing / add it: files, relative to',
        ),
        (
            "[lint]\nlevels = { KQL = 'warnin' }",
            'tocsin.toml:2:18 CONTENT004 found the text "warnin", wanted one of 3 values / did you mean warning?',
        ),
        ("[lint]\nignore = [1]", "tocsin.toml:2:11 CONTENT003 found the number 1, wanted text / quote it"),
        ("[lnit]", 'tocsin.toml:1:2 CONTENT002 "lnit" is no field here / did you mean lint?'),
        ("[lint\n", "tocsin.toml:1:6 SET001 not valid TOML: "),
        ("x = ", "tocsin.toml:1:5 SET001 not valid TOML: "),
        (b"a = '\xff'", "tocsin.toml:1:6 YAML003 the file is not UTF-8"),
        ("x = " + "[" * 100_000, "tocsin.toml:1:1 SET001 the values are nested too deep"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, text: str | bytes, expected: str) -> None:
    settings, findings = settings_of(tmp_path, text)
    assert settings == Settings()
    assert findings[0].startswith(expected)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").mkdir()
    assert [one.code for one in load_settings(tmp_path)[2]] == ["SET002"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    first_delay: timedelta = timedelta(minutes=5)
    longest: timedelta | None = None
    tries: int = 3

    def __post_init__(self) -> None:
        if self.tries < 0:
            raise ValueError("tries must not be negative")


@pytest.mark.parametrize(
    ("text", "read", "said"),
    [
        ("", Points(), []),
        (
            "[sentinel]\nfirst-delay = '1h'\nlongest='PT2H'",
            Points(first_delay=timedelta(hours=1), longest=timedelta(hours=2)),
            [],
        ),
        ("[sentinel]\ntrys = 1", None, ['tocsin.toml:2:1 "trys" is no field here: did you mean tries?']),
        ("[sentinel]\ntries = '1'", None, ['tocsin.toml:2:9 found the text "1", wanted a whole number: write a whole']),
        ("x = 1\n[sentinel]\ntries = -1", None, ["tocsin.toml:2:2 tries must not be negative: change the setting"]),
    ],
)
def test_a_section_reads_as_a_dataclass(text: str, read: Points | None, said: list[str]) -> None:
    document, _ = parse_toml(text, "tocsin.toml")
    found, findings = read_section(document, "sentinel", Points)
    assert found == read
    for one, words in zip(findings, said, strict=True):
        assert f"{one.location} {one.message}: {one.help}".startswith(words)


_NAMES = st.sampled_from(["a", "b-c", '"d e"', "'f'", "1"])
_SCALARS = st.sampled_from(
    [
        "2020-01-02T03:04:05Z",
        '"""a""""',
        "12:30:00",
        "1",
        "-0x1f",
        "1_000",
        "true",
        "1.5e3",
        '"a\\"b#"',
        "'c]}'",
        '"""x\n"y" z"""',
        "'''q\n''q'''",
        '""',
        "''",
    ]
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ " + " ,\n # note ]\n".join(items) + "]"),
        st.dictionaries(_NAMES, inner.filter(lambda text: "\n" not in text), max_size=2).map(
            lambda items: "{" + ", ".join(f"{name} = {value}" for name, value in items.items()) + "}"
        ),
    ),
    max_leaves=5,
)


@given(st.lists(st.tuples(st.sampled_from(["", "[{}]", "[[{}]]", "[{}.x]", "[ {} . y ]"]), _NAMES, _NAMES, _VALUES)))
def test_the_tree_holds_what_tomllib_reads(lines: list[tuple[str, str, str, str]]) -> None:
    text = "".join(f"{table.format(name)}\n{key} = {value} # note\n" for table, name, key, value in lines)
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    document, findings = parse_toml(text, "t.toml")
    assert findings == ()
    assert document.root is not None
    assert _texts(document.root.plain()) == _texts(wanted)


def _texts(value: object) -> object:
    """Dates compare by their text, for a tree holds none."""
    if isinstance(value, dict):
        return {name: _texts(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_texts(held) for held in value]
    if isinstance(value, bool | int | float):
        return value
    return str(value).replace("T", " ").replace("Z", "+00:00")
