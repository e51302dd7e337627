"""Standard input, output and error, on any system: UTF-8 between programs, and no text that a stream cannot hold."""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

from tocsin.cli.exit_codes import Exit


def prepare() -> None:
    """Set the streams up. Called once, before anything is read or written.

    A pipe or a file carries UTF-8 whatever the system's code page is, unless PYTHONIOENCODING says otherwise: JSON is
    UTF-8. A terminal keeps its own encoding. A character that a stream cannot hold is written as an escape
    (``\\u65e5``); a closed stream takes what is written and drops it.
    """
    chosen = bool(os.environ.get("PYTHONIOENCODING"))
    for name, errors in (("stdin", "surrogateescape"), ("stdout", "backslashreplace"), ("stderr", "backslashreplace")):
        stream = getattr(sys, name)
        if stream is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # lives as long as we do
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if chosen or stream.isatty() else "utf-8", errors=errors)


def give_up(error: OSError) -> NoReturn:
    """End the program because its output cannot be written, a full disk for example."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # the interpreter flushes it at its end
    where = f"{error.filename}: " if error.filename else ""
    print(f"error: cannot read or write: {where}{error.strerror or error}", file=sys.stderr)
    print("help: check the disk, the file and where the output goes", file=sys.stderr)
    sys.exit(Exit.USAGE)
