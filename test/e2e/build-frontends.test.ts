import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lacksPlugins, PLUGIN_AGES, pluginConfig } from '../support/client-plugins.ts';
import { type CommandResult, command } from '../support/command.ts';
import { useEngine } from '../support/fixture.ts';
import { importFrontend } from '../support/frontend-image.ts';

// Frontends of other images, asked for by the real buildx and by our client.
const engine = useEngine();
const FRONTEND = 'gantry-test/frontend';
const CAPS = 'moby.buildkit.frontend.caps=moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests';

let made: Promise<void> | undefined;
/** Makes the frontend's image, once. */
function frontendImage(): Promise<void> {
  made ??= importFrontend(engine(), FRONTEND, [CAPS]);
  return made;
}

interface Client {
  build(dockerfile: string, args?: readonly string[]): Promise<CommandResult & { readonly text: string }>;
  result(name: string): string;
}

function openClient(t: TestContext, age: 'new' | 'old' | 'gantry'): Client {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-frontends-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = {
    DOCKER_HOST: `unix://${engine().socketPath}`,
    ...(age === 'gantry' ? {} : { DOCKER_CONFIG: pluginConfig(folder, age) }),
  };
  const out = join(folder, 'out');
  return {
    async build(dockerfile, args = ['-o', out]) {
      await frontendImage();
      writeFileSync(join(folder, 'Dockerfile'), dockerfile);
      const all = ['--progress=plain', '-f', join(folder, 'Dockerfile'), ...args, folder];
      const result =
        age === 'gantry'
          ? await engine().gantry(['build', ...all])
          : await command('docker', ['buildx', 'build', ...all], { env });
      return { ...result, text: result.stdout + result.stderr };
    },
    result: (name) => readFileSync(join(out, name), 'utf8'),
  };
}

for (const age of [...PLUGIN_AGES, 'gantry'] as const) {
  const skip = age !== 'gantry' && lacksPlugins(age);

  test(`the frontend that a Dockerfile names builds (${age})`, { skip }, async (t) => {
    const client = openClient(t, age);
    const out = ['-o', join(mkdtempSync(join(tmpdir(), 'gantry-frontend-out-')), 'out')];
    t.after(() => rmSync(join(out[1] ?? '', '..'), { recursive: true }));
    const { code, text } = await client.build(`# syntax=${FRONTEND} plain\nNOTHING docker knows\n`, [
      '--build-arg',
      'A=b',
      ...out,
    ]);
    assert.equal(code, 0, text);
    const facts = JSON.parse(readFileSync(join(out[1] ?? '', 'facts'), 'utf8'));
    assert.deepEqual(facts, { caps: true, workers: true, session: true, product: 'moby', argument: 'b' });
    assert.match(text, /\[frontend\] gantry-test\/frontend/);
  });

  if (age === 'old') continue;

  test(`a build argument names the frontend (${age})`, { skip }, async (t) => {
    const client = openClient(t, age);
    const tag = `frontend-${age}`;
    const args = ['--build-arg', `BUILDKIT_SYNTAX=${FRONTEND} dockerfile`, '-t', tag];
    const { code, text } = await client.build('FROM busybox\nRUN echo x > /x\n', args);
    assert.equal(code, 0, text);
    const label = await engine().ok('gantry', ['inspect', '-f', '{{.Config.Labels.by}}', tag]);
    assert.equal(label, 'frontend');
    assert.equal(await engine().ok('gantry', ['run', '--rm', tag, 'cat', '/x']), 'x');
  });
}

test('a frontend that fails is told with its place, and does not hang the build', async (t) => {
  const client = openClient(t, 'gantry');
  const failure = async (task: string): Promise<string> => {
    const { code, text } = await client.build(`# syntax=${FRONTEND} ${task}\nFROM scratch\n`);
    assert.equal(code, 1, text);
    assert.match(text, /Dockerfile:1/);
    return text;
  };
  assert.match(await failure('refuse'), /the frontend does not like it/);
  assert.match(await failure('leave'), /frontend gantry-test\/frontend ended with exit code 0, and returned no result/);
  const crashed = await failure('crash');
  assert.match(crashed, /it went wrong/);
  assert.match(crashed, /ended with exit code 5, and returned no result/);
  assert.match(await failure('babble'), /closed its connection/);
  const missing = await client.build('# syntax=docker.io/gantry-test/none:1\nFROM scratch\n');
  assert.equal(missing.code, 1);
  assert.match(missing.text, /failed to load the frontend docker\.io\/gantry-test\/none:1: /);
});

test('much output of a frontend is cut, and a frontend that does not end is ended', async (t) => {
  const client = openClient(t, 'gantry');
  const flooded = await client.build(`# syntax=${FRONTEND} flood\n`);
  assert.equal(flooded.code, 0, flooded.text.slice(-2000));
  assert.ok(flooded.text.length < 4_000_000, `${flooded.text.length} bytes of 10 MB`);
  const lingering = await client.build(`# syntax=${FRONTEND} linger\n`);
  assert.equal(lingering.code, 0, lingering.text);
});

test('a frontend runs programs in containers', async (t) => {
  const client = openClient(t, 'gantry');
  const { code, text } = await client.build(`# syntax=${FRONTEND} container\n`);
  assert.equal(code, 0, text);
  assert.match(text, /container: \{"caps":true/);
});

for (const age of ['new', 'gantry'] as const) {
  test(`what a frontend says about its result goes with it (${age})`, {
    skip: age === 'new' && lacksPlugins(age),
  }, async (t) => {
    const client = openClient(t, age);
    const { code, text } = await client.build(`# syntax=${FRONTEND} attest\n`);
    assert.equal(code, 0, text);
    assert.equal(client.result('file'), 'result\n');
    const sha256 = createHash('sha256').update('result\n').digest('hex');
    const { predicateType, predicate, subject } = JSON.parse(client.result('predicate.json'));
    assert.equal(predicateType, 'https://example.com/file');
    assert.deepEqual(predicate, { is: 'predicate' });
    assert.deepEqual(subject, [
      { name: 'file', digest: { sha256 } },
      { name: 'other', digest: { sha256: 'cd' } },
    ]);
    const bundled = JSON.parse(client.result('bundled.json'));
    assert.deepEqual(bundled.subject, [{ name: 'source', digest: { sha256: 'ab' } }]);
    assert.deepEqual(bundled.predicate, { in: 'bundle' });
    const forged = await client.build(`# syntax=${FRONTEND} attest\n`, ['--build-arg', 'FORGE=1', '-t', 'forged']);
    assert.equal(forged.code, 1);
    assert.match(forged.text, /frontend may not set provenance attestations/);
  });
}

test('a hostile frontend gets nothing that its build does not have', async (t) => {
  const client = openClient(t, 'gantry');
  const outside = mkdtempSync(join(tmpdir(), 'gantry-outside-'));
  t.after(() => rmSync(outside, { recursive: true }));
  writeFileSync(join(outside, 'file'), 'of the host');
  const args = ['--no-cache', '--build-arg', `OUTSIDE=${join(outside, 'file')}`];
  const { code, text } = await client.build(`# syntax=${FRONTEND} grab\n`, args);
  assert.equal(code, 0, text);
  const answers = [...text.matchAll(/grab (\w+): (.*)$/gm)].map(([, name, answer]) => [name, answer]);
  assert.deepEqual(Object.fromEntries(answers), {
    ...{ parent: 'refused 5', link: 'refused 5', magic: 'refused 5', device: 'refused 3', pipe: 'refused 3' },
    ...{ ref: 'refused 5', returned: 'refused 5', host: 'refused 7', insecure: 'refused 7', step: 'refused 7' },
    large: 'refused 8',
  });
});

test('a frontend that writes noise ends, and the engine goes on', async (t) => {
  const client = openClient(t, 'gantry');
  const { code, text } = await client.build(`# syntax=${FRONTEND} noise\n`);
  assert.equal(code, 1, text);
  assert.match(text, /closed its connection/);
});
