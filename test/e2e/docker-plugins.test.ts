import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { layPlugins } from '../../tools/lay-plugins.mjs';
import { command } from '../support/command.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const hasDocker = CLIS.includes('docker') ? false : 'no docker CLI';
const LAUNCHER = fileURLToPath(new URL('../../bin/docker-buildx', import.meta.url));
const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-plugins-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
    if (text.startsWith('#!')) chmodSync(join(path, name), 0o755);
  }
  return path;
}

const lay = (path: string): readonly string[] => layPlugins({ folder: path, home: '/nonexistent', systemFolders: [] });

test('docker builds with our buildx as its plugin', { skip: hasDocker }, async (t) => {
  const config = folder(t);
  assert.match(lay(join(config, 'cli-plugins')).join(), /docker-buildx runs Gantry's$/);
  const env = { DOCKER_CONFIG: config };
  const context = folder(t, { Dockerfile: 'FROM busybox\nRUN --mount=type=tmpfs,target=/t echo built >/made\n' });
  for (const words of [['build'], ['buildx', 'build'], ['image', 'build']]) {
    const tag = unique('plugin');
    await engine().ok('docker', [...words, '-t', tag, context], { env });
    assert.equal(await engine().ok('docker', ['run', '--rm', tag, 'cat', '/made'], { env }), 'built');
    await engine().ok('docker', ['rmi', tag], { env });
  }
  const { stdout } = await engine().docker(['info', '--format', '{{ json .ClientInfo.Plugins }}'], { env });
  const [plugin] = JSON.parse(stdout).filter(({ Name }: { readonly Name: string }) => Name === 'buildx');
  assert.deepEqual([plugin.Vendor, plugin.Version, plugin.Err], ['Gantry', PACKAGE.version, undefined]);
  const elsewhere = await command('docker', ['--config', config, '-H', engine().host, 'buildx', 'ls']);
  assert.match(elsewhere.stdout, /default/);
});

test('our buildx runs by itself, through a link too, and answers docker without Node', async (t) => {
  const path = folder(t);
  lay(path);
  const own = await command(join(path, 'docker-buildx'), ['ls'], { env: { DOCKER_HOST: engine().host } });
  assert.match(own.stdout, /default/);
  const bare = folder(t, { 'bin/docker-buildx': readFileSync(LAUNCHER, 'utf8') });
  const { stdout } = await command(join(bare, 'bin/docker-buildx'), ['docker-cli-plugin-metadata'], {
    env: { PATH: '' },
  });
  const metadata = JSON.parse(stdout);
  assert.deepEqual([metadata.SchemaVersion, metadata.Vendor, metadata.Version], ['0.1.0', 'Gantry', PACKAGE.version]);
});

test('a plugin that is there is never replaced', (t) => {
  const path = folder(t, { 'docker-buildx': '#!/bin/sh\n' });
  assert.match(lay(path).join(), /docker-buildx stays/);
  assert.equal(readFileSync(join(path, 'docker-buildx'), 'utf8'), '#!/bin/sh\n');
  const system = folder(t, { 'docker-buildx': '#!/bin/sh\n' });
  const empty = join(folder(t), 'empty');
  assert.match(layPlugins({ folder: empty, home: '/nonexistent', systemFolders: [system] }).join(), /stays/);
  assert.equal(existsSync(empty), false);
  const ours = folder(t);
  lay(ours);
  assert.match(lay(ours).join(), /is Gantry's$/);
});

test('gantry runs plugins of docker for commands that it does not have', async (t) => {
  const script = '#!/bin/sh\necho "$@"; echo "$DOCKER_HOST" "$DOCKER_CONFIG"; cat; exit 7\n';
  const extra = folder(t, { 'docker-hello': script, 'docker-ps': script, 'docker-Bad': script });
  const config = folder(t, {
    'config.json': JSON.stringify({ cliPluginsExtraDirs: [extra] }),
    'cli-plugins/docker-compose': script,
    'cli-plugins/docker-plain': 'no program',
  });
  const gantry = (args: readonly string[]) => engine().gantry(args, { env: { DOCKER_CONFIG: config }, input: 'typed' });
  for (const words of [
    ['hello', '--flag', 'a b'],
    ['compose', 'bridge', 'a b'],
  ]) {
    const ran = await gantry(words);
    assert.deepEqual([ran.code, ran.stdout], [7, `${words.join(' ')}\n${engine().host} ${config}\ntyped`]);
  }
  assert.match((await gantry(['compose', '--help'])).stdout, /^Usage: {2}gantry compose /);
  const named = await gantry(['-H', 'tcp://127.0.0.1:1', 'hello']);
  assert.match(named.stdout, /^tcp:\/\/127\.0\.0\.1:1 /m);
  assert.match((await gantry(['ps'])).stdout, /^CONTAINER ID/);
  for (const name of ['Bad', 'plain', '../hello']) {
    const { code, stderr } = await gantry([name]);
    assert.equal(code, 1);
    assert.match(stderr, /is not a gantry command/);
  }
});
