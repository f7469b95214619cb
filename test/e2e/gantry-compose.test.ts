import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { type CommandResult, command } from '../support/command.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';

// `gantry compose` against our engine. `compose.test.ts` runs a whole application by it too.
const engine = useEngine();
const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

interface TestProject {
  readonly name: string;
  readonly folder: string;
  /** Writes a file of the project. */
  write(file: string, text: string): void;
  /** Runs `gantry compose`, whatever its exit code. */
  compose(...args: readonly string[]): Promise<CommandResult>;
  /** Runs it and returns what it prints. Its exit code is 0. */
  ok(...args: readonly string[]): Promise<string>;
  /** Ids of the project's containers by their names. */
  containers(): Promise<ReadonlyMap<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

function project(t: TestContext, files: Readonly<Record<string, string>>): TestProject {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-compose-'));
  const name = unique('compose');
  const write = (file: string, text: string): void => {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  const env = { DOCKER_HOST: `unix://${engine().socketPath}` };
  const compose = (...args: readonly string[]): Promise<CommandResult> =>
    command(GANTRY, ['compose', '-p', name, '-f', join(folder, 'compose.yaml'), ...args], { env });
  t.after(async () => {
    await compose('down', '-t', '0', '-v', '--remove-orphans', '--rmi', 'local');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...{ name, folder, write, compose, env },
    async ok(...args) {
      const { code, stdout, stderr } = await compose(...args);
      assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
      return stdout.trim();
    },
    async containers() {
      const filter = `label=com.docker.compose.project=${name}`;
      const listed = await engine().ok('gantry', [
        'ps',
        '-a',
        '--no-trunc',
        '--filter',
        filter,
        '--format',
        '{{.Names}} {{.ID}}',
      ]);
      const lines = listed.split('\n').filter((line) => line !== '');
      return new Map(lines.sort().map((line) => line.split(' ') as [string, string]));
    },
  };
}

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

test('up in the foreground shows all lines, stops at Ctrl-C, and returns the exit code that is asked for', async (t) => {
  const app = project(t, {
    'compose.yaml': `
services:
  job: { image: busybox, command: "sh -c 'for i in $$(seq 500); do echo line $$i; done; echo end >&2; exit 3'" }
  web: { image: busybox, command: "sh -c 'echo begin; sleep 1000'", stop_grace_period: 0s }
`,
  });
  const aborted = await app.compose('up', '--abort-on-container-exit');
  assert.equal(aborted.code, 3);
  const lines = aborted.stdout.split('\n').filter((line) => /^job-1 +\| line \d+$/.test(line));
  assert.equal(lines.length, 500);
  assert.match(aborted.stderr, /^job-1 {2}\| end$/m);
  assert.match(aborted.stdout, /^job-1 exited with code 3$/m);
  assert.equal((await app.compose('up', '--exit-code-from', 'job')).code, 3);
  assert.equal((await app.compose('up', '--scale', 'job=0', '--scale', 'web=0')).code, 0, 'nothing to wait for');

  const words = ['compose', '-p', app.name, '-f', join(app.folder, 'compose.yaml'), 'up', 'web'];
  const running = spawn(GANTRY, words, { env: { ...process.env, ...app.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  running.stdout.on('data', (chunk) => (printed += String(chunk)));
  running.stderr.resume();
  await eventually(async () => assert.match(printed, /^web-1 {2}\| begin$/m));
  running.kill('SIGINT');
  assert.deepEqual(await once(running, 'exit'), [130, null]);
  assert.match(printed, /Gracefully Stopping.*\nweb-1 exited with code \d+\n/s);
  assert.equal(await app.ok('ps', '-q'), '');
});

test('logs of several services are joined in the order of their times', async (t) => {
  const app = project(t, {
    'compose.yaml': `
services:
  a: { image: busybox, command: "sh -c 'for i in 1 2 3; do echo a$$i; sleep 0.4; done'" }
  longname: { image: busybox, command: "sh -c 'sleep 0.2; for i in 1 2 3; do echo b$$i; sleep 0.4; done'" }
`,
  });
  await app.ok('up', '-d');
  for (const service of ['a', 'longname']) await app.ok('wait', service);
  const times = (await app.ok('logs', '-t', '--no-log-prefix')).split('\n').map((line) => line.split(' ')[0]);
  assert.equal(times.length, 6);
  assert.deepEqual(times, times.toSorted());
  assert.match(await app.ok('logs'), /^a-1 {9}\| a1$/m);
  assert.equal(await app.ok('logs', '--no-log-prefix', '--tail', '1', 'a'), 'a3');
  assert.equal((await app.compose('logs', 'none')).stderr.trim(), 'no such service: none');
});

test('secrets and configs are files in the container, from files, contents and variables', async (t) => {
  const app = project(t, {
    'compose.yaml': `
services:
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    secrets: [token, { source: word, target: /etc/word, mode: 0400 }]
    configs: [{ source: page, target: /www/index.html, uid: "7", mode: 0440 }]
secrets: { token: { file: ./token }, word: { environment: WORD } }
configs: { page: { content: "page of \${WORD}\\n" } }
`,
    token: 'secret\n',
    '.env': 'WORD=moon\n',
  });
  await app.ok('up', '-d');
  const read = [
    'exec',
    '-T',
    'web',
    'sh',
    '-c',
    'cat /run/secrets/token /etc/word; echo; cat /www/index.html; stat -c "%u %a" /www/index.html /etc/word',
  ];
  assert.equal(await app.ok(...read), 'secret\nmoon\npage of moon\n7 440\n0 400');
  await app.ok('restart', 'web');
  assert.match(await app.ok(...read), /^secret\nmoon\n/);
});

test('images are built in order, each once, and built again when asked', async (t) => {
  const app = project(t, {
    'compose.yaml': `
services:
  base: { build: { dockerfile_inline: "FROM busybox\\nRUN echo base >/base\\n" }, command: "true" }
  web:
    build:
      context: web
      args: { WHO: world }
      additional_contexts: { base: "service:base" }
    command: sleep 1000
    stop_grace_period: 0s
  broken: { build: { dockerfile_inline: "FROM busybox\\nRUN exit 7\\n" }, profiles: [bad] }
`,
    'web/Dockerfile': 'FROM base\nARG WHO\nCOPY page /page\nRUN echo "hello $WHO" >>/page\n',
    'web/page': 'one\n',
  });
  await app.ok('up', '-d');
  assert.equal(await app.ok('exec', '-T', 'web', 'cat', '/base', '/page'), 'base\none\nhello world');
  app.write('web/page', 'two\n');
  await app.ok('up', '-d');
  assert.equal(await app.ok('exec', '-T', 'web', 'head', '-1', '/page'), 'one', 'an image that is here stays');
  await app.ok('up', '-d', '--build');
  assert.equal(await app.ok('exec', '-T', 'web', 'head', '-1', '/page'), 'two');
  const broken = await app.compose('--profile', 'bad', 'build', 'broken');
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /exit code: 7/);
  assert.match(await app.ok('images'), new RegExp(`^${app.name}-web-1 +${app.name}-web +latest`, 'm'));
});

test('run makes a container of its own with what is asked, and exec runs in one that is there', async (t) => {
  const app = project(t, {
    'compose.yaml': `
services:
  db: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
  web:
    image: busybox
    command: sleep 1000
    entrypoint: ["env"]
    environment: { A: "1" }
    depends_on: [db]
    ports: ["8080"]
`,
  });
  const run = await app.compose(
    'run',
    '--rm',
    '-T',
    '-e',
    'B=2',
    '--entrypoint',
    'sh',
    '-v',
    'kept:/kept',
    'web',
    '-c',
    'echo $A$B; touch /kept/x; exit 5',
  );
  assert.equal(run.code, 5);
  assert.equal(run.stdout, '12\n');
  assert.deepEqual(
    [...(await app.containers()).keys()],
    [`${app.name}-db-1`],
    'the dependency runs, and the container is gone',
  );
  const id = await app.ok(
    'run',
    '-d',
    '--name',
    `${app.name}-own`,
    '--no-deps',
    '--entrypoint',
    'sleep',
    'web',
    '1000',
  );
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await app.ok('ps', '-q'), (await app.containers()).get(`${app.name}-db-1`));
  assert.equal(await app.ok('exec', '-T', '-w', '/etc', '-e', 'C=3', 'db', 'sh', '-c', 'pwd; echo $C'), '/etc\n3');
  assert.equal((await app.compose('exec', '-T', 'db', 'sh', '-c', 'exit 9')).code, 9);
  assert.match((await app.compose('exec', '-T', 'web', 'true')).stderr, /service "web" is not running/);
  await engine().ok('gantry', ['rm', '-f', `${app.name}-own`]);
  await engine()
    .ok('gantry', ['volume', 'rm', 'kept'])
    .catch(() => {});
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
