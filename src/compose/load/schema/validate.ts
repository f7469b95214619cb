import { isDeepStrictEqual } from 'node:util';
import { article, describe, isList, isMapping, type Mapping, typeName, type Value } from '../../model/value.ts';
import document from './compose-spec.json' with { type: 'json' };
import { nearestName } from './nearest-name.ts';

/** The parts of JSON Schema that the schema of Compose uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly uniqueItems?: boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly oneOf?: readonly Schema[];
}

/** What is wrong, and where. */
export interface SchemaFault {
  readonly path: readonly string[];
  readonly message: string;
}

interface Fault extends SchemaFault {
  /** The more of the value fits the schema, the more useful the fault: by it one of several is chosen. */
  readonly weight: number;
}

const DEFINITIONS: Readonly<Record<string, Schema>> = document.definitions as Readonly<
  Record<string, unknown>
> as Readonly<Record<string, Schema>>;
const ROOT = document as unknown as Schema;

/** Checks a project by the schema of the Compose specification. Returns the most specific fault. */
export function schemaFault(project: Mapping): SchemaFault | undefined {
  return check(project, ROOT, []);
}

function check(value: Value, given: Schema, path: readonly string[]): Fault | undefined {
  const schema = given.$ref === undefined ? given : definition(given.$ref);
  const fault = (message: string, weight = path.length): Fault => ({ path, message, weight });
  if (schema.oneOf !== undefined) return checkOneOf(value, schema.oneOf, path);
  if (schema.type !== undefined && !hasType(value, schema.type))
    return fault(`must be ${typesOf(schema.type)}, not ${describe(value)}`);
  if (schema.enum !== undefined && !(typeof value === 'string' && schema.enum.includes(value)))
    return fault(
      `must be one of ${schema.enum.map((each) => JSON.stringify(each)).join(', ')}, not ${describe(value)}`,
    );
  if (typeof value === 'string' && schema.pattern !== undefined && !patternOf(schema.pattern).test(value))
    return fault(`does not match ${schema.pattern}: ${describe(value)}`);
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (schema.minimum !== undefined && value < schema.minimum)
      return fault(`must be greater than or equal to ${schema.minimum}, not ${value}`);
    if (schema.maximum !== undefined && value > schema.maximum)
      return fault(`must be less than or equal to ${schema.maximum}, not ${value}`);
  }
  if (isList(value)) return checkItems(value, schema, path);
  return isMapping(value) ? checkEntries(value, schema, path) : undefined;
}

function definition(ref: string): Schema {
  return DEFINITIONS[ref.replace('#/definitions/', '')] ?? {};
}

const patterns = new Map<string, RegExp>();

function patternOf(pattern: string): RegExp {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    compiled = new RegExp(pattern, 'u');
    patterns.set(pattern, compiled);
  }
  return compiled;
}

function hasType(value: Value, types: string | readonly string[]): boolean {
  return (typeof types === 'string' ? [types] : types).some((type) => {
    if (type === 'integer') return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
    if (type === 'number') return typeof value === 'bigint' || typeof value === 'number';
    if (type === 'object') return isMapping(value);
    return type === 'array' ? isList(value) : type === typeName(value);
  });
}

function typesOf(types: string | readonly string[]): string {
  const names = (typeof types === 'string' ? [types] : types).map((type) => {
    if (type === 'null') return 'null';
    const name = type === 'object' ? 'mapping' : type === 'array' ? 'list' : type;
    return `${article(name)}${name}`;
  });
  return names.join(' or ');
}

function checkOneOf(value: Value, choices: readonly Schema[], path: readonly string[]): Fault | undefined {
  const faults: Fault[] = [];
  for (const choice of choices) {
    const fault = check(value, choice, path);
    if (fault === undefined) return undefined;
    faults.push(fault);
  }
  const deepest = Math.max(...faults.map(({ weight }) => weight));
  if (deepest > path.length) return faults.find(({ weight }) => weight === deepest);
  const allowed = [...new Set(choices.flatMap(allowedTypes))];
  return { path, weight: path.length, message: `must be ${allowed.join(' or ')}, not ${describe(value)}` };
}

function allowedTypes(given: Schema): readonly string[] {
  const schema = given.$ref === undefined ? given : definition(given.$ref);
  if (schema.oneOf !== undefined) return schema.oneOf.flatMap(allowedTypes);
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each));
  if (schema.type === undefined) return [];
  return [`${typesOf(schema.type)}${limitsOf(schema)}`];
}

function limitsOf({ minimum, maximum }: Schema): string {
  const from = minimum === undefined ? '' : ` from ${minimum}`;
  return maximum === undefined ? from : `${from} to ${maximum}`;
}

function checkItems(items: readonly Value[], schema: Schema, path: readonly string[]): Fault | undefined {
  const worst = new Worst();
  if (schema.items !== undefined)
    for (const [index, item] of items.entries()) worst.add(check(item, schema.items, [...path, String(index)]));
  if (schema.uniqueItems === true) {
    const twice = firstTwice(items);
    if (twice !== undefined)
      worst.add({
        path: [...path, String(twice)],
        weight: path.length,
        message: 'is in the list twice: items must be unique',
      });
  }
  return worst.fault;
}

/** The index of the first item that an earlier one equals. */
function firstTwice(items: readonly Value[]): number | undefined {
  const seen = new Set<Value>();
  const collections: Value[] = [];
  for (const [index, item] of items.entries()) {
    const isCollection = typeof item === 'object' && item !== null;
    if (isCollection ? collections.some((each) => isDeepStrictEqual(each, item)) : seen.has(item)) return index;
    if (isCollection) collections.push(item);
    else seen.add(item);
  }
  return undefined;
}

function checkEntries(entries: Mapping, schema: Schema, path: readonly string[]): Fault | undefined {
  const worst = new Worst();
  for (const key of schema.required ?? [])
    if (!entries.has(key)) worst.add({ path, weight: path.length, message: `needs the key ${JSON.stringify(key)}` });
  for (const [key, value] of entries) {
    const known = schemaOf(key, schema);
    if (known !== undefined) worst.add(check(value, known, [...path, key]));
    else if (schema.additionalProperties === false)
      worst.add({ path: [...path, key], weight: path.length + 1, message: unknownKey(key, schema) });
  }
  return worst.fault;
}

function schemaOf(key: string, { properties, patternProperties = {} }: Schema): Schema | undefined {
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return Object.entries(patternProperties).find(([pattern]) => patternOf(pattern).test(key))?.[1];
}

function unknownKey(key: string, { properties, patternProperties = {} }: Schema): string {
  const names = Object.keys(properties ?? {}).sort();
  if (names.length === 0) return `is not an allowed name: it must match ${Object.keys(patternProperties).join(' or ')}`;
  const near = nearestName(key, names);
  const hint = near === undefined ? '' : `. Did you mean ${JSON.stringify(near)}?`;
  // A service has a hundred keys: with a hint they need not be listed.
  const list =
    near !== undefined && names.length > 20 ? '' : `${hint === '' ? '.' : ''} Allowed are ${names.join(', ')}`;
  return `additional properties '${key}' not allowed${hint}${list}`;
}

/** Keeps the fault that is deepest in the project, and of several the first. */
class Worst {
  fault: Fault | undefined;

  add(fault: Fault | undefined): void {
    if (fault !== undefined && (this.fault === undefined || fault.weight > this.fault.weight)) this.fault = fault;
  }
}
