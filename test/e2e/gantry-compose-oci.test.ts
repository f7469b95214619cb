import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lacksPlugins } from '../support/client-plugins.ts';
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
