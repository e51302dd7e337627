"""The program beside other programs: pipes that close, code pages, full disks, Ctrl+C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "from tocsin.cli import main; main()"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX streams and signals")


def run(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    settings = {**os.environ, "NO_COLOR": "1", **environment}
    return subprocess.run([*PROGRAM, *arguments], input=stdin, capture_output=True, env=settings, check=False)


def test_a_code_page_without_the_character_gets_an_escape() -> None:
    table = run("kql", "run", "print x = '\u65e5'", PYTHONIOENCODING="cp1252")
    assert (table.returncode, table.stderr) == (0, b"")
    assert b"\\u65e5" in table.stdout
    assert b"--" in table.stdout
    rows = run("kql", "run", "print x = '\u65e5'", "--format", "json", PYTHONIOENCODING="cp1252")
    assert json.loads(rows.stdout) == [{"x": "\u65e5"}]
    wrong = run("kql", "run", "print '\u65e5' | where nothing", PYTHONIOENCODING="cp1252")
    assert wrong.returncode == 1
    assert b"query:1:19" in wrong.stderr


def test_half_a_character_pair_is_written_as_json_does() -> None:
    done = run("kql", "run", "print x = '\\ud83d'", "--format", "json")
    assert json.loads(done.stdout) == [{"x": "\ud83d"}]


def test_a_query_on_standard_input_is_utf_8_whatever_the_code_page() -> None:
    done = run("kql", "run", "-", "--format", "csv", stdin="print x = '\u65e5'".encode())
    assert done.stdout.decode().split() == ["x", "\u65e5"]


@POSIX
def test_nobody_reads() -> None:
    done = subprocess.Popen(
        [*PROGRAM, "kql", "batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert done.stdin
    assert done.stdout
    assert done.stderr
    done.stdin.write(b'{"id": 1, "query": "print 1"}\n')
    done.stdin.flush()
    assert json.loads(done.stdout.readline())["rows"] == [[1]]
    done.stdout.close()
    done.stdin.write(b'{"id": 1, "query": "print 1"}\n')
    done.stdin.close()
    assert done.stderr.read() == b""
    assert done.wait() in (0, 1)
    done.stderr.close()


@POSIX
def test_a_closed_output_is_none_of_our_business() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *PROGRAM, "kql", "check", "print 1"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, "kql", "check", "print 1"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: cannot read or write: ")


@POSIX
@pytest.mark.parametrize(
    ("arguments", "stdin", "status"),
    [(("kql", "batch"), b'{"id": 1, "query": "print 1"}\n', 130), (("dev-server", "--port", "0"), b"", 0)],
    ids=["batch", "dev-server"],
)
def test_an_interrupt_ends_the_program_without_a_traceback(
    arguments: tuple[str, ...], stdin: bytes, status: int
) -> None:
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from tocsin.cli import main; main()"
    )
    done = subprocess.Popen(
        [sys.executable, "-u", "-c", program, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert done.stdin
    assert done.stdout
    done.stdin.write(stdin)
    done.stdin.flush()
    assert done.stdout.readline()
    done.send_signal(signal.SIGINT)
    _, error = done.communicate(timeout=20)
    assert b"Traceback" not in error
    assert done.returncode == status


def _read_to_the_end(terminal: int) -> bytes:
    """What a program writes to a terminal until it closes it."""
    output = b""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not read:
            break
        output += read
    os.close(terminal)
    return output


@POSIX
@pytest.mark.parametrize(("from_file", "progress"), [(True, b"3/3"), (False, b"3/?")], ids=["a file", "a pipe"])
def test_batch_shows_how_far_it_is_and_its_answers_stay_as_they_are(
    tmp_path: Path, from_file: bool, progress: bytes
) -> None:
    import pty

    slow = "range x from 1 to 60000 step 1 | extend y = hash_sha256(tostring(x)) | summarize max(y)"
    requests = "".join(json.dumps({"id": n, "query": query}) + "\n" for n, query in enumerate(("nothing", slow, slow)))
    (tmp_path / "requests").write_text(requests, encoding="utf-8")
    terminal, end = pty.openpty()
    program = "from tocsin.cli import main, terminal; terminal.PATIENCE = 0; main()"
    settings = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}
    with (tmp_path / "requests").open("rb") as source, (tmp_path / "answers").open("wb") as answers:
        done = subprocess.Popen(
            [sys.executable, "-c", program, "kql", "batch"],
            stdin=source if from_file else subprocess.PIPE, stdout=answers, stderr=end, env=settings,
        )  # fmt: skip
        os.close(end)
        if done.stdin is not None:
            with done.stdin as pipe:
                pipe.write(requests.encode())
        shown = _read_to_the_end(terminal)
    assert done.wait() == 0
    lines = (tmp_path / "answers").read_text(encoding="utf-8").splitlines()
    assert [(answer["id"], "rows" in answer) for answer in map(json.loads, lines)] == [(0, False), (1, True), (2, True)]
    assert b"answering" in shown
    assert progress in shown
    assert b"1 error" in shown


@POSIX
def test_a_row_of_many_columns_is_written_one_below_the_other_on_a_terminal() -> None:
    import pty

    names = [f"column{number}" for number in range(30)]
    query = f"print {', '.join(f'{name} = {number}' for number, name in enumerate(names))}"
    terminal, end = pty.openpty()
    settings = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.Popen([*PROGRAM, "kql", "run", query], stdout=end, stderr=end, env=settings)
    os.close(end)
    output = _read_to_the_end(terminal)
    assert done.wait() == 0
    lines = output.decode().split("\r\n")
    assert lines[0] == "row 1"
    assert [line.split() for line in lines[1:31]] == [[name, str(number)] for number, name in enumerate(names)]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_what_has_no_end_is_told_to_be_no_file(tmp_path: Path) -> None:
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    done = run("lint", str(tmp_path / "endless.yaml"))
    assert done.returncode == 1
    assert b"a pipe or a device" in done.stdout
