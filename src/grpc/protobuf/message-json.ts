import type { Descriptor } from './descriptor.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * A message in the JSON form of protobuf, with the fields' own names, and enumerations as numbers. Fields with their default are left
 * out. Source: ProtoJSON Format.
 */
export function messageJson({ fields }: Descriptor, message: object): Json {
  const values = message as Json;
  const shown = Object.entries(fields).flatMap(([key, field]): (readonly [string, unknown])[] => {
    const value = values[key];
    if (value === undefined || (field.oneof === undefined && isDefault(value))) return [];
    return [[key, valueJson(value, field.of)]];
  });
  return Object.fromEntries(shown);
}

function valueJson(value: unknown, of: (() => Descriptor) | undefined): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((each) => valueJson(each, of));
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [key, valueJson(each, of)]));
  return of !== undefined && typeof value === 'object' && value !== null ? messageJson(of(), value) : value;
}

function isDefault(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return value === '' || value === 0 || value === 0n || value === false;
}
