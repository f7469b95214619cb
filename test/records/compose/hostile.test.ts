import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ComposeCase } from './compose-case.ts';
import { runInMemory } from './run-case.ts';

/** Input that is made to break the loader. Each ends with an error that says what is wrong, or with a project. */

function project(files: Readonly<Record<string, string>>): ComposeCase {
  return { name: 'hostile', files: new Map(Object.entries(files)), env: {}, runs: [] };
}

async function errorOf(files: Readonly<Record<string, string>>, run = ['config']): Promise<string> {
  const { code, stderr } = await runInMemory(project(files), run);
  assert.equal(code, 1, stderr.slice(0, 500));
  return stderr;
}

function many(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('');
}

const WEB = 'services: {web: {image: a}}\n';

test('a file of more than 4 MiB is refused', async () => {
  const text = `# ${'x'.repeat(5 * 1024 * 1024)}\n${WEB}`;
  assert.match(await errorOf({ 'compose.yaml': text }), /compose\.yaml: the file has more than 4 MiB/);
});

test('aliases that blow up are refused', async () => {
  const lists = many(12, (index) =>
    index === 0
      ? 'x-0: &a0 [x, x]\n'
      : `x-${index}: &a${index} [${Array(9)
          .fill(`*a${index - 1}`)
          .join(', ')}]\n`,
  );
  assert.match(await errorOf({ 'compose.yaml': lists + WEB }), /compose\.yaml:\d+:\d+: more than 500000 values/);
  const mappings = many(40, (index) =>
    index === 0 ? 'x-0: &a0 {k: v}\n' : `x-${index}: &a${index} {a: *a${index - 1}, b: *a${index - 1}}\n`,
  );
  assert.match(await errorOf({ 'compose.yaml': mappings + WEB }), /more than 500000 values/);
});

test('collections and blocks that are nested too deeply are refused', async () => {
  assert.match(await errorOf({ 'compose.yaml': `x-a: ${'['.repeat(1e5)}\n` }), /line 1: more than 100 collections/);
  assert.match(await errorOf({ 'compose.yaml': `x-a:\n  ${'- '.repeat(50_000)}a\n` }), /compose\.yaml:.* levels/);
  const blocks = many(300, (index) => `${' '.repeat(index + 1)}a:\n`);
  assert.match(await errorOf({ 'compose.yaml': `x-a:\n${blocks}${WEB}` }), /more than 200 levels/);
});

test('thousands of anchors, merge keys, documents and services are loaded', async () => {
  const anchors = many(3000, (index) => `x-${index}: &a${index} {k${index}: v}\n`);
  const aliases = many(3000, (index) => `*a${index}, `);
  const merged = `${anchors}services: {web: {image: a, labels: {<<: [${aliases}]}}}\n`;
  const services = many(3000, (index) => `  s${index}: {image: a, depends_on: [s${index + 1}]}\n`);
  const chain = `services:\n${services}  s3000: {image: a}\n`;
  const documents = `${'x-a: 1\n---\n'.repeat(3000)}${WEB}`;
  for (const text of [merged, chain, documents]) {
    const { code, stderr } = await runInMemory(project({ 'compose.yaml': text }), ['config', '-q']);
    assert.deepEqual([code, stderr], [0, '']);
  }
});

test('lists that are not indented are read, and a file with too many of them is refused soon', async () => {
  const lists = (count: number): string => many(count, (index) => `x-${index}: {a: [\nb\n]\n}\n`) + WEB;
  assert.equal((await runInMemory(project({ 'compose.yaml': lists(20) }), ['config', '-q'])).code, 0);
  assert.match(await errorOf({ 'compose.yaml': lists(1000) }), /compose\.yaml:\d+:\d+: invalid YAML: Flow sequence/);
  const open = 'services: {web: {image: "a\nb\n';
  assert.match(await errorOf({ 'compose.yaml': open }), /compose\.yaml:3:1: invalid YAML: Missing closing/);
});

test('a long chain of services that extend each other is refused', async () => {
  const services = many(500, (index) => `  s${index}: {extends: s${index + 1}}\n`);
  const error = await errorOf({ 'compose.yaml': `services:\n${services}  s500: {image: a}\n` });
  assert.match(error, /compose\.yaml:\d+:\d+: services\.s\d+\.extends: more than 100 services extend each other/);
});

test('includes that double at each level are refused', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 25 }, (_, level) =>
      ['f', 'g'].map((name) => [`${name}${level}.yaml`, `include: [f${level + 1}.yaml, g${level + 1}.yaml]\n`]),
    ).flat(),
  );
  const last = { 'f25.yaml': 'services: {a: {image: a}}\n', 'g25.yaml': 'services: {b: {image: a}}\n' };
  assert.match(await errorOf({ ...files, ...last }, ['-f', 'f0.yaml', 'config']), /more than 1000 files are loaded/);
});

test('variables within variables without end are refused', async () => {
  const image = `${'${A:-'.repeat(80)}x${'}'.repeat(80)}`;
  assert.match(await errorOf({ 'compose.yaml': `services: {web: {image: "${image}"}}\n` }), /invalid interpolation/);
});

test('control characters and NULs are refused', async () => {
  assert.match(
    await errorOf({ 'compose.yaml': 'services: {web: {image: "a\0b"}}\n' }),
    /compose\.yaml:1:27: .*control/,
  );
  assert.match(await errorOf({ 'compose.yaml': WEB, '.env': 'A=1\nB=b\0c\n' }), /\.env:2: a NUL character/);
});

test('texts that make patterns slow end soon', async () => {
  const service = (fields: string): string => `services: {web: {image: a, ${fields}}}\n`;
  const texts = {
    stop_grace_period: '1'.repeat(200_000),
    mem_limit: `${'1'.repeat(200_000)}x`,
    command: `${'\\ '.repeat(100_000)}'`,
    container_name: '-'.repeat(200_000),
  };
  for (const [key, value] of Object.entries(texts)) {
    const error = await errorOf({ 'compose.yaml': service(`${key}: ${JSON.stringify(value)}`) });
    assert.match(error, new RegExp(`services\\.web\\.${key}: `));
    assert.ok(error.length < 1000, key);
  }
});

test('names that every object has are names like others', async () => {
  const text =
    'services: {constructor: {image: a, labels: {__proto__: x}, x-a: {__proto__: {y: 1}}}, __proto__: {image: b}}\n';
  const { code, stdout } = await runInMemory(project({ 'compose.yaml': text }), ['config']);
  assert.equal(code, 0);
  assert.equal(({} as { y?: unknown }).y, undefined);
  assert.match(stdout, /^ {2}__proto__:\n {4}image: b$/m);
  assert.match(stdout, /^ {6}__proto__: x$/m);
});
