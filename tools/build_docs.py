"""Write the pages of docs/ that are made from the program: ``python tools/build_docs.py``.

``docs/findings.md`` lists every code, ``docs/lint-rules.md`` holds a page for each lint check, ``docs/kql-support.md``
says what of KQL the local engine runs. The tests hold them to what this script makes.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tocsin.cli.codes import Code, checks, families, page, title
from tocsin.kql import support

DOCS = Path(__file__).parent.parent / "docs"
KQL = Path(__file__).parent / "tocsin" / "kql"
MADE = "<!-- Made by tools/build_docs.py; do not edit. -->\n"

FINDINGS = """\
# Findings

Everything tocsin says about content has a code that never changes its meaning. By level: an *error* is refused by the
service or certainly does not do what it says; a *warning* may behave differently from what is meant; an *info* could
read better. A code without a level ends the command. `tocsin lint --explain CODE` shows one.

"""
QUERIES = """\
## KS

Codes of Microsoft's KQL language service, which the portal's editor has, too: errors and warnings of names, types and
arguments (`KS142`: an unknown name). tocsin reports them as the service does, at their line in the YAML file.

"""
REFUSED = """\
What tocsin's own parser, binder and engine say of a query. *Refused*: valid KQL that the local engine does not run.
"""

RULES = """\
# Lint rules

What `tocsin lint` checks beyond the form of a file. A finding that is right and accepted is waived in its file, with
the reason:

```yaml
x-tocsin:
  lint:
    ignore: [{code: ENT004, reason: the log holds no domain, expires: 2026-12-31}]
```

"""


def findings_page() -> str:
    """``docs/findings.md``."""
    parts = [MADE, FINDINGS]
    for family in families():
        parts.append(f"## {family.title}\n\n{family.about}\n\n{_table(family.codes)}\n")
    parts.append(QUERIES)
    rows = sorted(_query_codes().items())
    lines = [f"| {code} | {_cell('; '.join(sorted(texts)))} |" for code, texts in rows]
    parts.append("\n".join(["## TK", "", REFUSED, "| code | says |", "| --- | --- |", *lines]) + "\n")
    return "".join(parts)


def rules_page() -> str:
    """``docs/lint-rules.md``."""
    parts = [MADE, RULES]
    for check in checks():
        parts.append(f"## {title(check)}\n\n{_markdown(page(check))}\n\n")
    return "".join(parts).rstrip("\n") + "\n"


def _table(codes: tuple[Code, ...]) -> str:
    leveled = any(code.level for code in codes)
    head = "| code | name | level | means |" if leveled else "| code | name | means |"
    lines = [head, "| --- | --- | --- | --- |" if leveled else "| --- | --- | --- |"]
    for code in codes:
        level = [code.level] if leveled else []
        lines.append(f"| {' | '.join(_cell(text) for text in (code.code, code.name, *level, code.about))} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _markdown(text: str) -> str:
    """A docstring as Markdown: ``Fails::`` and its indented block become a heading and a fenced block."""
    lines: list[str] = []
    block: list[str] | None = None
    for line in [*text.splitlines(), "end"]:
        if block is not None and (line.startswith("    ") or not line):
            block.append(line[4:])
            continue
        if block is not None:
            lines += ["", "```yaml", *"\n".join(block).strip("\n").splitlines(), "```", ""]
            block = None
        if line.endswith("::"):
            lines.append(f"**{line[:-2]}**")
            block = []
            continue
        for word in ("Why:", "Fine to ignore:"):
            if line.startswith(word):
                line = f"**{word[:-1]}**: {line[len(word) :].strip()}"
        lines.append(line.replace("``", "`"))
    return "\n".join(lines[:-1]).strip("\n")


def _query_codes() -> dict[str, set[str]]:
    """The messages of each TK code, from the calls that report them; ``…`` stands for what a message fills in."""
    found: dict[str, set[str]] = {}
    for path in sorted(KQL.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for code, text in _reported(function):
                    found.setdefault(code, set()).add(text)
    return {code: texts - {""} or {"(see its message)"} for code, texts in found.items()}


def _reported(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    named: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(_template(node.value))
    for call in ast.walk(function):
        if isinstance(call, ast.Call):
            for code, rest in _codes(call):
                mark = "*refused*: " if isinstance(call.func, ast.Attribute) and call.func.attr == "refuse" else ""
                for other in rest:
                    texts = named.get(other.id, []) if isinstance(other, ast.Name) else [_template(other)]
                    yield from ((code, mark + text if text else "") for text in texts)


def _codes(call: ast.Call) -> Iterator[tuple[str, list[ast.expr]]]:
    for number, argument in enumerate(call.args):
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value.startswith("TK"):
            yield argument.value, call.args[number + 1 :]


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""


def support_page() -> str:
    """``docs/kql-support.md``."""
    return MADE + support.page()


PAGES = {"findings.md": findings_page, "lint-rules.md": rules_page, "kql-support.md": support_page}


def main() -> int:
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8", newline="\n")
        print(f"wrote docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
