import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folders } from '../support/crash-campaign.ts';
import type { TestEngine } from '../support/engine.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { cgroupsOf } from '../support/host.ts';
import { supervisorPid } from '../support/resources.ts';

const engine = useEngine();
/** The real client where it is there. */
const cli = CLIS[0] ?? 'gantry';
const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

/** The kinds of containers that have files, mounts, sockets or namespaces of their own in the roots. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  terminal: ['-t', '-p', '127.0.0.1::80', '--init'],
  mounts: [
    ...['-v', '/data', '--tmpfs', '/scratch', '-v', '/etc:/host:ro', '--mount', 'type=image,src=busybox,dst=/image'],
    ...['--mount', 'type=volume,src=SHARED,dst=/part,volume-subpath=part', '--network=none'],
  ],
  memory: ['-i', '--ipc=shareable'],
  named: ['--network', 'NETWORK', '--restart=always', '--health-cmd=true', '--health-interval=100ms'],
  gone: ['--rm'],
};

interface Shared {
  readonly volume: string;
  readonly network: string;
}

async function runAll({ volume, network }: Shared): Promise<readonly { name: string; id: string }[]> {
  return Promise.all(
    Object.entries(KINDS).map(async ([kind, options]) => {
      const name = unique(kind);
      const given = options.map((option) => option.replace('SHARED', volume).replace('NETWORK', network));
      const id = await ok('run', '-d', '--name', name, ...given, 'busybox', 'sleep', '1000000');
      return { name, id };
    }),
  );
}

/** Execs of every sort: done, running in the background, held by a client, on a terminal, made and never started. */
async function execAll(name: string): Promise<Promise<unknown>[]> {
  await ok('exec', name, 'true');
  await ok('exec', '-d', name, 'sleep', '1000000');
  await ok('exec', '-dt', name, 'sleep', '1000000');
  const made = await engine().api('POST', `/containers/${name}/exec`, { Cmd: ['true'] });
  assert.equal(made.status, 201, made.body);
  return [engine()[cli](['exec', '-i', name, 'sh', '-c', 'echo held; sleep 1000000'])];
}

/** Removes what is there of them. One with `--rm` may be going by itself. */
async function removeAll(names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      const { status, body } = await engine().api('DELETE', `/containers/${name}?force=1&v=1`);
      assert.ok([204, 404, 409].includes(status), `${name}: ${status} ${body}`);
    }),
  );
}

/** Fails when a folder of a root, a file of the exec root or a cgroup stays that was not there before. */
async function nothingNew(of: TestEngine, before: ReadonlySet<string>, ids: readonly string[]): Promise<void> {
  await eventually(async () => {
    const left = [...folders(of)].filter((path) => !before.has(path));
    assert.deepEqual([...left, ...cgroupsOf(ids)], []);
  }, 600);
}

async function killBoth(): Promise<void> {
  process.kill(supervisorPid(engine()), 'SIGKILL');
  await engine().kill9();
}

test('after a kill -9 of daemon and supervisor, removed containers and execs leave nothing in either root', async (t) => {
  const shared = { volume: unique('shared'), network: unique('network') };
  await ok('network', 'create', shared.network);
  await ok('run', '--rm', '-v', `${shared.volume}:/v`, 'busybox', 'mkdir', '/v/part');
  // What the engine makes at the first use of a feature stays.
  const first = await runAll(shared);
  const held = await Promise.all(first.map(({ name }) => execAll(name)));
  await removeAll(first.map(({ name }) => name));
  await Promise.all(held.flat());
  await eventually(async () => assert.deepEqual(cgroupsOf(first.map(({ id }) => id)), []), 300);
  let before = folders(engine());
  await eventually(async () => {
    const now = folders(engine());
    const isSame = now.size === before.size;
    before = now;
    assert.ok(isSame, 'the removal is still at work');
  });
  const ofContainers = [...before].filter((path) => first.some(({ id }) => path.includes(id)));
  assert.deepEqual(ofContainers, [], 'before the kill');

  await t.test('all at work', async () => {
    const all = await runAll(shared);
    const clients = await Promise.all(all.map(({ name }) => execAll(name)));
    await killBoth();
    await engine().start();
    await Promise.all(clients.flat());
    await removeAll(all.map(({ name }) => name));
    await nothingNew(
      engine(),
      before,
      all.map(({ id }) => id),
    );
  });

  await t.test('ended and removed by others meanwhile', async () => {
    const all = await runAll(shared);
    await Promise.all(all.map(({ name }) => ok('exec', '-d', name, 'sleep', '1000000')));
    const pids = (await ok('inspect', '-f', '{{.State.Pid}}', ...all.map(({ name }) => name))).split('\n').map(Number);
    await killBoth();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await engine().start();
    await removeAll(all.map(({ name }) => name));
    await nothingNew(
      engine(),
      before,
      all.map(({ id }) => id),
    );
  });

  await t.test('starts, execs and removals cut short', async () => {
    for (const afterMs of [60, 300]) {
      const known = new Set<string>();
      const working = Object.values(KINDS).map(async (options) => {
        const name = unique('cut');
        known.add(name);
        const given = options.map((option) =>
          option.replace('SHARED', shared.volume).replace('NETWORK', shared.network),
        );
        await engine()[cli](['run', '-d', '--name', name, ...given, 'busybox', 'sleep', '1000000']);
        await engine()[cli](['exec', name, 'true']);
        await engine()[cli](['rm', '-f', '-v', name]);
      });
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await killBoth();
      await engine().start();
      await Promise.all(working);
      await removeAll([...known]);
      await nothingNew(engine(), before, []);
    }
  });

  await ok('network', 'rm', shared.network);
  await ok('volume', 'rm', shared.volume);
});
