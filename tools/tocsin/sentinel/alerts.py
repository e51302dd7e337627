"""The alerts that Microsoft Sentinel raises for the result of one run of a rule.

Sources: https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview (threshold, event grouping),
https://learn.microsoft.com/azure/sentinel/near-real-time-rules, and the pages that the modules
:mod:`~tocsin.sentinel.alert_details` and :mod:`~tocsin.sentinel.alert_entities` name.

What the documentation leaves open is a setting of :class:`~tocsin.sentinel.behaviour.Behaviour`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import eq, gt, lt, ne
from typing import Final, TypeVar

from tocsin.content.models import Detection
from tocsin.kql.table import Table
from tocsin.kql.types import ScalarType, Value
from tocsin.sentinel import alert_details, limits
from tocsin.sentinel.alert_details import Overrides
from tocsin.sentinel.alert_entities import Entity, EntityMapper
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.rendering import shown, utf8_size
from tocsin.sentinel.window import SCOPE_COLUMN, Window, query_window

T = TypeVar("T")

COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "GreaterThan": gt,
    "LessThan": lt,
    "Equal": eq,
    "NotEqual": ne,
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as an analyst sees it.

    ``custom_details`` and ``properties`` are pairs in order of the rule. ``start`` and ``end`` are ticks: the lowest
    and highest TimeGenerated of its rows, or the window of the query when they have none. ``rows`` are the indices
    of the result rows it covers. ``notes`` are remarks on what the prediction had to assume or drop. ``summary``: it
    covers the whole result, as it does for a rule that raises one alert a run.
    """

    title: str
    description: str
    severity: str
    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    entities: tuple[Entity, ...]
    custom_details: tuple[tuple[str, tuple[str, ...]], ...]
    properties: tuple[tuple[str, str], ...]
    start: int
    end: int
    rows: tuple[int, ...]
    notes: tuple[str, ...] = ()
    summary: bool = False


def is_triggered(detection: Detection, row_count: int, behaviour: Behaviour = DEFAULT_BEHAVIOUR) -> bool:
    """Whether a result of so many rows raises anything: the threshold of a scheduled rule, any row for NRT."""
    if detection.trigger_operator is None or detection.trigger_threshold is None:
        return row_count > 0
    if is_per_result(detection) and row_count and not behaviour.threshold_before_grouping:
        return True
    return COMPARISONS[detection.trigger_operator](row_count, detection.trigger_threshold)


def is_per_result(detection: Detection) -> bool:
    """Whether the rule raises an alert for each row."""
    grouping = detection.event_grouping_settings
    return grouping is not None and grouping.aggregation_kind == "AlertPerResult"


def predict(
    detection: Detection,
    result: Table,
    now_ticks: int,
    *,
    behaviour: Behaviour = DEFAULT_BEHAVIOUR,
    window: Window | None = None,
) -> tuple[Alert, ...]:
    """The alerts of the run at ``now_ticks`` whose query gave ``result``, in row order.

    ``window`` is what the run looked at, where that is not the rule's usual window before ``now_ticks``.
    """
    if not is_triggered(detection, result.row_count, behaviour):
        return ()
    raised = _Alerts(detection, result, window or query_window(detection, now_ticks), behaviour)
    return tuple(raised.covering(rows, summary) for rows, summary in _groups(detection, result.row_count))


def _groups(detection: Detection, row_count: int) -> Iterator[tuple[range, bool]]:
    """The rows that each alert covers, and whether it sums up the whole result."""
    every = range(row_count)
    if not is_per_result(detection) or not row_count:
        yield every, True
        return
    most = limits.ALERTS_PER_RUN if detection.kind == "Scheduled" else limits.ALERTS_PER_NRT_RUN
    single = row_count if row_count <= most else most - 1
    for row in range(single):
        yield range(row, row + 1), False
    if single < row_count:
        yield every, True


class _Alerts:
    """Makes the alerts of one run; what does not depend on the rows of an alert is worked out once."""

    def __init__(self, detection: Detection, result: Table, window: Window, behaviour: Behaviour) -> None:
        self._detection = detection
        self._columns = {c.name: (values, c.type) for c, values in zip(result.columns, result.data, strict=True)}
        self._overrides: Overrides = alert_details.resolve(detection.alert_details_override, result, behaviour)
        self._entities = EntityMapper(
            detection.entity_mappings or (), result, detection.sentinel_entities_mappings, behaviour
        )
        self._window = window
        self._own_where_rows_differ = behaviour.differing_rows == "rule"
        self._taken = "the rule's own" if self._own_where_rows_differ else "the first"
        self._details_keys_count = behaviour.custom_details_count_keys

    def covering(self, rows: range, summary: bool) -> Alert:
        rule, overrides, notes = self._detection, self._overrides, list(self._overrides.notes)

        def chosen(field: str, values: Sequence[T | None], own: T) -> T:
            if not rows:
                return own
            first = values[rows[0]]
            if len(rows) > 1 and any(values[row] != first for row in rows):
                notes.append(f"{field}: the rows differ; {self._taken} is taken, the service does not document which")
                if self._own_where_rows_differ:
                    return own
            return own if first is None else first

        start, end = self._span(rows)
        entities, entities_dropped = self._entities.entities(rows)
        details, details_dropped = self._custom_details(rows)
        notes.extend((*entities_dropped, *details_dropped))
        return Alert(
            title=chosen("title", overrides.titles, rule.name),
            description=chosen("description", overrides.descriptions, rule.description or ""),
            severity=chosen("severity", overrides.severities, str(rule.severity)),
            tactics=chosen("tactics", overrides.tactics, tuple(rule.tactics or ())),
            techniques=chosen("techniques", overrides.techniques, tuple(rule.relevant_techniques or ())),
            entities=entities,
            custom_details=details,
            properties=tuple(
                (name, text) for name, values in overrides.properties.items() if (text := chosen(name, values, ""))
            ),
            start=start,
            end=end,
            rows=tuple(rows),
            notes=tuple(dict.fromkeys(notes)),
            summary=summary,
        )

    def _span(self, rows: range) -> tuple[int, int]:
        values, type_ = self._columns.get(SCOPE_COLUMN, ([], ScalarType.UNKNOWN))
        times = [values[row] for row in rows if values[row] is not None] if type_ is ScalarType.DATETIME else []
        return (min(times), max(times)) if times else (self._window.start, self._window.end)

    def _custom_details(self, rows: range) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]:
        """The custom details, and what the limits dropped of them."""
        wanted = self._detection.custom_details or {}
        taken = list(wanted.items())[: limits.CUSTOM_DETAILS]
        notes = [f"custom detail {key}: beyond {limits.CUSTOM_DETAILS} details" for key in wanted.keys() - dict(taken)]
        room = limits.CUSTOM_DETAILS_BYTES
        if self._details_keys_count:
            room -= sum(utf8_size(key) for key, _ in taken)
        details = []
        for key, column in taken:
            held: tuple[list[Value], ScalarType] = self._columns.get(column, ([], ScalarType.UNKNOWN))
            texts = dict.fromkeys(shown(held[0][row], held[1]) for row in rows) if held[0] else {}
            texts.pop("", None)
            kept = []
            for text in list(texts)[: limits.CUSTOM_DETAIL_VALUES]:
                size = utf8_size(text)
                if size <= room:
                    room -= size
                    kept.append(text)
            details.append((key, tuple(kept)))
            if len(kept) < len(texts):
                notes.append(f"custom detail {key}: {len(texts) - len(kept)} of {len(texts)} values exceed the limits")
        return tuple(details), tuple(notes)
