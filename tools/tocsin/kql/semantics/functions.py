"""Functions of the query and of the workspace: bound anew where they are called, with their arguments in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tocsin.kql.plan import Column, Constant, Expr, ServiceRows, Variable
from tocsin.kql.semantics.conversions import as_variable, convert
from tocsin.kql.semantics.scopes import DeclaredFunction, Names, Row, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.semantics.workspace import ParsedFunction, parse_workspace_function
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, NUMBERS, TYPE_NAMES, UNKNOWN, ScalarType, null_of

Value = Expr | TableValue


def parameter_type(parameter: tree.Parameter) -> ScalarType:
    """The type of a scalar parameter."""
    return declared_type(parameter.type)


def declared_type(reference: tree.TypeReference | None) -> ScalarType:
    """The type that a name of a type means; unknown when there is none."""
    return TYPE_NAMES.get(reference.name, UNKNOWN) if reference is not None else UNKNOWN


def check_declaration(session: Session, function: DeclaredFunction) -> None:
    """Bind the body once with placeholders for the arguments, so that its errors show even where nobody calls it."""
    names = Names(function.names)
    scalars = False
    for parameter in function.parameters:
        names.entries[parameter.name.text] = placeholder(session, parameter)
        _check_default(session, parameter)
        if parameter.schema is not None and scalars:
            session.error("KS226", "The parameters that take tables must come first", parameter)
        scalars = scalars or parameter.schema is None
    trial = session.trial
    session.trial = True
    try:
        bind_body(session, function.body, names)
    finally:
        session.trial = trial


def _check_default(session: Session, parameter: tree.Parameter) -> None:
    if parameter.default is None or parameter.schema is not None:
        return
    wanted, given = parameter_type(parameter), session.scalar(parameter.default, Scope(Names())).type
    alike = wanted in (given, DYNAMIC, UNKNOWN) or given in (DYNAMIC, UNKNOWN) or {wanted, given} <= NUMBERS
    if not alike:
        session.error("KS141", f"A value of the type {wanted.value} is needed here", parameter.default)


def placeholder(session: Session, parameter: tree.Parameter) -> Value:
    """What a parameter stands for while no call is known."""
    if parameter.schema is None:
        type_ = parameter_type(parameter)
        return Variable(parameter.name.text, Constant(null_of(type_), type_))
    # The service knows no column of a table that may have any.
    open_ = parameter.schema.open and not session.catalog.as_service
    return session.missing_table(parameter, declared_columns(parameter.schema), open_)


def declared_columns(schema: tree.Schema) -> list[Column]:
    """The columns of a schema in the query."""
    return [Column(each.name.text, declared_type(each.type)) for each in schema.columns]


def call_declared(
    session: Session,
    function: DeclaredFunction,
    arguments: Sequence[tree.Expression],
    node: tree.Expression,
    name: tree.Node,
    scope: Scope,
    piped: TableValue | None = None,
) -> Value:
    """Call a function of the query; ``piped`` is the table that ``invoke`` puts first."""
    bare = isinstance(node, tree.NameReference)
    required = [each for each in function.parameters if each.default is None]
    if bare and required:
        session.error("KS117", f"The function '{function.name}' needs its arguments in brackets", name)
        return unknown()
    simple = not function.parameters
    if simple and function in session.calls:
        return session.calls[function]
    if not session.expand(node) or not session.enter(node):
        session.depth -= 1
        return unknown()
    try:
        names = Names(function.names)
        _bind_arguments(session, function.name, function.parameters, arguments, name, scope, names, piped)
        result = bind_body(session, function.body, names)
    finally:
        session.leave()
    if isinstance(result, TableValue):
        result = replace(result, name=function.name if function.view else "")
    if simple and not session.trial:
        session.calls[function] = result
    return result


def _bind_arguments(
    session: Session,
    function: str,
    parameters: Sequence[tree.Parameter],
    arguments: Sequence[tree.Expression],
    name: tree.Node,
    scope: Scope,
    names: Names,
    piped: TableValue | None,
) -> None:
    """Bind the arguments under the parameters' names."""
    given: dict[str, tree.Expression | TableValue] = {}
    free = [each.name.text for each in parameters]
    positional: list[tree.Expression | TableValue] = [piped] if piped is not None else []
    for argument in arguments:
        if isinstance(argument, tree.NamedExpression) and argument.names:
            word = argument.names[0].text
            if word not in free:
                session.error("KS196", f"The function '{function}' has no parameter '{word}'", argument.names[0])
            given[word] = argument.value
        else:
            positional.append(argument)
    open_ = [word for word in free if word not in given]
    least = sum(1 for each in parameters if each.default is None)
    if len(positional) > len(open_) or len(positional) + len(given) < least:
        count = len(parameters)
        session.error("KS119", f"The function '{function}' takes {count} argument{'s'[: count != 1]}", name)
    given.update(zip(open_, positional, strict=False))
    for parameter in parameters:
        value = _argument(session, parameter, given.get(parameter.name.text), scope, name)
        names.entries[parameter.name.text] = value


def _argument(
    session: Session,
    parameter: tree.Parameter,
    given: tree.Expression | TableValue | None,
    scope: Scope,
    name: tree.Node,
) -> Value:
    if parameter.schema is not None:
        if given is None:
            return session.missing_table(parameter, declared_columns(parameter.schema), True)
        table = given if isinstance(given, TableValue) else session.table(given, scope.inside(None))
        place = (scope.before or name) if isinstance(given, TableValue) else given
        _check_table(session, parameter.schema, table, place)
        return table
    type_ = parameter_type(parameter)
    if given is None:
        given = parameter.default
    if given is None or isinstance(given, TableValue):
        return Constant(null_of(type_), type_)
    value = session.scalar(given, scope)
    return session.forget(as_variable(parameter.name.text, convert(value, type_)))


def _check_table(session: Session, schema: tree.Schema, table: TableValue, node: tree.Node) -> None:
    """A tabular argument must have the declared columns with their types."""
    if table.open:
        return
    row = Row.of_table(table)
    for wanted in declared_columns(schema):
        found = row.find(wanted.name)
        if found is None or (UNKNOWN not in (found.type, wanted.type) and found.type is not wanted.type):
            shown = f"'{wanted.name}' of the type {wanted.type.value}"
            session.error("KS249", f"The table argument has no column {shown}", node)
            return


def bind_body(session: Session, body: tree.FunctionBody, names: Names) -> Value:
    """What the body of a function or of an arm of a pattern gives, with its parameters in ``names``."""
    inner = Names(names)
    fuzzy, session.fuzzy = session.fuzzy, False
    try:
        session.bind_statements(session, body.statements, inner)
        if body.result is None:
            return unknown()
        return session.value(body.result, Scope(inner))
    finally:
        session.fuzzy = fuzzy


def call_workspace_function(
    session: Session,
    function: str,
    arguments: Sequence[tree.Expression],
    node: tree.Expression,
    name: tree.Node,
    scope: Scope,
    piped: TableValue | None = None,
) -> Value:
    """Call a function saved in the workspace. Its body is bound against the workspace alone; what is wrong in it is
    told at the call."""
    session.functions[function] = None
    if function in session.active:
        chain = " -> ".join((*session.active, function))
        session.error("TK110", f"The workspace function '{function}' calls itself: {chain}", name)
        return session.missing_table(node)
    known = session.catalog.functions[function]
    refusal = ""
    if not known.runs:
        refusal = f"Only the service can run '{function}'; of its result, only columns are known"
        session.refuse("TK116", refusal, name, known.of_rows)
    if known.any_arguments:
        for each in arguments:
            session.value(each.value if isinstance(each, tree.NamedExpression) else each, scope)
        arguments = ()
    parsed = parse_workspace_function(known)
    if parsed.problem is not None:
        session.error("TK111", f"The workspace function '{function}' has a syntax error: {parsed.problem}", name)
        return session.missing_table(node)
    least = sum(1 for each in parsed.parameters if each.default is None)
    if isinstance(node, tree.NameReference) and least:
        session.error("KS117", f"The function '{function}' needs its arguments in brackets", name)
        return session.missing_table(node)
    simple = not parsed.parameters
    if simple and function in session.calls:
        return session.calls[function]
    if not session.expand(node) or not session.enter(node):
        session.depth -= 1
        return session.missing_table(node)
    try:
        names = Names()
        _bind_arguments(session, function, parsed.parameters, arguments, name, scope, names, piped)
        result = _bind_elsewhere(session, function, parsed, names, name)
    finally:
        session.leave()
    if isinstance(result, TableValue):
        result = replace(result, name="")
        if known.of_rows:
            relation, place = result.relation, session.place(name, function)
            made = ServiceRows(columns=relation.columns, input=relation, refusal=refusal, **place)
            result = replace(result, relation=made)
    if simple and not session.trial:
        session.calls[function] = result
    return result


def _bind_elsewhere(session: Session, function: str, parsed: ParsedFunction, names: Names, name: tree.Node) -> Value:
    """Bind the body in the text of the workspace function."""
    outer = (session.origin, session.call_site, session.diagnostics, session.text, session.active)
    session.origin = function
    session.call_site = session.call_site or (name.start, name.end - name.start)
    session.diagnostics = {}
    session.text = parsed.text
    session.active = (*session.active, function)
    try:
        result = bind_body(session, parsed.body, names)
        errors = [each for each in session.diagnostics.values() if each.severity is tree.Severity.ERROR]
    finally:
        session.origin, session.call_site, session.diagnostics, session.text, session.active = outer
    if errors:
        first = min(errors, key=lambda each: each.start)
        line = parsed.text.count("\n", 0, first.start) + 1
        column = first.start - (parsed.text.rfind("\n", 0, first.start) + 1) + 1
        where = f"line {line}, column {column}"
        session.error("TK112", f"The workspace function '{function}' has an error at {where}: {first.message}", name)
    return result
