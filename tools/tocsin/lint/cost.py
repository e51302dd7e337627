"""What a rule costs, in points that anybody can work out again: data looked at in a day, times what is done with it.

::

    points = (size of each table x days of its window) x runs a day x (1 + weights of the operators)

One point is what a small table gets in a day. The sizes are orders of magnitude of busy workspaces; ``tocsin.toml``
states those of one's own (``[lint.cost.tables]``). A window is ``queryPeriod``, or less where the query itself asks for
less of a table. The weights say how much longer an operator makes a query, as a rule of thumb; they are no
measurement. The score compares rules with each other and with what they were, not with a bill.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tocsin.kql import plan
from tocsin.kql.plan import Relation
from tocsin.kql.types import TICKS_PER_DAY
from tocsin.lint.context import DetectionContext
from tocsin.lint.time_reach import spans
from tocsin.sentinel.schedule_effect import schedule_effect

Size = Literal["small", "medium", "large", "huge"]

POINTS: Final[Mapping[Size, int]] = {"small": 1, "medium": 10, "large": 100, "huge": 1000}
"""Points of one day of a table."""

USUAL: Final[Mapping[Size, tuple[str, ...]]] = {
    "huge": (
        "AADNonInteractiveUserSignInLogs", "AWSVPCFlow", "AZFWNetworkRule", "AzureDiagnostics", "CommonSecurityLog",
        "ContainerLogV2", "DeviceEvents", "DeviceFileEvents", "DeviceImageLoadEvents", "DeviceNetworkEvents",
        "DeviceProcessEvents", "DeviceRegistryEvents", "DnsEvents", "MicrosoftGraphActivityLogs",
        "NetworkAccessTraffic", "SecurityEvent", "StorageBlobLogs", "Syslog", "VMConnection", "W3CIISLog",
        "WindowsEvent", "WindowsFirewall",
    ),
    "large": (
        "AADServicePrincipalSignInLogs", "AWSCloudTrail", "CloudAppEvents", "DeviceLogonEvents", "EmailEvents",
        "EmailUrlInfo", "Event", "IdentityLogonEvents", "IdentityQueryEvents", "OfficeActivity", "Perf", "SigninLogs",
        "UrlClickEvents",
    ),
    "small": (
        "AADRiskyUsers", "AADUserRiskEvents", "AlertInfo", "IdentityInfo", "SecurityAlert", "SecurityIncident",
        "SentinelAudit", "SentinelHealth", "Usage", "Watchlist",
    ),
}  # fmt: skip
"""Tables that are usually not of medium size."""

WEIGHTS: Final[Mapping[type[Relation], tuple[str, float]]] = {
    plan.JoinRows: ("join", 0.5),
    plan.Summarize: ("summarize", 0.2),
    plan.DistinctRows: ("distinct", 0.2),
    plan.Expand: ("mv-expand", 0.3),
    plan.Apply: ("mv-apply", 0.5),
    plan.PartitionRows: ("partition", 0.3),
    plan.ParseRows: ("parse", 0.2),
    plan.ParsePairs: ("parse-kv", 0.2),
    plan.SortRows: ("sort", 0.1),
    plan.MakeSeriesRows: ("make-series", 0.5),
    plan.TopNestedRows: ("top-nested", 0.3),
    plan.SequenceRows: ("scan", 0.5),
    plan.PluginRows: ("evaluate", 0.5),
    plan.External: ("externaldata", 0.5),
    plan.MakeGraph: ("make-graph", 1.0),
}
"""What an operator adds to the work, by the relation that it makes."""


@dataclass(frozen=True, slots=True)
class TableCost:
    """Reading one table once: its size, the days that one run looks at, and the points of a day of runs."""

    table: str
    size: Size
    days: float
    points: float


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a rule for a day: ``points``, and what they are made of. ``operators``: how often each is there, and
    what all of them of its kind add to the factor."""

    points: float
    runs: float
    tables: tuple[TableCost, ...]
    operators: tuple[tuple[str, int, float], ...]

    @property
    def factor(self) -> float:
        """By what the operators multiply the reading."""
        return 1 + sum(weight for _, _, weight in self.operators)


def cost_of(detection: DetectionContext) -> Cost | None:
    """The cost of a rule; None when its query could not be bound."""
    relations = detection.query.relations
    if not relations or not detection.query.analysis.ok:
        return None
    effect = schedule_effect(detection.model)
    runs = TICKS_PER_DAY / effect.interval
    scanned = Counter(one.table for one in relations if isinstance(one, plan.Scan))
    reach = _reach(detection)
    own = detection.settings.lint.cost.tables
    tables = []
    for table, times in sorted(scanned.items()):
        # What bounds one reading of a table does not bound the other.
        ticks = min(effect.period, reach.get(table, effect.period)) if times == 1 else effect.period
        size = own.get(table) or usual_size(table)
        days = ticks / TICKS_PER_DAY
        tables.append(TableCost(table, size, days * times, POINTS[size] * days * times * runs))
    counted = Counter(WEIGHTS[type(one)] for one in relations if type(one) in WEIGHTS)
    operators = tuple((name, times, weight * times) for (name, weight), times in sorted(counted.items()))
    cost = Cost(0, runs, tuple(tables), operators)
    return Cost(sum(one.points for one in tables) * cost.factor, runs, cost.tables, operators)


def usual_size(table: str) -> Size:
    """The size that a table usually has."""
    return next((size for size, tables in USUAL.items() if table in tables), "medium")


def shown_points(points: float) -> str:
    """Points as people read them: ``0.4``, ``17``, ``33,600``."""
    return f"{points:.1f}" if points < 10 else f"{points:,.0f}"


def _reach(detection: DetectionContext) -> Mapping[str, int]:
    """How far back, in ticks, the query itself looks into each table."""
    found: dict[str, int] = {}
    for span in spans(detection.query.relations):
        if span.oldest is not None:
            found[span.table] = min(found.get(span.table, span.oldest.most), span.oldest.most)
    return {table: ticks for table, ticks in found.items() if ticks > 0}
