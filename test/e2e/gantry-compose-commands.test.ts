import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { composeProject, GANTRY, type TestProject } from '../support/compose-project.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// Commands of `gantry compose` beside plain `up -d`: in the foreground, logs, builds, `run`, `exec`.
const engine = useEngine();
const project = (t: TestContext, files: Readonly<Record<string, string>>): TestProject =>
  composeProject(t, engine(), files);

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
  await app.ok('stop', 'db');
  const stopped = await app.compose('exec', '-T', 'db', 'true');
  assert.deepEqual([stopped.code, stopped.stderr], [1, 'service "db" is not running\n']);
  assert.match((await app.compose('kill')).stderr, /^no container to kill$/m);
  await engine().ok('gantry', ['rm', '-f', `${app.name}-own`]);
  await engine()
    .ok('gantry', ['volume', 'rm', 'kept'])
    .catch(() => {});
});
