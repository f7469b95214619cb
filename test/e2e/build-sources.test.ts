import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lacksPlugins, PLUGIN_AGES, type PluginAge, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { useEngine } from '../support/fixture.ts';
import { git, startGitServer } from '../support/git-server.ts';

// What the real buildx gives to builds: directories, archives, layouts, and addresses of files and repositories.
const engine = useEngine();

interface Client {
  readonly folder: string;
  /** Builds, and returns what the build printed. The result is in the folder `out` of the client. */
  build(args: readonly string[], input?: Buffer | string): Promise<string>;
  /** Runs buildx, and returns what it printed. */
  buildx(args: readonly string[]): Promise<string>;
  /** Reads a file of the result. */
  result(path: string): string;
}

function openClient(t: TestContext, age: PluginAge): Client {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-sources-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { DOCKER_HOST: `unix://${engine().socketPath}`, DOCKER_CONFIG: pluginConfig(folder, age) };
  const out = join(folder, 'out');
  const buildx = async (args: readonly string[], input?: Buffer | string): Promise<string> => {
    const given = input === undefined ? {} : { input };
    const { code, stdout, stderr } = await command('docker', ['buildx', ...args], { env, ...given });
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  return {
    ...{ folder, buildx },
    async build(args, input) {
      rmSync(out, { recursive: true, force: true });
      return await buildx(['build', '--progress=plain', '-o', `type=local,dest=${out}`, ...args], input);
    },
    result: (path) => readFileSync(join(out, path), 'utf8'),
  };
}

/** A directory with these files. */
function directory(client: Client, name: string, files: Readonly<Record<string, string>>): string {
  const path = join(client.folder, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

for (const age of PLUGIN_AGES) {
  const options = { skip: lacksPlugins(age) };

  test(`an image goes into a layout of the client, and is a context from there (${age})`, options, async (t) => {
    const client = openClient(t, age);
    const context = directory(client, 'context', { Dockerfile: 'FROM scratch\nCOPY f /\n', f: `layout ${age}` });
    const layout = join(client.folder, 'layout');
    await client.buildx(['build', '-o', `type=oci,tar=false,dest=${layout}`, '-t', 'kept:1', context]);
    const user = directory(client, 'user', { Dockerfile: 'FROM base\n' });
    await client.build(['--build-context', `base=oci-layout://${layout}:1`, user]);
    assert.equal(client.result('f'), `layout ${age}`);
    const out = join(client.folder, 'by-gantry');
    const gantry = (reference: string) =>
      engine().gantry(['build', '-o', out, '--build-context', `base=oci-layout://${layout}${reference}`, user]);
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
    for (const reference of ['', ':1', `@${manifests[0].digest}`]) {
      const { code, stderr } = await gantry(reference);
      assert.equal(code, 0, stderr);
      assert.equal(readFileSync(join(out, 'f'), 'utf8'), `layout ${age}`);
      rmSync(out, { recursive: true });
    }
    const missing = await engine().gantry(['build', '--build-context', `base=oci-layout://${layout}/none`, user]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /oci-layout reference ".*none" could not be resolved: ENOENT/);
    const changed = await gantry(`@sha256:${'0'.repeat(64)}`);
    assert.equal(changed.code, 1);
    assert.match(changed.stderr, /not found/);
  });

  test(`a directory is built again without copying what has not changed (${age})`, options, async (t) => {
    const client = openClient(t, age);
    const context = directory(client, 'context', {
      Dockerfile: 'FROM scratch\nCOPY . /all/\n',
      '.dockerignore': '*.log\n',
      a: `one ${age}`,
      'x.log': 'ignored',
    });
    symlinkSync('a', join(context, 'link'));
    await client.build([context]);
    assert.equal(client.result('all/link'), `one ${age}`);
    assert.deepEqual(readdirSync(join(client.folder, 'out/all')).sort(), ['.dockerignore', 'Dockerfile', 'a', 'link']);
    assert.match(await client.build([context]), /CACHED/);
    // Each client has files of its own: equal ones would be found in the cache.
    writeFileSync(join(context, 'a'), `two ${age}`);
    assert.doesNotMatch(await client.build([context]), /CACHED/);
    assert.equal(client.result('all/a'), `two ${age}`);
  });

  test(`standard input is a context, or a Dockerfile (${age})`, options, async (t) => {
    const client = openClient(t, age);
    const context = directory(client, 'context', { Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'tar' });
    const { stdout } = await command('tar', ['-C', context, '-c', '.']);
    await client.build(['-'], Buffer.from(stdout, 'latin1'));
    assert.equal(client.result('a'), 'tar');
    await client.build(['-f', '-', context], 'FROM scratch\nCOPY a /b\n');
    assert.equal(client.result('b'), 'tar');
  });

  test(`a named context is a directory (${age})`, options, async (t) => {
    const client = openClient(t, age);
    const context = directory(client, 'context', { Dockerfile: 'FROM scratch\nCOPY --from=other f /\n' });
    const other = directory(client, 'other', { f: 'other' });
    await client.build([context, '--build-context', `other=${other}`]);
    assert.equal(client.result('f'), 'other');
  });

  test(`a repository is a context and a source (${age})`, options, async (t) => {
    const client = openClient(t, age);
    const work = directory(client, 'work', { Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'git' });
    git(work, 'init', '-q', '-b', 'main');
    git(work, 'add', '.');
    git(work, 'commit', '-qm', 'one');
    const served = directory(client, 'served', {});
    git(served, 'clone', '-q', '--bare', work, 'r.git');
    await using server = await startGitServer(served);
    await client.build([`${server.url}/r.git#main`]);
    assert.equal(client.result('a'), 'git');
    const context = directory(client, 'context', { Dockerfile: `FROM scratch\nADD ${server.url}/r.git /r/\n` });
    await client.build([context]);
    assert.equal(client.result('r/a'), 'git');
  });

  test(`a file of a server is added once while it does not change (${age})`, options, async (t) => {
    const client = openClient(t, age);
    let body = 'first';
    const server = createServer((request, response) => {
      if (request.headers['if-none-match'] === `"${body}"`) response.writeHead(304).end();
      else response.setHeader('etag', `"${body}"`).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
    const context = directory(client, 'context', { Dockerfile: `FROM scratch\nADD ${url} /\n` });
    await client.build([context]);
    assert.equal(client.result('file'), 'first');
    assert.match(await client.build([context]), /CACHED/);
    body = 'second';
    await client.build([context]);
    assert.equal(client.result('file'), 'second');
  });
}
