import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sha } from '../support/archives.ts';
import { imageArchive, type TarEntry, tarArchive } from '../support/busybox-image.ts';
import { findingsOf } from '../support/check.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { type FaultyRegistry, faultyRegistry } from '../support/faulty-registry.ts';
import { eventually, loadBusybox } from '../support/fixture.ts';
import { seededRandom } from '../support/random.ts';
import { type Answer, send } from '../support/send.ts';

/** Of each operation; what is killed is the real daemon, at moments that the seed repeats. `npm run test:long` has more. */
const KILLS = Number(process.env['GANTRY_TEST_STORE_KILLS'] ?? 6);
const random = seededRandom();
console.log(`store-crash: GANTRY_TEST_SEED=${random.seed} repeats this run`);

let engine: TestEngine;
before(async () => {
  engine = await startEngine();
  await loadBusybox(engine);
  // While it runs the supervisor stays, which makes each start quicker; and it must live through all of it.
  await engine.ok('gantry', ['run', '-d', '--name', 'witness', 'busybox', 'sleep', '7200']);
});
after(async () => {
  const state = await engine.ok('gantry', ['inspect', '--format', '{{.State.Status}} {{.RestartCount}}', 'witness']);
  await engine[Symbol.asyncDispose]();
  assert.equal(state, 'running 0');
});

const at = (...parts: string[]): string => join(engine.dataRoot, ...parts);

/** Files and folders that content and unpacked layers consist of, and those that may only be there for a while. */
function stored(): { readonly content: readonly string[]; readonly passing: readonly string[] } {
  const list = (folder: string): readonly string[] => readdirSync(at(folder)).map((name) => `${folder}/${name}`);
  return {
    content: ['content/blobs/sha256', 'content/blobs/sha512', 'snapshots/layers', 'snapshots/writables']
      .flatMap(list)
      .sort(),
    passing: ['content/ingest', 'content/trash', 'snapshots/new', 'snapshots/trash'].flatMap(list),
  };
}

/** Number of bytes of blobs on disk, whole and in part. */
function storedBytes(): number {
  const files = ['content/blobs/sha256', 'content/ingest'].flatMap((folder) =>
    readdirSync(at(folder), { recursive: true, withFileTypes: true }),
  );
  return files.reduce((sum, file) => {
    const found = file.isFile() ? statSync(join(file.parentPath, file.name), { throwIfNoEntry: false }) : undefined;
    return sum + (found?.size ?? 0);
  }, 0);
}

async function names(): Promise<readonly string[]> {
  const images = JSON.parse((await engine.api('GET', '/images/json?all=1')).body) as readonly {
    readonly Id: string;
    readonly RepoTags: readonly string[] | null;
    readonly RepoDigests: readonly string[] | null;
  }[];
  return images.flatMap(({ Id, RepoTags, RepoDigests }) => {
    const all = [...(RepoTags ?? []), ...(RepoDigests ?? [])].filter((name) => !name.startsWith('<none>'));
    return all.length === 0 ? [`nameless ${Id}`] : all;
  });
}

/**
 * Starts an operation, kills the daemon after so many milliseconds or once `moment` resolves, and starts it again. Undefined: it was
 * cut short.
 */
async function killDuring(
  operation: () => Promise<Answer | undefined>,
  moment: number | (() => Promise<void>),
): Promise<Answer | undefined> {
  const running = operation();
  if (typeof moment === 'function') await Promise.race([moment(), running]);
  else if (moment >= 1) await delay(moment);
  await engine.kill9();
  const answer = await running;
  // Now and then the start that cleans up is killed as well.
  if (random.integer(5) === 0) {
    const starting = engine.start().catch(() => {});
    await delay(random.integer(300));
    await engine.kill9();
    await starting;
  }
  await engine.start();
  return answer;
}

/** Everything is sound, nothing half-made is left. What a pull keeps to go on with is there on purpose. */
async function assertSettled(context: string, keeps: 'ingests' | 'nothing' = 'nothing'): Promise<void> {
  assert.deepEqual(await findingsOf(engine), [], context);
  // Not by the check alone, which might be blind.
  for (let attempt = 0; ; attempt++) {
    const left = stored().passing.filter((path) => keeps === 'nothing' || !path.startsWith('content/ingest/kept-'));
    if (left.length === 0) return;
    assert.ok(attempt < 50, `${context}: left ${left.join(', ')}`);
    await delay(50);
  }
}

/** What a removed container leaves goes behind the answer. */
async function assertContent(expected: readonly string[], context: string): Promise<void> {
  await eventually(async () => assert.deepEqual(stored().content, expected, context));
}

/** Runs it undisturbed, and answers how long it takes. */
async function duration(operation: () => Promise<Answer | undefined>): Promise<number> {
  const start = performance.now();
  const answer = await operation();
  assert.equal(answer?.status, 200, answer?.body);
  assert.doesNotMatch(answer?.body ?? '', /errorDetail/);
  return performance.now() - start;
}

function layers(count: number, bytes: number): [Buffer, ...Buffer[]] {
  const layer = (index: number): Buffer => {
    const files = Array.from(
      { length: 40 },
      (_, file): TarEntry => ({ name: `d${index}/f${file}`, content: `${index} ${file}` }),
    );
    return tarArchive([...files, { name: `d${index}/large`, content: randomBytes(bytes) }]);
  };
  return [layer(0), ...Array.from({ length: count - 1 }, (_, index) => layer(index + 1))];
}

async function runs(name: string, file: string): Promise<void> {
  const created = await engine.api('POST', '/containers/create', { Image: name, Cmd: ['x'] });
  assert.equal(created.status, 201, created.body);
  const { Id } = JSON.parse(created.body) as { readonly Id: string };
  assert.equal((await engine.api('DELETE', `/containers/${Id}`)).status, 204);
  assert.ok(readdirSync(at('snapshots/layers')).some((layer) => existsSync(at('snapshots/layers', layer, 'fs', file))));
}

test(`load, killed at ${KILLS} moments: the image is there whole or not at all`, async () => {
  const empty = stored().content;
  const archive = imageArchive({ tags: ['crash/load:1'], layers: layers(3, 256 << 10), config: { Cmd: ['x'] } });
  const load = (): Promise<Answer | undefined> => send(engine.socketPath, 'POST', '/images/load?quiet=1', archive);
  const remove = (): Promise<Answer | undefined> => send(engine.socketPath, 'DELETE', '/images/crash/load:1');
  const whole = await duration(load);
  const full = stored().content;
  await remove();
  const outcomes = { whole: 0, none: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    const after = random.next() * whole * 1.3;
    const context = `kill ${kill} after ${after.toFixed(1)} of ${whole.toFixed(0)} ms`;
    const answer = await killDuring(load, after);
    await assertSettled(context);
    const found = (await names()).filter((name) => name.startsWith('crash/load') || name.startsWith('nameless'));
    const isThere = found.length > 0;
    assert.deepEqual(found, isThere ? ['crash/load:1'] : [], context);
    assert.ok(isThere || answer === undefined, `${context}: what was answered is there`);
    await assertContent(isThere ? full : empty, context);
    outcomes[isThere ? 'whole' : 'none'] += 1;
    if (!isThere) continue;
    await runs('crash/load:1', 'd2/f39');
    await remove();
  }
  assert.ok(outcomes.none > 0, 'some kills came in time');
});

/** Offset of each request for a blob that the registry has seen, by path. */
function offsets(registry: FaultyRegistry): Map<string, number[]> {
  const seen = new Map<string, number[]>();
  for (const line of registry.journal) {
    const match = /^GET (\S+\/blobs\/\S+)(?: bytes=(\d+)-)?/.exec(line);
    if (match !== null) seen.set(match[1] ?? '', [...(seen.get(match[1] ?? '') ?? []), Number(match[2] ?? 0)]);
  }
  return seen;
}

test(`pull, killed at ${KILLS} moments: it goes on where it stopped, and ends whole`, async () => {
  const empty = stored().content;
  await using registry = await faultyRegistry();
  registry.publish('crash', '1', layers(3, 1 << 20));
  const name = `${registry.host}/crash`;
  const pull = (): Promise<Answer | undefined> =>
    send(engine.socketPath, 'POST', `/images/create?fromImage=${encodeURIComponent(name)}&tag=1`);
  const remove = async (): Promise<void> =>
    assert.equal((await send(engine.socketPath, 'DELETE', `/images/${name}:1`))?.status, 200);
  registry.slow = { chunkBytes: 32 << 10, delayMs: 2 };
  await duration(pull);
  await remove();
  const total = [...registry.blobs.values()].reduce((sum, blob) => sum + blob.length, 0);
  /** How far a pull is, and not for how long it has been running, decides: on a busy machine it comes late. */
  const hasSent = async (from: number, bytes: number): Promise<void> => {
    while (registry.sentBytes - from < bytes) await delay(1);
  };
  let resumed = 0;
  registry.journal.length = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const after = Math.trunc(random.next() * total * 0.6);
    const context = `kill ${kill} after ${after} of ${total} bytes`;
    const sent = registry.sentBytes;
    await killDuring(pull, () => hasSent(sent, after));
    await assertSettled(context, 'ingests');
    for (const [path, asked] of offsets(registry)) {
      const sorted = asked.toSorted((a, b) => a - b);
      assert.deepEqual(asked, sorted, `${context}: ${path} was asked for from ${asked.join(', ')}`);
      resumed += (asked.at(-1) ?? 0) > 0 ? 1 : 0;
    }
    const listed = (await names()).filter((each) => each.startsWith(registry.host));
    if (listed.length === 0) continue;
    assert.deepEqual(
      listed.map((each) => each.slice(0, name.length)),
      [name, name],
      context,
    );
    await runs(`${name}:1`, 'd2/f39');
    await remove();
    await assertSettled(`${context}, removed`);
    registry.journal.length = 0;
  }
  // With few kills, each may come before a byte is on the disk. The last pull, below, shows that a pull goes on.
  if (KILLS >= 20) assert.ok(resumed > 0, 'some pull went on from an offset');
  // The last one is killed when half has reached the disk: that is not sent again.
  const { slow } = registry;
  registry.slow = undefined;
  assert.equal((await pull())?.status, 200);
  await remove();
  registry.slow = slow;
  const stale = storedBytes();
  const interrupted = pull();
  for (let left = 10_000; storedBytes() - stale <= total * 0.5; left--) {
    assert.ok(left > 0, 'the pull stands still');
    await delay(1);
  }
  await engine.kill9();
  await interrupted;
  await engine.start();
  const before = registry.sentBytes;
  registry.slow = undefined;
  assert.equal((await pull())?.status, 200);
  const fetched = registry.sentBytes - before;
  assert.ok(fetched < total * 0.75, `the last pull fetched ${fetched} of ${total} bytes`);
  await runs(`${name}:1`, 'd2/f39');
  await remove();
  await assertSettled('the last pull');
  await assertContent(empty, 'the last pull, removed');
});

test(`push, killed at ${KILLS} moments: the image stays, and the registry never names what it does not have`, async () => {
  await using registry = await faultyRegistry();
  const name = `${registry.host}/crash`;
  const archive = imageArchive({ tags: [`${name}:1`], layers: layers(3, 256 << 10), config: { Cmd: ['x'] } });
  const load = (): Promise<Answer | undefined> => send(engine.socketPath, 'POST', '/images/load?quiet=1', archive);
  const push = (): Promise<Answer | undefined> => send(engine.socketPath, 'POST', `/images/${name}/push?tag=1`);
  const remove = (): Promise<Answer | undefined> => send(engine.socketPath, 'DELETE', `/images/${name}:1`);
  const forget = (): void => {
    for (const kept of [registry.blobs, registry.manifests, registry.uploads]) kept.clear();
  };
  await load();
  const whole = await duration(push);
  for (let kill = 0; kill < KILLS; kill++) {
    // A pushed image has taken its compressed form: each time from the plain one again.
    await remove();
    await load();
    forget();
    const after = random.next() * whole * 1.2;
    const context = `kill ${kill} after ${after.toFixed(1)} of ${whole.toFixed(0)} ms`;
    await killDuring(push, after);
    await assertSettled(context);
    assert.ok((await names()).includes(`${name}:1`), context);
    for (const [reference, { bytes }] of registry.manifests) {
      const { config, layers: described } = JSON.parse(bytes.toString()) as {
        readonly config: { readonly digest: string };
        readonly layers: readonly { readonly digest: string }[];
      };
      for (const { digest } of [config, ...described]) {
        const blob = registry.blobs.get(digest);
        assert.ok(blob !== undefined && `sha256:${sha(blob)}` === digest, `${context}: ${reference} without ${digest}`);
      }
    }
  }
  assert.match((await push())?.body ?? '', /digest: sha256:/);
  await runs(`${name}:1`, 'd2/f39');
  await remove();
  await assertSettled('the last push');
});

test(`rmi, killed at ${KILLS} moments: the image is there whole or gone, never in between`, async () => {
  const empty = stored().content;
  const archive = imageArchive({ tags: ['crash/rmi:1'], layers: layers(4, 100_000), config: { Cmd: ['x'] } });
  const load = (): Promise<Answer | undefined> => send(engine.socketPath, 'POST', '/images/load?quiet=1', archive);
  const remove = (): Promise<Answer | undefined> => send(engine.socketPath, 'DELETE', '/images/crash/rmi:1');
  await load();
  const whole = await duration(remove);
  for (let kill = 0; kill < KILLS; kill++) {
    await load();
    const full = stored().content;
    const after = random.next() * whole * 1.5;
    const context = `kill ${kill} after ${after.toFixed(1)} of ${whole.toFixed(0)} ms`;
    const answer = await killDuring(remove, after);
    await assertSettled(context);
    const found = (await names()).filter((name) => name.startsWith('crash/rmi') || name.startsWith('nameless'));
    assert.ok(answer === undefined || found.length === 0, `${context}: what was answered is done`);
    assert.deepEqual(found, found.length === 0 ? [] : ['crash/rmi:1'], context);
    await assertContent(found.length === 0 ? empty : full, context);
    if (found.length > 0) await runs('crash/rmi:1', 'd3/f39');
  }
});

test(`commit, killed at ${KILLS} moments: the image is there whole or not at all, and the container runs on`, async () => {
  const make =
    'mkdir /made && cd /made && for i in $(seq 100); do echo $i >f$i; done; dd if=/dev/urandom of=large bs=1M count=1 2>/dev/null; sync; touch /ready; exec sleep 600';
  const created = await engine.api('POST', '/containers/create?name=committed', {
    Image: 'busybox',
    Cmd: ['sh', '-c', make],
    StopSignal: 'SIGKILL',
  });
  assert.equal(created.status, 201, created.body);
  assert.equal((await engine.api('POST', '/containers/committed/start')).status, 204);
  await eventually(async () =>
    assert.equal((await engine.gantry(['exec', 'committed', 'test', '-e', '/ready'])).code, 0),
  );
  const empty = stored().content;
  const commit = (): Promise<Answer | undefined> =>
    send(engine.socketPath, 'POST', '/commit?container=committed&repo=crash/commit&tag=1');
  const remove = (): Promise<Answer | undefined> => send(engine.socketPath, 'DELETE', '/images/crash/commit:1');
  const start = performance.now();
  assert.equal((await commit())?.status, 201);
  const whole = performance.now() - start;
  await remove();
  for (let kill = 0; kill < KILLS; kill++) {
    const after = random.next() * whole * 1.2;
    const context = `kill ${kill} after ${after.toFixed(1)} of ${whole.toFixed(0)} ms`;
    const answer = await killDuring(commit, after);
    await assertSettled(context);
    const found = (await names()).filter((name) => name.startsWith('crash/commit') || name.startsWith('nameless'));
    const isThere = found.length > 0;
    assert.deepEqual(found, isThere ? ['crash/commit:1'] : [], context);
    assert.ok(isThere || answer === undefined, `${context}: what was answered is there`);
    if (!isThere) await assertContent(empty, context);
    const { State } = JSON.parse((await engine.api('GET', '/containers/committed/json')).body) as {
      readonly State: { readonly Running: boolean; readonly Paused: boolean };
    };
    assert.deepEqual([State.Running, State.Paused], [true, false], context);
    // A frozen one would not answer.
    assert.equal((await engine.gantry(['exec', 'committed', 'true'], { timeoutMs: 20_000 })).code, 0, context);
    if (!isThere) continue;
    await runs('crash/commit:1', 'made/f100');
    await remove();
    await assertContent(empty, `${context}, removed`);
  }
  assert.equal((await engine.gantry(['exec', 'committed', 'true'])).code, 0);
  assert.equal((await engine.api('DELETE', '/containers/committed?force=1')).status, 204);
});
