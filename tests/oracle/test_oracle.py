"""We and Microsoft's language service on the same queries: our own ones one by one, and a corpus as a whole.

Needs node and npm, and the network once: ``make oracle``. Without ``--oracle`` everything here is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from agreement import (
    Agreement,
    ask_us,
    compare,
    difference,
    measure,
    measure_broken,
    measure_changed,
    our_analyst,
    records,
)
from declarations import differences, their_signatures
from layouts import measure_layouts
from service import HERE, Service

from tocsin.content.repository import load_repository
from tocsin.sentinel.catalog import workspace_catalog

SHARED = HERE.parents[2] / "shared"
CATALOGUE, FUNCTIONS = HERE / "catalogue.json", HERE / "functions.json"
ENV = "one"
DIFFERS = "// differs:"

# What the front end promises; docs/kql.md has the figures measured.
CORPUS_FLOORS = {"answered": 1.0, "verdict": 0.99, "errors": 0.95, "columns": 0.99}
CHANGED_FLOORS = {"answered": 1.0, "verdict": 0.99, "errors": 0.97, "columns": 0.98}
BROKEN_FLOORS = {"answered": 1.0, "syntax error": 0.98}

LAYOUT_FLOORS = {"lines": 0.93}

Report = Callable[[str, list[str]], None]


def own_queries() -> Iterator[Any]:
    for path in sorted((HERE / "queries").glob("*.kql")):
        differs = ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.startswith("//"):
                differs = line.removeprefix(DIFFERS) if line.startswith(DIFFERS) else differs
                continue
            marks = [pytest.mark.xfail(reason=differs.strip())] if differs else []
            yield pytest.param(line, id=f"{path.stem}:{number} {line[:60]}", marks=marks)
            differs = ""


@pytest.fixture(scope="session")
def own_verdicts(language_service: None) -> dict[str, dict[str, Any]]:
    queries = [param.values[0] for param in own_queries()]
    answers = Service(CATALOGUE, FUNCTIONS).ask([{"id": 0, "query": query, "env": ENV} for query in queries])
    return dict(zip(queries, answers, strict=True))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "query" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--oracle", default="no") != "no"
        metafunc.parametrize("query", list(own_queries()) if asked else [pytest.param("", id="all")])


def test_own_query(query: str, own_verdicts: dict[str, dict[str, Any]]) -> None:
    theirs = own_verdicts[query]
    assert "failed" not in theirs, theirs
    ours, _ = ask_us(our_analyst(CATALOGUE, FUNCTIONS), {"id": query, "query": query, "env": ENV})
    assert "error" not in ours, ours
    different = [name for name, same in compare(theirs, ours).items() if not same]
    assert not different, {name: difference(name, theirs, ours) for name in different}


def test_functions_are_declared_as_the_service_has_them(language_service: None, report: Report) -> None:
    theirs = their_signatures()
    report("oracle: functions, aggregates and plugins", [f"{len(theirs)} are declared as the service has them"])
    assert list(differences(theirs)) == []


@pytest.fixture(scope="session")
def texts_of_the_parser() -> list[str]:
    folder = HERE.parent / "kql" / "syntax"
    accepted = yaml.safe_load((folder / "accepted.yaml").read_text(encoding="utf-8"))
    refused = yaml.safe_load((folder / "must_fail.yaml").read_text(encoding="utf-8"))
    return [*accepted, *(entry[0] for entry in refused)]


def test_the_verdicts_that_the_parser_is_held_to(
    language_service: None, texts_of_the_parser: list[str], report: Report
) -> None:
    accepted = yaml.safe_load((HERE.parent / "kql/syntax/accepted.yaml").read_text(encoding="utf-8"))
    answers = Service(CATALOGUE).ask([{"id": each, "query": each, "env": ENV} for each in texts_of_the_parser])
    assert [each["id"] for each in answers if bool(each["syntaxErrors"]) == (each["id"] in set(accepted))] == []
    report("oracle: the parser's own cases", [f"{len(answers)} verdicts are still the service's"])


RECORDED = HERE.parent / "kql" / "semantics" / "cases"


@pytest.mark.parametrize(
    ("verdicts", "tables"),
    [
        ("service_verdicts.jsonl", "tables.json"),
        ("operator_verdicts.jsonl", "operator_tables.json"),
        ("mistake_verdicts.jsonl", "mistake_tables.json"),
    ],
)
def test_the_verdicts_that_the_binder_is_held_to(
    language_service: None, tmp_path: Path, report: Report, verdicts: str, tables: str
) -> None:
    recorded = records(RECORDED / verdicts)
    catalogue = {ENV: json.loads((RECORDED / tables).read_text(encoding="utf-8"))}
    (tmp_path / "catalogue.json").write_text(json.dumps(catalogue), encoding="utf-8")
    answers = Service(tmp_path / "catalogue.json").ask([{**each, "id": 0, "env": ENV} for each in recorded])
    stale = [old["query"] for old, new in zip(recorded, answers, strict=True) if not _recorded_so(old, new)]
    assert stale == []
    report(f"oracle: {verdicts}", [f"{len(answers)} verdicts are still the service's"])


def _recorded_so(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a recorded verdict is what the service says now."""
    found = sorted([each["code"], each["start"], each["length"]] for each in new["diagnostics"])
    shown = new["resultColumns"]
    columns = None if shown is None else [f"{each['name']}:{each['type']}" for each in shown]
    return found == sorted(old["diagnostics"]) and columns == old["columns"] and new["open"] == old["open"]


def test_the_later_mistakes_that_the_parser_is_held_to(language_service: None, report: Report) -> None:
    recorded = records(HERE.parent / "kql" / "syntax" / "recovery.jsonl")
    answers = Service(CATALOGUE).ask([{"id": 0, "query": each["query"], "env": ENV} for each in recorded])
    pairs = zip(recorded, answers, strict=True)
    changed = [old["query"] for old, new in pairs if _places(new["syntaxErrors"]) != _places(old["errors"])]
    assert changed == []
    report("oracle: later mistakes", [f"{len(answers)} verdicts are still the service's"])


def _places(errors: list[list[Any]]) -> set[tuple[Any, ...]]:
    return {tuple(each) for each in errors}


def test_own_queries_spoilt(language_service: None, report: Report) -> None:
    corpus = [
        {"id": f"{number}", "query": param.values[0], "env": ENV}
        for _ in range(8)
        for number, param in enumerate(own_queries())
    ]
    agreement = measure_broken(corpus, Service(CATALOGUE, FUNCTIONS), our_analyst(CATALOGUE, FUNCTIONS), seed=1)
    report("oracle: own queries, spoilt", list(agreement.lines()))
    hold(agreement, BROKEN_FLOORS)


def test_the_content_of_this_repository(language_service: None, tmp_path: Path, report: Report) -> None:
    """Detections bind against the same workspace here and there."""
    repository = load_repository(HERE.parents[1])
    catalog = workspace_catalog(repository)
    tables = {name: {each.name: each.type.value for each in catalog.tables[name]} for name in catalog.tables}
    functions = [
        {"name": each.name, "parameters": each.parameters or "()", "body": f"{{ {each.body}\n}}"}
        for each in catalog.functions.values()
    ]
    watchlist = {"_DTItemId": "string", "LastUpdatedTimeUTC": "datetime", "SearchKey": "string"}
    functions.append(
        {"name": "_GetWatchlist", "parameters": "(alias:string)", "returns": watchlist, "open": True}  # type: ignore[dict-item]
    )
    (tmp_path / "catalogue.json").write_text(json.dumps({"workspace": tables}), encoding="utf-8")
    (tmp_path / "functions.json").write_text(json.dumps(functions), encoding="utf-8")
    queries = [
        {"id": path, "query": loaded.model.query, "env": "workspace"} for path, loaded in repository.detections.items()
    ]
    answers = Service(tmp_path / "catalogue.json", tmp_path / "functions.json").ask(queries)
    ours = our_analyst(tmp_path / "catalogue.json", tmp_path / "functions.json")
    agreement = measure(queries, answers, ours)
    report("oracle: the detections of this repository", list(agreement.lines()))
    assert {name: examples for name, examples in agreement.examples.items() if name != "tables"} == {}


@pytest.fixture(scope="session")
def corpus(language_service: None) -> list[dict[str, Any]]:
    path = SHARED / "rules-corpus" / "dev.jsonl"
    if not path.is_file():
        pytest.skip(f"there is no corpus: {path} does not exist")
    return records(path)


@pytest.fixture(scope="session")
def corpus_service() -> Service:
    return Service(SHARED / "rules-corpus" / "schemas.json", SHARED / "oracle" / "functions.json")


def test_the_corpus(corpus: list[dict[str, Any]], corpus_service: Service, report: Report) -> None:
    ours = our_analyst(corpus_service.catalogue, corpus_service.functions)
    agreement = measure(corpus, corpus_service.ask(corpus), ours)
    report("oracle: the corpus", list(agreement.lines()))
    hold(agreement, CORPUS_FLOORS)


def test_the_corpus_spoilt(corpus: list[dict[str, Any]], corpus_service: Service, report: Report) -> None:
    ours = our_analyst(corpus_service.catalogue, corpus_service.functions)
    agreement = measure_broken(corpus, corpus_service, ours, seed=1)
    report("oracle: the corpus, spoilt", list(agreement.lines()))
    hold(agreement, BROKEN_FLOORS)


def test_the_corpus_with_other_meanings(corpus: list[dict[str, Any]], corpus_service: Service, report: Report) -> None:
    ours = our_analyst(corpus_service.catalogue, corpus_service.functions)
    agreement = measure_changed(corpus, corpus_service, ours, seed=1)
    report("oracle: the corpus, changed in meaning", list(agreement.lines()))
    hold(agreement, CHANGED_FLOORS)


def test_the_layout_of_the_corpus(corpus: list[dict[str, Any]], corpus_service: Service, report: Report) -> None:
    asked = [{"id": each["id"], "query": each["query"], "format": True} for each in corpus]
    agreement = measure_layouts(corpus, corpus_service.ask(asked))
    report("oracle: the layout of the corpus", list(agreement.lines()))
    hold(agreement, LAYOUT_FLOORS)


def hold(agreement: Agreement, floors: dict[str, float]) -> None:
    """Every measure is at its floor or above."""
    below = {name: agreement.examples[name][:10] for name, floor in floors.items() if agreement.share(name) < floor}
    assert below == {}, [f"{name} {agreement.share(name):.2%}" for name in below]
