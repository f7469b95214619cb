import assert from 'node:assert/strict';
import { Agent, get } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { lacksPlugins } from '../support/client-plugins.ts';
import { type CommandResult, command } from '../support/command.ts';
import { GANTRY } from '../support/compose-project.ts';
import { useEngine } from '../support/fixture.ts';
import { tlsRegistry } from '../support/tls-registry.ts';
import { twoComposes } from '../support/two-composes.ts';

const skip = lacksPlugins('new');
const engine = useEngine();
const agent = new Agent({ rejectUnauthorized: false });

/** What a registry has at a path, as text without the time at which a manifest was made. */
async function document(host: string, path: string): Promise<string> {
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json';
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  get(`https://${host}/v2/${path}`, { agent, headers: { accept } }, (response) => {
    buffer(response).then(resolve, reject);
  }).on('error', reject);
  return (await promise).toString().replace(/("org\.opencontainers\.image\.created":)"[^"]*"/, '$1""');
}

const PROJECT = {
  'compose.yaml': `# a comment
services:
  web:
    image: busybox
    env_file:
      - web.env
      - path: none.env
        required: false
    environment: { X: "\${X:-1}" }
    extends:
      file: base.yaml # another
      service: base
`,
  'base.yaml': 'services:\n  base:\n    command: [x]\n    extends:\n      file: deeper.yaml\n      service: base\n',
  'deeper.yaml': 'services: { base: { hostname: deep } }\n',
  'over.yaml': 'services: { web: { labels: { a: b }, profiles: [p] } }\n',
  'web.env': 'W=1\n',
};

test('both tools publish the same artifact, and load that of the other', { skip }, async (t) => {
  await using registry = await tlsRegistry(t);
  const { host } = registry;
  const both = twoComposes(t, { SSL_CERT_FILE: registry.certificate });
  both.write(PROJECT);
  const files = ['-f', 'compose.yaml', '-f', 'over.yaml'];
  for (const flags of [[], ['--oci-version', '1.0']]) {
    const tag = flags[1] ?? '1';
    for (const tool of ['docker', 'gantry'] as const) {
      const made = await both[tool](...files, 'publish', '--with-env', '-y', ...flags, `${host}/${tool}:${tag}`);
      assert.equal(made.code, 0, made.stderr);
    }
    assert.equal(await document(host, `gantry/manifests/${tag}`), await document(host, `docker/manifests/${tag}`));
  }
  const loaded = await both.same('--profile', '*', '-f', `oci://${host}/docker:1`, 'config');
  assert.equal(await both.same('--profile', '*', '-f', `oci://${host}/gantry:1`, 'config'), loaded);
  assert.match(loaded, /hostname: deep/);
});

test('names in flow style, in other folders and behind aliases lead to their files', async (t) => {
  await using registry = await tlsRegistry(t);
  const both = twoComposes(t);
  both.write({
    'compose.yaml': `
x-env: &env [sub/a.env]
services:
  web: { image: busybox, env_file: *env, extends: { file: sub/base.yaml, service: base } }
`,
    'sub/base.yaml': 'services: { base: { env_file: b.env, extends: { file: more/c.yaml, service: c } } }\n',
    'sub/more/c.yaml': 'services: { c: { hostname: c } }\n',
    'sub/a.env': 'A=1\n',
    'sub/b.env': 'B=2\n',
  });
  const before = await both.gantry('config');
  const made = await both.gantry('publish', '--with-env', '-y', `${registry.host}/x`);
  assert.equal(made.code, 0, made.stderr);
  both.write({ 'compose.yaml': 'services: {}\n' });
  const after = await both.gantry('-f', `oci://${registry.host}/x`, 'config');
  const services = ({ stdout }: CommandResult): string => stdout.replace(/^x-env:[\s\S]*/m, '');
  assert.match(after.stdout, /hostname: c/);
  assert.equal(services(after), services(before));
});

test('what others could not use is refused, and what may be secret is shown before it is published', async (t) => {
  await using registry = await tlsRegistry(t);
  const { host } = registry;
  const { write, gantry, env, folder } = twoComposes(t);
  const key = `${'AKIA'}IOSFODNN7EXAMPLA`;
  write({
    'build.yaml': 'services: { a: { build: . } }\n',
    'include.yaml': 'include: [build.yaml]\n',
    'env.yaml': 'services: { a: { image: x, environment: { KEY: v }, volumes: [/data:/data:ro] } }\n',
    'key.yaml': `services: { a: { image: x, labels: { key: "${key}" } } }\n`,
    'plain.yaml': 'services: { a: { image: x } }\n',
  });
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['-f', 'build.yaml', 'publish', `${host}/x`], /only have a build section, and no image:\n- "a"/],
    [['-f', 'include.yaml', 'publish', `${host}/x`], /build section/],
    [
      ['-f', 'env.yaml', 'publish', '-y', `${host}/x`],
      /service "a" has environment variable\(s\) declared\.\n.*--with-env/,
    ],
    [['-f', 'env.yaml', 'publish', '--with-env', `${host}/x`], /^nothing was published\n$/],
    [['-f', 'key.yaml', 'publish', `${host}/x`], /^nothing was published\n$/],
    [['-f', 'plain.yaml', 'publish', 'Not A Name'], /invalid reference format/],
    [['-f', 'plain.yaml', 'publish', `${host}/x@sha256:${'a'.repeat(64)}`], /published under a tag/],
    [['-f', 'plain.yaml', 'publish', '--oci-version', '2', `${host}/x`], /unsupported OCI version: 2/],
    [['-f', 'plain.yaml', 'publish', '127.0.0.1:1/x'], /refused/],
    [['-f', '-', 'publish', `${host}/x`], /empty compose file|standard input/],
  ];
  for (const [args, reason] of refused) {
    const { code, stderr } = await gantry(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, reason);
  }
  const asked = await gantry('-f', 'env.yaml', '-f', 'key.yaml', 'publish', '--with-env', `${host}/x`);
  assert.match(asked.stdout, /a: \/data:\/data:ro/);
  assert.match(asked.stdout, /key\.yaml:1: key of AWS, AKIAIOSF…/);
  assert.match(asked.stdout, /a: KEY=v/);
  assert.ok(!asked.stdout.includes(key));
  assert.match(await document(host, 'x/tags/list'), /NAME_UNKNOWN/);
  assert.equal((await gantry('--dry-run', '-f', 'plain.yaml', 'publish', `${host}/x`)).code, 0);
  assert.match(await document(host, 'x/tags/list'), /NAME_UNKNOWN/);
  const args = ['compose', '-f', 'key.yaml', 'publish', `${host}/x`];
  const agreed = await command(GANTRY, args, { env, cwd: folder, input: 'y\n' });
  assert.equal(agreed.code, 0, agreed.stderr);
  assert.match(await document(host, 'x/tags/list'), /"tags":\["latest"\]/);
});

test('images are pinned to digests, and an application has its images', { skip }, async (t) => {
  await using registry = await tlsRegistry(t);
  const { host } = registry;
  const image = `${host}/lib/busybox:1`;
  for (const args of [
    ['tag', 'busybox', image],
    ['push', '-q', image],
    ['rmi', image],
  ])
    await engine().ok('gantry', args);
  const both = twoComposes(t, { SSL_CERT_FILE: registry.certificate, DOCKER_HOST: `unix://${engine().socketPath}` });
  both.write({
    'compose.yaml': `services: { a: { image: "${image}", ports: ["80"] } }\n`,
    'two.yaml': `
services:
  a: { image: "\${IMAGE:-${image}}" }
  b: { image: "${host}/lib/busybox@sha256:${'a'.repeat(64)}" }
`,
  });
  for (const flags of [
    ['--resolve-image-digests'],
    ['--lock-image-digests'],
    ['--lock-image-digests', '--format', 'json'],
  ]) {
    await both.same('config', ...flags);
    await both.same('-f', 'two.yaml', 'config', ...flags);
  }
  const missing = await both.gantry('-f', 'missing.yaml', 'config', '--resolve-image-digests');
  assert.equal(missing.code, 1);
  both.write({ 'missing.yaml': `services: { a: { image: "${host}/lib/none:1" } }\n` });
  assert.match(
    (await both.gantry('-f', 'missing.yaml', 'config', '--lock-image-digests')).stderr,
    /failed to resolve digest for 127\.0\.0\.1:\d+\/lib\/none:1/,
  );
  for (const tool of ['docker', 'gantry'] as const) {
    const made = await both[tool]('publish', '--app', `${host}/${tool}:1`);
    assert.equal(made.code, 0, made.stderr);
  }
  assert.equal(await document(host, 'gantry/manifests/1'), await document(host, 'docker/manifests/1'));
  const indexes = await Promise.all(['docker', 'gantry'].map((name) => indexOf(host, name)));
  assert.equal(indexes[1], indexes[0]);
  const loaded = await both.same('-f', `oci://${host}/gantry:1`, 'config');
  assert.match(loaded, /busybox:1@sha256:/);
  both.write({ 'provided.yaml': `services: { a: { image: "${image}" }, p: { provider: { type: cloud } } }\n` });
  const provided = await both.gantry('-f', 'provided.yaml', 'publish', '--app', '-y', `${host}/provided:1`);
  assert.equal(provided.code, 0, provided.stderr);
});

/** The list of images that refers to the manifest with the tag 1, without the digest of the manifest, which has a time. */
async function indexOf(host: string, name: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  get(`https://${host}/v2/${name}/manifests/1`, { agent, headers: { accept } }, (response) => {
    response.resume();
    resolve(String(response.headers['docker-content-digest']));
  }).on('error', reject);
  const digest = await promise;
  const referrers: unknown = JSON.parse(await document(host, `${name}/referrers/${digest}`));
  const [index] = (referrers as { readonly manifests: readonly { readonly digest: string }[] }).manifests;
  return (await document(host, `${name}/manifests/${index?.digest}`)).replace(digest, 'DIGEST');
}
