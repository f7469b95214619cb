import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../base/ids.ts';
import type { Progress } from '../solver/index.ts';
import { ProgressLog } from './progress-log.ts';

const STEP = `sha256:${'a'.repeat(64)}` as Digest;
const vertex = { digest: STEP, name: 'step', inputs: [], started: 1 };

async function shown(log: ProgressLog): Promise<readonly string[]> {
  log.end(9);
  const all: Progress[] = [];
  for await (const pieces of log.read(AbortSignal.timeout(1000))) all.push(...pieces);
  return all.map((progress) => {
    if (progress.kind === 'vertex') return `step ${progress.vertex.completed ?? ''} ${progress.vertex.error ?? ''}`;
    return progress.kind === 'status' ? `${progress.status.id} ${progress.status.completed ?? ''}` : progress.kind;
  });
}

test('parts that are under way when their step ends are completed before it', async () => {
  const log = new ProgressLog();
  log.add({ kind: 'vertex', vertex });
  for (const id of ['one', 'two']) log.add({ kind: 'status', vertex: STEP, status: { id, started: 1, at: 1 } });
  log.add({ kind: 'status', vertex: STEP, status: { id: 'one', started: 1, completed: 3, at: 3 } });
  log.add({ kind: 'vertex', vertex: { ...vertex, completed: 5, error: 'no' } });
  assert.deepEqual(await shown(log), ['step  ', 'one 3', 'two 5', 'step 5 no']);
});

test('the end of a build completes its steps and their parts', async () => {
  const log = new ProgressLog();
  log.add({ kind: 'vertex', vertex });
  log.add({ kind: 'status', vertex: STEP, status: { id: 'one', started: 1, at: 1 } });
  assert.deepEqual(await shown(log), ['step  ', 'one 9', 'step 9 context canceled']);
});
