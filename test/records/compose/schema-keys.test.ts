import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readCases } from './compose-case.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly [key: string]: unknown;
}

const SCHEMA: Schema = JSON.parse(
  readFileSync(new URL('../../../src/compose/load/schema/compose-spec.json', import.meta.url), 'utf8'),
);

/** The names of all keys that the schema knows. */
function keysOf(value: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof value !== 'object' || value === null) return found;
  const { properties } = value as Schema;
  if (typeof properties === 'object') for (const key of Object.keys(properties)) found.add(key);
  for (const inner of Object.values(value)) keysOf(inner, found);
  return found;
}

test('the projects have every key of the schema', () => {
  const text = readCases()
    .flatMap(({ files }) => [...files.values()])
    .join('\n');
  const missing = [...keysOf(SCHEMA)].filter((key) => !new RegExp(`(?:^|[\\s{,"])${key}"?\\s*:`, 'm').test(text));
  assert.deepEqual(missing, []);
});
