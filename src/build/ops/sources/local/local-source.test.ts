import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSessions } from '../../../session/index.ts';
import { connectClient } from '../../../session/testing/test-client.ts';
import type { StepStatus } from '../../../solver/index.ts';
import { type ContextFolders, openContextFolders } from './context-folders.ts';
import { localSource } from './local-source.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
/** The trees of the engine's snapshots, for what is not a layer. */
const snapshots = { trees: { remove: (path: string) => rm(path, { recursive: true, force: true }) } };

async function world(t: TestContext) {
  const base = mkdtempSync(join(tmpdir(), 'gantry-local-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const source = join(base, 'source');
  mkdirSync(source);
  const open = (): ContextFolders => openContextFolders({ folder: base, logger: logger as never, snapshots });
  const sessions = createSessions();
  t.after(() => sessions[Symbol.asyncDispose]());
  const connect = (sharedKey = 'dir:1') => connectClient({ directories: { context: source }, sessions, sharedKey });
  return { base, source, open, sessions, connect };
}

/** Runs the step for a build, up to its end. */
async function receive(
  contexts: ContextFolders,
  client: Awaited<ReturnType<typeof connectClient>>,
  { attrs = {}, end = true }: { readonly attrs?: Readonly<Record<string, string>>; readonly end?: boolean } = {},
) {
  const kept = new AsyncDisposableStack();
  const reports: StepStatus[] = [];
  const context = {
    signal: new AbortController().signal,
    builds: () => ['b1'],
    log: () => {},
    report: (status: StepStatus) => void reports.push(status),
    warn: () => {},
    keep: (resource: AsyncDisposable) => void kept.use(resource),
  };
  const builds = new Map([['b1', { id: 'b1', sessionId: client.session.id, entitlements: new Set<string>() }]]);
  const deps = { sessions: client.sessions, builds, contexts } as never;
  const op = localSource(
    { identifier: 'local://context', name: 'context', attrs: new Map(Object.entries(attrs)), platform: undefined },
    deps,
  );
  const { digest } = await op.cacheKey(context);
  const [tree] = await op.run([], context);
  assert.equal(tree?.kind, 'folder');
  const path = tree?.kind === 'folder' ? tree.path : '';
  if (end) await kept.disposeAsync();
  return { digest, path, reports, end: () => kept.disposeAsync() };
}

test('a rebuild finds the folder of the last build, and its key is the same until something changes', async (t) => {
  const { source, open, connect } = await world(t);
  const contexts = open();
  writeFileSync(join(source, 'a'), 'one');
  await using first = await connect();
  const built = await receive(contexts, first);
  assert.equal(readFileSync(join(built.path, 'a'), 'utf8'), 'one');
  assert.deepEqual(built.reports.at(-1)?.id, 'transferring context:');
  assert.ok((built.reports.at(-1)?.current ?? 0) > 3 && built.reports.at(-1)?.completed !== undefined);

  await using second = await connect();
  const again = await receive(contexts, second);
  assert.deepEqual([again.path, again.digest], [built.path, built.digest]);
  assert.deepEqual(second.transfers[0]?.asked, []);

  // Equal size and another time: it may be other content.
  writeFileSync(join(source, 'a'), 'two');
  utimesSync(join(source, 'a'), 5, 5);
  const changed = await receive(contexts, second);
  assert.notEqual(changed.digest, built.digest);
  assert.equal(readFileSync(join(changed.path, 'a'), 'utf8'), 'two');

  await using stranger = await connect('dir:2');
  assert.notEqual((await receive(contexts, stranger)).path, built.path);
});

test('builds at the same time have folders of their own', async (t) => {
  const { source, open, connect } = await world(t);
  const contexts = open();
  writeFileSync(join(source, 'a'), 'one');
  await using client = await connect();
  const [one, two] = await Promise.all([
    receive(contexts, client, { end: false }),
    receive(contexts, client, { end: false }),
  ]);
  assert.notEqual(one.path, two.path);
  await one.end();
  await two.end();
  assert.equal(contexts.list().filter(({ isUsed }) => isUsed).length, 0);
  await receive(contexts, client);
  assert.equal(contexts.list().length, 2);
});

test('folders survive a restart, but not what another boot has left or nobody knows', async (t) => {
  const { base, source, open, connect } = await world(t);
  writeFileSync(join(source, 'a'), 'one');
  await using client = await connect();
  const built = await receive(open(), client);
  const again = await receive(open(), client);
  assert.deepEqual([again.path, again.digest], [built.path, built.digest]);

  const record = join(built.path, '../context.json');
  writeFileSync(record, readFileSync(record, 'utf8').replace(/"boot":"[^"]*"/, '"boot":"other"'));
  mkdirSync(join(base, 'contexts/rest'));
  const contexts = open();
  assert.deepEqual(contexts.list(), []);
  const fresh = await receive(contexts, client);
  assert.notEqual(fresh.path, built.path);
  while (readdirSync(join(base, 'contexts')).length > 1) await sleep(5);
});

test('a transfer that breaks off leaves a folder that is completed by the next', async (t) => {
  const { source, open, connect } = await world(t);
  const contexts = open();
  writeFileSync(join(source, 'a'), 'one');
  const gone = await connect();
  const built = await receive(contexts, gone);
  const broken = contexts.take({
    key: JSON.stringify(['context', '', 'dir:1']),
    patterns: JSON.stringify({ includePatterns: [], excludePatterns: [], followPaths: [] }),
  });
  const folder = await broken;
  assert.equal(folder.path, built.path);
  writeFileSync(join(folder.path, 'a'), 'half');
  await folder[Symbol.asyncDispose]();
  await gone[Symbol.asyncDispose]();
  await using client = await connect();
  const next = await receive(contexts, client);
  assert.equal(next.path, built.path);
  assert.notEqual(next.digest, built.digest);
  assert.equal(readFileSync(join(next.path, 'a'), 'utf8'), 'one');
});

test('a client’s patterns are passed on, and wrong ones are refused', async (t) => {
  const { source, open, connect } = await world(t);
  const contexts = open();
  writeFileSync(join(source, 'a'), 'one');
  await using client = await connect();
  await receive(contexts, client, {
    attrs: {
      'local.followpaths': '["a"]',
      'local.excludepatterns': '["*.log"]',
      'local.differ': 'none',
      'local.session': client.session.id,
    },
  });
  assert.deepEqual(client.transfers[0]?.metadata.get('exclude-patterns'), ['*.log']);
  assert.deepEqual(client.transfers[0]?.metadata.get('followpaths'), ['a']);
  const wrong = receive(contexts, client, { attrs: { 'local.followpaths': '{}' } });
  await assert.rejects(wrong, { kind: 'invalid' });
});

test('folders that nobody uses can be removed', async (t) => {
  const { source, open, connect } = await world(t);
  const contexts = open();
  writeFileSync(join(source, 'a'), 'one');
  await using client = await connect();
  const held = await receive(contexts, client, { end: false });
  const ids = contexts.list().map(({ id }) => id);
  assert.deepEqual(await contexts.remove(ids), []);
  await held.end();
  const removed = await contexts.remove(ids);
  assert.deepEqual(
    removed.map(({ id, sizeBytes }) => [id, sizeBytes]),
    [[ids[0], 3]],
  );
  assert.deepEqual(contexts.list(), []);
});
