"""From a syntax tree to diagnostics, result columns and a plan: statements, and the way in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.kql.catalog import Catalog
from tocsin.kql.plan import Constant, GraphRelation, Relation, Results, TakeRows, Variable
from tocsin.kql.semantics import availability
from tocsin.kql.semantics.analysis import Analysis
from tocsin.kql.semantics.conversions import as_variable, convert
from tocsin.kql.semantics.expressions import bind_value
from tocsin.kql.semantics.functions import check_declaration, parameter_type, placeholder
from tocsin.kql.semantics.operators.branching import several
from tocsin.kql.semantics.options import set_option
from tocsin.kql.semantics.patterns import declare_pattern
from tocsin.kql.semantics.scopes import DeclaredFunction, Names, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.semantics.tables import bind_table
from tocsin.kql.semantics.verification import misplaced_columns
from tocsin.kql.semantics.workspace import parse_parameters
from tocsin.kql.syntax import tree
from tocsin.kql.syntax.tree import Diagnostic, Severity, SyntaxTree
from tocsin.kql.types import ColumnSchema, null_of


def bind(
    syntax: SyntaxTree,
    catalog: Catalog,
    parameters: str = "",
    plugin_columns: tuple[tuple[ColumnSchema, ...], ...] = (),
) -> Analysis:
    """Bind a parsed text against a catalogue. Never raises on bad KQL.

    ``parameters`` are those of the function whose body the text is, as KQL writes them: ``(a: string, T: (*))``;
    ``plugin_columns`` what is known by now of plugins whose columns only data can tell (see ``Analysis.pending``).

    A catalogue holds more tables than a workspace does. So when a wildcard means tables that disagree about the type of
    a column, and the query is wrong for that, the column has the type that most of them give it.
    """
    session = Session(
        catalog, bind_table, bind_value, bind_statements, syntax.text, plugin_columns=plugin_columns
    )  # fmt: skip
    strict = _bind(session, syntax, parameters)
    if not (session.wildcards_clash and strict.errors) or catalog.as_service:
        return strict
    session = Session(
        catalog, bind_table, bind_value, bind_statements, syntax.text,
        plugin_columns=plugin_columns, majority_types=True,
    )  # fmt: skip
    lenient = _bind(session, syntax, parameters)
    return strict if lenient.errors else lenient


def _bind(session: Session, syntax: SyntaxTree, parameters: str) -> Analysis:
    catalog = session.catalog
    names = Names()
    declared, problem = parse_parameters(parameters)
    if problem is not None:
        session.report("TK113", f"The parameter list cannot be read: {problem}", 0, 0)
    for parameter in declared:
        names.entries[parameter.name.text] = placeholder(session, parameter)
    statements = syntax.root.statements
    last = statements[-1] if statements else None
    inner = Names(names)
    table: TableValue | None = None
    if isinstance(last, tree.ExpressionStatement):
        earlier = _results_before(session, statements[:-1], inner)
        value = session.value(last.expression, Scope(inner))
        table = value if isinstance(value, TableValue) else None
        if table is not None and not catalog.as_service:
            table = several(session, syntax.root, "", [*earlier, table]) if earlier else replace(table, nothing=False)
        if table is not None and isinstance(table.relation, GraphRelation):
            session.refuse("TK142", "The query gives a graph: put graph-to-table or graph-match behind it", last)
        if table is None and not session.diagnostics and not syntax.diagnostics:
            session.refuse("TK122", "The query gives a scalar: put print before it", last)
    else:
        bind_statements(session, statements, inner)
        if not syntax.diagnostics and not session.diagnostics:
            session.refuse("TK123", "The text holds no query", syntax.root)
    if table is not None and session.most_records is not None and not isinstance(table.relation, GraphRelation):
        table = replace(table, relation=_at_most(table.relation, session.most_records))
    return _analysis(session, syntax, table, lambda known: bind(syntax, catalog, parameters, known))


def _at_most(relation: Relation, count: Constant) -> Relation:
    """The relation, or each of several results, with no more than so many rows."""
    if isinstance(relation, Results):
        return replace(relation, inputs=tuple(_at_most(each, count) for each in relation.inputs))
    return TakeRows(columns=relation.columns, input=relation, count=count, origin=relation.origin)


def _results_before(session: Session, statements: tuple[tree.Statement, ...], names: Names) -> list[TableValue]:
    """Bind the statements before the last one; the tables that those among them give that are queries."""
    found: list[TableValue] = []
    for statement in statements:
        if not isinstance(statement, tree.ExpressionStatement):
            bind_statements(session, (statement,), names)
            continue
        value = session.value(statement.expression, Scope(names))
        if isinstance(value, TableValue) and not (value.nothing or isinstance(value.relation, GraphRelation)):
            found.append(value)
    return found


def _analysis(
    session: Session,
    syntax: SyntaxTree,
    table: TableValue | None,
    resume: Callable[[tuple[tuple[ColumnSchema, ...], ...]], Analysis],
) -> Analysis:
    diagnostics = list(syntax.diagnostics)
    if all(each.code != "TK001" for each in diagnostics):  # else what is missing may stand where nobody read
        diagnostics += session.diagnostics.values()
    diagnostics.sort(key=lambda each: (each.start, each.length, each.code))
    broken = session.catalog.as_service or any(each.severity is Severity.ERROR for each in diagnostics)
    pending = tuple(session.pending)
    # A name that a pending plugin may bring is not known yet; resuming tells.
    refusals = tuple(each for each in session.refusals.values() if not (pending and each.code == "TK103"))
    plan: Relation | None = None
    if table is not None and not broken and (not refusals or session.refused_of_rows.issuperset(session.refusals)):
        misplaced = () if pending else _verified(table.relation)
        plan = None if misplaced else table.relation
        refusals = (*refusals, *misplaced)
    columns = None
    if (
        table is not None
        and not table.nothing
        and not any(each.severity is Severity.ERROR for each in syntax.diagnostics)
    ):
        columns = tuple(each.schema() for each in table.relation.columns)
    return Analysis(
        tree=syntax,
        diagnostics=tuple(diagnostics),
        columns=columns,
        open=table is not None and table.open,
        tables=tuple(session.tables),
        functions=tuple(session.functions),
        watchlists=tuple(session.watchlists),
        refusals=refusals,
        plan=plan,
        pending=pending if plan is not None else (),
        found=tuple(session.found),
        resume=resume,
        query_now=session.query_now,
        relation=table.relation if table is not None else None,
        values=session.values,
        steps=session.steps,
    )


def _verified(relation: Relation) -> tuple[Diagnostic, ...]:
    """A plan whose expressions read columns that their input does not have is not run (a correlated subquery)."""
    message = "This reads a column of a row outside its query, which the local engine does not run"
    return tuple(
        Diagnostic("TK124", Severity.ERROR, message, each.start, each.length) for each in misplaced_columns(relation)
    )


# -------------------------------------------------------------------------------------------------------- statements


def bind_statements(session: Session, statements: tuple[tree.Statement, ...], names: Names) -> None:
    """Bind statements that come before the query; ``let`` adds to ``names``."""
    for statement in statements:
        availability.check_syntax(session, statement)
        bind_statement = _STATEMENTS.get(type(statement))
        if bind_statement is not None:
            bind_statement(session, statement, names)


def _let(session: Session, statement: tree.LetStatement, names: Names) -> None:
    name = statement.name.text
    if name in names.entries:
        session.error("KS201", f"The name '{name}' is declared already", statement.name)
    value = statement.value
    while isinstance(value, tree.Parenthesized):
        value = value.inner
    if isinstance(value, tree.FunctionDeclaration):
        visible = Names(names.parent)
        visible.entries.update(names.entries)
        function = DeclaredFunction(name, value.parameters, value.body, visible, value.view, session.origin)
        check_declaration(session, function)
        names.entries[name] = function
        return
    bound = session.value(value, Scope(names))
    names.entries[name] = bound if isinstance(bound, TableValue) else as_variable(name, bound)


def _query_parameters(session: Session, statement: tree.DeclareParametersStatement, names: Names) -> None:
    for parameter in statement.parameters:
        type_ = parameter_type(parameter)
        if parameter.default is None:
            session.refuse("TK125", f"The query parameter '{parameter.name.text}' has no value", parameter)
            names.entries[parameter.name.text] = Variable(parameter.name.text, Constant(null_of(type_), type_))
        else:
            names.entries[parameter.name.text] = convert(session.scalar(parameter.default, Scope(names)), type_)


def _expression(session: Session, statement: tree.ExpressionStatement, names: Names) -> None:
    session.value(statement.expression, Scope(names))


def _alias(session: Session, statement: tree.AliasStatement, names: Names) -> None:
    session.refuse("TK126", "A statement of this kind (alias) is not run by the local engine", statement)
    names.entries[statement.name.text] = unknown()


def _restrict(session: Session, statement: tree.RestrictStatement, names: Names) -> None:
    """The tables and views that the query may read; what they are changes nothing here."""
    for each in statement.names:
        if isinstance(each, tree.NameReference) and not each.name.wildcard:
            session.value(each, Scope(names))


_STATEMENTS: dict[type[tree.Statement], Callable[[Session, Any, Names], None]] = {
    tree.LetStatement: _let,
    tree.DeclareParametersStatement: _query_parameters,
    tree.ExpressionStatement: _expression,
    tree.DeclarePatternStatement: declare_pattern,
    tree.AliasStatement: _alias,
    tree.SetStatement: set_option,
    tree.RestrictStatement: _restrict,
}
