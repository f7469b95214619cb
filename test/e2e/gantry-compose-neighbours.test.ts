import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeProject } from '../support/compose-project.ts';
import { useEngine } from '../support/fixture.ts';

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
