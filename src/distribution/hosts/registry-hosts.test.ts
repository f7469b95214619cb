import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCertificates } from './certs-d.ts';
import { isInsecure, registryEndpoints } from './registry-hosts.ts';

test('loopback, listed hosts and addresses in listed networks may be insecure, others not', () => {
  const config = { insecureRegistries: ['reg.test:5000', 'plain.test', '10.1.0.0/16'] };
  for (const host of ['localhost', 'localhost:5000', '127.0.0.1:5000', '127.9.9.9', '[::1]:5000', 'reg.test:5000']) {
    assert.equal(isInsecure(config, host), true, host);
  }
  assert.equal(isInsecure(config, 'plain.test:443'), true);
  assert.equal(isInsecure(config, '10.1.200.3:5000'), true);
  for (const host of [
    'reg.test',
    'reg.test:5001',
    '10.2.0.1',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    '128.0.0.1',
  ]) {
    assert.equal(isInsecure(config, host), false, host);
  }
});

test('Docker Hub is reached at its own host, by https, and mirrors come before it when pulling alone', () => {
  const config = { insecureRegistries: [], mirrors: { 'docker.io': ['https://mirror.test/'] }, certsDirs: [] };
  const pull = registryEndpoints(config, 'docker.io', 'pull');
  assert.deepEqual(
    pull.map(({ url, isMirror, credentialsFor }) => [url.href, isMirror, credentialsFor]),
    [
      ['https://mirror.test/', true, undefined],
      ['https://registry-1.docker.io/', false, 'docker.io'],
    ],
  );
  assert.ok(pull.every(({ mayUsePlainHttp, tls }) => !mayUsePlainHttp && tls.skipVerify !== true));
  assert.equal(registryEndpoints(config, 'docker.io', 'push').length, 1);
});

test("authorities and a client's pair are read from the first folder that has the host", (t) => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-certs-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'b', 'reg.test:5000');
  mkdirSync(folder, { recursive: true });
  for (const name of ['ca.crt', 'client.cert', 'client.key']) writeFileSync(join(folder, name), `pem of ${name}`);
  const dirs = [join(root, 'a'), join(root, 'b')];
  assert.deepEqual(readCertificates(dirs, 'reg.test:5000'), {
    ca: ['pem of ca.crt'],
    cert: 'pem of client.cert',
    key: 'pem of client.key',
  });
  assert.deepEqual(readCertificates(dirs, 'other.test'), {});
  rmSync(join(folder, 'client.key'));
  assert.throws(() => readCertificates(dirs, 'reg.test:5000'), /missing key client\.key/);
});
