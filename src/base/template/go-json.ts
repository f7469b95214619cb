import { Fields, GoTime, isMap, isObject, NIL_MAP, NIL_SLICE, sortedKeys, type Value } from './value.ts';

/**
 * Formats JSON as Go's encoder does: `<`, `>`, `&` and line separators escaped, keys of maps sorted, big integers
 * exact.
 */
export function goJson(value: Value): string {
  if (value === undefined || value === null || value === NIL_SLICE || value === NIL_MAP) return 'null';
  if (typeof value === 'string') return goJsonString(value);
  if (value instanceof GoTime) return goJsonString(value.text);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : 'null';
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (value instanceof Fields) {
    if (value.json !== undefined) return goJson(value.json);
    const entries = Object.entries(value.fields).filter(([, field]) => typeof field !== 'function');
    return objectJson(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  if (isObject(value))
    return objectJson(isMap(value) ? sortedKeys(value).map((key) => [key, value[key]]) : Object.entries(value));
  return 'null';
}

function objectJson(entries: readonly (readonly [string, Value])[]): string {
  return `{${entries.map(([key, value]) => `${goJsonString(key)}:${goJson(value)}`).join(',')}}`;
}

const UNSAFE = /[<>&\u2028\u2029]/g;

export function goJsonString(text: string): string {
  return JSON.stringify(text).replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
