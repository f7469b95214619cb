import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const SOURCE = resolve(import.meta.dirname, '..');
const IMPORT = /^(?:import|export)\s(?!type\b)[^;]*?from\s+'([^']+)'/gm;

/** Everything that main.ts loads: names of packages and Node modules, and the folders of our own sources. */
function closure(entry: string): { readonly packages: Set<string>; readonly folders: Set<string> } {
  const packages = new Set<string>();
  const folders = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    folders.add(relative(SOURCE, file).split('/')[0] ?? '');
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (specifier.startsWith('.')) visit(resolve(file, '..', specifier));
      else packages.add(specifier);
    }
  };
  visit(entry);
  return { packages, folders };
}

test('the supervisor loads little: it must be small, and live longer than any daemon', () => {
  const { packages, folders } = closure(join(SOURCE, 'supervisor/main.ts'));
  assert.deepEqual([...folders].sort(), ['base', 'linux', 'spec', 'supervisor']);
  assert.deepEqual([...packages].filter((name) => !name.startsWith('node:')).sort(), ['koffi']);
  const own = new Set<string>();
  for (const entry of readdirSync(join(SOURCE, 'supervisor'), { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts') || entry.endsWith('.test.ts')) continue;
    for (const [, name = ''] of readFileSync(join(SOURCE, 'supervisor', entry), 'utf8').matchAll(IMPORT)) {
      if (name.startsWith('node:')) own.add(name);
    }
  }
  const allowed = ['buffer', 'fs', 'fs/promises', 'net', 'path', 'stream/promises', 'timers/promises', 'util'];
  assert.deepEqual(
    [...own].sort(),
    allowed.map((name) => `node:${name}`),
  );
});
