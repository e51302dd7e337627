"""Ctrl+C ends the program at once and without a traceback, from its first moments on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")

QUERY = "range x from 1 to 1000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize make_set(y) by x"

# What {begun} does is done as soon as the program loads its commands.
PROGRAM = """
import sys, signal, weakref
from tocsin.__main__ import main

class First:
    def find_spec(self, name, path=None, target=None):
        if name == "tocsin.cli":
            {begun}

sys.meta_path.insert(0, First())
main()
"""


def started(begun: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM.replace("{begun}", begun), "kql", "run", QUERY]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("after", [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 1.0])
def test_an_interrupt_ends_the_program(after: float) -> None:
    with started("print('begun', flush=True)") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "")


CLASS = """
            class Late:
                def __set_name__(self, owner, name): signal.raise_signal(signal.SIGINT)
            class Owner: at = Late()
"""
CALLBACK = """
            made = {"signal": signal}
            lost = compile("def lost(_): signal.raise_signal(signal.SIGINT)", "<frozen importlib._bootstrap>", "exec")
            exec(lost, made)
            gone = First()
            made["reference"] = weakref.ref(gone, made["lost"])
            del gone
"""


@pytest.mark.parametrize("begun", [CLASS, CALLBACK], ids=["where a class is made", "where exceptions are dropped"])
def test_an_interrupt_is_not_lost_and_not_taken_for_a_fault(begun: str) -> None:
    with started(begun.strip()) as process:
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "")


def test_an_interrupt_that_the_caller_ignores_is_ignored() -> None:
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from tocsin.__main__ import main; main()"
    command = [sys.executable, "-c", program, "kql", "batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"id": 1, "query": "print 1"}\n')
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(b'{"id": 2, "query": "print 1"}\n', timeout=30)
    assert (process.returncode, errors) == (0, b"")
