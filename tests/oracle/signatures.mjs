// Prints the signatures of the built-in functions, aggregates and plugins as the language service has them, one a line:
//
//   {"what": "function", "name": "strcat", "folds": true, "parameters": [{"kind": "scalar", "form": "", "values": [],
//    "least": 1, "most": 64, "blank": ""}], "returns": "string"}
//
// in the words of tools/tocsin/kql/functions/signatures.py; `returns` is null where the service has a rule of its own.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
const { Kusto, Bridge, System } = globalThis;
const S = Kusto.Language.Symbols;

const each = list => {
  const found = [];
  for (const at = Bridge.getEnumerator(list); at.moveNext();) found.push(at.Current);
  return found;
};
const word = (type, value) => System.Enum.toString(type, value);

function typeText(type) {
  if (type instanceof S.DynamicArraySymbol) {
    const of = typeText(type.ElementType);
    return of === 'dynamic' ? 'array' : `array<${of}>`;
  }
  if (type instanceof S.DynamicBagSymbol) {
    const members = each(type.Properties).map(p => `${p.Name}:${typeText(p.Type)}`);
    return members.length ? `bag{${members.join(';')}}` : 'bag';
  }
  if (type instanceof S.TableSymbol) return 'table';
  return type.Name;
}

const KINDS = {
  Scalar: 'scalar', Any: 'scalar', Integer: 'integer', RealOrDecimal: 'fraction', StringOrDynamic: 'textual', StringOrArray: 'texts',
  IntegerOrArray: 'integers', DynamicArray: 'array', DynamicBag: 'bag', Number: 'number', NumberOrBool: 'numberorbool',
  Summable: 'summable', Orderable: 'orderable', NotBool: 'notbool', NotRealOrBool: 'notrealorbool',
  NotDynamic: 'notdynamic', Tabular: 'table', 
  CommonScalar: 'common', CommonOrderable: 'commonorderable', CommonNumber: 'commonnumber',
  CommonSummable: 'commonsummable', CommonScalarOrDynamic: 'commonordynamic',
};
const FORMS = {
  Constant: 'constant', Literal: 'literal', LiteralNotEmpty: 'literal', Column: 'column', Column_Parameter0: 'column',
  Column_Parameter0_Common: 'column', StarOnly: 'star', StarAllowed: 'orstar',
};

function parameterOf(parameter) {
  const kind = word(S.ParameterTypeKind, parameter.TypeKind);
  const form = FORMS[word(S.ArgumentKind, parameter.ArgumentKind)] ?? '';
  return {
    kind: kind === 'Declared' ? each(parameter.DeclaredTypes).map(typeText).join('|') : KINDS[kind] ?? `unknown ${kind}`,
    form,
    // Other values are proposals of the editor.
    values: form === 'literal' ? each(parameter.Values ?? []) : [],
    least: parameter.MinOccurring,
    most: parameter.MaxOccurring,
    blank: parameter.DefaultValueIndicator ?? '',
  };
}

function resultOf(signature) {
  const kind = word(S.ReturnTypeKind, signature.ReturnKind);
  const rules = {
    Parameter0: 'the type of 0', Parameter1: 'the type of 1', Parameter0Promoted: 'the promoted type of 0',
    Parameter0Array: 'the array of 0', Common: 'the common type', CommonNonDynamic: 'the common type but dynamic',
    Widest: 'the widest type',
  };
  return kind === 'Declared' ? typeText(signature._returnType) : rules[kind] ?? null;
}

const { Functions, Aggregates, PlugIns } = Kusto.Language;
for (const [what, all] of [['function', Functions.All], ['aggregate', Aggregates.All], ['plugin', PlugIns.All]])
  for (const { Name: name, IsConstantFoldable: folds, Signatures } of each(all))
    for (const signature of each(Signatures)) {
      const parameters = each(signature.Parameters).map(parameterOf);
      process.stdout.write(JSON.stringify({ what, name, folds, parameters, returns: resultOf(signature) }) + '\n');
    }
