import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CommandResult, command } from '../support/command.ts';
import { composeProject, GANTRY } from '../support/compose-project.ts';
import { eventually, useEngine } from '../support/fixture.ts';

const engine = useEngine();

const SERVICES = `
services:
  web: { image: busybox, command: "sh -c 'echo a line; sleep 1000'", stop_grace_period: 0s }
`;

test('colors, orphans, names and the place of the status are as flags and COMPOSE_* variables say', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': SERVICES,
    'more.yaml': '{ services: { more: { image: busybox, command: sleep 1000, stop_grace_period: 0s } } }',
  });
  const run = async (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<CommandResult> => {
    const words = ['compose', '-p', app.name, '-f', join(app.folder, 'compose.yaml'), ...args];
    const result = await command(GANTRY, words, { env: { ...app.env, ...env } });
    assert.equal(result.code, 0, result.stderr);
    return result;
  };
  const shortNames = async (): Promise<readonly string[]> =>
    [...(await app.containers()).keys()].map((name) => name.slice(app.name.length));

  await run({}, '-f', join(app.folder, 'more.yaml'), 'up', '-d');
  assert.match((await run({}, 'up', '-d')).stderr, /Found orphan containers/);
  assert.doesNotMatch((await run({ COMPOSE_IGNORE_ORPHANS: 'true' }, 'up', '-d')).stderr, /orphan/);
  assert.deepEqual(await shortNames(), ['-more-1', '-web-1']);
  const removed = await run({ COMPOSE_REMOVE_ORPHANS: 'true', COMPOSE_STATUS_STDOUT: '1' }, 'up', '-d');
  assert.deepEqual(await shortNames(), ['-web-1']);
  assert.match(removed.stdout, /-more-1 {2}Removed$/m);
  assert.equal(removed.stderr, '');
  await run({ COMPOSE_REMOVE_ORPHANS: 'yes' }, '-f', join(app.folder, 'more.yaml'), 'up', '-d');
  await run({ COMPOSE_REMOVE_ORPHANS: 'yes' }, 'up', '-d');
  assert.deepEqual(await shortNames(), ['-more-1', '-web-1'], 'the word is none of docker compose');
  writeFileSync(join(app.folder, '.env'), 'COMPOSE_REMOVE_ORPHANS=T\n');
  await run({}, 'up', '-d');
  assert.deepEqual(await shortNames(), ['-web-1']);

  const isColored = async (env: Readonly<Record<string, string>>, ...flags: readonly string[]): Promise<boolean> => {
    const { stdout } = await run(env, ...flags, 'logs');
    assert.match(stdout, /a line/);
    return stdout.includes('\x1b[');
  };
  await eventually(async () => assert.equal(await isColored({}), false));
  assert.equal(await isColored({}, '--ansi', 'always'), true);
  assert.equal(await isColored({ COMPOSE_ANSI: 'always' }), true);
  assert.equal(await isColored({ COMPOSE_ANSI: 'always' }, '--ansi', 'never'), false);

  await run({}, 'down', '-t', '0');
  await run({}, '--compatibility', 'up', '-d');
  assert.deepEqual(await shortNames(), ['_web_1']);
  await run({ COMPOSE_COMPATIBILITY: '1' }, 'up', '-d');
  assert.deepEqual(await shortNames(), ['_web_1']);
  assert.match((await run({}, 'logs')).stdout, /^web_1 +\| a line$/m);
});
