import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { type CommandResult, command } from '../support/command.ts';
import { composeProject, GANTRY, type TestProject } from '../support/compose-project.ts';
import { useEngine } from '../support/fixture.ts';

// How `gantry compose up` changes projects. `compose.test.ts` runs a whole application by it too.
const engine = useEngine();
const project = (t: TestContext, files: Readonly<Record<string, string>>): TestProject =>
  composeProject(t, engine(), files);

const SERVICES = `
services:
  db:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    environment: { LEVEL: "\${LEVEL:-1}" }
    volumes: ["data:/data", /own]
  side: { image: busybox, command: sleep 1000, stop_grace_period: 0s, network_mode: "service:db" }
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    scale: 2
    depends_on: { db: { condition: service_started, restart: true } }
volumes: { data: }
`;

test('up changes what differs alone, keeps anonymous volumes, and says what it does', async (t) => {
  const app = project(t, { 'compose.yaml': SERVICES });
  const { stderr } = await app.compose('up', '-d');
  for (const line of [`Network ${app.name}_default  Created`, `Container ${app.name}-db-1  Started`])
    assert.match(stderr, new RegExp(`^ ${line}$`, 'm'));
  await app.ok('exec', '-T', 'db', 'sh', '-c', 'echo kept >/own/file; echo named >/data/file');
  const first = await app.containers();
  assert.equal(first.size, 4);

  const again = await app.compose('up', '-d');
  assert.match(again.stderr, new RegExp(`^ Container ${app.name}-web-2  Running$`, 'm'));
  assert.deepEqual(await app.containers(), first, 'nothing has changed');

  app.write('.env', 'LEVEL=2\n');
  const plan = await app.ok('plan');
  assert.match(plan, /container \S+-db-1: recreate, its configuration has changed: environment$/m);
  assert.match(plan, /container \S+-side-1: recreate, it shares something with the service db$/m);
  assert.match(plan, /container \S+-web-1: keep$/m);
  const { stderr: dry } = await app.compose('--dry-run', 'up', '-d');
  assert.match(dry, /db-1 {2}Recreated \(dry run\)$/m);
  assert.deepEqual(await app.containers(), first, 'neither changes anything');

  await app.ok('up', '-d');
  const second = await app.containers();
  assert.deepEqual([...second.keys()], [...first.keys()], 'the names stay');
  const changed = [...second]
    .filter(([name, id]) => first.get(name) !== id)
    .map(([name]) => name.slice(app.name.length + 1));
  assert.deepEqual(changed, ['db-1', 'side-1']);
  assert.equal(await app.ok('exec', '-T', 'db', 'sh', '-c', 'echo $LEVEL; cat /own/file /data/file'), '2\nkept\nnamed');
  await app.ok('up', '-d', '-V', '--force-recreate', 'db');
  assert.equal(
    (await app.compose('exec', '-T', 'db', 'cat', '/own/file')).code,
    1,
    'the anonymous volume is a new one',
  );

  await app.ok('up', '-d', '--scale', 'web=1');
  assert.equal((await app.containers()).size, 3);
  await app.ok('scale', 'web=3');
  assert.equal(await app.ok('ps', '--services'), 'db\nside\nweb');
  const states = JSON.parse(`[${(await app.ok('ps', '--format', 'json', 'web')).split('\n').join(',')}]`);
  assert.deepEqual(
    states.map(({ Name }: { Name: string }) => Name),
    [1, 2, 3].map((at) => `${app.name}-web-${at}`),
  );
  await app.ok('stop', 'web');
  assert.equal(await app.ok('ps', '-q', 'web'), '');
  await app.ok('start', 'web');
  assert.equal((await app.ok('ps', '-q', 'web')).split('\n').length, 3);
  await app.ok('rm', '-sf', 'web');
  assert.equal((await app.containers()).size, 2);
});

test('docker compose and gantry compose take over the projects of each other', {
  skip: lacksPlugins('new'),
}, async (t) => {
  const app = project(t, { 'compose.yaml': SERVICES });
  const env = { ...app.env, DOCKER_CONFIG: pluginConfig(app.folder, 'new') };
  const docker = async (...args: readonly string[]): Promise<void> => {
    const words = ['compose', '-p', app.name, '-f', join(app.folder, 'compose.yaml'), ...args];
    const { code, stderr } = await command('docker', words, { env });
    assert.equal(code, 0, stderr);
  };
  await docker('up', '-d');
  const theirs = await app.containers();
  await app.ok('up', '-d');
  assert.deepEqual(await app.containers(), theirs);
  await app.ok('up', '-d', '--force-recreate');
  const ours = await app.containers();
  await docker('up', '-d');
  assert.deepEqual(await app.containers(), ours);
  await app.ok('down', '-v', '-t', '0');
  assert.equal((await app.containers()).size, 0);
});

test('services start when what they depend on is healthy or has ended well, and fail with it', async (t) => {
  const app = project(t, {
    'compose.yaml': `
services:
  db:
    image: busybox
    command: sh -c 'sleep 1; touch /ready; sleep 1000'
    stop_grace_period: 0s
    healthcheck: { test: ["CMD", "test", "-f", "/ready"], interval: 200ms, retries: 100 }
  setup: { image: busybox, command: "true", depends_on: { db: { condition: service_healthy } } }
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: { setup: { condition: service_completed_successfully } }
`,
    'bad.yaml': `
services:
  job: { image: busybox, command: "false" }
  web: { image: busybox, command: sleep 1000, depends_on: { job: { condition: service_completed_successfully } } }
  ill:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    healthcheck: { test: ["CMD", "false"], interval: 200ms, retries: 2 }
  late: { image: busybox, command: sleep 1000, depends_on: { ill: { condition: service_healthy } } }
  free:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: { job: { condition: service_completed_successfully, required: false } }
`,
  });
  const { code, stderr } = await app.compose('up', '-d');
  assert.equal(code, 0, stderr);
  const at = (text: string): number => stderr.indexOf(text);
  assert.ok(at('db-1  Healthy') > 0 && at('db-1  Healthy') < at('setup-1  Started'), stderr);
  assert.ok(at('setup-1  Exited') < at('web-1  Started'), stderr);
  await app.ok('up', '-d', '--wait');
  await app.ok('start', '--wait');
  await app.ok('down', '-t', '0');
  const bad = (...args: readonly string[]): Promise<CommandResult> =>
    command(GANTRY, ['compose', '-p', app.name, '-f', join(app.folder, 'bad.yaml'), ...args], { env: app.env });
  const failed = await bad('up', '-d', 'web');
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /service "job" didn't complete successfully: exit 1$/m);
  const ill = await bad('up', '-d', 'late');
  assert.match(ill.stderr, /dependency failed to start: container \S+-ill-1 is unhealthy$/m);
  const free = await bad('up', '-d', 'free');
  assert.equal(free.code, 0, free.stderr);
  assert.match(free.stderr, /optional dependency "job" failed to start/);
  await bad('down', '-t', '0');
});

test('an up that was killed at any moment is put right by the next one', async (t) => {
  const app = project(t, { 'compose.yaml': SERVICES });
  await app.ok('up', '-d');
  for (const [index, milliseconds] of [150, 300, 500, 800].entries()) {
    app.write('.env', `LEVEL=${10 + index}\n`);
    const words = ['compose', '-p', app.name, '-f', join(app.folder, 'compose.yaml'), 'up', '-d'];
    const running = spawn(GANTRY, words, { env: { ...process.env, ...app.env }, stdio: 'ignore' });
    setTimeout(() => running.kill('SIGKILL'), milliseconds);
    await once(running, 'exit');
    await app.ok('up', '-d');
    const names = [...(await app.containers()).keys()].map((name) => name.slice(app.name.length + 1));
    assert.deepEqual(names, ['db-1', 'side-1', 'web-1', 'web-2']);
    assert.equal(await app.ok('exec', '-T', 'db', 'sh', '-c', 'echo $LEVEL'), String(10 + index));
    assert.equal((await app.ok('ps', '-q')).split('\n').length, 4);
  }
});

test('a project that has no file here is found by its name, and orphans are told and removed', async (t) => {
  const app = project(t, { 'compose.yaml': SERVICES });
  await app.ok('up', '-d');
  // The file here is another project's.
  const other = join(app.folder, 'other');
  app.write('other/compose.yaml', 'services: { none: { image: busybox } }\n');
  const bare = (...args: readonly string[]): Promise<CommandResult> =>
    command(GANTRY, ['compose', '-p', app.name, ...args], { env: app.env, cwd: other });
  assert.equal((await bare('ps', '--services')).stdout, 'db\nside\nweb\n');
  assert.match(
    (await command(GANTRY, ['compose', 'ls'], { env: app.env })).stdout,
    new RegExp(`^${app.name} +running\\(4\\) `, 'm'),
  );
  app.write('compose.yaml', 'services: { db: { image: busybox, command: sleep 1000, stop_grace_period: 0s } }\n');
  const told = await app.compose('up', '-d');
  assert.match(told.stderr, /Found orphan containers \(\[\S+-side-1 \S+-web-1 \S+-web-2\]\) for this project/);
  await app.ok('up', '-d', '--remove-orphans');
  assert.deepEqual([...(await app.containers()).keys()], [`${app.name}-db-1`]);
  const down = await bare('down', '-t', '0');
  assert.equal(down.code, 0, down.stderr);
  assert.equal((await app.containers()).size, 0);
  assert.match((await app.compose('down')).stderr, /No resource found to remove for project/);
});

test('up --rollback puts the old containers back when a changed service does not become healthy', async (t) => {
  const app = project(t, {
    'compose.yaml': `
services:
  db:
    image: busybox
    command: sh -c 'echo $$LEVEL >/own/level; sleep 1000'
    environment: { LEVEL: "\${LEVEL:-1}" }
    stop_grace_period: 0s
    volumes: [/own]
    healthcheck: { test: "[ $$(cat /own/level) != bad ]", interval: 200ms, retries: 2 }
  side: { image: busybox, command: sleep 1000, stop_grace_period: 0s, network_mode: "service:db" }
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: { db: { condition: service_healthy, restart: true } }
`,
  });
  await app.ok('up', '-d');
  const before = await app.containers();
  app.write('.env', 'LEVEL=bad\n');
  const { code, stderr } = await app.compose('up', '-d', '--rollback');
  assert.equal(code, 1);
  assert.match(stderr, /is unhealthy: rolled back \S+-db-1, \S+-side-1$/m);
  assert.deepEqual(await app.containers(), before);
  assert.equal((await app.ok('ps', '-q')).split('\n').length, 3, 'all run');
  app.write('.env', 'LEVEL=2\n');
  await app.ok('up', '-d', '--rollback');
  const after = await app.containers();
  assert.deepEqual([...after.keys()], [...before.keys()]);
  assert.notEqual(after.get(`${app.name}-db-1`), before.get(`${app.name}-db-1`));
});
