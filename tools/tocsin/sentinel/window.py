"""Which records a run of a rule sees.

A scheduled run at T evaluates the records whose TimeGenerated lies in the look-back before T; the service lays that
scope around the query (``query_datetimescope_column``), so it holds for every table with the column, inside joins
and functions too. Watchlists are exempt. Sources: https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview,
https://learn.microsoft.com/azure/sentinel/watchlists-queries.

A near-real-time run sees what was *ingested* in the minute before, whatever its TimeGenerated
(https://learn.microsoft.com/azure/sentinel/near-real-time-rules). A record that does not say when it was ingested
counts as ingested in that minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tocsin.content.models import Detection
from tocsin.kql.table import Table
from tocsin.kql.types import TICKS_PER_MICROSECOND, ScalarType
from tocsin.sentinel import limits

SCOPE_COLUMN = "TimeGenerated"


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span of ticks ``[start, end)`` that a run looks at. ``by_ingestion`` is true for NRT."""

    start: int
    end: int
    by_ingestion: bool = False

    def holds(self, ticks: int) -> bool:
        return self.start <= ticks < self.end


def ticks_of(duration: timedelta) -> int:
    """A duration in ticks of 100 ns."""
    return (duration // timedelta(microseconds=1)) * TICKS_PER_MICROSECOND


def query_window(detection: Detection, now: int) -> Window:
    """The window of the run whose nominal time is ``now`` (ticks)."""
    if detection.kind == "NRT" or detection.query_period is None:
        return Window(now - ticks_of(limits.NRT_WINDOW), now, by_ingestion=True)
    return Window(now - ticks_of(detection.query_period), now)


def in_window(table: Table, window: Window) -> Table:
    """The records of ``table`` that the run sees, in order. A scheduled run sees all of a table without TimeGenerated,
    an NRT run all of a table that does not say when its records were ingested."""
    if window.by_ingestion:
        if table.ingested is None:
            return table
        kept = [i for i, time in enumerate(table.ingested) if time is None or window.holds(time)]
    elif table.types().get(SCOPE_COLUMN) is not ScalarType.DATETIME:
        return table
    else:
        times = table.column(SCOPE_COLUMN)
        kept = [i for i, time in enumerate(times) if time is not None and window.holds(time)]
    if len(kept) == table.row_count:
        return table
    data = tuple([values[i] for i in kept] for values in table.data)
    ingested = None if table.ingested is None else [table.ingested[i] for i in kept]
    return Table(table.columns, data, len(kept), ingested)
