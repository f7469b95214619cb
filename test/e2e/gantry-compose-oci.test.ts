import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { lacksPlugins } from '../support/client-plugins.ts';
import { GANTRY } from '../support/compose-project.ts';
import { tlsRegistry } from '../support/tls-registry.ts';
import { twoComposes } from '../support/two-composes.ts';

const skip = lacksPlugins('new');

test('projects that docker compose publishes are loaded from the registry', { skip }, async (t) => {
  await using registry = await tlsRegistry(t);
  const both = twoComposes(t, { SSL_CERT_FILE: registry.certificate });
  both.write({
    'compose.yaml': `
services:
  web:
    image: busybox
    env_file:
      - web.env
    extends:
      file: base.yaml
      service: base
  db: { image: "db:\${TAG:-1}" }
`,
    'base.yaml': 'services: { base: { command: [x] } }\n',
    'over.yaml': 'services: { db: { labels: { a: b } } }\n',
    'web.env': 'W=1\n',
  });
  const name = `${registry.host}/team/app`;
  for (const version of ['1.0', '1.1']) {
    const flags = ['--with-env', '-y', '--oci-version', version];
    const made = await both.docker('-f', 'compose.yaml', '-f', 'over.yaml', 'publish', ...flags, `${name}:${version}`);
    assert.equal(made.code, 0, made.stderr);
  }
  both.write({ 'compose.yaml': 'services: {}\n' });
  await both.same('-f', `oci://${name}:1.0`, 'config');
  await both.same('-f', `oci://${name}:1.1`, 'config');
  await both.same('-f', `oci://${name}:1.1`, 'config', '--hash', '*');
  both.write({
    'compose.yaml': `
include: ["oci://${name}:1.1"]
services: { own: { extends: { file: "oci://${name}:1.1", service: web } } }
`,
  });
  await both.same('config');
  const missing = await both.gantry('-f', `oci://${name}:none`, 'config');
  assert.match(missing.stderr, /^failed to pull OCI resource "127\.0\.0\.1:\d+\/team\/app:none": manifest unknown/);
  const off = twoComposes(t, { COMPOSE_EXPERIMENTAL_OCI_REMOTE: 'false' });
  assert.equal(
    (await off.gantry('-f', `oci://${name}:1.1`, 'config')).stderr,
    'OCI remote resource is disabled by "COMPOSE_EXPERIMENTAL_OCI_REMOTE"\n',
  );
});

test('a project from elsewhere gets the variables of the user only when they agree', async (t) => {
  await using registry = await tlsRegistry(t);
  const { write, gantry, folder } = twoComposes(t, { SECRET: 'of-the-user' });
  write({ 'own.yaml': `services: { a: { image: "x:\${TAG:-1}", labels: { s: "$SECRET" } } }\n` });
  const address = `oci://${registry.host}/app`;
  assert.equal((await gantry('-f', 'own.yaml', 'publish', '-y', `${registry.host}/app`)).code, 0);
  for (const words of [['up', '-d'], ['create'], ['run', 'a']]) {
    const { code, stdout, stderr } = await gantry('-f', address, ...words);
    assert.equal(code, 1);
    assert.match(stdout, /^SECRET +of-the-user +environment\nTAG +1 +compose file$/m);
    assert.match(stderr, /^The files of oci:.* are in .*docker-compose\/[0-9a-f]{64}\noperation cancelled by user\n$/);
  }
  // There is no engine: it is asked next.
  assert.match((await gantry('-f', address, 'up', '-d', '-y')).stderr, new RegExp(`${dirname(folder)}/no\\.sock`));
});

test('Ctrl-C ends the wait for a registry that is silent', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  t.after(() => silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const { env, folder } = twoComposes(t);
  const args = ['compose', '-f', `oci://127.0.0.1:${port}/app`, 'config'];
  const child = spawn(GANTRY, args, { env: { ...process.env, ...env }, cwd: folder });
  const connected = once(silent, 'connection');
  await connected;
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
});
