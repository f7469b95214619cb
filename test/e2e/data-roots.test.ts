import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MIGRATIONS } from '../../src/store/db/migrate.ts';
import { type Expected, publishCutShort } from '../data-roots/fill.ts';
import { earlierReleases, openDataRoot } from '../data-roots/open-data-root.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { execIn } from '../support/exec-in.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { eventually } from '../support/fixture.ts';
import { freePort } from '../support/free-port.ts';
import { powerCut } from '../support/power-cut.ts';

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } };
  readonly Mounts: readonly object[];
  readonly [field: string]: unknown;
}

/** What a container of `fill.ts` has become after the power cut: its policy decides. */
const STATUS: Readonly<Record<string, string>> = {
  web: 'running',
  joined: 'running',
  linked: 'running',
  sharing: 'running',
  checked: 'running',
  paused: 'running',
  plain: 'exited',
  stopped: 'exited',
  done: 'exited',
  terminal: 'exited',
  orphan: 'exited',
  fresh: 'created',
};

/** Of a container's document: what lasts over a power cut and a new release, whatever folders the engine runs in. */
function lasting(container: Inspected): object {
  const { State: _then, NetworkSettings: _network, GraphDriver: _mounted, RestartCount: _count, ...told } = container;
  const { ExecIDs: _execs, ResolvConfPath: _once, HostnamePath: _started, HostsPath: _only, ...rest } = told;
  return { ...rest, Mounts: container.Mounts.map((mount) => ({ ...mount, Source: undefined })) };
}

async function get<T>(engine: TestEngine, path: string): Promise<T> {
  const { status, body } = await engine.api('GET', path);
  assert.equal(status, 200, `${path}: ${body}`);
  return JSON.parse(body) as T;
}

/** Everything that was there is there, as it was told of. */
async function everythingIsThere(engine: TestEngine, expected: Expected): Promise<void> {
  for (const image of expected.images) {
    assert.partialDeepStrictEqual(await get(engine, `/images/${image['Id']}/json`), image);
  }
  for (const volume of expected.volumes) {
    assert.partialDeepStrictEqual(await get(engine, `/volumes/${volume['Name']}`), volume);
  }
  for (const told of expected.containers as readonly Inspected[]) {
    const name = told.Name.slice(1);
    if (name === 'removed') continue; // `--rm`
    const now = await get<Inspected>(engine, `/containers/${told.Id}/json`);
    assert.partialDeepStrictEqual(lasting(now), lasting(told), name);
    const printed = await engine.gantry(['logs', name]);
    const before = expected.logs[name] ?? '';
    assert.equal((printed.stdout + printed.stderr).slice(0, before.length), before, `logs of ${name}`);
    const changes = (await get<readonly object[] | null>(engine, `/containers/${told.Id}/changes`)) ?? [];
    assert.partialDeepStrictEqual(
      new Set(changes),
      new Set((expected.changes[name] as readonly object[] | null) ?? []),
    );
  }
}

async function statesAreRight(engine: TestEngine): Promise<void> {
  for (const [name, status] of Object.entries(STATUS)) {
    await eventually(async () => {
      const { State } = await get<Inspected>(engine, `/containers/${name}/json`);
      assert.equal(State.Status, status, `${name}: ${JSON.stringify(State)}`);
    });
  }
  await eventually(async () => assert.equal((await engine.api('GET', '/containers/removed/json')).status, 404));
  assert.equal((await get<Inspected>(engine, '/containers/done/json')).State.ExitCode, 7);
}

/** What was there can be used, and new things can be made of it. */
async function everythingWorks(engine: TestEngine, expected: Expected, registry: string): Promise<void> {
  const ok = (...args: string[]): Promise<string> => engine.ok('gantry', args);
  const read = (container: string, path: string): Promise<string> => execIn(engine, container, ['/tiny', 'read', path]);
  const address = await ok('port', 'web', '80/tcp');
  await eventually(async () => assert.equal(await answerOf(address), 'served by web\n'));
  assert.equal(await read('web', '/own'), 'in the writable layer');
  assert.equal(await read('sharing', '/data/web'), 'written by web');
  assert.equal(await read('web', '/data/from-image'), 'copied up');
  assert.match(await read('linked', '/etc/hosts'), /\talias webhost web$/m);
  await assert.rejects(read('web', '/gone'), /exit 90/, 'what a layer deletes is deleted');
  await assert.rejects(read('web', '/opaque/hidden'), /exit 90/);
  await eventually(async () => {
    const { State } = await get<Inspected>(engine, '/containers/checked/json');
    assert.equal(State.Health?.Status, 'healthy');
  });
  await ok('start', 'fresh');
  await eventually(async () => assert.equal(await ok('logs', 'fresh'), 'starts'));
  await ok('start', 'done');
  assert.equal(await ok('wait', 'done'), '7');
  assert.equal((await engine.gantry(['logs', 'done'])).stdout, 'to stdout\nto stdout\n');
  assert.equal(await ok('run', '--rm', 'committed:1', 'read', '/own'), 'kept');
  assert.equal(await ok('run', '--rm', '-v', 'data:/data', 'tiny:1', 'read', '/data/web'), 'written by web');

  await using outside = await faultyRegistry();
  const pulled = await ok('pull', publishCutShort(outside));
  assert.match(pulled, /Downloaded newer image/);
  assert.ok(
    outside.journal.some((line) => / bytes=[1-9]\d*-/.test(line)),
    `resumed: ${outside.journal.join(', ')}`,
  );
  const own = await fetch(`http://${registry}/v2/team/own/manifests/1`);
  assert.equal(own.headers.get('docker-content-digest'), expected.ownManifest, await own.text());
  await ok('system', 'check');
}

/** The answer of a server that speaks first and no HTTP. */
async function answerOf(address: string): Promise<string> {
  const { connect } = await import('node:net');
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

/** Says why the programs of the images cannot run here. */
function skipped(t: TestContext, expected: Expected): boolean {
  if (expected.architecture === process.arch) return false;
  t.skip(`the programs in this data root are for ${expected.architecture}`);
  return true;
}

/** Every file with its content and all that a file system keeps of it. */
function treeOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(root, name);
      const { mode, uid, gid, size, mtimeMs, ctimeMs, rdev, ino } = lstatSync(path);
      const kind = mode & 0o170000;
      const content = kind === 0o100000 ? hashOf(path) : kind === 0o120000 ? readlinkSync(path) : '';
      return [name, mode.toString(8), uid, gid, size, mtimeMs, ctimeMs, rdev, ino, content].join(' ');
    });
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

for (const release of earlierReleases()) {
  test(`${release}: today's engine starts on its data root, and everything is there and works`, async (t) => {
    using root = openDataRoot(release);
    if (skipped(t, root.expected)) return;
    const registry = `127.0.0.1:${await freePort()}`;
    await using engine = await startEngine({ dataRoot: root.path, flags: ['--registry-listen', registry] });
    await everythingIsThere(engine, root.expected);
    await statesAreRight(engine);
    await everythingWorks(engine, root.expected, registry);
  });

  test(`${release}: an engine that loses its power while it starts on it, again and again, goes on with it`, async (t) => {
    using root = openDataRoot(release);
    if (skipped(t, root.expected)) return;
    const registry = `127.0.0.1:${await freePort()}`;
    await using engine = await startEngine({
      dataRoot: root.path,
      flags: ['--registry-listen', registry],
      isStartedLater: true,
    });
    for (const afterMs of [60, 120, 180, 240, 300, 400, 500, 700]) {
      const starting = engine.start().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await powerCut(engine);
      await starting;
    }
    await engine.start();
    await everythingIsThere(engine, root.expected);
    await statesAreRight(engine);
    await everythingWorks(engine, root.expected, registry);
  });

  test(`${release}: an older engine refuses it once a newer one has begun to write, and leaves every byte alone`, async () => {
    using root = openDataRoot(release);
    writeFileSync(join(root.path, 'schema'), `${MIGRATIONS.length + 1}\n`);
    const before = treeOf(root.path);
    const refusal = new RegExp(
      `${root.path}/schema was written by a newer engine \\(schema ${MIGRATIONS.length + 1}, this engine knows ` +
        `${MIGRATIONS.length}\\): run that engine or use another --data-root`,
    );
    await assert.rejects(startEngine({ dataRoot: root.path }), refusal);
    assert.deepEqual(treeOf(root.path), before);
  });
}
