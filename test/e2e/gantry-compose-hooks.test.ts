import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { composeProject } from '../support/compose-project.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// What hooks of `gantry compose` write, and how they fail.
const engine = useEngine();

const file = (exitCode: number): string => `
services:
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    post_start:
      - { command: ["sh", "-c", "echo first; echo oops >&2"] }
      - { command: ["sh", "-c", "printf second; exit ${exitCode}"] }
    pre_stop: [{ command: ["sh", "-c", "echo bye; exit ${exitCode}"] }]
`;

test('a hook that fails ends up and stop, with its exit code and its output', async (t) => {
  const app = composeProject(t, engine(), { 'compose.yaml': file(7) });
  const up = await app.compose('up', '-d');
  assert.equal(up.code, 1);
  assert.match(up.stderr, /web hook exited with status 7:\nsecond\n$/);
  const stop = await app.compose('stop');
  assert.equal(stop.code, 1);
  assert.match(stop.stderr, /web hook exited with status 7:\nbye\n$/);
  // For the end of the test.
  app.write('compose.yaml', file(0));
});

test('up in the foreground shows the lines of hooks', async (t) => {
  const app = composeProject(t, engine(), { 'compose.yaml': file(0) });
  const { child, printed } = app.start('up');
  await eventually(async () => assert.match(printed(), /^web-1 -> +\| second$/m));
  for (const line of ['first', 'oops']) assert.match(printed(), new RegExp(`^web-1 -> +\\| ${line}$`, 'm'));
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
  assert.match(printed(), /^web-1 -> +\| bye$/m);
});
