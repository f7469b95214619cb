import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hashSync } from 'bcryptjs';
import { imageArchive, type TarEntry, tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { type GantryRegistry, gantryRegistry, temporaryFile } from '../support/gantry-registry.ts';

const engine = useEngine();
/** The password of bob is secret. */
const HTPASSWD = 'bob:$2y$05$XoV066GfonC1TI807FmKSe8xd/tfLySwxAbGpPs4NGdDhU1zIJbUG\n';

async function manifestDigest(host: string, name: string, reference: string): Promise<string> {
  const response = await fetch(`http://${host}/v2/${name}/manifests/${reference}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, bytes.toString());
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

for (const cli of CLIS) {
  test(`${cli}: tag, push, rmi, pull and run against our registry`, async () => {
    await using registry = await gantryRegistry();
    const path = `team/${unique('app')}`;
    const name = `${registry.host}/${path}:1`;
    await engine().ok(cli, ['tag', 'busybox:latest', name]);
    const pushed = await engine().ok(cli, ['push', name]);
    const digest = await manifestDigest(registry.host, path, '1');
    assert.match(pushed, new RegExp(`1: digest: ${digest} size: \\d+$`));
    await engine().ok(cli, ['rmi', name]);
    assert.match(await engine().ok(cli, ['pull', name]), new RegExp(`Digest: ${digest}`));
    assert.equal(await engine().ok(cli, ['run', '--rm', name, 'echo', 'from ours']), 'from ours');
    const copy = `${registry.host}/${path}-copy:2`;
    await engine().ok(cli, ['tag', name, copy]);
    assert.match(await engine().ok(cli, ['push', copy]), /Mounted from team\//);
    assert.equal(await manifestDigest(registry.host, `${path}-copy`, '2'), digest);
    await engine().ok(cli, ['rmi', name, copy]);
  });

  test(`${cli}: who logs in gets the rights of that account, and no more`, async (t) => {
    const passwords = temporaryFile(t, 'htpasswd', `alice:${hashSync('wonder', 4)}\nbob:${hashSync('builder', 4)}\n`);
    const rights = [
      { user: 'alice', repositories: '**', actions: ['pull', 'push', 'delete'] },
      { user: 'bob', repositories: 'public/*', actions: ['pull'] },
    ];
    const config = join(dirname(passwords), 'config.json');
    writeFileSync(config, JSON.stringify({ auth: { htpasswd: passwords, rights } }));
    await using registry = await gantryRegistry(['--config', config]);
    const login = (user: string, password: string) =>
      engine()[cli](['login', '-u', user, '--password-stdin', registry.host], { input: password });
    const app = `${registry.host}/public/${unique('app')}:1`;
    const secret = `${registry.host}/private/${unique('app')}:1`;
    for (const name of [app, secret]) await engine().ok(cli, ['tag', 'busybox:latest', name]);
    const stranger = await engine()[cli](['push', app]);
    assert.match(stranger.stderr, /no basic auth credentials|unauthorized: authentication required/);
    const wrong = await login('alice', 'w0nder');
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /unauthorized/);
    assert.equal((await login('alice', 'wonder')).code, 0);
    await engine().ok(cli, ['push', app]);
    await engine().ok(cli, ['push', secret]);
    assert.equal((await login('bob', 'builder')).code, 0);
    await engine().ok(cli, ['rmi', app, secret]);
    await engine().ok(cli, ['pull', app]);
    assert.match((await engine()[cli](['pull', secret])).stderr, /denied/);
    assert.match((await engine()[cli](['push', app])).stderr, /denied: requested access to the resource is denied/);
    await engine().ok(cli, ['logout', registry.host]);
    await engine().ok(cli, ['rmi', app]);
    assert.doesNotMatch(registry.log(), /wonder|w0nder|builder/);
  });
}

/** A token service as distribution's specification has it: alice may do everything, everybody else may pull. */
async function tokenService(): Promise<AsyncDisposable & { readonly realm: string; readonly publicKey: string }> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://token');
    const basic = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64').toString();
    if (basic !== '' && basic !== 'alice:wonder') {
      response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED","message":"wrong"}]}');
      return;
    }
    const access = url.searchParams
      .getAll('scope')
      .flatMap((scopes) => scopes.split(' '))
      .map((scope) => {
        const [type = '', name = '', actions = ''] = scope.split(':');
        return { type, name, actions: actions.split(',').filter((action) => basic !== '' || action === 'pull') };
      });
    const seconds = Math.floor(Date.now() / 1000);
    const claims = { iss: 'test', aud: 'registry', sub: basic.split(':')[0], nbf: seconds, exp: seconds + 300, access };
    const signed = `${part({ typ: 'JWT', alg: 'ES256' })}.${part(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ token: `${signed}.${signature.toString('base64url')}`, expires_in: 300 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

for (const cli of CLIS) {
  test(`${cli}: tokens of a service open what they say, for login, push and pull`, async (t) => {
    await using service = await tokenService();
    const keys = temporaryFile(t, 'keys.pem', service.publicKey);
    const token = { realm: service.realm, service: 'registry', issuer: 'test', keys };
    const config = temporaryFile(t, 'config.json', JSON.stringify({ auth: { token } }));
    await using registry = await gantryRegistry(['--config', config]);
    const name = `${registry.host}/team/${unique('app')}:1`;
    await engine().ok(cli, ['tag', 'busybox:latest', name]);
    assert.match((await engine()[cli](['push', name])).stderr, /denied|unauthorized|insufficient_scope/);
    const login = (password: string) =>
      engine()[cli](['login', '-u', 'alice', '--password-stdin', registry.host], { input: password });
    assert.notEqual((await login('w0nder')).code, 0);
    assert.equal((await login('wonder')).code, 0);
    await engine().ok(cli, ['push', name]);
    await engine().ok(cli, ['tag', name, `${name}-copy`]);
    await engine().ok(cli, ['push', `${name}-copy`]);
    await engine().ok(cli, ['logout', registry.host]);
    await engine().ok(cli, ['rmi', name, `${name}-copy`]);
    await engine().ok(cli, ['pull', name]);
    await engine().ok(cli, ['rmi', name]);
  });
}

test('content is collected while pushes go on, and every image that has a tag stays whole', async (t) => {
  const config = temporaryFile(t, 'config.json', '{"gc":{"graceSeconds":1,"sweepSeconds":0.2,"untagged":true}}');
  await using registry = await gantryRegistry(['--config', config]);
  const base = `http://${registry.host}/v2/app`;
  const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const descriptor = (text: string): object => ({ mediaType: 'x', digest: sha256(text), size: text.length });
  const push = async (tag: string, content: string): Promise<string> => {
    for (const blob of ['{}', content]) {
      const sent = await fetch(`${base}/blobs/uploads/?digest=${sha256(blob)}`, { method: 'POST', body: blob });
      assert.equal(sent.status, 201);
    }
    const manifest = { schemaVersion: 2, mediaType, config: descriptor('{}'), layers: [descriptor(content)] };
    const body = JSON.stringify(manifest);
    const put = await fetch(`${base}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'Content-Type': mediaType },
      body,
    });
    const answer = await put.text();
    // On a busy machine a push may take longer than this short time of grace: a client pushes again then.
    if (answer.includes('MANIFEST_BLOB_UNKNOWN')) return await push(tag, content);
    assert.equal(put.status, 201, answer);
    return sha256(body);
  };
  const deadline = Date.now() + 2000;
  const worker = async (id: number): Promise<void> => {
    for (let round = 0; Date.now() < deadline; round++) {
      const digest = await push(`moving-${id}`, `layer ${id} ${round} ${'x'.repeat(1000)}`);
      if (round % 3 === 0) await push(`kept-${id}`, `kept ${id}`);
      if (round % 5 === 0) assert.equal((await fetch(`${base}/manifests/${digest}`, { method: 'DELETE' })).status, 202);
    }
    await push(`moving-${id}`, `last ${id}`);
  };
  await Promise.all([0, 1, 2].map(worker));
  const { tags } = (await (await fetch(`${base}/tags/list`)).json()) as { tags: string[] };
  assert.deepEqual(tags, ['kept-0', 'kept-1', 'kept-2', 'moving-0', 'moving-1', 'moving-2']);
  for (const tag of tags) {
    const manifest = (await (await fetch(`${base}/manifests/${tag}`)).json()) as { layers: { digest: string }[] };
    const digest = manifest.layers[0]?.digest ?? '';
    assert.equal(sha256(await (await fetch(`${base}/blobs/${digest}`)).text()), digest);
  }
  const stored = (): Promise<number> =>
    Promise.resolve(readdirSync(join(registry.root, 'content/blobs/sha256')).length);
  // Six manifests with a layer each, one config: everything else goes, without a window in which pushes are refused.
  await eventually(async () => assert.equal(await stored(), 13));
});

for (const cli of CLIS) {
  test(`${cli}: pulls through a cache, also once the registry behind it is gone`, async (t) => {
    const password = temporaryFile(t, 'password', 'secret\n');
    let cache: GantryRegistry;
    let name: string;
    {
      await using upstream = await debianRegistry({ htpasswd: HTPASSWD });
      const login = ['login', '-u', 'bob', '--password-stdin', upstream.host];
      await engine().ok(cli, login, { input: 'secret' });
      const path = `team/${unique('app')}:1`;
      const source = `${upstream.host}/${path}`;
      await engine().ok(cli, ['tag', 'busybox:latest', source]);
      const digest = /digest: (sha256:\w+)/.exec(await engine().ok(cli, ['push', source]))?.[1] ?? 'none';
      await engine().ok(cli, ['rmi', source]);
      await engine().ok(cli, ['logout', upstream.host]);
      const flags = [
        '--proxy',
        `http://${upstream.host}`,
        '--proxy-username',
        'bob',
        '--proxy-password-file',
        password,
      ];
      cache = await gantryRegistry(flags);
      t.after(() => cache[Symbol.asyncDispose]());
      name = `${cache.host}/${path}`;
      assert.match(await engine().ok(cli, ['pull', name]), new RegExp(`Digest: ${digest}`));
      const refused = await engine()[cli](['push', name]);
      assert.notEqual(refused.code, 0);
      const unknown = await engine()[cli](['pull', `${cache.host}/team/nothing:1`]);
      assert.match(unknown.stderr, /manifest unknown|not found|name unknown/i);
    }
    await engine().ok(cli, ['rmi', name]);
    await engine().ok(cli, ['pull', name]);
    assert.equal(await engine().ok(cli, ['run', '--rm', name, 'echo', 'from the cache']), 'from the cache');
    await engine().ok(cli, ['rmi', name]);
    assert.doesNotMatch(cache.log(), /secret/);
  });
}

interface ImageFile {
  /** In the image. */
  readonly name: string;
  /** On this machine. */
  readonly path: string;
}

const folderEntries = (names: Iterable<string>): TarEntry[] => {
  const folders = new Set<string>();
  for (const name of names) for (let at = dirname(name); at !== '.'; at = dirname(at)) folders.add(at);
  return [...folders].sort().map((name) => ({ name: `${name}/`, type: 'directory', mode: 0o755 }));
};

/** The libraries that a program of this machine loads. */
async function librariesOf(program: string): Promise<ImageFile[]> {
  const { stdout } = await command('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => ({ name: path.slice(1), path }));
}

function filesOf(folder: string, name: string): ImageFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: `${name}/${relative(folder, path)}`, path }));
}

/** An image of files of this machine, which serves a registry at port 5000 and keeps it in a volume. */
function registryImage(
  tag: string,
  files: readonly ImageFile[],
  { texts, entrypoint }: { texts: Readonly<Record<string, string>>; entrypoint: readonly string[] },
): Buffer {
  const names = [...files.map(({ name }) => name), ...Object.keys(texts), 'tmp/x', 'var/lib/registry/x'];
  const layer = tarArchive([
    ...folderEntries(names),
    ...files.map(({ name, path }) => ({ name, content: readFileSync(path), mode: 0o755 })),
    ...Object.entries(texts).map(([name, content]) => ({ name, content })),
  ]);
  const config = {
    Entrypoint: entrypoint,
    ExposedPorts: { '5000/tcp': {} },
    Volumes: { '/var/lib/registry': {} },
  };
  return imageArchive({ tags: [tag], layers: [layer], config });
}

/** Distribution's own: what the tutorials' `registry:2` holds. Undefined where it is not installed. */
async function distributionImage(tag: string): Promise<Buffer | undefined> {
  const path = '/usr/bin/docker-registry';
  if (!existsSync(path)) return undefined;
  const config = [
    'version: 0.1',
    'storage: {filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}',
    'http: {addr: ":5000"}',
    '',
  ].join('\n');
  return registryImage(tag, [{ name: 'bin/registry', path }, ...(await librariesOf(path))], {
    texts: { 'etc/registry.yml': config },
    entrypoint: ['/bin/registry', 'serve', '/etc/registry.yml'],
  });
}

/** Ours: the bundle, Node, and what both load. */
async function ownImage(tag: string): Promise<Buffer> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const from = (folder: string): ImageFile[] => filesOf(join(root, folder), `app/${folder}`);
  const files = [
    { name: 'bin/node', path: process.execPath },
    { name: 'app/package.json', path: join(root, 'package.json') },
    { name: 'app/dist/gantry-registry.js', path: join(root, 'dist/gantry-registry.js') },
    ...from('dist/registry'),
    ...from('node_modules/koffi'),
    ...from('node_modules/@koromix'),
    ...(await librariesOf(process.execPath)),
  ];
  return registryImage(tag, files, {
    texts: {},
    entrypoint: ['/bin/node', '/app/dist/gantry-registry.js', '--root', '/var/lib/registry', '--listen', ':5000'],
  });
}

for (const [kind, makeImage] of [
  ['distribution’s', distributionImage],
  ['our own', ownImage],
] as const) {
  test(`${kind} registry in a container: run, tag, push, rmi, pull, run`, async (t) => {
    const image = `${unique('registry')}:2`;
    const archive = await makeImage(image);
    if (archive === undefined) return t.skip('docker-registry is not installed');
    await engine().ok('gantry', ['load', '-q'], { input: archive });
    for (const cli of CLIS) {
      const container = unique('registry');
      await engine().ok(cli, ['run', '-d', '-p', '127.0.0.1::5000', '--name', container, image]);
      try {
        const port = (await engine().ok(cli, ['port', container, '5000/tcp'])).split(':').at(-1) ?? '';
        await eventually(async () => assert.equal((await fetch(`http://localhost:${port}/v2/`)).status, 200));
        const name = `localhost:${port}/my-busybox`;
        await engine().ok(cli, ['tag', 'busybox:latest', name]);
        const digest = /digest: (sha256:\w+)/.exec(await engine().ok(cli, ['push', name]))?.[1] ?? 'none';
        await engine().ok(cli, ['rmi', name]);
        assert.match(await engine().ok(cli, ['pull', name]), new RegExp(`Digest: ${digest}`));
        assert.equal(await engine().ok(cli, ['run', '--rm', name, 'echo', 'round trip']), 'round trip');
        await engine().ok(cli, ['rmi', name]);
      } finally {
        await engine().ok(cli, ['rm', '-f', '-v', container]);
      }
    }
    await engine().ok('gantry', ['rmi', image]);
  });
}
