"""Real rules bind as the language service binds them; floors below which agreement must not fall."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tocsin.kql.semantics.analysis import analyze

ROOT = Path(__file__).resolve().parents[3]
CORPUS = ROOT.parent / "shared" / "rules-corpus"
FUNCTIONS = ROOT.parent / "shared" / "oracle" / "functions.json"
FLOORS = {"verdict": 0.98, "errors": 0.965, "positions": 0.965, "columns": 0.97, "open": 0.98}
SAMPLE = 8
"""Every eighth record: the whole corpus is for ``tests/oracle/agreement.py``."""


def _agreement() -> ModuleType:
    spec = importlib.util.spec_from_file_location("agreement", ROOT / "tests" / "oracle" / "agreement.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["agreement"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of public rules (../shared/rules-corpus) is not here")
def test_real_rules_bind_as_the_service_binds_them() -> None:
    agreement = _agreement()
    known = agreement.catalogs(
        json.loads((CORPUS / "schemas.json").read_text(encoding="utf-8")),
        json.loads(FUNCTIONS.read_text(encoding="utf-8")),
    )
    score = agreement.Score()
    for index, record in enumerate(agreement.records(CORPUS / "dev.jsonl")):
        if index % SAMPLE == 0:
            agreement.compare(record, analyze(record["query"], known[record["env"]]), score)
    reached = {name: score.counts[name] / score.counts["queries"] for name in FLOORS}
    assert all(reached[name] >= floor for name, floor in FLOORS.items()), reached
