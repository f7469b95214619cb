import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type TerminalSession, terminal } from '../support/command.ts';
import { composeProject, GANTRY, type TestProject } from '../support/compose-project.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// The line of keys of `gantry compose up` in a terminal.
const engine = useEngine();

const develop = 'develop: { watch: [{ action: sync, path: ./pages, target: /pages }] }';

function started(t: TestContext, more: string, ...flags: readonly string[]): TestProject & { up: TerminalSession } {
  const app = composeProject(t, engine(), {
    'compose.yaml': `
services:
  web:
    image: busybox
    command: sh -c 'while sleep 0.2; do echo tick; done'
    stop_grace_period: 0s
    ${more}
`,
    'pages/one': 'first\n',
  });
  const words = [GANTRY, 'compose', '-p', app.name, '-f', join(app.folder, 'compose.yaml'), 'up', ...flags];
  return { ...app, up: terminal(words.join(' '), { env: app.env }) };
}

test('keys turn the watch on and off, and Ctrl-C stops', async (t) => {
  const app = started(t, develop);
  await app.up.until(/Enable Watch.*Detach/);
  // Off again before it has begun.
  app.up.write('ww');
  await app.up.until(/Watch disabled/);
  app.write('pages/one', 'unseen\n');
  await app.up.until(/tick.*tick.*tick.*tick.*tick/s);
  assert.doesNotMatch(app.up.shown(), /Watch enabled|Syncing/);
  app.up.write('w');
  await app.up.until(/Disable Watch.*Watch enabled\r\n/s);
  app.write('pages/one', 'second\n');
  await eventually(async () => assert.equal(await app.ok('exec', '-T', 'web', 'cat', '/pages/one'), 'second'));
  app.up.write('w');
  await app.up.until(/Watch disabled\r\n.*Enable Watch/s);
  const lines = app.up.shown().replaceAll('\r', '\n').split('\n');
  assert.ok(
    lines.every((line) => !/Detach.*tick/.test(line)),
    'the menu is never before a line',
  );
  app.up.write('\x03');
  await app.up.until(/Gracefully Stopping/);
  assert.equal(await app.up.exited, 130);
  assert.equal(await app.ok('ps', '-q'), '');
});

test('a key leaves the containers running, and a project without a watch says so', async (t) => {
  const app = started(t, '');
  await app.up.until(/Enable Watch/);
  app.up.write('w');
  await app.up.until(/none of the selected services is configured for watch.*Enable Watch/s);
  app.up.write('d');
  assert.equal(await app.up.exited, 0);
  assert.notEqual(await app.ok('ps', '-q'), '');
});

test('the line can be hidden', async (t) => {
  const app = started(t, '', '--menu=false');
  await app.up.until(/tick/);
  app.up.write('\x03');
  assert.equal(await app.up.exited, 130);
  assert.doesNotMatch(app.up.shown(), /Enable Watch/);
});
