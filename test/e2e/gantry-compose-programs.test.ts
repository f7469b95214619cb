import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CommandResult, command } from '../support/command.ts';
import { composeProject, GANTRY, type TestProject } from '../support/compose-project.ts';
import { useEngine } from '../support/fixture.ts';

// Programs of this machine that `gantry compose` works with: providers of services, and docker's plugin for models.
const engine = useEngine();

interface ProgramProject extends TestProject {
  /** Runs `gantry compose` where it finds the programs. */
  readonly run: (...args: readonly string[]) => Promise<CommandResult>;
  /** The command lines that the program was called with. */
  readonly calls: () => readonly string[];
}

/** `program` is a shell script. It is on PATH as `gantry-cloud`, and docker's plugin `model`. */
function programProject(t: TestContext, files: Readonly<Record<string, string>>, program: string): ProgramProject {
  const app = composeProject(t, engine(), files);
  const log = join(app.folder, 'calls');
  const script = `#!/bin/sh\necho "$*" >> ${log}\n${program}`;
  for (const name of ['bin/gantry-cloud', 'config/cli-plugins/docker-model']) {
    const path = join(app.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, script);
    chmodSync(path, 0o755);
  }
  const env = {
    ...app.env,
    PATH: `${join(app.folder, 'bin')}:${process.env['PATH']}`,
    DOCKER_CONFIG: join(app.folder, 'config'),
  };
  return {
    ...app,
    run: (...args) =>
      command(GANTRY, ['compose', '-p', app.name, '-f', join(app.folder, 'compose.yaml'), ...args], { env }),
    calls: () => readFileSync(log, 'utf8').trim().split('\n'),
  };
}

const CLOUD = `
services:
  db:
    provider:
      type: gantry-cloud
      options: { size: 10, tags: [a, b], unknown: x }
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: [db]
    environment: { DB_OTHER: own }
  alone: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
`;

test('a provider is told of up and down, and its variables reach the services that depend on it', async (t) => {
  const app = programProject(
    t,
    { 'compose.yaml': CLOUD },
    `
case "$2" in
metadata) echo '{"description":"","up":{"parameters":[{"name":"size","required":true},{"name":"tags"}]}}' ;;
*) echo '{"type":"debug","message":"quiet"}'
   echo '{"type":"info","message":"at work"}'
   echo '{"type":"setenv","message":"URL=http://host/?a=b"}' ;;
esac
`,
  );
  const up = await app.run('up', '-d');
  assert.equal(up.code, 0, up.stderr);
  for (const text of ['Creating', 'at work', 'Created']) assert.match(up.stderr, new RegExp(`^ db ${text} $`, 'm'));
  assert.doesNotMatch(up.stderr, /quiet/);
  assert.equal(
    (await app.run('exec', 'web', 'sh', '-c', 'echo $DB_URL $DB_OTHER')).stdout.trim(),
    'http://host/?a=b own',
  );
  assert.equal((await app.run('exec', 'alone', 'sh', '-c', 'echo $DB_URL')).stdout.trim(), '');
  assert.equal((await app.run('run', '--rm', 'web', 'sh', '-c', 'echo $DB_URL')).stdout.trim(), 'http://host/?a=b');
  const before = await app.containers();
  assert.match((await app.run('up', '-d')).stderr, /web-1 {2}Running$/m);
  assert.deepEqual(await app.containers(), before);
  assert.equal((await app.run('down')).code, 0);
  const options = '--size=10 --tags=a --tags=b';
  assert.equal(app.calls()[1], `compose --project-name=${app.name} up ${options} db`);
  assert.equal(app.calls().at(-1), `compose --project-name=${app.name} down db`);
});

test('a provider that fails, or writes what is no message, ends up', async (t) => {
  const results = [
    [`echo '{"type":"error","message":"no more clouds"}'; sleep 100`, /^no more clouds$/m],
    ['echo trouble >&2; exit 3', /^failed to up service provider db: exit status 3\ntrouble$/m],
    ['echo rain', /^invalid response from the provider of service "db": "rain"$/m],
    [`echo '{"type":"rain","message":""}'`, /^invalid response from the provider/m],
    [`echo '{"type":"setenv","message":"URL"}'`, /^invalid response from plugin: URL$/m],
    ['yes | head -c 3000000 | tr -d "\\n"', /wrote a line of more than 1048576 bytes$/m],
  ] as const;
  for (const [program, text] of results) {
    const script = `[ "$2" = metadata ] || [ "$3" = down ] || [ "$4" = db ] && exit 0\n${program}`;
    const app = programProject(t, { 'compose.yaml': CLOUD }, script);
    const { code, stderr } = await app.run('up', '-d');
    assert.equal(code, 1, `${program}: ${stderr}`);
    assert.match(stderr, text);
  }
  const missing = programProject(t, { 'compose.yaml': CLOUD.replace('gantry-cloud', 'gantry-none') }, '');
  assert.match((await missing.run('up', '-d')).stderr, /no plugin docker-gantry-none, and no program "gantry-none"/);
});

const MODELS = `
services:
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    models: { llm: { endpoint_var: AT, model_var: NAME }, my-small: {} }
models:
  llm: { model: ai/large, context_size: 1024, runtime_flags: [--temp, "0.1"] }
  my-small: { model: ai/small }
`;

test("models are pulled and configured by docker's plugin, and services get their addresses", async (t) => {
  const app = programProject(
    t,
    { 'compose.yaml': MODELS },
    `
case "$1" in
status) echo '{"endpoint":"http://models/v1/","running":true}' ;;
ls) echo '[{"id":"sha256:1","tags":["ai/small"]}]' ;;
pull) echo "half of it" ;;
esac
`,
  );
  const up = await app.run('up', '-d');
  assert.equal(up.code, 0, up.stderr);
  assert.match(up.stderr, /^ llm half of it $/m);
  const shown = await app.run('exec', 'web', 'sh', '-c', 'echo $AT $NAME $MY_SMALL_URL $MY_SMALL_MODEL');
  assert.equal(shown.stdout.trim(), 'http://models/v1/ ai/large http://models/v1/ ai/small');
  assert.deepEqual(app.calls().slice(0, 2).concat(app.calls().slice(2).sort()), [
    'status --json',
    'ls --json',
    'configure --context-size 1024 ai/large -- --temp 0.1',
    'configure ai/small',
    'pull ai/large',
  ]);
  const without = await app.compose('up', '-d');
  assert.equal(without.code, 1);
  assert.match(without.stderr, /^'models' support requires Docker Model plugin$/m);
});

test('credential_spec is for Windows, and has no effect', async (t) => {
  const service = 'image: busybox, command: sleep 1000, stop_grace_period: 0s, credential_spec: { file: x }';
  const app = composeProject(t, engine(), { 'compose.yaml': `services: { web: { ${service} } }\n` });
  const { code, stderr } = await app.compose('up', '-d');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /"credential_spec\\" is for Windows containers, and has no effect/);
});
