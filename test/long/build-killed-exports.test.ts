import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findingsOf } from '../support/check.ts';
import type { TestEngine } from '../support/engine.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { eventually, useEngine } from '../support/fixture.ts';
import { killSupervisor } from '../support/kill-supervisor.ts';

// What a build does beside its steps, when the engine ends in the middle: scans, exports of caches, fetches from caches.
const engine = useEngine();

const ENDS: Readonly<Record<string, (engine: TestEngine) => Promise<void>>> = {
  'the daemon is killed': (each) => each.kill9(),
  'daemon and supervisor are killed': async (each) => {
    killSupervisor(each);
    await each.kill9();
  },
  'the engine stops': async (each) => assert.equal(await each.stop(), 0),
};

/** What is left of builds on a running engine. */
function leftovers({ dataRoot, execRoot }: TestEngine): readonly string[] {
  const list = (folder: string): readonly string[] =>
    (existsSync(folder) ? readdirSync(folder) : []).map((name) => join(folder, name));
  const data = ['content/ingest', 'content/trash', 'snapshots/new', 'snapshots/trash', 'snapshots/writables'];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${dataRoot}/snapshots/`) || path.startsWith(`${execRoot}/rootfs`));
  return [
    ...data.flatMap((name) => list(join(dataRoot, name))),
    ...list(join(execRoot, 'tasks')),
    ...list(join(execRoot, 'build')),
    ...mounts,
  ];
}

async function assertClean(context: string): Promise<void> {
  await eventually(async () => assert.deepEqual(leftovers(engine()), [], context));
  assert.deepEqual(await findingsOf(engine()), [], context);
}

const runsTask = (): Promise<void> =>
  eventually(async () => assert.notDeepEqual(readdirSync(join(engine().execRoot, 'tasks')), []));

/**
 * For each end of the engine: begins a build, waits for the moment, ends and starts the engine. Then the same build succeeds.
 * `begin` returns the flags of a build, and the moment in which it is to be met.
 */
async function meet(
  begin: (at: number) => { args: readonly string[]; dockerfile: string; moment: Promise<void> },
  after: (at: number) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-killed-'));
  try {
    for (const [at, [what, end]] of Object.entries(ENDS).entries()) {
      const { args, dockerfile, moment } = begin(at);
      writeFileSync(join(folder, 'Dockerfile'), dockerfile);
      const build = () => engine().gantry(['build', '--progress=plain', ...args, folder], { timeoutMs: 120_000 });
      const lost = build();
      await Promise.race([moment, lost.then(({ stderr }) => assert.fail(`${what}: the build ended: ${stderr}`))]);
      await end(engine());
      assert.notEqual((await lost).code, 0, what);
      await engine().start();
      await assertClean(what);
      after(at);
      const again = await build();
      assert.equal(again.code, 0, `${what}: ${again.stderr}`);
      await assertClean(`${what}, and the next build`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('an engine that ends during a scan for packages leaves nothing of it', async () => {
  const scanner = `FROM busybox
CMD ["sh", "-c", "sleep 2; echo '{\\"_type\\":\\"https://in-toto.io/Statement/v0.1\\",\\"predicateType\\":\\"https://spdx.dev/Document\\",\\"predicate\\":{}}' > $BUILDKIT_SCAN_DESTINATION/s.spdx.json"]
`;
  const made = await engine().gantry(['build', '-t', 'gantry-test/slow-scanner', '-'], { input: scanner });
  assert.equal(made.code, 0, made.stderr);
  await meet(
    (at) => ({
      args: ['--attest', 'type=sbom,generator=gantry-test/slow-scanner', '-t', `scanned-${at}`],
      dockerfile: `FROM busybox\nLABEL at=${at}\nCOPY Dockerfile /d${at}\n`,
      moment: runsTask(),
    }),
    () => {},
  );
});

test('an engine that ends while it exports a cache leaves nothing of it', async () => {
  await using registry = await faultyRegistry();
  await meet(
    (at) => {
      const { promise: moment, resolve } = Promise.withResolvers<void>();
      registry.intercept = ({ url, request, kind }) => {
        if (kind !== 'uploads' || request.method === 'POST') return false;
        registry.keepUpload(url, request);
        resolve();
        return true;
      };
      return {
        args: ['--cache-to', `type=registry,ref=${registry.host}/cache:${at},mode=max`],
        dockerfile: `FROM busybox\nRUN echo ${at} >/f\n`,
        moment,
      };
    },
    () => {
      registry.intercept = () => false;
    },
  );
});

test('an engine that ends while it fetches from a cache leaves nothing of it', async () => {
  await using registry = await faultyRegistry();
  const dockerfile = (at: number): string =>
    `FROM busybox\nRUN head -c 3000000 /dev/urandom >/f; echo ${at}\nRUN ls -l /f >/${at}\n`;
  const folder = mkdtempSync(join(tmpdir(), 'gantry-killed-cache-'));
  for (const at of [...Object.keys(ENDS).keys()]) {
    writeFileSync(join(folder, 'Dockerfile'), dockerfile(at));
    await engine().ok('gantry', [
      ...['build', '--output', 'type=cacheonly'],
      ...['--cache-to', `type=registry,ref=${registry.host}/lazy:${at},mode=max`, folder],
    ]);
  }
  rmSync(folder, { recursive: true });
  assert.equal((await engine().api('POST', '/build/prune?all=1')).status, 200);
  await meet(
    (at) => {
      const { promise: moment, resolve } = Promise.withResolvers<void>();
      registry.slow = { chunkBytes: 100_000, delayMs: 200 };
      registry.intercept = ({ request, kind }) => {
        if (kind === 'blobs' && request.method === 'GET') setTimeout(resolve, 500);
        return false;
      };
      return {
        args: ['--cache-from', `type=registry,ref=${registry.host}/lazy:${at}`, '-t', `lazy-${at}`],
        dockerfile: dockerfile(at),
        moment,
      };
    },
    () => {
      registry.slow = undefined;
    },
  );
});
