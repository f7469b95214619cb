import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { imageArchive, tarArchive } from '../support/busybox-image.ts';
import { isSound } from '../support/check.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { type FaultyRegistry, faultyRegistry } from '../support/faulty-registry.ts';
import { eventually } from '../support/fixture.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { type Answer, send } from '../support/send.ts';

/** How long clients work at the same time; each goes on until then. */
const STRESS_MS = 6000;
const CLIENTS = 6;

/** What a race lost to another client may answer: gone by now, in use, asked for the impossible. */
const FAIR = new Set([200, 201, 204, 404, 409]);

/** A push says it in its stream. */
const NOT_HERE = /^(?:tag does not exist|An image does not exist locally with the tag)/;

interface Stress {
  readonly engine: TestEngine;
  readonly registry: FaultyRegistry;
  readonly archives: readonly [Buffer, ...Buffer[]];
  readonly random: Random;
}

/** Few names for many clients, so that they meet. */
function name({ random, registry }: Stress): string {
  return random.pick([`${registry.host}/stress:${random.integer(3)}`, `stress/local:${random.integer(3)}`]);
}

const call = ({ engine }: Stress, method: string, path: string, body?: Buffer): Promise<Answer | undefined> =>
  send(engine.socketPath, method, path, body);

const OPERATIONS: Readonly<Record<string, (stress: Stress) => Promise<readonly (Answer | undefined)[]>>> = {
  pull: async (stress) => {
    const from = encodeURIComponent(`${stress.registry.host}/stress`);
    return [await call(stress, 'POST', `/images/create?fromImage=${from}&tag=${stress.random.integer(3)}`)];
  },
  load: async (stress) => [
    await call(stress, 'POST', '/images/load?quiet=1', stress.random.pick(stress.archives as [Buffer])),
  ],
  tag: async (stress) => {
    const [repo = '', tag = ''] = name(stress).split(/:(?=\d$)/);
    return [await call(stress, 'POST', `/images/${name(stress)}/tag?repo=${encodeURIComponent(repo)}&tag=${tag}`)];
  },
  push: async (stress) => [
    await call(stress, 'POST', `/images/${stress.registry.host}/stress/push?tag=${stress.random.integer(3)}`),
  ],
  remove: async (stress) => [await call(stress, 'DELETE', `/images/${name(stress)}?force=${stress.random.integer(2)}`)],
  prune: async (stress) => [await call(stress, 'POST', '/images/prune')],
  save: async (stress) => [await call(stress, 'GET', `/images/${name(stress)}/get`)],
  cancel: async (stress) => {
    // A client that goes in the middle of a pull: its connection is simply closed.
    const from = encodeURIComponent(`${stress.registry.host}/stress`);
    const { request } = await import('node:http');
    const path = `/images/create?fromImage=${from}&tag=${stress.random.integer(3)}`;
    const sent = request({ socketPath: stress.engine.socketPath, method: 'POST', path, agent: false }).on(
      'error',
      () => {},
    );
    sent.end();
    await new Promise((resolve) => setTimeout(resolve, stress.random.integer(40)));
    sent.destroy();
    return [];
  },
  check: async (stress) => {
    const answer = await call(stress, 'POST', '/gantry/system/check');
    // One at a time; and nothing of all that goes on is wrong.
    if (answer?.status === 200) assert.match(answer.body, /"Findings":\[\]/);
    return [answer];
  },
  container: async (stress) => {
    const body = Buffer.from(JSON.stringify({ Image: name(stress), Cmd: ['x'] }));
    const { status, body: created } = await stress.engine.api(
      'POST',
      '/containers/create',
      JSON.parse(body.toString()),
    );
    if (status !== 201) return [{ status, body: created }];
    const { Id } = JSON.parse(created) as { readonly Id: string };
    await new Promise((resolve) => setTimeout(resolve, stress.random.integer(30)));
    const tag = stress.random.integer(6);
    // Some are made into images, most of which replace one of the others.
    const committed =
      tag < 3 ? [await call(stress, 'POST', `/commit?container=${Id}&repo=stress/local&tag=${tag}`)] : [];
    return [...committed, await call(stress, 'DELETE', `/containers/${Id}?force=1`)];
  },
};

const KINDS = Object.keys(OPERATIONS) as [string, ...string[]];

/** Names of images and what they are made of are as if nothing else had happened. */
async function assertUsable(engine: TestEngine): Promise<void> {
  const images = JSON.parse((await engine.api('GET', '/images/json?all=1')).body) as readonly { readonly Id: string }[];
  for (const { Id } of images) {
    const created = await engine.api('POST', '/containers/create', { Image: Id, Cmd: ['x'] });
    assert.equal(created.status, 201, created.body);
    const { Id: container } = JSON.parse(created.body) as { readonly Id: string };
    assert.equal((await engine.api('DELETE', `/containers/${container}`)).status, 204);
  }
}

test('clients that pull, load, tag, push, save, create, commit, check, prune and remove the same images at once lose and leave nothing', async (t) => {
  const random = seededRandom();
  t.diagnostic(`GANTRY_TEST_SEED=${random.seed} repeats the choices of this run`);
  await using engine = await startEngine({ flags: ['--gc-max-bytes', '6m'] });
  await using registry = await faultyRegistry();
  registry.slow = { chunkBytes: 64 << 10, delayMs: 1 };
  // Layers that images share in every way: below, above, and between what is pulled and what is loaded.
  const layers = Array.from({ length: 5 }, (_, index) =>
    tarArchive([{ name: `f${index}`, content: randomBytes(200_000) }]),
  );
  const stack = (...indexes: number[]): Buffer[] => indexes.flatMap((index) => layers[index] ?? []);
  for (const [tag, indexes] of [
    [0, 1, 2],
    [0, 1, 3],
    [0, 4],
  ].entries())
    registry.publish('stress', `${tag}`, stack(...indexes));
  const archive = (tag: number, ...indexes: number[]): Buffer =>
    imageArchive({ tags: [`stress/local:${tag}`], layers: stack(...indexes), config: { Cmd: [`${tag}`] } });
  const archives: Stress['archives'] = [archive(0, 0, 1, 2), archive(1, 0, 3), archive(2, 0, 1), archive(0, 4, 3)];
  const stress = { engine, registry, archives, random };

  const counts = new Map<string, number>();
  const until = performance.now() + STRESS_MS;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const kind = random.pick(KINDS);
      for (const answer of (await OPERATIONS[kind]?.(stress)) ?? []) {
        assert.ok(
          answer !== undefined && FAIR.has(answer.status),
          `${kind}: ${answer?.status} ${answer?.body.slice(0, 500)}`,
        );
        const fault = /"message":"([^"]*)"/.exec(answer.body.includes('errorDetail') ? answer.body : '')?.[1];
        assert.ok(fault === undefined || (kind === 'push' && NOT_HERE.test(fault)), `${kind}: ${fault}`);
      }
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  t.diagnostic([...counts].map(([kind, count]) => `${kind} ${count}`).join(', '));

  registry.slow = undefined;
  await isSound(engine);
  await assertUsable(engine);
  await engine.kill9();
  await engine.start();
  await isSound(engine);
  await assertUsable(engine);
  // Images that others are built on go after those.
  await eventually(async () => {
    const left = JSON.parse((await engine.api('GET', '/images/json?all=1')).body) as readonly { readonly Id: string }[];
    for (const { Id } of left) {
      const answer = await send(engine.socketPath, 'DELETE', `/images/${Id}?force=1`);
      assert.ok(answer !== undefined && FAIR.has(answer.status), answer?.body);
    }
    assert.deepEqual(JSON.parse((await engine.api('GET', '/images/json?all=1')).body), []);
  });
  await isSound(engine);
  // What is left is what a pull that was cancelled keeps for the next one.
  const kept = retainedBlobs(engine);
  await eventually(async () => {
    const left = (folder: string): readonly string[] => readdirSync(join(engine.dataRoot, folder));
    assert.deepEqual(
      left('content/blobs/sha256').filter((hex) => !kept.has(`sha256:${hex}`)),
      [],
    );
    for (const folder of ['content/trash', 'snapshots/layers', 'snapshots/l', 'snapshots/new', 'snapshots/trash']) {
      assert.deepEqual(left(folder), [], folder);
    }
  });
});

/** The engine keeps its database to itself: a copy of it with its log is read. */
function retainedBlobs(engine: TestEngine): ReadonlySet<string> {
  const copy = mkdtempSync(join(tmpdir(), 'gantry-state-'));
  for (const name of ['state.db', 'state.db-wal']) copyFileSync(join(engine.dataRoot, name), join(copy, name));
  const db = new DatabaseSync(join(copy, 'state.db'));
  try {
    return new Set(
      db
        .prepare('SELECT key FROM retained_blobs')
        .all()
        .map(({ key }) => String(key)),
    );
  } finally {
    db.close();
    rmSync(copy, { recursive: true });
  }
}
