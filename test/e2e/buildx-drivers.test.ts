import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lacksPlugins, PLUGIN_AGES, type PluginAge, pluginConfig } from '../support/client-plugins.ts';
import { unique, useEngine } from '../support/fixture.ts';
import { freePort } from '../support/free-port.ts';

// Builders that buildx makes itself, beside the engine's own: in a container (what CI actions use by default) and remote.
const API = await freePort();
const engine = useEngine({ flags: ['--host', `tcp://127.0.0.1:${API}`, '--allow-insecure-tcp'] });

/** A BuildKit in a container, as buildx wants it: its daemon idles, and `dial-stdio` leads to the engine's builder. */
const BUILDKIT = {
  Dockerfile:
    'FROM busybox\nCOPY --chmod=755 buildkitd buildctl /usr/bin/\nENTRYPOINT ["buildkitd"]\nVOLUME /var/lib/buildkit\n',
  buildkitd: '#!/bin/sh\necho "buildkitd $*"\ncat /etc/buildkit/buildkitd.toml\nexec sleep 10000\n',
  buildctl: `#!/bin/sh\n[ "$1" = dial-stdio ] || exit 0\nexec nc 127.0.0.1 ${API}\n`,
};

/** Its result is small, and can be run. */
const DOCKERFILE =
  'FROM busybox AS made\nCOPY a /\nRUN cat /a >/b\nFROM scratch AS files\nCOPY --from=made /b /\nFROM made\n';

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-drivers-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** buildx of one age with a state of its own. Each call fails the test unless it exits with 0, and returns both outputs. */
function buildx(t: TestContext, age: PluginAge): (...args: readonly string[]) => Promise<string> {
  const env = { DOCKER_CONFIG: pluginConfig(folder(t), age) };
  return async (...args) => {
    const { code, stdout, stderr } = await engine().docker(['buildx', ...args], { env });
    assert.equal(code, 0, `buildx ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
}

for (const age of PLUGIN_AGES) {
  const skip = lacksPlugins(age);

  test(`buildx (${age}) makes a builder in a container, uses, stops, starts and removes it`, { skip }, async (t) => {
    const run = buildx(t, age);
    const [image, name, tag] = [unique('buildkit'), unique('builder'), unique('built')];
    await engine().ok('gantry', ['build', '-q', '-t', image, folder(t, BUILDKIT)]);
    const config = join(folder(t, { 'b.toml': '[worker.oci]\n  max-parallelism = 3\n' }), 'b.toml');
    const opts = [`image=${image}`, 'network=host', 'env.COLOR=green', 'memory=64m', 'cpu-shares=512'];
    await run(
      ...['create', '--name', name, '--driver', 'docker-container', '--config', config, '--bootstrap'],
      ...opts.flatMap((opt) => ['--driver-opt', opt]),
      ...['--buildkitd-flags', '--debug'],
    );
    const container = `buildx_buildkit_${name}0`;
    assert.match(
      await engine().ok('gantry', ['logs', container]),
      /^buildkitd .*--debug.*\n[\s\S]*max-parallelism = 3/,
    );
    assert.match(
      await run('inspect', name),
      /Driver: +docker-container\n[\s\S]*Status: +running\n[\s\S]*BuildKit version: +v\d/,
    );
    const context = folder(t, { Dockerfile: DOCKERFILE, a: `${tag}\n` });
    await run('build', '--builder', name, '--load', '-t', tag, context);
    assert.equal(await engine().ok('gantry', ['run', '--rm', tag, 'cat', '/b']), tag);
    await run('stop', name);
    assert.match(await run('inspect', name), /Status: +(stopped|inactive)/);
    const out = join(folder(t), 'out');
    await run('build', '--builder', name, '--target', 'files', '-o', out, context);
    assert.equal(readFileSync(join(out, 'b'), 'utf8'), `${tag}\n`);
    assert.match(await run('du', '--builder', name), /Reclaimable:/);
    await run('rm', '--keep-state', name);
    const volume = `${container}_state`;
    assert.equal(await engine().ok('gantry', ['volume', 'ls', '-q', '--filter', `name=${volume}`]), volume);
    await engine().ok('gantry', ['volume', 'rm', volume]);
    assert.equal(await engine().ok('gantry', ['ps', '-aq']), '');
    await engine().ok('gantry', ['rmi', '-f', tag, image]);
  });

  const endpoint = age === 'new' ? 'its socket' : 'TCP';
  test(`buildx (${age}) uses the engine as a remote builder, by ${endpoint}`, { skip }, async (t) => {
    const run = buildx(t, age);
    const [name, tag] = [unique('remote'), unique('built')];
    const address = endpoint === 'TCP' ? `tcp://127.0.0.1:${API}` : engine().host;
    await run('create', '--name', name, '--driver', 'remote', address);
    assert.match(await run('inspect', '--bootstrap', name), /Status: +running/);
    const context = folder(t, { Dockerfile: DOCKERFILE, a: `${tag}\n` });
    const out = join(folder(t), 'out');
    await run('build', '--builder', name, '--target', 'files', '-o', out, context);
    assert.equal(readFileSync(join(out, 'b'), 'utf8'), `${tag}\n`);
    await run('build', '--builder', name, '--load', '-t', tag, context);
    assert.equal(await engine().ok('gantry', ['run', '--rm', tag, 'cat', '/b']), tag);
    await run('rm', name);
    await engine().ok('gantry', ['rmi', '-f', tag]);
  });
}
