"""Ctrl+C ends the program at once and without a traceback, from its first moments on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

QUERY = "range x from 1 to 1000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize make_set(y) by x"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("after", [0.1, 0.2, 1.0])
def test_an_interrupt_ends_the_program(after: float) -> None:
    program = "import sys; print('begun', flush=True); from tocsin.__main__ import main; main()"
    command = [sys.executable, "-c", program, "kql", "run", QUERY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in errors
