import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const ok = (...args: string[]): Promise<string> => engine().ok('gantry', args);

test('a container that lives on after an OOM kill says so at once, and before the exec that was killed ends', async () => {
  const name = unique('oom');
  await ok(
    'run',
    '-d',
    '--name',
    name,
    '--network',
    'none',
    '-m',
    '32m',
    '--memory-swap',
    '32m',
    'busybox',
    'sleep',
    '1000',
  );
  const since = String(Date.now() / 1000 - 1);
  const hog = await engine().gantry(['exec', name, 'sh', '-c', 'x=a; while :; do x=$x$x; done']);
  assert.equal(hog.code, 137);
  // As dockerd 28: asked for right after the exec.
  assert.equal(await ok('inspect', '-f', '{{.State.OOMKilled}} {{.State.Running}}', name), 'true true');
  const actions = await eventually(async () => {
    const text = await ok(
      'events',
      '--since',
      since,
      '--until',
      String(Date.now() / 1000),
      '--filter',
      `container=${name}`,
      '--format',
      '{{.Action}}',
    );
    const found = text.split('\n').map((action) => action.split(':')[0]);
    assert.ok(found.includes('exec_die'));
    return found;
  });
  assert.deepEqual(actions.slice(-4), ['exec_create', 'exec_start', 'oom', 'exec_die']);
  await ok('kill', name);
  assert.equal(await ok('inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}}', name), 'true 137');
  await ok('start', name);
  assert.equal(await ok('inspect', '-f', '{{.State.OOMKilled}} {{.State.Running}}', name), 'false true');
  await ok('rm', '-f', name);
});
