// Microsoft's Kusto language service as a filter: {"id", "query", "env"} a line in, its verdict a line out.
//
//     node service.mjs CATALOGUE.json [FUNCTIONS.json]
//
// CATALOGUE.json: {environment: {table: {column: type}}}. FUNCTIONS.json: as `tocsin kql analyze --functions` takes it.
// A verdict: {"id", "diagnostics": [{"code", "severity", "message", "start", "length"}], "syntaxErrors": [[code, start]],
// "resultColumns": [{"name", "type"}] or null, "open", "tables", "ms"}; {"id", "failed"} where the service itself fails.
// A request may instead hold "format": true; its answer is {"id", "formatted"}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const load = createRequire(import.meta.url);
for (const part of ['bridge', 'Kusto.Language.Bridge']) load(`@kusto/language-service-next/${part}.min.js`);
const { Bridge, Kusto, System } = globalThis;
const { Symbols, Syntax, Editor, KustoCode, GlobalState } = Kusto.Language;

const read = path => (path ? JSON.parse(readFileSync(path, 'utf8')) : null);
const listOf = (type, values) => System.Array.init(values, type);
const each = list => Array.from({ length: list ? list.Count : 0 }, (_, i) => list.getItem ? list.getItem(i) : System.Array.getItem(list, i));
const scalarType = name => Symbols.ScalarTypes.GetSymbol(name) || Symbols.ScalarTypes.Unknown;
const columns = types => listOf(Symbols.ColumnSymbol, Object.entries(types).map(([name, type]) => new Symbols.ColumnSymbol(name, scalarType(type))));

function functionSymbol({ name, parameters = '()', body, scalar, returns, open }) {
  if (body !== undefined) return new Symbols.FunctionSymbol.$ctor16(name, parameters, body, null);
  const declared = Symbols.Parameter.ParseList(parameters);
  if (scalar) return new Symbols.FunctionSymbol.$ctor6(name, scalarType(scalar), declared, null);
  const table = new Symbols.TableSymbol.ctor(columns(returns)).WithIsOpen(open === true);
  return new Symbols.FunctionSymbol.$ctor1(name, () => table, Symbols.Tabularity.Tabular, declared);
}

const catalogue = read(process.argv[2]);
const functions = read(process.argv[3]) ?? [];
const columnTakers = new Set(functions.filter(f => f.columnArguments).map(f => f.name.toLowerCase()));
if (!catalogue.unified) {
  catalogue.unified = {};
  for (const tables of Object.values(catalogue).slice(0, -1))
    for (const [name, types] of Object.entries(tables)) catalogue.unified[name] = { ...types, ...catalogue.unified[name] };
}

const made = new Map();
function globalsOf(env) {
  if (!made.has(env)) {
    const tables = Object.entries(catalogue[env]).map(([name, types]) => new Symbols.TableSymbol.$ctor4(name, columns(types)));
    const members = listOf(Symbols.Symbol, [...tables, ...functions.map(functionSymbol)]);
    const database = new Symbols.DatabaseSymbol.ctor('workspace', members);
    const cluster = new Symbols.ClusterSymbol.ctor('here', listOf(Symbols.DatabaseSymbol, [database]));
    made.set(env, GlobalState.Default.WithCluster(cluster).WithDatabase(database));
  }
  return made.get(env);
}

const severity = d => (s => s[0].toLowerCase() + s.slice(1))(String(d.Severity));
const place = d => `${d.Code} ${d.Start} ${d.Length}`;

function verdict({ query, env }) {
  const started = performance.now();
  const code = KustoCode.ParseAndAnalyze(query, globalsOf(env || 'unified'));
  const found = each(code.GetDiagnostics());
  const ms = performance.now() - started;
  const grammar = each(code.GetSyntaxDiagnostics());
  const grammarPlaces = new Set(grammar.map(place));
  const tables = new Set();
  const calls = [];
  Syntax.SyntaxElement.WalkNodes(code.Syntax, node => {
    for (const symbol of [node.ReferencedSymbol, node.ResultType])
      if (symbol && Bridge.is(symbol, Symbols.TableSymbol) && code.Globals.IsDatabaseTable(symbol)) tables.add(symbol.Name);
    if (Bridge.is(node, Syntax.FunctionCallExpression) && columnTakers.has(node.Name.SimpleName.toLowerCase())) calls.push(node);
  });
  const told = found.filter(d => grammarPlaces.has(place(d)) || !calls.some(call => call.TextStart <= d.Start && d.Start < call.End));
  const broken = grammar.filter(d => severity(d) === 'error');
  const type = code.ResultType;
  const isTable = type && Bridge.is(type, Symbols.TableSymbol);
  return {
    diagnostics: told.map(d => ({ code: d.Code, severity: severity(d), message: d.Message, start: d.Start, length: d.Length })),
    syntaxErrors: broken.map(d => [d.Code, d.Start]),
    resultColumns: isTable && !broken.length ? each(type.Columns).map(c => ({ name: c.Name, type: c.Type?.Name ?? 'unknown' })) : null,
    open: Boolean(isTable && type.IsOpen),
    tables: [...tables],
    ms,
  };
}

function formatted({ query }) {
  const service = new Editor.KustoCodeService.$ctor1(query, GlobalState.Default);
  return { formatted: service.GetFormattedText(Editor.FormattingOptions.Default.WithInsertMissingTokens(false), 0, null).Text };
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = request.format ? formatted(request) : verdict(request);
  } catch (error) {
    answer = { failed: String(error?.message ?? error?.Message ?? error) };
  }
  process.stdout.write(JSON.stringify({ id: request.id, ...answer }) + '\n');
}
