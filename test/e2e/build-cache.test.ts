import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { lacksPlugins, PLUGIN_AGES, type PluginAge, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { useEngine } from '../support/fixture.ts';
import { type GantryRegistry, gantryRegistry } from '../support/gantry-registry.ts';

// The real buildx takes the cache of one engine to another that has none.
const first = useEngine();
const second = useEngine();
let registry: GantryRegistry | undefined;
before(async () => {
  registry = await gantryRegistry();
});
after(async () => registry?.[Symbol.asyncDispose]());

const DOCKERFILE = `FROM busybox AS one
RUN echo NAME > /one
FROM busybox
COPY f /f
RUN echo two > /two
COPY --from=one /one /one
`;
const STEPS = ['RUN echo NAME', 'COPY f', 'RUN echo two', 'COPY --from=one'];

interface Client {
  readonly folder: string;
  readonly context: string;
  /** Names in a registry that only this client uses. */
  ref(tag: string): string;
  /** Builds on an engine, and returns what the build printed. */
  build(engine: { readonly socketPath: string }, args: readonly string[], exitCode?: number): Promise<string>;
}

function openClient(t: TestContext, age: PluginAge): Client {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-cache-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const name = folder.slice(-6).toLowerCase();
  const context = join(folder, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'f'), name);
  writeFileSync(join(context, 'Dockerfile'), DOCKERFILE.replace('NAME', name));
  return {
    folder,
    context,
    ref: (tag) => `${registry?.host}/${name}:${tag}`,
    async build(engine, args, exitCode = 0) {
      const env = { DOCKER_HOST: `unix://${engine.socketPath}`, DOCKER_CONFIG: pluginConfig(folder, age) };
      const all = ['buildx', 'build', '--progress=plain', '--provenance=false', ...args, context];
      const { code, stdout, stderr } = await command('docker', all, { env });
      assert.equal(code, exitCode, `${all.join(' ')}: ${stdout}${stderr}`);
      return stdout + stderr;
    },
  };
}

/** Asserts which steps came from a cache. `NAME` is in the first. */
function assertCached(output: string, steps: readonly string[], name = ''): void {
  const cached = [...output.matchAll(/^#(\d+) CACHED$/gm)].map(([, number]) => number);
  const shown = STEPS.filter((step) => {
    const text = step.replace('NAME', name);
    return cached.some((number) =>
      output.split('\n').some((line) => line.startsWith(`#${number} [`) && line.includes(text)),
    );
  });
  assert.deepEqual(shown, steps, output);
}

const options = { skip: lacksPlugins('new') };

for (const age of PLUGIN_AGES) {
  test(`a second engine has all steps from the first engine's cache in a registry (${age})`, {
    skip: lacksPlugins(age),
  }, async (t) => {
    const client = openClient(t, age);
    const ref = client.ref('cache');
    const out = await client.build(first(), ['--cache-to', `type=registry,ref=${ref},mode=max`, '-t', 'a']);
    for (const text of ['exporting cache to registry', 'preparing build cache for export', 'writing layer sha256:']) {
      assert.ok(out.includes(text), out);
    }
    const again = await client.build(second(), ['--cache-from', `type=registry,ref=${ref}`, '-t', 'a']);
    assert.match(again, new RegExp(`importing cache manifest from ${ref}\n`));
    assertCached(again, STEPS, client.folder.slice(-6).toLowerCase());
    const result = join(client.folder, 'result');
    await client.build(second(), ['-o', `type=local,dest=${result}`]);
    assert.equal(readFileSync(join(result, 'f'), 'utf8'), client.folder.slice(-6).toLowerCase());
  });
}

test('a folder of the client, and an image itself, are caches', options, async (t) => {
  const client = openClient(t, 'new');
  const name = client.folder.slice(-6).toLowerCase();
  const folder = join(client.folder, 'cache');
  await client.build(first(), ['--cache-to', `type=local,dest=${folder}`, '-t', 'b']);
  assert.deepEqual(readdirSync(folder).includes('index.json'), true);
  // What the build of the cache did not need is not in it: its step is known by its key alone.
  assertCached(await client.build(second(), ['--cache-from', `type=local,src=${folder}`, '-t', 'b']), STEPS, name);

  writeFileSync(join(client.context, 'f'), `${name} changed`);
  const image = client.ref('image');
  await client.build(first(), ['--cache-to', 'type=inline', '--push', '-t', image]);
  assertCached(await client.build(second(), ['--cache-from', image, '-t', 'b']), STEPS, name);
});

test('a damaged or missing cache is a warning, and its steps run', options, async (t) => {
  const client = openClient(t, 'new');
  const name = client.folder.slice(-6).toLowerCase();
  const folder = join(client.folder, 'cache');
  await client.build(first(), ['--cache-to', `type=local,dest=${folder},mode=max`, '-t', 'c']);
  const blobs = join(folder, 'blobs/sha256');
  // Layers are compressed, documents are not.
  for (const blob of readdirSync(blobs)) {
    const bytes = readFileSync(join(blobs, blob));
    if (bytes[0] === 0x1f) writeFileSync(join(blobs, blob), Buffer.alloc(bytes.length, 7));
  }
  const args = ['--cache-from', `type=local,src=${folder}`, '--cache-from', `type=registry,ref=${client.ref('none')}`];
  const out = await client.build(second(), [...args, '-t', 'c']);
  assert.match(out, /ERROR: failed to configure registry cache importer/);
  assert.match(out, /the imported cache is not used: /);
  assertCached(await client.build(second(), ['-t', 'c']), STEPS, name);
});

test('a failing export fails the build, unless errors are ignored', options, async (t) => {
  const client = openClient(t, 'new');
  const nowhere = 'type=registry,ref=127.0.0.1:1/none:1';
  assert.match(await client.build(first(), ['--cache-to', nowhere], 1), /connection refused/);
  assert.match(await client.build(first(), ['--cache-to', `${nowhere},ignore-error=true`]), /connection refused/);
  const wrong = ['--cache-to', `type=registry,ref=${client.ref('x')},image-manifest=true,oci-mediatypes=false`];
  assert.match(await client.build(first(), wrong, 1), /OCI mediatypes are required/);
});

test('gantry build keeps its cache in a folder', async (t) => {
  const client = openClient(t, 'new');
  const folder = join(client.folder, 'cache');
  const build = async (engine: { readonly socketPath: string }, args: readonly string[]): Promise<string> => {
    const env = { DOCKER_HOST: `unix://${engine.socketPath}`, DOCKER_CONFIG: client.folder };
    const { code, stdout, stderr } = await command(
      'bin/gantry',
      ['build', '--progress=plain', ...args, client.context],
      {
        env,
      },
    );
    assert.equal(code, 0, stdout + stderr);
    return stdout + stderr;
  };
  const from = ['--cache-from', `type=local,src=${folder}`];
  assert.match(
    await build(first(), [...from, '--cache-to', `type=local,dest=${folder},mode=max`]),
    /no cache is found/,
  );
  const again = await build(second(), from);
  assertCached(again, STEPS, client.folder.slice(-6).toLowerCase());
});

test('cache mounts travel with the cache, and fill folders that are empty or not there', options, async (t) => {
  const client = openClient(t, 'new');
  const name = client.folder.slice(-6).toLowerCase();
  const folder = join(client.folder, 'cache');
  const mounted = (step: string): void =>
    writeFileSync(
      join(client.context, 'Dockerfile'),
      `FROM busybox\nRUN --mount=type=cache,id=${name},target=/m ${step}\n`,
    );
  const from = ['--cache-from', `type=local,src=${folder},mounts=true`];
  mounted('echo kept > /m/f && ln -s /etc/passwd /m/link');
  await client.build(first(), ['--cache-to', `type=local,dest=${folder},mounts=true`]);
  mounted('cat /m/f && readlink /m/link && echo own > /m/f');
  const without = ['--cache-from', `type=local,src=${folder}`];
  await client.build(second(), without, 1);
  assert.match(await client.build(second(), from), /^#\d+ \S+ kept$/m);
  mounted('cat /m/f && true');
  assert.match(await client.build(second(), from), /^#\d+ \S+ own$/m, 'a folder with files stays');
});
