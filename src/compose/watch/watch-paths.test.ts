import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectOf } from '../plan/testing/project.ts';
import { filesBelow } from './files-below.ts';
import { watchPaths } from './watch-paths.ts';
import { type WatchRule, watchRules } from './watch-rules.ts';
import { watchWork } from './watch-work.ts';

type Entry = Readonly<Record<string, unknown>>;

function rulesIn(
  t: TestContext,
  entries: readonly Entry[],
  ignored: readonly string[] = [],
): { readonly root: string; readonly rules: readonly WatchRule[] } {
  const root = mkdtempSync(join(tmpdir(), 'gantry-watch-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'src'));
  const watch = entries.map((entry) => ({ ...entry, path: join(root, String(entry['path'])) }));
  const project = projectOf({ web: { build: { context: root }, develop: { watch } } });
  return { root, rules: watchRules(project, ['web'], () => ignored) };
}

/** Collects changes until all of these are seen. */
async function seen(
  rules: readonly WatchRule[],
  wanted: readonly string[],
  act: () => void | Promise<void>,
): Promise<ReadonlySet<string>> {
  await using watch = await watchPaths(rules);
  await act();
  const all = new Set<string>();
  for await (const batch of watch.batches) {
    for (const path of batch) all.add(path);
    if (wanted.every((path) => all.has(path))) break;
  }
  return all;
}

test('sees writes, the rename of an editor, removals, and new folders', async (t) => {
  const { root, rules } = rulesIn(t, [{ path: 'src', action: 'sync', target: '/app' }]);
  const at = (name: string): string => join(root, 'src', name);
  for (const name of ['a', 'gone']) writeFileSync(at(name), '1');
  const all = await seen(rules, [at('a'), at('gone'), at('new/deep/file')], () => {
    writeFileSync(at('a~tmp'), '2');
    renameSync(at('a~tmp'), at('a'));
    rmSync(at('gone'));
    mkdirSync(at('new/deep'), { recursive: true });
    writeFileSync(at('new/deep/file'), 'x');
  });
  const { syncs } = watchWork(rules, all);
  assert.equal(syncs[0]?.paths.get(at('new/deep/file')), '/app/new/deep/file');
});

test('sees every file of a checkout', async (t) => {
  const { root, rules } = rulesIn(t, [{ path: 'src', action: 'sync', target: '/app' }]);
  const files = Array.from({ length: 5000 }, (_, index) => join(root, 'src', `d${index % 50}`, `f${index}`));
  const all = await seen(rules, files, () => {
    for (let index = 0; index < 50; index += 1) mkdirSync(join(root, 'src', `d${index}`));
    for (const file of files) writeFileSync(file, 'x');
  });
  assert.equal(watchWork(rules, all).syncs[0]?.paths.size, 5000);
});

test('a root that is removed and comes back is watched again', async (t) => {
  const { root, rules } = rulesIn(t, [{ path: 'src', action: 'rebuild' }]);
  const file = join(root, 'src/file');
  writeFileSync(file, '1');
  await using watch = await watchPaths(rules);
  const batches = watch.batches[Symbol.asyncIterator]();
  rmSync(join(root, 'src'), { recursive: true });
  await batches.next();
  mkdirSync(join(root, 'src'));
  writeFileSync(file, '2');
  for (let found = new Set<string>() as ReadonlySet<string>; !found.has(file); )
    found = (await batches.next()).value ?? found;
});

test('ignores what the rule, the build context and editors say, and takes included files alone', (t) => {
  const { root, rules } = rulesIn(
    t,
    [
      { path: 'src', action: 'sync', target: '/app', ignore: ['node_modules/', '*.log'] },
      { path: 'src', action: 'rebuild', include: ['**/*.lock'] },
    ],
    ['src/secret'],
  );
  const [sync, rebuild] = rules;
  assert.ok(sync && rebuild);
  const at = (name: string): string => join(root, 'src', name);
  for (const name of ['node_modules/x', 'a.log', 'secret', '.git/HEAD', 'file.swp', 'file~', '4913'])
    assert.equal(sync.counts(at(name)), false, name);
  for (const name of ['a', 'sub/b.ts']) assert.equal(sync.counts(at(name)), true, name);
  assert.equal(sync.skips(at('node_modules')), true);
  assert.deepEqual([rebuild.counts(at('x/npm.lock')), rebuild.counts(at('x.ts'))], [true, false]);
  const work = watchWork(rules, [at('npm.lock'), at('a')]);
  assert.deepEqual([...work.rebuilds], ['web']);
  assert.deepEqual(work.syncs, [], 'a rebuild brings all');
  writeFileSync(at('kept'), '');
  writeFileSync(at('x.log'), '');
  assert.deepEqual([...filesBelow(sync)], [at('kept')]);
});

test('refuses a rule without what its action needs', (t) => {
  assert.throws(() => rulesIn(t, [{ path: 'src', action: 'sync' }]), {
    kind: 'invalid',
    message: /target of .* must be set/,
  });
  assert.throws(() => rulesIn(t, [{ path: 'src', action: 'dance' }]), {
    kind: 'invalid',
    message: /unknown action "dance"/,
  });
});
