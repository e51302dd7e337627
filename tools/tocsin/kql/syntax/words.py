"""The words of KQL, by where each may stand. KQL's keywords are contextual and case-sensitive.

Source: the behaviour of the Kusto language service (npm ``@kusto/language-service-next``), word by word: each word
was tried as a column, a declared name, an assigned name and a function.
"""

from __future__ import annotations


def words_of(text: str) -> list[str]:
    """The words of a blank-separated list, in order."""
    return text.split()


NAME_WORDS = frozenset(
    words_of(
        """
    access alias bin consume count database declare default distinct entity_group evaluate extend dataformat
    inline_external_table datetime_pattern facet filter fork from getschema edges id best_effort join let limit
    lookup mvapply mvexpand nodes null nulls on optional order output pack parse __partitionby partition pattern
    plotly graph query_parameters range reduce regex render restrict scan serialize sort step summarize take top
    typeof uuid view with with_node_id bool guid
    """
    )
)
"""Keywords that are also ordinary names: columns, tables, variables, functions."""

DECLARED_NAME_WORDS = NAME_WORDS | frozenset(
    words_of(
        """
    accumulate as by contains datatable earliest externaldata find has in invoke latest materialize mdm of print
    sample sample-distinct search set sql title to top-hitters top-nested verbose viewers where toscalar totable
    """
    )
)
"""Keywords that may stand left of ``=`` or ``:`` (an assigned column, a declared column or parameter)."""

EXPRESSION_NAME_WORDS = frozenset({"kind", "with_source", "withsource"})
"""Keywords that are names in an expression, but not where a name is declared or assigned."""

CALL_WORDS = frozenset(
    words_of(
        """
    int int32 long int64 real decimal double time timespan date datetime dynamic
    """
    )
)
"""Type names: reserved, but for their literal form ``int(1)``."""

HYPHENATED_WORDS = words_of(
    """
    assert-schema commands-and-queries granny-asc granny-desc graph-mark-components graph-match
    graph-shortest-paths graph-to-table graph-where-edges graph-where-nodes macro-expand make-graph make-series
    materialized-view-combine materialized-views mv-apply mv-expand parse-kv parse-where partitioned-by
    project-away project-by-names project-keep project-rename project-reorder project-smart sample-distinct
    set-or-append set-or-replace top-hitters top-nested
    """
)
"""Keywords with hyphens: one token wherever they stand. Every other hyphen is a minus."""

DOTTED_WORDS = [
    f"hint.{suffix}"
    for suffix in words_of(
        """
        concurrency distribution materialized num_partitions pass_filters pass_filters_column progressive_top remote
        shufflekey spread strategy
        """
    )
]
"""Hints: one token each, dot and all."""

RESERVED_WORDS = (
    frozenset(
        words_of(
            """
    __contextual_datatable __crossCluster __crossDB __executeAndCache __id __isFuzzy __noWithSource
    __packedColumn __projectAway __sourceColumnIndex 3Dchart and anomalychart areachart asc bagexpansion
    barchart between boolean byte cachingpolicy callout cancel card char columnchart contains_cs containscs
    cycles dataexport datascope decodeblocks desc encodingpolicy endswith endswith_cs expandoutput
    extent_tags_retention external_data first flags float force_remote harddelete hardretention has_all has_any
    has_cs hasprefix hasprefix_cs hassuffix hassuffix_cs hotcache int16 int8 isfuzzy journal ladderchart last
    like likecs linechart missing nooptimization notcontains notcontainscs notlike notlikecs or others
    pathformat piechart pivotchart project queries query_results relaxed restricted_view_access
    row_level_security rowstore rowstore_references rowstore_sealinfo rowstorepolicy rowstores scatterchart seal
    seals shards simple softdelete softretention stackedareachart startswith startswith_cs statistics
    storedqueryresultcontainers string tablepurge timechart timeline timepivot treemap uint uint16 uint32 uint64
    uint8 ulong union uniqueid unrestrictedviewers views with_itemindex with_match_id with_step_name
    writeaheadlog
    """
        )
    )
    | frozenset(HYPHENATED_WORDS)
    | frozenset(DOTTED_WORDS)
    | (DECLARED_NAME_WORDS - NAME_WORDS)
    | EXPRESSION_NAME_WORDS
    | CALL_WORDS
    | {"in~", "matches regex"}
)
"""Words that are not a name unless bracketed (``['title']``), the exceptions above aside."""

KEYWORDS = RESERVED_WORDS | NAME_WORDS
"""Every word that means something somewhere."""

TYPE_WORDS = frozenset(
    words_of(
        """
    bool boolean date datetime decimal double dynamic guid int int64 int8 long real string time timespan
    uniqueid
    """
    )
)
"""Types that a schema or a parameter may have."""

EXTENDED_TYPE_WORDS = TYPE_WORDS | frozenset(
    ["float", "int16", "int32", "uint", "uint16", "uint32", "uint64", "uint8", "ulong"]
)
"""Types that ``typeof`` and ``find … project`` take besides."""

CHARTS = words_of(
    """
    table list barchart piechart ladderchart timechart linechart anomalychart pivotchart areachart
    stackedareachart scatterchart timepivot columnchart timeline 3Dchart card treemap plotly graph sankey
    """
)
"""What ``render`` can draw."""
