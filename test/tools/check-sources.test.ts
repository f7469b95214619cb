import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const TOOLS = fileURLToPath(new URL('../../tools', import.meta.url));

/** What a check says of a tree of sources, whose files it gets after the tree's path. */
function checked(
  tool: string,
  sources: Readonly<Record<string, string>>,
  files: readonly string[] = [],
): { code: number | null; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-check-sources-'));
  try {
    for (const [path, text] of Object.entries(sources)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const args = [join(TOOLS, tool), folder, ...files.map((file) => join(folder, file))];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
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
});

test('the check of layers refuses an arrow between sub-folders that its table does not list', () => {
  const arrows = [
    ['containers', 'start', 'model'],
    ['images', 'pull', 'transfer'],
    ['store', 'gc', 'content'],
    ['network', 'sandboxes', 'kernel'],
    ['registry', 'routes', 'http'],
  ] as const;
  const check = (importing: (from: string, to: string) => readonly [string, string]) =>
    checked(
      'check-layers.mjs',
      Object.fromEntries(
        arrows.flatMap(([folder, from, to]) => {
          const [a, b] = importing(from, to);
          return [
            [`${folder}/${a}/a.ts`, `import '../${b}/b.ts';`],
            [`${folder}/${b}/b.ts`, ''],
          ];
        }),
      ),
    );
  assert.deepEqual(check((from, to) => [from, to]).code, 0);
  const wrongWay = check((from, to) => [to, from]);
  assert.equal(wrongWay.code, 1);
  const unknown = check((_from, to) => ['new-folder', to]);
  assert.equal(unknown.code, 1);
  for (const [folder, from, to] of arrows) {
    const fault = `${folder}/${to}/a.ts: ${folder}/${to} may not import ${folder}/${from}\n`;
    assert.ok(wrongWay.text.includes(fault), wrongWay.text);
    assert.ok(unknown.text.includes(`: ${folder}/new-folder is not in tools/layers.json\n`), unknown.text);
  }
});

test('the check of layers refuses a table with a circle, between folders and between sub-folders', () => {
  const check = (layers: Readonly<Record<string, readonly string[]>>) =>
    checked('check-layers.mjs', { 'layers.json': JSON.stringify(layers) }, ['layers.json']);
  assert.equal(check({ base: [], io: ['base'], 'io/a': [], 'io/b': ['a', 'x.ts'], 'io/x.ts': [] }).code, 0);
  const folders = check({ base: ['store'], io: ['base'], store: ['io'] });
  assert.equal(folders.code, 1);
  assert.match(folders.text, /circle in the table of layers: .*store/);
  const inner = check({ io: [], 'io/a': ['b'], 'io/b': ['a'] });
  assert.equal(inner.code, 1);
  assert.match(inner.text, /circle in the table of layers: io\/b → io\/a|circle in the table of layers: io\/a → io\/b/);
});

test('the check of layers refuses a circle that leads through a file beside the sub-folders', () => {
  const file = { 'io/shared.ts': "import type { A } from './a/a.ts';", 'io/a/a.ts': '', 'io/b/b.ts': '' };
  const check = (rows: Readonly<Record<string, readonly string[]>>) => {
    const layers = JSON.stringify({ io: [], 'io/a': [], 'io/b': ['shared.ts'], ...rows });
    return checked('check-layers.mjs', { ...file, 'layers.json': layers }, ['layers.json']);
  };
  assert.equal(check({ 'io/shared.ts': ['a'] }).code, 0);
  const circle = check({ 'io/shared.ts': ['a'], 'io/a': ['shared.ts'] });
  assert.equal(circle.code, 1);
  assert.match(circle.text, /circle in the table of layers: .*io\/shared\.ts/);
  const unlisted = check({ 'io/shared.ts': ['b'] });
  assert.equal(unlisted.code, 1);
  assert.match(unlisted.text, /io\/shared\.ts: io\/shared\.ts may not import io\/a\n/);
  const withoutKey = check({});
  assert.equal(withoutKey.code, 1);
  assert.match(withoutKey.text, /io\/shared\.ts is listed in tools\/layers\.json, and has no key\n/);
});

test('the check of fakes refuses one that no suite runs, or that no suite can reach', () => {
  const check = (sources: Readonly<Record<string, string>>) => checked('check-fakes.mjs', sources);
  const fake = { 'src/a/testing/fake-clock.ts': 'export class FakeClock {}' };
  const run = (text: string, from = '../../src/a/testing/fake-clock.ts') => ({
    'test/suites/clock.test.ts': `import { FakeClock } from '${from}';\n${text}\n`,
  });
  const whole =
    "clockSuite('fake clock', () => new FakeClock());\ntest('fake clock: its suite uses each of its members', () => called.assertAll());";
  assert.equal(check({ ...fake, ...run(whole) }).code, 0);
  for (const [what, sources] of Object.entries({
    'no suite': fake,
    'another name': { ...fake, ...run(whole.replaceAll('fake clock', 'clock')) },
    'members are not counted': { ...fake, ...run("clockSuite('fake clock', () => new FakeClock());") },
    'another file': { ...fake, ...run(whole, './other.ts'), 'test/suites/other.ts': '' },
    'not in test/suites': { ...fake, 'src/a/clock.test.ts': whole },
  })) {
    const { code, text } = check(sources);
    assert.equal(code, 1, what);
    assert.match(text, /src\/a\/testing\/fake-clock\.ts: no test in test\/suites .* 'fake clock'/, what);
  }
  const local = check({ 'src/a/a.test.ts': 'function fakeStore() {}' });
  assert.equal(local.code, 1);
  assert.match(local.text, /fakeStore is not exported/);
  assert.equal(check({ 'src/a/a.test.ts': 'interface FakeStore {}' }).code, 0, 'a type does nothing');
});

test('the check of functions refuses one that fits no screen, however its lines are filled', () => {
  const lines = (count: number, line = 'call();') => Array.from({ length: count }, () => line).join('\n');
  const named = (body: string) => `export function long(): void {\n${body}\n}\n`;
  const short = {
    'whole.ts': named(lines(58)),
    'blank.ts': named(`${lines(58)}\n\n  \n`),
    'several.ts': `${named(lines(40))}${named(lines(40))}`,
  };
  const fine = checked('check-functions.mjs', short);
  assert.deepEqual(fine, { code: 0, text: 'functions ok (4 in 3 files)\n' });
  const long = {
    'plain.ts': [named(lines(59)), 'long'],
    'tool.mjs': [named(lines(59)), 'long'],
    'comments.ts': [named(lines(59, '// a comment')), 'long'],
    'template.ts': [named(`\`${lines(59)}\`;`), 'long'],
    'methods.ts': [named(`return {\n${lines(57, 'a() {},')}\n};`), 'long'],
    'signature.ts': [`const long = async (\n${lines(30, 'a: number,')}\n) => {\n${lines(30)}\n};\n`, 'long'],
    'method.ts': [`const object = {\nmethod() {\n${lines(59)}\n},\n};\n`, 'method'],
    'constructor.ts': [`class A {\nconstructor() {\n${lines(59)}\n}\n}\n`, 'constructor'],
    'getter.ts': [`class A {\nget value() {\n${lines(59)}\n}\n}\n`, 'value'],
    'callback.ts': [`start(function () {\n${lines(59)}\n});\n`, 'a function'],
  } as const;
  const sources = Object.fromEntries(Object.entries(long).map(([path, [source]]) => [path, source]));
  const { code, text } = checked('check-functions.mjs', { ...short, ...sources });
  assert.equal(code, 1);
  assert.equal(text.trim().split('\n').length, Object.keys(long).length, text);
  for (const [path, [, name]] of Object.entries(long))
    assert.match(text, new RegExp(`/${path}:\\d+: ${name} has \\d+ lines, at most 60 are allowed\n`));
});

test('the check of functions exempts tests, and nothing else in their files', () => {
  const body = Array.from({ length: 70 }, () => 'call();').join('\n');
  const suite = `export function suiteOf(): void {\ndescribe('all', () => {\ntest('one', async (t) => {\n${body}\n});\n});\n}\n`;
  const helper = `test('one', () => {\nconst helper = () => {\n${body}\n};\n});\n`;
  const beside = `function beside() {\n${body}\n}\ntest('one', beside);\n`;
  assert.equal(checked('check-functions.mjs', { 'a.test.ts': suite, 'a.suite.ts': suite }).code, 0);
  const { code, text } = checked('check-functions.mjs', { 'a.ts': suite, 'b.test.ts': helper, 'c.test.ts': beside });
  assert.equal(code, 1);
  for (const fault of [/a\.ts:1: suiteOf/, /b\.test\.ts:2: helper has/, /c\.test\.ts:1: beside has/])
    assert.match(text, fault);
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
