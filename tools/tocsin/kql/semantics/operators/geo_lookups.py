"""geo_polygon_lookup and geo_line_lookup: rows joined with the shapes that their places lie in or near.

Source: https://learn.microsoft.com/kusto/query/geo-polygon-lookup-plugin
"""

from __future__ import annotations

from tocsin.kql.plan import Column, ColumnRef, Constant, Expr
from tocsin.kql.semantics.naming import UniqueNames
from tocsin.kql.semantics.scopes import Row, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import BOOL, REAL, Value

_OPTIONS = ("radius", "return_unmatched", "lookup_area_radius", "return_lookup_key")
_FIRST_OPTION = 4


def geo_lookup(
    session: Session, node: tree.Evaluate, row: Row, arguments: list[Expr | TableValue]
) -> tuple[list[Column], bool]:
    """The input's columns and the lookup table's, without the shape unless asked for. Leaves as arguments the shape,
    the place, the radius (null: none) and whether rows without a shape stay."""
    table = next((each for each in arguments if isinstance(each, TableValue)), None)
    options = _options(session, node, arguments)
    if table is None or len(arguments) < _FIRST_OPTION:
        return list(row.columns), row.open
    shape = arguments[1]
    hidden = shape.column if isinstance(shape, ColumnRef) and options.get("return_lookup_key") is not True else None
    arguments[_FIRST_OPTION:] = [
        Constant(options.get("radius"), REAL),
        Constant(options.get("return_unmatched") is True, BOOL),
    ]
    names = UniqueNames(column.name for column in row.columns)
    added = [
        Column(names.unique(column.name), column.type) for column in table.relation.columns if column is not hidden
    ]
    return [*row.columns, *added], row.open or table.open


def _options(session: Session, node: tree.Evaluate, arguments: list[Expr | TableValue]) -> dict[str, Value]:
    """What the arguments behind the place say, by name or in order. They are literals, or refused."""
    found: dict[str, Value] = {}
    given = list(zip(node.call.arguments, arguments, strict=False))[_FIRST_OPTION:]
    for index, (argument, value) in enumerate(given):
        named = isinstance(argument, tree.NamedExpression) and argument.names
        name = argument.names[0].text if isinstance(argument, tree.NamedExpression) and named else None
        if name is None and index < len(_OPTIONS):
            name = _OPTIONS[index]
        if name not in _OPTIONS:
            session.error("KS142", f"The plugin has no argument '{name}'", argument)
        elif not isinstance(value, Constant):
            session.refuse("TK104", f"The argument '{name}' must be a literal", argument)
        elif value.value is not None:
            found[str(name)] = float(value.value) if name in ("radius", "lookup_area_radius") else value.value
    return found
