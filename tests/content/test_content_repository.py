"""Loading a repository: what is found where, and that bad input never raises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.content.repository import Repository, load_repository

LONG_ROW = "2:1 CONTENT011 the row is longer than 10,240 characters, the service's limit"
FOLDER = "parsers/watchlists"
RULE = """\
id: {id}
name: n
kind: NRT
severity: Low
query: T
"""
PARSER = """\
Parser: {{Title: t, Version: 1.0.0}}
ParserName: {name}
ParserQuery: T
"""
WATCHLIST = """\
alias: Domains
displayName: d
itemsSearchKey: Domain
columns: [{name: Domain}, {name: Count, type: int}]
"""
TABLE = """\
name: Mail_CL
columns: [{name: TimeGenerated, type: datetime}]
"""
TEST = """\
detection: a/one
now: 2025-07-15T10:00:00Z
cases: [{name: c, expect: {alerts: 1}}]
"""


def repository(root: Path, files: dict[str, str | bytes]) -> Repository:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return load_repository(root)


def shown(loaded: Repository) -> list[str]:
    return [f"{found.location} {found.code} {found.message}" for found in loaded.findings]


def test_everything_is_loaded_by_name(tmp_path: Path) -> None:
    loaded = repository(
        tmp_path,
        {
            "detections/a/one.yaml": RULE.format(id="r1"),
            "detections/two.yml": RULE.format(id="r2"),
            "detections/README.md": "# not content",
            "detections/.hidden/x.yaml": "]",
            "parsers/mail.yaml": PARSER.format(name="MailMessages"),
            "parsers/watchlists/Domains.yaml": WATCHLIST,
            "parsers/watchlists/Domains.csv": 'Count,Domain\r\n1,contoso.com\r\n,"a\r\nb"\r\n3,c\r\n',
            "parsers/tables/Mail_CL.yaml": TABLE,
            "tests/detections/a/one.test.yaml": TEST,
        },
    )
    assert shown(loaded) == []
    assert list(loaded.detections) == ["a/one", "two"]
    assert loaded.detections["a/one"].path == "detections/a/one.yaml"
    assert list(loaded.parsers) == ["MailMessages"]
    assert list(loaded.tables) == ["Mail_CL"]
    assert list(loaded.tests) == ["a/one"]
    watchlist = loaded.watchlists["Domains"]
    assert watchlist.rows == (
        {"Count": "1", "Domain": "contoso.com"},
        {"Count": "", "Domain": "a\r\nb"},
        {"Count": "3", "Domain": "c"},
    )
    assert watchlist.row_lines == (2, 3, 5)
    assert watchlist.csv_path == "parsers/watchlists/Domains.csv"


def test_an_empty_folder_is_an_empty_repository(tmp_path: Path) -> None:
    loaded = load_repository(tmp_path)
    assert (loaded.detections, loaded.watchlists, loaded.findings) == ({}, {}, ())


def test_duplicates_are_reported_and_the_first_stays(tmp_path: Path) -> None:
    loaded = repository(
        tmp_path,
        {
            "detections/a.yaml": RULE.format(id="R1"),
            "detections/b.yaml": RULE.format(id="r1"),
            "parsers/a.yaml": PARSER.format(name="Mail"),
            "parsers/b.yaml": PARSER.format(name="Mail"),
        },
    )
    assert shown(loaded) == [
        'detections/b.yaml:1:5 CONTENT008 id "r1" is already used by detections/a.yaml',
        'parsers/b.yaml:2:13 CONTENT008 ParserName "Mail" is already used by parsers/a.yaml',
    ]
    assert loaded.findings[0].notes == ("first used at detections/a.yaml:1:5",)
    assert loaded.parsers["Mail"].path == "parsers/a.yaml"


def test_files_that_nobody_reads_are_reported(tmp_path: Path) -> None:
    loaded = repository(
        tmp_path,
        {
            "detections/a.yaml": RULE.format(id="r1"),
            "detections/a.yml": RULE.format(id="r2"),
            "parsers/watchlists/Domain.csv": "Domain\n",
            "tests/detections/a.yaml": TEST,
        },
    )
    assert [f"{place} | {found.help}" for place, found in zip(shown(loaded), loaded.findings, strict=True)] == [
        "detections/a.yml:1:1 CONTENT008 detections/a.yml has the same name as detections/a.yaml | rename one of them",
        "parsers/watchlists/Domain.csv:1:1 CONTENT013 this file is never read | write Domain.yaml beside it",
        "tests/detections/a.yaml:1:1 CONTENT013 this file is never read | name it a.test.yaml",
    ]


def test_bad_files_do_not_keep_good_ones_from_loading(tmp_path: Path) -> None:
    loaded = repository(
        tmp_path,
        {
            "detections/bad.yaml": "id: [",
            "detections/bytes.yaml": b"\xff\x00\x80",
            "detections/duplicate.yaml": RULE.format(id="r1") + "name: again\n",
            "detections/good.yaml": RULE.format(id="r2"),
        },
    )
    assert list(loaded.detections) == ["good"]
    assert {str(found.location.file) for found in loaded.findings} == {
        "detections/bad.yaml",
        "detections/bytes.yaml",
        "detections/duplicate.yaml",
    }


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        (
            None,
            [f"{FOLDER}/Domains.yaml:1:8 CONTENT011 the watchlist has no rows: {FOLDER}/Domains.csv is not there"],
        ),
        ("", ["1:1 CONTENT011 the CSV is empty"]),
        ("Domain,Count\n", []),
        ("Domain\na\n", ['1:1 CONTENT011 the header lacks the column "Count"']),
        ("Domain,Count,Cuont\n", ['1:1 CONTENT011 the column "Cuont" is not in the watchlist\'s columns']),
        ("Domain,Count,Count\n", ['1:1 CONTENT011 the column "Count" is there twice']),
        ("Domain,Count\na,1\nb\n", ["3:1 CONTENT011 the header has 2 columns, this row 1"]),
        ('Domain,Count\n"a\nb",x\n', ['3:4 CONTENT012 "x" in column Count is no int']),
        ("Domain,Count\n ,1\n", ["2:1 CONTENT012 the search key Domain is empty"]),
        ('Domain,Count\n"a,1\n', ["2:1 CONTENT011 not valid CSV: unexpected end of data"]),
        (b"Domain,Count\na\xe9,1\n", ["2:2 YAML003 the file is not UTF-8: byte 0xe9 can not stand here"]),
        (b"\xef\xbb\xbfDomain,Count\na,1\n", ["1:1 YAML013 the file starts with a byte order mark"]),
        (
            "Domain,Count\n" + "a" * 10_241 + ",1\n",
            [LONG_ROW],
        ),
    ],
)
def test_watchlist_rows_are_checked(tmp_path: Path, csv: str | bytes | None, expected: list[str]) -> None:
    files: dict[str, str | bytes] = {"parsers/watchlists/Domains.yaml": WATCHLIST}
    if csv is not None:
        files["parsers/watchlists/Domains.csv"] = csv
    places = [found.replace("parsers/watchlists/Domains.csv:", "", 1) for found in shown(repository(tmp_path, files))]
    assert places == expected


def test_progress_counts_every_file(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"detections/{n}.yaml": RULE.format(id=f"r{n}") for n in range(3)}
    repository(tmp_path, files)
    seen: list[tuple[str, int, int]] = []
    load_repository(tmp_path, lambda path, done, total: seen.append((path, done, total)))
    assert seen == [(f"detections/{n}.yaml", n, 3) for n in range(3)]


@pytest.mark.skipif(not hasattr(os, "symlink") or sys.platform == "win32", reason="links need a right on Windows")
def test_links_out_of_the_repository_are_told_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("secret: 1\n", encoding="utf-8")
    (tmp_path / "outside.csv").write_text("secret\n", encoding="utf-8")
    root = tmp_path / "root"
    repository(root, {f"{FOLDER}/Domains.yaml": WATCHLIST, "detections/a/one.yaml": RULE.format(id="r1")})
    (root / "detections/broken.yaml").symlink_to("nowhere.yaml")
    (root / "detections/folder").symlink_to("a", target_is_directory=True)
    (root / "detections/link.yaml").symlink_to(tmp_path / "outside.yaml")
    (root / "detections/loop.yaml").symlink_to("loop.yaml")
    (root / FOLDER / "Domains.csv").symlink_to(tmp_path / "outside.csv")
    loaded = load_repository(root)
    unread = "1:1 CONTENT013 this file is never read"
    assert shown(loaded) == [
        f"detections/broken.yaml:{unread}",
        f"detections/folder:{unread}",
        f"detections/link.yaml:{unread}",
        f"detections/loop.yaml:{unread}",
        f"{FOLDER}/Domains.yaml:1:8 CONTENT011 {FOLDER}/Domains.csv is a link out of the repository",
    ]
    assert list(loaded.detections) == ["a/one"]


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    loaded = repository(tmp_path, {"detections": "a file", "parsers/Mail.yaml": PARSER.format(name="Mail")})
    (told,) = shown(loaded)
    assert told.startswith("detections:1:1 YAML002 the folder cannot be read: ")


def test_a_suffix_in_capitals_is_told(tmp_path: Path) -> None:
    loaded = repository(tmp_path, {"detections/a.YAML": RULE.format(id="r1")})
    assert [found.help for found in loaded.findings] == ["write the suffix in lower case: .yaml"]


def test_findings_are_cheap_to_import() -> None:
    code = "import sys, tocsin.content.finding; print(sorted({'pydantic', 'yaml'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "[]"
