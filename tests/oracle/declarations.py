"""Our declarations of functions, aggregates and plugins beside the signatures that the language service has."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

from service import HERE, program

from tocsin.kql.functions.declaration import Availability
from tocsin.kql.functions.registry import aggregates, places, plugins, scalar_functions
from tocsin.kql.semantics.argument_rules import ParameterRule, Rule, rules_of
from tocsin.kql.semantics.kinds import Kind, kind_named
from tocsin.kql.semantics.parameter_groups import KINDS

Signature = dict[str, Any]

OURS_ALONE = frozenset({("aggregate", "merge_tdigests")})
"""What the reference has and the service does not."""


def their_signatures() -> dict[tuple[str, str], list[Signature]]:
    """By kind (``function``, ``aggregate``, ``plugin``) and name."""
    command = [program("node"), str(HERE / "signatures.mjs")]
    done = subprocess.run(command, cwd=HERE, capture_output=True, encoding="utf-8", timeout=120, check=True)
    found: dict[tuple[str, str], list[Signature]] = {}
    for line in done.stdout.splitlines():
        signature = json.loads(line)
        known = found.setdefault((signature["what"], signature["name"]), [])
        if signature not in known:
            known.append(signature)
    return found


def differences(theirs: dict[tuple[str, str], list[Signature]]) -> Iterator[str]:
    """A line for each function that is declared otherwise here, or here or there alone."""
    names = {("function", name) for name, each in scalar_functions().items() if not each.operator}
    names |= {("function", name) for name, each in places().items() if each.availability is not Availability.WORKSPACES}
    names |= {("plugin", name) for name, each in plugins().items() if each.in_service}
    names |= {("aggregate", name) for name in aggregates()}
    for what, name in sorted(names - theirs.keys() - OURS_ALONE):
        yield f"{what} {name}: the service does not have it"
    for (what, name), signatures in theirs.items():
        ours = rules_of(what, name)
        if ours is None:
            yield f"{what} {name}: not declared"
            continue
        if what == "function" and ours.constant is not signatures[0]["folds"]:
            yield f"{what} {name}: folds is {signatures[0]['folds']} there"
        there = [_text(each["parameters"], each["returns"]) for each in signatures]
        here = [_our_text(each) for each in ours.rules]
        own = [each["returns"] is None for each in signatures]
        if len(here) == len(there):
            # What a rule of the service's own gives cannot be read.
            here = [text.split(" -> ")[0] if rule else text for text, rule in zip(here, own, strict=True)]
        if here != there:
            yield f"{what} {name}: declared {'; '.join(here)}, there {'; '.join(there)}"


def _text(parameters: list[dict[str, Any]], returns: str | None) -> str:
    shown: list[str] = []
    for each in parameters:
        plain = each["kind"] in KINDS or each["kind"] in ("table", "type")
        kind = each["kind"] if plain else _kinds([kind_named(word) for word in each["kind"].split("|")])
        text = _parameter(kind, each["form"], each["values"], each["blank"])
        # What comes exactly twice is two parameters.
        least, most = each["least"], each["most"]
        shown += [text] * least if least == most else [text + _times(least, most)]
    result = "" if returns is None else f" -> {returns if returns.startswith('the ') else _result(returns)}"
    return f"({', '.join(shown)}){result}"


def _our_text(rule: Rule) -> str:
    shown = [_our_parameter(each) for each in rule.parameters]
    result = f"{rule.returns} {rule.of}" if rule.of >= 0 else rule.returns
    if result and not result.startswith("the "):
        result = _result(result)
    return f"({', '.join(shown)})" + (f" -> {result}" if result else "")


def _our_parameter(rule: ParameterRule) -> str:
    kind = rule.kind or _kinds(list(rule.types))
    return _parameter(kind, rule.form, list(rule.values), rule.blank) + _times(rule.least, rule.most)


def _parameter(kind: str, form: str, values: list[str], blank: str) -> str:
    return " ".join(part for part in (form, kind, str(values) if values else "", blank) if part)


def _times(least: int, most: int) -> str:
    return "" if least == most == 1 else f"{{{least},{most}}}"


def _kinds(kinds: list[Kind]) -> str:
    return "|".join(sorted(repr(each) if each.form else each.shown() for each in kinds))


def _result(word: str) -> str:
    return word if word == "table" else repr(kind_named(word))
