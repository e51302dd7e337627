"""Queries of other programs, run on the data that they bring: ``tocsin kql batch``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin import kql
from tocsin.cli import json_lines
from tocsin.cli.json_lines import Refused, Request
from tocsin.cli.kql_catalogues import read_functions, read_schemas
from tocsin.cli.kql_given import given
from tocsin.cli.kql_values import json_writer
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.syntax.positions import line_and_column

_UNIX_EPOCH_TICKS = 621_355_968_000_000_000


def ticks_now() -> int:
    """The clock's time in ticks."""
    return _UNIX_EPOCH_TICKS + time.time_ns() // 100


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs queries against fixed catalogues; ``catalogs`` by environment, the empty name for no choice."""

    catalogs: Mapping[str, kql.Catalog]
    limits: kql.Limits

    def answer(self, request: Request) -> dict[str, Any]:
        """The result table. Raises Refused with code, place and cause when there is none."""
        text = request.query
        data = given(request.held, self.catalogs.get(request.environment, self.catalogs[""]))
        analysis = kql.analyze(text, data.catalog)
        if analysis.plan is None:
            problem = next(iter((*analysis.errors, *analysis.refusals)), None)
            if problem is None:
                raise Refused("the query gives no table")
            raise Refused(_at(text, problem.start, problem.code, problem.message))
        try:
            result = kql.prepare(analysis).run(
                data.tables,
                now=ticks_now() if data.now is None else data.now,
                limits=self.limits,
                watchlists=data.watchlists,
                external=data.external(analysis),
                places=data.places,
            )
            return answer_of(result.table)
        except EngineError as error:
            raise Refused(_at(text, error.start, error.code, error.message)) from None
        except RecursionError:
            raise Refused("ENG003 1:1 a value of the result is nested too deeply") from None


def answer_of(table: kql.Table) -> dict[str, Any]:
    """A table as the protocol writes it."""
    writers = [json_writer(column.type) for column in table.columns]
    data = [list(map(write, values)) for write, values in zip(writers, table.data, strict=True)]
    return {
        "columns": [{"name": column.name, "type": column.type.value} for column in table.columns],
        "rows": [list(row) for row in zip(*data, strict=True)] if data else [[] for _ in range(table.row_count)],
    }


def _at(text: str, offset: int, code: str, message: str) -> str:
    line, column = line_and_column(text, offset)
    return f"{code} {line}:{column} {message}"


def serve(catalogue: Path | None, functions: Path | None, limits: kql.Limits) -> None:
    """Answer standard input on standard output until it ends."""
    from tocsin.sentinel.service_functions import DEFENDER_FUNCTIONS, ServiceFunctions

    # What the service has of itself is refused by its name, not told as unknown.
    workspace = ServiceFunctions(DEFENDER_FUNCTIONS) if functions is None else read_functions(functions)
    catalogs = {name: kql.Catalog(tables, workspace) for name, tables in read_schemas(catalogue).items()}
    json_lines.serve(Runner(catalogs, limits).answer)
