"""``set`` statements: which change the result, which not.

Source: https://learn.microsoft.com/kusto/api/rest/request-properties
"""

from __future__ import annotations

from tocsin.kql.plan import Constant
from tocsin.kql.semantics.scopes import Names, Scope
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import BOOL, DATETIME, DYNAMIC, INT, LONG, NUMBERS, STRING, TIMESPAN, UNKNOWN, ScalarType

HARMLESS: dict[str, frozenset[ScalarType]] = {
    **dict.fromkeys(
        (
            "deferpartialqueryfailures",
            "norequesttimeout",
            "notruncation",
            "push_selection_through_aggregation",
            "query_force_row_level_security",
            "query_log_query_parameters",
            "query_results_cache_force_refresh",
            "query_results_cache_per_shard",
            "request_callout_disabled",
            "request_external_data_disabled",
            "request_external_table_disabled",
            "request_impersonation_disabled",
            "request_readonly",
            "request_readonly_hardline",
            "request_remote_entities_disabled",
            "request_sandboxed_execution_disabled",
            "results_v2_fragment_primary_tables",
            "results_v2_newlines_between_frames",
        ),
        frozenset({BOOL}),
    ),
    "query_python_debug": frozenset({BOOL, INT}),
    **dict.fromkeys(
        ("query_distribution_nodes_span", "query_fanout_nodes_percent", "query_fanout_threads_percent"),
        frozenset({INT}),
    ),
    **dict.fromkeys(
        (
            "max_memory_consumption_per_query_per_node",
            "maxmemoryconsumptionperiterator",
            "maxoutputcolumns",
            "query_max_entities_in_union",
        ),
        frozenset({LONG}),
    ),
    **dict.fromkeys(("query_results_cache_max_age", "servertimeout"), frozenset({TIMESPAN})),
    **dict.fromkeys(
        (
            "query_weakconsistency_session_id",
            "queryconsistency",
            "request_app_name",
            "request_cross_cluster_token",
            "request_description",
            "request_user",
            "results_error_reporting_placement",
        ),
        frozenset({STRING}),
    ),
    "materialized_view_shuffle": frozenset({DYNAMIC}),
    "query_results_progressive_row_count": frozenset(),
    "query_results_progressive_update_period": frozenset(),
    "results_progressive_enabled": frozenset(),
}
"""Options that change how a query runs but not its result here, with the types of their values (none: any)."""

REFUSED: dict[str, frozenset[ScalarType]] = {
    **dict.fromkeys(
        (
            "best_effort",
            "query_cursor_disabled",
            "query_results_apply_getschema",
            "request_block_row_level_security",
            "validate_permissions",
        ),
        frozenset({BOOL}),
    ),
    **dict.fromkeys(
        (
            "query_cursor_after_default",
            "query_cursor_before_or_at_default",
            "query_cursor_current",
            "query_datascope",
            "query_datetimescope_column",
            "query_language",
        ),
        frozenset({STRING}),
    ),
    "query_cursor_scoped_tables": frozenset({DYNAMIC}),
    **dict.fromkeys(("query_datetimescope_from", "query_datetimescope_to"), frozenset({DATETIME})),
    **dict.fromkeys(("truncationmaxrecords", "truncationmaxsize"), frozenset({LONG})),
}
"""Options that change the result in a way that the local engine does not follow."""

NOW = "query_now"
MOST_RECORDS = "query_take_max_records"
_TYPES = {NOW: frozenset({DATETIME}), MOST_RECORDS: frozenset({LONG})}
BIN_AUTO = frozenset({"query_bin_auto_at", "query_bin_auto_size"})


def set_option(session: Session, statement: tree.SetStatement, names: Names) -> None:
    """``set name = value``"""
    name = statement.name.text
    value = None
    if statement.value is not None:
        literal = isinstance(
            statement.value, tree.Literal | tree.DynamicLiteral | tree.NameReference | tree.TypeLiteral
        )
        if not literal:
            session.error("KS130", "An option takes a literal or a name", statement.value)
            return
        value = session.scalar(statement.value, Scope(names))
        if value.type is UNKNOWN:
            return
        types = _TYPES.get(name) or HARMLESS.get(name) or REFUSED.get(name) or frozenset()
        if types and value.type not in types and not (value.type in NUMBERS and types <= NUMBERS):
            shown = " or ".join(sorted(each.value for each in types))
            session.error("KS141", f"The option '{name}' takes a value of the type {shown}", statement.value)
            return
    if name == NOW:
        if isinstance(value, Constant) and isinstance(value.value, int):
            session.query_now = value.value
        else:
            session.refuse("TK115", "The local engine needs a datetime literal for query_now", statement)
    elif name == MOST_RECORDS and isinstance(value, Constant) and isinstance(value.value, int):
        session.most_records = value
    elif name in BIN_AUTO and isinstance(value, Constant):
        session.bin_auto[name] = value
    elif name in BIN_AUTO:
        session.refuse("TK114", f"The local engine needs a literal for {name}", statement)
    elif name in REFUSED or name == MOST_RECORDS:
        session.refuse("TK114", f"The option '{name}' changes the result in a way the local engine does not", statement)
    elif name not in HARMLESS and not name.startswith("debug"):
        session.refuse("TK114", f"The option '{name}' is not known to the local engine", statement)
