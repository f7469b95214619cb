import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const TOOLS = fileURLToPath(new URL('../../tools', import.meta.url));

/** What a check says of a tree of sources. */
function checked(tool: string, sources: Readonly<Record<string, string>>): { code: number | null; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-check-sources-'));
  try {
    for (const [path, text] of Object.entries(sources)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(TOOLS, tool), folder], { encoding: 'utf8' });
    return { code: status, text: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the check of layers refuses a circle, a folder that may not be imported, and an inner file of another folder', () => {
  const check = (sources: Readonly<Record<string, string>>) => checked('check-layers.mjs', sources);
  assert.equal(check({ 'base/a.ts': '', 'io/b.ts': "import '../base/a.ts';" }).code, 0);
  const circle = check({ 'base/a.ts': "import './b.ts';", 'base/b.ts': "import type { A } from './a.ts';" });
  assert.equal(circle.code, 1);
  assert.match(circle.text, /a\.ts.*b\.ts|b\.ts.*a\.ts/s);
  const upwards = check({ 'base/a.ts': "import '../daemon/index.ts';", 'daemon/index.ts': '' });
  assert.equal(upwards.code, 1);
  assert.match(upwards.text, /base\/a\.ts/);
  const inner = check({ 'network/a.ts': "import '../linux/inner.ts';", 'linux/inner.ts': '', 'linux/index.ts': '' });
  assert.equal(inner.code, 1);
  assert.match(inner.text, /network\/a\.ts/);
  const between = check({ 'containers/model/a.ts': "import '../start/b.ts';", 'containers/start/b.ts': '' });
  assert.equal(between.code, 1);
  assert.match(between.text, /containers\/model\/a\.ts/);
});

test('the check of deletes refuses a recursive removal, and a removed folder that no table names', () => {
  // The table's other files are missing in this tree, which is a fault of its own.
  const faults = (text: string, path = 'volumes/a.ts'): readonly string[] =>
    checked('check-deletes.mjs', { [path]: text })
      .text.split('\n')
      .filter((line) => line.startsWith(`${path}:`) && !line.includes('removes no folder'));
  assert.deepEqual(faults("import { removeTree } from '../linux/index.ts';\nremoveTree('/x');\n"), []);
  assert.deepEqual(faults("rmSync('/x/file', { force: true });\n"), []);
  for (const text of [
    "\nrmSync('/x', { recursive: true });\n",
    "\nawait rm('/x', {\n  recursive: true,\n  force: true,\n});\n",
    "\nrmdirSync('/x');\n",
    "\nawait rmdir('/x');\n",
  ]) {
    assert.match(faults(text).join('\n'), /^volumes\/a\.ts:2: /, text);
  }
  assert.deepEqual(faults("rmdirSync('/x');\n", 'volumes/volume-folders.ts'), [], 'the table names it');
  assert.deepEqual(faults("rmSync('/x', { recursive: true });\n", 'volumes/a.test.ts'), [], 'tests may');
});
