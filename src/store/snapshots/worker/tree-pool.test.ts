import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarArchive } from '../../../../test/support/busybox-image.ts';
import { DEFAULT_TAR_LIMITS } from '../../../io/index.ts';
import type { TreeJob } from './tree-job.ts';
import { createTreePool } from './tree-pool.ts';

/** Unpacks from a pipe, so that the test controls the progress. */
function fromPipe(): {
  readonly job: TreeJob & { kind: 'unpack' };
  readonly pipe: string;
  readonly remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-pool-'));
  const [pipe, target] = [join(folder, 'pipe'), join(folder, 'target')];
  execFileSync('mkfifo', [pipe]);
  mkdirSync(target);
  return {
    job: { kind: 'unpack', file: pipe, target, mode: 'overlay', diffId: undefined, limits: DEFAULT_TAR_LIMITS },
    pipe,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const archive = tarArchive([{ name: 'f', content: Buffer.alloc(400_000, 'x') }]);

test('unpacking tells how many bytes it has read while it runs, and at its end', async () => {
  await using pool = createTreePool();
  const { job, pipe, remove } = fromPipe();
  const half = Promise.withResolvers<void>();
  const told: number[] = [];
  const unpacking = pool.run(job, undefined, (bytes) => {
    told.push(bytes);
    if (bytes === 200_000) half.resolve();
  });
  const writer = await open(pipe, 'w');
  await writer.writeFile(archive.subarray(0, 200_000));
  await half.promise;
  await writer.writeFile(archive.subarray(200_000));
  await writer.close();
  assert.equal((await unpacking).sizeBytes, 400_000);
  assert.equal(told.at(-1), archive.length);
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  remove();
});

test('unpacking stops in the middle when it is cancelled, and the thread goes on with what is next', async () => {
  await using pool = createTreePool();
  const { job, pipe, remove } = fromPipe();
  const abort = new AbortController();
  const begun = Promise.withResolvers<void>();
  const stopped = assert.rejects(
    pool.run(job, abort.signal, (bytes) => bytes > 0 && begun.resolve()),
    { kind: 'cancelled' },
  );
  const writer = await open(pipe, 'w');
  await writer.writeFile(archive.subarray(0, 200_000));
  await begun.promise;
  abort.abort();
  await writer.writeFile(archive.subarray(200_000)).catch(() => {});
  await stopped;
  await writer.close();
  assert.ok((await pool.run({ kind: 'size', path: job.target })) >= 0);
  remove();
});

test('a pool that closes at once lets its threads load, and its jobs stop with the rest left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-pool-'));
  for (let index = 0; index < 2000; index++) writeFileSync(join(folder, String(index)), '');
  const pool = createTreePool();
  const jobs = [pool.run({ kind: 'remove', path: folder }), pool.run({ kind: 'size', path: folder })] as const;
  const stopped = Promise.all(
    jobs.map((job) => assert.rejects(job, { kind: 'cancelled', message: 'the engine stops' })),
  );
  await pool[Symbol.asyncDispose]();
  await stopped;
  assert.equal(readdirSync(folder).length, 2000);
  rmSync(folder, { recursive: true });
});
