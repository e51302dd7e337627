// Writes what Microsoft's language service accepts as arguments of the built-in functions and plugins, one signature a
// line, in the notation that tools/tocsin/kql/semantics/argument_rules.py explains.
//
//   npm install @kusto/language-service-next && node tools/build_argument_rules.mjs > tools/tocsin/kql/semantics/argument_rules.txt
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
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
  Scalar: 'scalar', Integer: 'integer', RealOrDecimal: 'fraction', StringOrDynamic: 'textual', StringOrArray: 'texts',
  IntegerOrArray: 'integers', DynamicArray: 'array', DynamicBag: 'bag', Number: 'number', NumberOrBool: 'numberorbool',
  Summable: 'summable', Orderable: 'orderable', NotBool: 'notbool', NotRealOrBool: 'notrealorbool',
  NotDynamic: 'notdynamic', Tabular: 'table', Parameter0: 'same0', Parameter1: 'same1', Any: 'any',
  CommonScalar: 'common', CommonOrderable: 'commonorderable', CommonNumber: 'commonnumber',
  CommonSummable: 'commonsummable', CommonScalarOrDynamic: 'commonordynamic',
};
const ARGUMENTS = {
  Constant: '!constant', Literal: '!literal', LiteralNotEmpty: '!literal', Column: '!column', Column_Parameter0: '!column',
  Column_Parameter0_Common: '!column', StarOnly: '!star', StarAllowed: '!orstar',
};

function parameterText(parameter) {
  const kind = word(S.ParameterTypeKind, parameter.TypeKind);
  let text = kind === 'Declared' ? each(parameter.DeclaredTypes).map(typeText).join('|') : KINDS[kind] ?? `?${kind}`;
  text += ARGUMENTS[word(S.ArgumentKind, parameter.ArgumentKind)] ?? '';
  const values = each(parameter.Values ?? []);
  if (values.length) text += `=${values.join('/')}`;
  const { MinOccurring: least, MaxOccurring: most } = parameter;
  return least === 1 && most === 1 ? text : least === 0 && most === 1 ? `${text}?` : `${text}{${least},${most}}`;
}

function resultText(signature) {
  const kind = word(S.ReturnTypeKind, signature.ReturnKind);
  const fixed = {
    Parameter0: '=0', Parameter1: '=1', Parameter0Array: 'array<=0>', Common: 'common', CommonNonDynamic: 'common!',
    Widest: 'widest', Parameter0Promoted: '=0+',
  };
  return kind === 'Declared' ? typeText(signature._returnType) : fixed[kind] ?? '?';
}

const lines = new Set();
for (const [kind, functions] of [
  ['function', Kusto.Language.Functions.All], ['aggregate', Kusto.Language.Aggregates.All],
  ['plugin', Kusto.Language.PlugIns.All],
]) {
  for (const f of each(functions)) {
    for (const signature of each(f.Signatures)) {
      const parameters = each(signature.Parameters).map(parameterText).join(', ');
      lines.add(`${kind} ${f.Name}${f.IsConstantFoldable ? ' constant' : ''} (${parameters}) -> ${resultText(signature)}`);
    }
  }
}
process.stdout.write([...lines].join('\n') + '\n');
