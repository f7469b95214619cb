import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInMemory } from '../compose/run-case.ts';
import { recordingEngine } from './recording-engine.ts';

const SERVICES = Array.from({ length: 8 }, (_, index) => `  s${index}: { image: busybox }\n`).join('');

async function mostAtOnce(run: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  await using engine = await recordingEngine({ createMilliseconds: 300 });
  const files = new Map([['compose.yaml', `services:\n${SERVICES}`]]);
  const { code, stderr } = await runInMemory({ name: 'parallel', files, env, runs: [] }, run, [engine.host]);
  assert.equal(code, 0, stderr);
  assert.equal(engine.requests.filter(({ line }) => line.startsWith('POST /containers/create')).length, 8);
  return engine.mostAtOnce();
}

test('--parallel and COMPOSE_PARALLEL_LIMIT limit what is done at the same time', async () => {
  const up = ['--progress', 'quiet', 'up', '-d'];
  assert.ok((await mostAtOnce(up)) > 3);
  assert.equal(await mostAtOnce(['--parallel', '1', ...up]), 1);
  assert.equal(await mostAtOnce(up, { COMPOSE_PARALLEL_LIMIT: '3' }), 3);
  assert.equal(await mostAtOnce(['--parallel', '2', ...up], { COMPOSE_PARALLEL_LIMIT: '3' }), 2);
});
