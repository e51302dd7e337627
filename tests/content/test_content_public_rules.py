"""Public rules drop in unchanged. Needs the rules corpus beside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tocsin.content.finding import Level
from tocsin.content.models import Detection
from tocsin.content.reading import parse_yaml
from tocsin.content.validation import build

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "rules-corpus" / "dev.jsonl"

NOT_LOADED = {
    # A converter's test of what it must refuse: an invented tactic and an invented technique.
    "f-bader+SentinelARConverter/tests/examples/TTPWithTacticsNTechniques.yaml#1": ["CONTENT004", "CONTENT004"],
}


@pytest.mark.skipif(not CORPUS.is_file(), reason="../shared/rules-corpus is not there")
def test_public_analytics_rules_load_unchanged() -> None:
    refused: dict[str, list[str]] = {}
    loaded = 0
    with CORPUS.open(encoding="utf-8") as lines:
        rules = [rule for rule in map(json.loads, lines) if rule["kind"] == "analytic-rule"]
    for rule in rules:
        # Custom detections of Defender have a schema of their own; the corpus counts them to the same kind.
        if "queryCondition" in rule["meta"]:
            continue
        text = yaml.safe_dump(rule["meta"] | {"query": rule["query"]}, sort_keys=False, allow_unicode=True)
        document, problems = parse_yaml(text, rule["path"])
        model, findings = build(Detection, document)
        errors = [found.code for found in (*problems, *findings) if found.level is Level.ERROR]
        if model is None or errors:
            refused[rule["id"]] = errors
            continue
        loaded += 1
        assert model.query == rule["query"]
    assert refused == NOT_LOADED
    assert loaded >= 183
