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

const WAITING = `
services:
  web: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
  worker: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
`;

test('down removes containers that the engine removes when they have stopped', async (t) => {
  const app = composeProject(t, engine(), { 'compose.yaml': WAITING });
  await Promise.all([1, 2, 3, 4].map(() => app.ok('run', '--rm', '-d', 'web')));
  await app.ok('down', '--remove-orphans', '-t', '0');
  assert.deepEqual([...(await app.containers()).keys()], []);
  assert.doesNotMatch((await engine().api('GET', '/networks')).body, new RegExp(app.name));
});

test('two downs at once both succeed, as do two ups that need the same network', async (t) => {
  const app = composeProject(t, engine(), { 'compose.yaml': WAITING });
  for (let round = 0; round < 2; round += 1) {
    await Promise.all([app.ok('up', '-d', 'web'), app.ok('up', '-d', 'worker')]);
    await Promise.all([app.ok('down', '-t', '0'), app.ok('down', '-t', '0')]);
  }
});

test('two ups at once that make the same containers, new or changed, both succeed with one set of them', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': `
services:
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: [db]
    environment: { ROUND: "\${ROUND-0}" }
    post_start: [{ command: sh -c 'echo once >> /started' }]
  db: { image: busybox, command: sleep 1000, stop_grace_period: 0s, environment: { ROUND: "\${ROUND-0}" } }
`,
  });
  for (let round = 0; round < 3; round += 1) {
    app.write('.env', `ROUND=${round}\n`);
    await Promise.all([1, 2].map(() => app.ok('up', '-d')));
    assert.deepEqual([...(await app.containers()).keys()].sort(), [`${app.name}-db-1`, `${app.name}-web-1`]);
    assert.equal(await app.ok('exec', '-T', 'web', 'sh', '-c', 'echo $ROUND; cat /started'), `${round}\nonce`);
  }
});

test('down -v leaves a volume with the name of a project volume that Compose has not made', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': `
services:
  web: { image: busybox, command: sleep 1000, stop_grace_period: 0s, volumes: ["given:/given", "own:/own"] }
volumes: { given: , own: }
`,
  });
  const given = `${app.name}_given`;
  await engine().ok('gantry', ['volume', 'create', given]);
  t.after(() => engine().ok('gantry', ['volume', 'rm', '-f', given]));
  await app.ok('up', '-d');
  await app.ok('down', '-v', '-t', '0');
  const volumes = await engine().ok('gantry', ['volume', 'ls', '-q']);
  assert.deepEqual(
    volumes.split('\n').filter((name) => name.startsWith(app.name)),
    [given],
  );
});
