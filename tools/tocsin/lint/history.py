"""What the content was at an earlier git revision, and which files have changed since."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tocsin.content.reading import parse_yaml, read_yaml
from tocsin.content.source import Document

_SECONDS = 60


class HistoryUnavailable(Exception):
    """git cannot tell. ``help`` says what to do."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class History:
    """The content of a repository at a commit. Made by :func:`history_since`.

    ``changed`` are the paths, relative to ``root``, of files that were changed, added or deleted since, in commits, in
    the index or in the folder.
    """

    root: Path
    commit: str
    changed: frozenset[str]
    _documents: dict[str, Document | None] = field(default_factory=dict, repr=False, compare=False)

    def previous(self, path: str) -> Document | None:
        """The file as it was at the commit; None when it was not there or cannot be read as text."""
        if path not in self._documents:
            self._documents[path] = self._read(path)
        return self._documents[path]

    def _read(self, path: str) -> Document | None:
        if path not in self.changed:
            return read_yaml(self.root / path, path)[0]
        try:
            data = _git(self.root, "show", f"{self.commit}:./{path}")
        except HistoryUnavailable:  # it was not there
            return None
        document, _ = parse_yaml(data, path)
        return document

    def restore(self, folders: Iterable[str], into: Path) -> None:
        """Write the files of ``folders`` as they were at the commit below the folder ``into``."""
        held = _git(self.root, "ls-tree", "--name-only", "-z", self.commit, *(f"./{folder}" for folder in folders))
        there = [name for name in held.decode("utf-8", "surrogateescape").split("\0") if name]
        if there:
            archive = _git(self.root, "archive", "--format=tar", self.commit, "--", *there)
            with tarfile.open(fileobj=io.BytesIO(archive)) as files:
                files.extractall(into, filter="data")


def history_since(root: Path, revision: str) -> History:
    """The history of the repository at ``root`` from ``revision`` on: a commit, a tag, a branch, ``HEAD~3``.

    Raises HistoryUnavailable when git is not installed, the folder is in no git repository, or it has no such commit.
    """
    try:
        found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except HistoryUnavailable as problem:
        if problem.help:
            raise
        inside = _succeeds(root, "rev-parse", "--git-dir")
        if not inside:
            raise HistoryUnavailable(
                f"{root.resolve()} is in no git repository", "run it in one, or leave --changed-since out"
            ) from None
        raise HistoryUnavailable(
            f'git knows no revision "{revision}"',
            "name a commit, tag or branch that is here; a shallow clone may need: git fetch --deepen=100",
        ) from None
    commit = found.decode("ascii").strip()
    listed = _git(root, "diff", "--name-only", "-z", "--no-renames", "--relative", commit, "--", ".")
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    names = (listed + untracked).decode("utf-8", "surrogateescape").split("\0")
    return History(root, commit, frozenset(name for name in names if name))


def _succeeds(root: Path, *arguments: str) -> bool:
    try:
        _git(root, *arguments)
    except HistoryUnavailable:
        return False
    return True


def _git(root: Path, *arguments: str) -> bytes:
    """What a git command writes. HistoryUnavailable, without help where git itself says no."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except FileNotFoundError:
        raise HistoryUnavailable("git is not installed", "install git, or leave --changed-since out") from None
    except subprocess.TimeoutExpired:
        raise HistoryUnavailable(
            f"git took longer than {_SECONDS} s", "try again, or leave --changed-since out"
        ) from None
    except subprocess.CalledProcessError as error:
        raise HistoryUnavailable(error.stderr.decode("utf-8", "replace").strip(), "") from None
    return done.stdout
