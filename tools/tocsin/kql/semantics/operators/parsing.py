"""parse, parse-where and parse-kv."""

from __future__ import annotations

from tocsin.kql.plan import Column, Constant, ParsePairs, ParseRows, PatternPart
from tocsin.kql.semantics.operators.columns import already_declared
from tocsin.kql.semantics.operators.hints import hint_text, property_value, value_text
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import STRING, TYPE_NAMES, UNKNOWN


def _declared(session: Session, declarations: list[tree.ColumnDeclaration]) -> list[Column]:
    """New columns; the type is string unless given."""
    columns: list[Column] = []
    names: set[str] = set()
    for each in declarations:
        if each.name.text in names:
            already_declared(session, each.name.text, each.name)
        names.add(each.name.text)
        columns.append(Column(each.name.text, TYPE_NAMES.get(each.type.name, UNKNOWN) if each.type else STRING))
    return columns


def _placed(session: Session, source: TableValue, added: list[Column]) -> tuple[Column, ...]:
    """The input's columns with the new ones: in the place of a namesake, else at the end. (The service shows both
    namesakes.)"""
    if session.catalog.as_service:
        return (*source.relation.columns, *{column.name: column for column in reversed(added)}.values().__reversed__())
    by_name = {column.name: column for column in added}
    columns = [by_name.pop(column.name, column) for column in source.relation.columns]
    return (*columns, *by_name.values())


def parse(session: Session, node: tree.Parse, source: TableValue, scope: Scope) -> TableValue:
    """parse; parse-where drops the rows that do not match."""
    row = Row.of_table(source)
    value = session.scalar(node.expression, scope.inside(row))
    source = row.table(source)
    _check_pattern(session, node.pattern)
    declared = _declared(session, [part.column for part in node.pattern if part.column is not None])
    fresh = iter(declared)
    pattern = tuple(PatternPart(part.text, next(fresh) if part.column is not None else None) for part in node.pattern)
    drop = node.keyword == "parse-where"
    made = ParseRows(
        columns=_placed(session, source, declared),
        input=source.relation,
        value=value,
        pattern=pattern,
        kind=hint_text(node, "kind") or "simple",
        flags=hint_text(node, "flags") or "",
        drop_unmatched=drop,
        **session.place(node, node.keyword),
    )
    return TableValue(made, source.open)


def _check_pattern(session: Session, parts: tuple[tree.ParsePart, ...]) -> None:
    """Texts stand between columns and behind stars: nothing else tells where a column ends."""
    for before, part, after in zip((None, *parts), parts, (*parts[1:], None), strict=False):
        if part.text is not None:
            continue
        if part.column is not None:
            if before is not None and before.text is None:
                session.error("KS101", "A string literal must stand in front of this column", part)
            continue
        if after is not None and after.text is None:
            session.error("KS102", "A string literal must follow the star", part)
        if before is not None and before.column is not None and _is_text(before.column):
            session.error("KS103", "A star behind a string column: nothing tells where the column ends", part)


def _is_text(declared: tree.ColumnDeclaration) -> bool:
    return declared.type is None or TYPE_NAMES.get(declared.type.name) is STRING


def parse_kv(session: Session, node: tree.ParseKv, source: TableValue, scope: Scope) -> TableValue:
    """``parse-kv expression as (schema) with (options)``"""
    row = Row.of_table(source)
    value = session.scalar(node.expression, scope.inside(row))
    source = row.table(source)
    declared = _declared(session, list(node.schema.columns))

    def text(given: tree.Expression) -> str | None:
        bound = session.value(given, scope.inside(None))
        if isinstance(bound, Constant) and bound.type is STRING:
            return str(bound.value)
        return value_text(given)

    def option(name: str) -> str | None:
        given = property_value(node.properties, name)
        return None if given is None else text(given)

    def marks(name: str, longest: int) -> tuple[str, ...]:
        """The values of an option that may be given more than once."""
        found: list[str] = []
        for each in node.properties:
            if each.name.text == name and each.value is not None:
                value = text(each.value)
                if value is not None and 1 <= len(value) <= longest:
                    found.append(value)
                else:
                    session.refuse("TK132", f"This form of '{name}' is not run by the local engine", each.value)
        return tuple(found)

    quotes, escapes = marks("quote", 2), marks("escape", 1)
    greedy = option("greedy") == "true"
    if not set(escapes).isdisjoint("".join(quotes)):
        session.refuse("TK132", "A quote that is escaped by itself is not run by the local engine", node)
    if greedy and quotes:
        session.refuse("TK132", "'quote' beside 'greedy' is not run by the local engine", node)
    made = ParsePairs(
        columns=_placed(session, source, declared),
        input=source.relation,
        value=value,
        keys=tuple(declared),
        pair_delimiter=option("pair_delimiter"),
        kv_delimiter=option("kv_delimiter"),
        quotes=quotes,
        escapes=escapes,
        greedy=greedy,
        regex=option("regex"),
        **session.place(node, "parse-kv"),
    )
    return TableValue(made, source.open)
