import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const SOURCE = resolve(import.meta.dirname, '..');
const IMPORT = /^(?:import|export)\s(?!type\b)[^;]*?from\s+'([^']+)'/gm;

function imports(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, specifier = '']) => specifier);
}

test('the name server loads little: it must be small, and live longer than any daemon', () => {
  const packages = new Set<string>();
  const folders = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    folders.add(relative(SOURCE, file).split('/')[0] ?? '');
    for (const specifier of imports(file)) {
      if (specifier.startsWith('.')) visit(resolve(file, '..', specifier));
      else packages.add(specifier);
    }
  };
  visit(join(SOURCE, 'names/main.ts'));
  assert.deepEqual([...folders].sort(), ['base', 'linux', 'names', 'spec']);
  assert.deepEqual([...packages].filter((name) => !name.startsWith('node:')).sort(), ['koffi']);

  const own = new Set<string>();
  for (const entry of readdirSync(join(SOURCE, 'names'))) {
    if (!entry.endsWith('.ts') || /\.(?:test|fixture)\.ts$/.test(entry)) continue;
    for (const name of imports(join(SOURCE, 'names', entry))) if (name.startsWith('node:')) own.add(name);
  }
  assert.deepEqual([...own].sort(), ['node:buffer', 'node:dgram', 'node:fs', 'node:net', 'node:util']);
});
