import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { composeProject } from '../support/compose-project.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// `gantry compose watch` with an engine that goes away.
const engine = useEngine();

test('watch tells that the engine is gone, goes on when it is back, and ends at Ctrl-C', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': `
services:
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    develop: { watch: [{ action: sync, path: ./pages, target: /pages }] }
`,
    'pages/one': 'first\n',
  });
  const { child, printed } = app.start('watch');
  await eventually(async () => assert.match(printed(), /^Watch enabled$/m));
  app.write('pages/one', 'second\n');
  await eventually(async () => assert.equal(await app.ok('exec', '-T', 'web', 'cat', '/pages/one'), 'second'));
  await engine().stop();
  await eventually(async () => assert.match(printed(), /^watch: the engine is gone \(.+\)\. Waiting for it/m));
  app.write('pages/one', 'third\n');
  await engine().start();
  await eventually(async () => assert.match(printed(), /^watch: the engine is back$/m));
  await eventually(async () => assert.equal(await app.ok('exec', '-T', 'web', 'cat', '/pages/one'), 'third'));
  await engine().stop();
  await eventually(async () => assert.match(printed(), /engine is back\n(.*\n)*watch: the engine is gone/));
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
  await engine().start();
});

test('up --watch goes on when the engine is back, with what containers write, and stops them at Ctrl-C', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': `
services:
  web:
    image: busybox
    command: sh -c 'while sleep 0.2; do cat /pages/one; done'
    stop_grace_period: 0s
    develop: { watch: [{ action: sync, path: ./pages, target: /pages, initial_sync: true }] }
`,
    'pages/one': 'first\n',
  });
  const { child, printed } = app.start('up', '--watch');
  await eventually(async () => assert.match(printed(), /^web-1 {2}\| first$/m));
  await engine().stop();
  await eventually(async () => assert.match(printed(), /^watch: the engine is gone/m));
  app.write('pages/one', 'second\n');
  await engine().start();
  await eventually(async () => assert.match(printed(), /^web-1 {2}\| second$/m));
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
  assert.equal(await app.ok('ps', '-q'), '');
});
