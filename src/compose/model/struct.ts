import { extensionsOutput, inside, type Kind, type Place, refuse, type TypeOf } from './kind.ts';
import { type Format, type Output, OutputMap } from './output.ts';
import { isMapping, type Mapping, type Value } from './value.ts';

export interface Field<T> {
  readonly kind: Kind<T>;
  /** Formats that have the field also when it is not set. */
  readonly always?: readonly Format[];
  /** Formats that never have the field. */
  readonly never?: readonly Format[];
  /** Its name in JSON, where that is another. */
  readonly jsonName?: string;
}

export type Fields = Readonly<Record<string, Kind<never> | Field<never>>>;

type FieldType<F> = F extends Field<infer T> ? T : TypeOf<F>;

/** The type of the objects of a table of fields. Every field may be absent. */
export type Struct<F> = { readonly [Name in keyof F]?: FieldType<F[Name]> } & { readonly extensions?: Mapping };

interface Options {
  /** Whether keys that begin with `x-` are kept. By default they are. */
  readonly extensions?: false;
}

/**
 * Objects with the fields of a table, in the order in which Compose prints them. Keys that the table lacks are dropped, as Compose does; the
 * schema has refused unknown ones before.
 */
export function struct<const F extends Record<string, unknown>>(table: F, options: Options = {}): Kind<Struct<F>> {
  const fields = Object.entries(table).map(([name, field]) => [name, asField(field)] as const);
  return {
    read: (value, place) => {
      if (!isMapping(value)) return refuse(value, place, 'a mapping');
      const found: Record<string, unknown> = {};
      for (const [name, { kind }] of fields) {
        const entry = value.get(name);
        if (entry !== undefined && entry !== null) found[name] = kind.read(entry, inside(place, name));
      }
      const extensions = options.extensions === false ? undefined : extensionsOf(value);
      // The table gives each field the type that its kind reads.
      return { ...found, ...(extensions === undefined ? {} : { extensions }) } as Struct<F>;
    },
    isEmpty: () => false,
    write: (value, format) => new OutputMap(entriesOf(fields, value as Readonly<Record<string, unknown>>, format)),
    absent: (format) => new OutputMap(entriesOf(fields, {}, format)),
  };
}

function extensionsOf(value: Mapping): Mapping | undefined {
  const found = new Map([...value].filter(([key]) => key.startsWith('x-')));
  return found.size === 0 ? undefined : found;
}

type AnyField = Field<unknown>;

function asField(field: unknown): AnyField {
  return typeof field === 'object' && field !== null && 'kind' in field
    ? (field as AnyField)
    : { kind: field as Kind<unknown> };
}

function entriesOf(
  fields: readonly (readonly [string, AnyField])[],
  value: Readonly<Record<string, unknown>>,
  format: Format,
): (readonly [string, Output])[] {
  const entries: (readonly [string, Output])[] = [];
  for (const [name, { kind, always, never, jsonName }] of fields) {
    if (never?.includes(format)) continue;
    const shown = format === 'json' ? (jsonName ?? name) : name;
    const entry = value[name];
    if (entry !== undefined && (!kind.isEmpty(entry) || always?.includes(format)))
      entries.push([shown, kind.write(entry, format)]);
    else if (always?.includes(format)) entries.push([shown, kind.absent(format)]);
  }
  const { extensions } = value;
  if (format === 'yaml' && extensions !== undefined) entries.push(...extensionsOutput(extensions as Mapping, format));
  return entries;
}

/**
 * An object within another that Go does not hold by a pointer: YAML leaves it out when all its fields are empty, JSON
 * prints it always.
 */
export function embedded<T extends object>(kind: Kind<T>): Field<T> {
  const isEmpty = (value: T): boolean => {
    const output = kind.write(value, 'yaml');
    return output instanceof OutputMap && output.entries.length === 0;
  };
  return { kind: { ...kind, isEmpty }, always: ['json'] };
}

export function hidden<T>(kind: Kind<T>): Field<T> {
  return { kind, never: ['yaml', 'json'] };
}

export function always<T>(kind: Kind<T>, ...formats: readonly Format[]): Field<T> {
  return { kind, always: formats };
}

/** Reads a mapping as an object of a kind. @throws ModelError */
export function readStruct<T>(kind: Kind<T>, value: Value, place: Place): T {
  return value === null ? refuse(value, place, 'a mapping') : kind.read(value, place);
}
