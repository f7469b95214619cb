import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { composeProject } from '../support/compose-project.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// `gantry compose` when it is interrupted, and when things go away beside it.
const engine = useEngine();

test('Ctrl-C while up in the foreground still starts services stops those that run', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': `
services:
  first: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
  last:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: [first]
    post_start: [{ command: sleep 1 }]
`,
  });
  const { child, printed } = app.start('up');
  await eventually(async () => assert.match(printed(), /last-1 {2}Starting$/m));
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
  assert.match(printed(), /^Gracefully Stopping/m);
  assert.equal((await app.compose('ps', '-q')).stdout, '');
});

test('down removes a container of run --rm, which the engine removes at the same time', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': 'services: { web: { image: busybox, command: sleep 1000, stop_grace_period: 0s } }\n',
  });
  await app.ok('run', '-d', '--rm', 'web');
  await app.ok('down', '--remove-orphans');
  await eventually(async () => assert.equal((await app.containers()).size, 0));
});
