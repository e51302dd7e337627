"""What tests of several commands share: a small repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.content.scaffold import new_detection


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the detection ``family/rule`` as it is scaffolded, its tests beside it; the current folder."""
    for path, text in new_detection("family/rule", "11111111-2222-4333-8444-555555555555", ".tocsin/schemas").items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path
