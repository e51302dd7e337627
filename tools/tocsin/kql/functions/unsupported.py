"""Functions that bind but that the local engine refuses: facts of a cluster and of who asks.

Source: https://learn.microsoft.com/kusto/query/scalar-functions
"""

from __future__ import annotations

from tocsin.kql.functions.declaration import Availability, FunctionTable

TABLE = FunctionTable(folds=False)


_AVAILABILITY = {
    "current_principal_is_member_of": Availability.DATA_EXPLORER,
    **dict.fromkeys(
        (
            "current_principal",
            "extent_id",
            "extentid",
            "extent_tags",
            "cursor_after",
            "cursor_before_or_at",
            "cursor_current",
            "current_cursor",
        ),
        Availability.NOT_IN_WORKSPACES,
    ),
}

for _name, _signature in {
    "current_cluster_endpoint": "() -> string",
    "current_database": "() -> string",
    "current_principal": "() -> string",
    "current_principal_details": "() -> bag{UserPrincipalName:string;IdentityProvider:string;Authority:string;"
    "Mfa:string;Type:string;DisplayName:string;ObjectId:string;FQN:string;Notes:string}",
    "current_principal_is_member_of": "(group: texts, ...64) -> bool",
    "extent_id": "() -> guid",
    "extentid": "() -> guid",
    "extent_tags": "() -> array<string>",
    "row_id": "() -> string",
    "cursor_after": "(cursor: string) -> bool",
    "cursor_before_or_at": "(cursor: string) -> bool",
    "cursor_current": "() -> string",
    "current_cursor": "() -> string",
}.items():
    TABLE.known(
        _name,
        _signature,
        folds=False,
        page=f"{_name.replace('_', '-')}-function",
        availability=_AVAILABILITY.get(_name, Availability.EVERYWHERE),
    )

TABLE.known(
    "estimate_data_size",
    "(column: column scalar, ...) -> long",
    "(column: *) -> long",
    page="estimate-data-size-function",
    folds=False,
)

# The service lists it; the reference has no page of it.
TABLE.known_aggregate("passthrough", "(value: scalar) -> the type of value", page="aggregation-functions", prefix=None)
