import type { Descriptor } from '../../grpc/index.ts';
import { type Op, op as opMessage } from '../../grpc/messages/pb.ts';

/** Fields of BuildKit's JSON that are written with their zero, by message. */
const ALWAYS: Readonly<Record<string, readonly string[]>> = {
  'pb.FileAction': ['input', 'secondaryInput', 'output'],
};
/** How BuildKit's JSON names the groups of which one field is set. */
const GROUPS: Readonly<Record<string, string>> = { op: 'Op', action: 'Action', user: 'User' };

type Json = Readonly<Record<string, unknown>>;

/** An op as BuildKit's provenance shows it, without its inputs. */
export function opJson(op: Op): Json {
  const { inputs: _inputs, ...json } = messageJson(opMessage, op as unknown as Json);
  return 'Op' in json ? json : { Op: {}, ...json };
}

function messageJson({ name, fields }: Descriptor, message: Json): Json {
  const json: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) {
    const value = message[key];
    const shown = valueJson(value, field.of);
    const isAlways = Object.hasOwn(ALWAYS, name) && ALWAYS[name]?.includes(key) === true;
    if (!isAlways && (value === undefined || (field.oneof === undefined && isZero(value)))) continue;
    if (field.oneof === undefined) json[key] = shown;
    else json[GROUPS[field.oneof] ?? field.oneof] = { [key]: shown };
  }
  return json;
}

function valueJson(value: unknown, of: (() => Descriptor) | undefined): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((each) => valueJson(each, of));
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [key, valueJson(each, of)]));
  return of !== undefined && typeof value === 'object' && value !== null ? messageJson(of(), value as Json) : value;
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return value === '' || value === 0 || value === 0n || value === false;
}
