import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeProject } from '../support/compose-project.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// What `gantry compose` does with one service leaves the others of the project alone.
const engine = useEngine();

const FILES = {
  'compose.yaml': `
services:
  web:
    build: { context: ., dockerfile_inline: "FROM busybox\\nCOPY pages /pages\\n" }
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: [db]
    develop: { watch: [{ action: rebuild, path: ./pages }] }
  db:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
`,
  'pages/one': 'first\n',
};

test('a service without its dependencies, with orphans to remove, leaves the dependencies', async (t) => {
  const app = composeProject(t, engine(), FILES);
  await app.ok('up', '-d');
  const db = await app.ok('ps', '-q', 'db');
  const { code, stderr } = await app.compose('up', '-d', '--no-deps', '--force-recreate', '--remove-orphans', 'web');
  assert.equal(code, 0, stderr);
  assert.equal(await app.ok('ps', '-q', 'db'), db);
  assert.doesNotMatch((await app.compose('up', '-d', '--no-deps', 'web')).stderr, /orphan/);
});

test('a rebuild of a watched service leaves the others, and up goes on until all end', async (t) => {
  const app = composeProject(t, engine(), FILES);
  const { child, printed } = app.start('up', '--watch');
  await eventually(async () => assert.match(printed(), /Watch enabled/));
  const db = await app.ok('ps', '-q', 'db');
  app.write('pages/one', 'second\n');
  await eventually(async () => assert.match(printed(), /successfully built/));
  assert.equal(await app.ok('exec', '-T', 'web', 'cat', '/pages/one'), 'second');
  assert.equal(await app.ok('ps', '-q', 'db'), db);
  assert.doesNotMatch(printed(), /orphan/);
  await app.ok('kill', 'db');
  await eventually(async () => assert.match(printed(), /db-1 exited with code 137/));
  assert.equal(child.exitCode, null, printed());
  await app.ok('kill', 'web');
  await eventually(async () => assert.equal(child.exitCode, 0, printed()));
});
