import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type ComposeCase, readCases } from '../compose/compose-case.ts';
import { REQUEST_CASES } from './run-requests.ts';

/** Part of the schema of Compose files. */
interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly definitions?: Readonly<Record<string, Schema>>;
}

const SCHEMA: Schema = JSON.parse(
  readFileSync(new URL('../../../src/compose/load/schema/compose-spec.json', import.meta.url), 'utf8'),
);

/**
 * Keys of which no request is made here. Builds are compared by the file for bake that `build --print` prints, and what is watched by what
 * `config` prints: the records of `../compose` have them.
 */
const ELSEWHERE = /^\.(?:build|develop)\./;

/** Paths of keys, `*` for any name, `[]` for the entries of a list. */
function keysOf(schema: Schema, path = '', above: readonly string[] = []): readonly string[] {
  const { $ref, properties = {}, patternProperties = {}, additionalProperties, items, oneOf = [], anyOf = [] } = schema;
  const named = $ref?.split('/').at(-1) ?? '';
  if (above.includes(named)) return [];
  const target = SCHEMA.definitions?.[named];
  const maps = [
    ...Object.values(patternProperties),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
  return [
    ...(target === undefined ? [] : keysOf(target, path, [...above, named])),
    ...Object.entries(properties).flatMap(([key, inner]) => [
      `${path}.${key}`,
      ...keysOf(inner, `${path}.${key}`, above),
    ]),
    ...maps.flatMap((inner) => keysOf(inner, `${path}.*`, above)),
    ...(items === undefined ? [] : keysOf(items, `${path}[]`, above)),
    ...[...oneOf, ...anyOf].flatMap((inner) => keysOf(inner, path, above)),
  ];
}

/** The paths of all keys of the services of some projects. */
function keysIn(cases: readonly ComposeCase[]): ReadonlySet<string> {
  return new Set(
    cases.flatMap(({ files }) => {
      const { services } = parse(files.get('compose.yaml') ?? '') as { readonly services: object };
      return Object.values(services).flatMap((each) => pathsOf(each));
    }),
  );
}

/** The paths of a value, each name as it is and as `*`. */
function pathsOf(value: unknown, paths: readonly string[] = ['']): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item) =>
      pathsOf(
        item,
        paths.map((path) => `${path}[]`),
      ),
    );
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const below = paths.flatMap((path) => [`${path}.${key}`, `${path}.*`]);
    return [...below, ...pathsOf(inner, below)];
  });
}

test('each key that a service may have is in a project whose requests are compared, or which is refused', () => {
  const service = SCHEMA.definitions?.['service'] ?? {};
  const keys = new Set(keysOf(service).filter((key) => !ELSEWHERE.test(key)));
  assert.ok(keys.size > 200);
  const found = keysIn(REQUEST_CASES);
  assert.deepEqual(
    [...keys].filter((key) => !found.has(key)),
    [],
  );
});

test('each key of a build and of what is watched is in a project whose file for bake or configuration is compared', () => {
  const keys = new Set(keysOf(SCHEMA.definitions?.['service'] ?? {}).filter((key) => ELSEWHERE.test(key)));
  assert.ok(keys.size > 40);
  const cases = readCases();
  const builds = keysIn(cases.filter(({ runs }) => runs.some((run) => run.join(' ') === 'build --print')));
  const watched = keysIn(cases.filter(({ name }) => name.endsWith('what is watched')));
  assert.deepEqual(
    [...keys].filter((key) => !(key.startsWith('.build.') ? builds : watched).has(key)),
    [],
  );
});
