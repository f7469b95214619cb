import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeNode, S_IF, setXattr } from '../../../linux/index.ts';
import { createStreamThreads } from '../streams/stream-threads.ts';
import { createTreePool } from '../worker/tree-pool.ts';
import { openRootFiles } from './open-root-files.ts';
import type { PathSelection } from './path-selection.ts';

const never = new AbortController().signal;

interface Root {
  readonly at: (...parts: string[]) => string;
  readonly sum: (selection: PathSelection | string) => Promise<string>;
}

function openRoot(t: TestContext): Root {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-sum-')));
  const pool = createTreePool();
  t.after(async () => {
    await Promise.all([pool[Symbol.asyncDispose](), streams[Symbol.asyncDispose]()]);
    rmSync(folder, { recursive: true, force: true });
  });
  const root = join(folder, 'root');
  mkdirSync(root);
  const streams = createStreamThreads();
  const files = openRootFiles({ pool, streams });
  return {
    at: (...parts) => join(root, ...parts),
    async sum(selection) {
      const [sum] = await files.sums(root, [typeof selection === 'string' ? { path: selection } : selection], never);
      assert.match(sum ?? '', /^sha256:[0-9a-f]{64}$/);
      return sum ?? '';
    },
  };
}

function fill({ at }: Root): void {
  mkdirSync(at('d/sub'), { recursive: true });
  mkdirSync(at('empty'));
  writeFileSync(at('d/a.txt'), 'a');
  writeFileSync(at('d/b.md'), 'b');
  writeFileSync(at('d/sub/c.txt'), 'c');
  writeFileSync(at('large'), Buffer.alloc(3 << 20, 'x'));
}

test('a sum tells every attribute but times and names, in files and in what is below a directory', async (t) => {
  const root = openRoot(t);
  const { at, sum } = root;
  fill(root);
  const file = at('d/sub/c.txt');
  const changes: Readonly<Record<string, () => void>> = {
    content: () => writeFileSync(file, 'C'),
    mode: () => chmodSync(file, 0o600),
    setuid: () => chmodSync(file, 0o4600),
    owner: () => chownSync(file, 1, 0),
    group: () => chownSync(file, 1, 2),
    xattr: () => setXattr(file, 'user.colour', Buffer.from('blue')),
    'value of an xattr': () => setXattr(file, 'user.colour', Buffer.from('red')),
    size: () => truncateSync(file, 2),
  };
  const seen = { file: new Set([await sum('d/sub/c.txt')]), tree: new Set([await sum('d')]) };
  for (const [what, change] of Object.entries(changes)) {
    change();
    const [own, above] = [await sum('d/sub/c.txt'), await sum('/d/')];
    assert.ok(!seen.file.has(own) && !seen.tree.has(above), what);
    seen.file.add(own);
    seen.tree.add(above);
  }
  const before = [await sum('d/sub/c.txt'), await sum('d')];
  utimesSync(file, 5, 5);
  utimesSync(at('d'), 5, 5);
  assert.deepEqual([await sum('d/sub/c.txt'), await sum('d')], before, 'times do not count');
  writeFileSync(at('copy'), readFileSync(at('d/a.txt')));
  assert.equal(await sum('copy'), await sum('d/a.txt'), 'nor does the name of a lone path');
  linkSync(at('large'), at('hard'));
  assert.equal(await sum('hard'), await sum('large'));
});

test('kinds of files have sums of their own', async (t) => {
  const { at, sum } = openRoot(t);
  writeFileSync(at('file'), '');
  mkdirSync(at('dir'));
  symlinkSync('one', at('link'));
  symlinkSync('two', at('other'));
  makeNode(at('fifo'), S_IF.IFO | 0o644);
  makeNode(at('null'), S_IF.CHR | 0o644, 0x103);
  makeNode(at('zero'), S_IF.CHR | 0o644, 0x105);
  const names = ['file', 'dir', 'link', 'other', 'fifo', 'null', 'zero', '/'];
  const sums = await Promise.all(names.map((name) => sum(name)));
  assert.equal(new Set(sums).size, names.length);
});

test('wildcards and patterns select, and the names of what they select count', async (t) => {
  const root = openRoot(t);
  const { at, sum } = root;
  fill(root);
  const texts = { path: 'd/*.txt', hasWildcards: true };
  const before = await sum(texts);
  writeFileSync(at('d/b.md'), 'changed');
  writeFileSync(at('d/sub/c.txt'), 'changed');
  assert.equal(await sum(texts), before);
  writeFileSync(at('d/z.txt'), '');
  assert.notEqual(await sum(texts), before);

  const noText = { path: 'd', exclude: ['**/*.txt', '!sub/keep.txt'] };
  const left = await sum(noText);
  writeFileSync(at('d/a.txt'), 'changed');
  assert.equal(await sum(noText), left);
  writeFileSync(at('d/sub/keep.txt'), '');
  assert.notEqual(await sum(noText), left);

  const onlyMarkdown = { path: 'd', include: ['**/*.md'] };
  const markdown = await sum(onlyMarkdown);
  mkdirSync(at('d/other'));
  writeFileSync(at('d/other/x'), '');
  assert.equal(await sum(onlyMarkdown), markdown, 'a directory without a selected file does not count');
  writeFileSync(at('d/other/x.md'), '');
  assert.notEqual(await sum(onlyMarkdown), markdown);
  chmodSync(at('d/other'), 0o700);
  const named = await sum({ path: 'd/b.md', exclude: ['*.md'] });
  assert.equal(named, await sum({ path: 'd/nothing*', hasWildcards: true }), 'a lone file is excluded by its name');
  await assert.rejects(sum({ path: 'd', exclude: ['['] }), { kind: 'invalid' });
  await assert.rejects(sum({ path: 'd/[', hasWildcards: true }), { kind: 'invalid' });
  writeFileSync(at('d/[x]'), 'x');
  assert.equal(await sum({ path: 'd/[[]x]', hasWildcards: true }), await sum({ path: 'd/?x]', hasWildcards: true }));
  await sum('d/[x]');
});

test('no path and no link leads out of the root', async (t) => {
  const root = openRoot(t);
  const { at, sum } = root;
  fill(root);
  writeFileSync(at('..', 'secret'), 'secret');
  writeFileSync(at('secret'), 'inside');
  symlinkSync('../../../../../secret', at('d/up'));
  symlinkSync('/d', at('absolute'));
  symlinkSync('loop', at('loop'));
  symlinkSync(at('..', 'secret'), at('host'));
  const inside = await sum('secret');
  assert.equal(await sum('../../secret'), inside);
  assert.equal(await sum({ path: 'd/up', followsLink: true }), inside);
  assert.notEqual(await sum('d/up'), inside);
  assert.equal(await sum('absolute/sub/c.txt'), await sum('d/sub/c.txt'));
  assert.equal(await sum({ path: 'absolute', followsLink: true }), await sum('d'));
  assert.equal(
    await sum({ path: 'abs*/a.txt', hasWildcards: true }),
    await sum({ path: 'd/a.tx?', hasWildcards: true }),
  );
  await assert.rejects(sum({ path: 'host', followsLink: true }), { kind: 'notFound', message: '"/host": not found' });
  await assert.rejects(sum({ path: 'loop', followsLink: true }), { kind: 'invalid' });
  await assert.rejects(sum('missing'), { kind: 'notFound', message: '"/missing": not found' });
  await assert.rejects(sum('large/below'), { kind: 'notFound' });
});
