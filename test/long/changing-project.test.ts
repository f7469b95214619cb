import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSound } from '../support/check.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { loadBusybox } from '../support/fixture.ts';
import { type Random, seededRandom } from '../support/random.ts';

const BUILDS = Number(process.env['CAMPAIGN_BUILDS'] ?? 500);
const CLIENTS = 2;
/** Images that each client keeps. */
const KEPT = 6;
const LIMIT_BYTES = 48 << 20;
/** The limit is kept behind the builds that go beyond it. */
const OVER_BYTES = 24 << 20;

test(`${BUILDS} builds of a changing project stay below the limit of the cache, and no image loses a layer`, async (t) => {
  const random = seededRandom();
  t.diagnostic(`GANTRY_TEST_SEED=${random.seed}`);
  const home = mkdtempSync(join(tmpdir(), 'gantry-changing-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  await using engine = await startEngine({ flags: ['--builder-max-bytes', String(LIMIT_BYTES)] });
  await loadBusybox(engine);
  const seeds = Array.from({ length: CLIENTS }, () => seededRandom(String(random.integer(2 ** 31))));
  const sizes = await Promise.all(seeds.map((seed, at) => develop(engine, seed, join(home, `project${at}`))));
  const most = Math.max(...sizes.flat());
  t.diagnostic(`the cache had ${most} bytes at most`);
  assert.ok(most < LIMIT_BYTES + OVER_BYTES, `the cache had ${most} bytes`);
  await isSound(engine);
  await engine.ok('gantry', ['image', 'prune', '-a', '-f']);
  await engine.ok('gantry', ['builder', 'prune', '-a', '-f']);
  await isSound(engine);
});

/** Changes and builds a project, runs and removes its images. Returns sizes of the cache in bytes. */
async function develop(engine: TestEngine, random: Random, folder: string): Promise<readonly number[]> {
  mkdirSync(join(folder, 'sources'), { recursive: true });
  const repository = folder.slice(folder.lastIndexOf('/') + 1);
  const kept = new Map<string, string>();
  const sizes: number[] = [];
  for (let build = 0; build < BUILDS / CLIENTS; build += 1) {
    const word = randomBytes(8).toString('hex');
    writeFileSync(join(folder, 'sources', `file${random.integer(20)}`), randomBytes(1 << 18));
    writeFileSync(join(folder, 'word'), word);
    writeFileSync(join(folder, 'Dockerfile'), dockerfile(random));
    const name = `${repository}:${build}`;
    await engine.ok('gantry', ['build', '-q', '-t', name, folder], { timeoutMs: 120_000 });
    kept.set(name, word);
    if (random.integer(15) === 0) {
      await engine.ok('gantry', ['builder', 'prune', '-f', ...(random.integer(2) === 0 ? ['-a'] : [])]);
    }
    const oldest = [...kept.keys()][random.integer(kept.size)] ?? name;
    if (kept.size > KEPT) {
      kept.delete(oldest);
      await engine.ok('gantry', ['rmi', oldest]);
    }
    if (build % 5 === 0) await runsAll(engine, kept);
    if (build % 5 === 0) sizes.push(await cacheBytes(engine));
  }
  await runsAll(engine, kept);
  return sizes;
}

function dockerfile(random: Random): string {
  const lines = [
    'COPY sources /sources/',
    'RUN cat /sources/* | sha256sum >/sum',
    `RUN echo ${random.integer(4)} >/made`,
  ];
  const some = lines.filter(() => random.next() < 0.8).join('\n');
  return `FROM busybox AS made\n${some}\nCOPY word /\nFROM busybox\nCOPY --from=made / /all/\nRUN cp /all/word /word\n`;
}

async function runsAll(engine: TestEngine, kept: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, word] of kept) {
    const shown = await engine.ok('gantry', ['run', '--rm', '--network', 'none', name, 'cat', '/word', '/all/word']);
    assert.equal(shown, word + word, name);
  }
}

async function cacheBytes(engine: TestEngine): Promise<number> {
  const { BuildCache } = JSON.parse((await engine.api('GET', '/system/df?type=build-cache')).body) as {
    readonly BuildCache: readonly { readonly Size: number; readonly Shared: boolean }[];
  };
  return BuildCache.filter(({ Shared }) => !Shared).reduce((sum, { Size }) => sum + Size, 0);
}
