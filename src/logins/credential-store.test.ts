import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../client/index.ts';
import {
  allCredentials,
  eraseCredentials,
  findCredentials,
  HUB_SERVER,
  type LoginDeps,
  registryAuth,
  serverKey,
  storeCredentials,
} from './index.ts';

const ann = { username: 'ann', password: 'pa:55', identityToken: '' };

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-config-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A program of its own each time, since a program reads the file once. */
function programAt(dir: string, env: Readonly<Record<string, string>> = {}): LoginDeps {
  const warn = (): void => {};
  return { config: loadConfig(dir, env, warn), env, warn };
}

function decoded(header: string): unknown {
  return JSON.parse(Buffer.from(header, 'base64url').toString());
}

test('addresses mean the same registry however they are written', () => {
  for (const address of ['', 'docker.io', 'https://index.docker.io/v1/', 'registry-1.docker.io']) {
    assert.equal(serverKey(address), HUB_SERVER);
  }
  assert.equal(serverKey('http://reg.test:5000/v2/'), 'reg.test:5000');
});

test('a password goes into config.json beside what is there, behind a link and with its mode, and out again', async (t) => {
  const dir = folder(t);
  const elsewhere = join(dir, 'real.json');
  writeFileSync(elsewhere, '{"detachKeys":"ctrl-x","auths":{"other.test":{"auth":"eDp5"}}}');
  chmodSync(elsewhere, 0o640);
  mkdirSync(join(dir, 'config'));
  symlinkSync(elsewhere, join(dir, 'config/config.json'));
  const config = join(dir, 'config');
  assert.deepEqual(await storeCredentials(programAt(config), 'reg.test:5000', { credentials: ann, plainText: true }), {
    plainTextFile: join(config, 'config.json'),
  });
  assert.equal(statSync(elsewhere).mode & 0o777, 0o640);
  assert.deepEqual(JSON.parse(readFileSync(elsewhere, 'utf8')), {
    detachKeys: 'ctrl-x',
    auths: { 'other.test': { auth: 'eDp5' }, 'reg.test:5000': { auth: 'YW5uOnBhOjU1' } },
  });
  assert.deepEqual(await findCredentials(programAt(config), 'reg.test:5000'), ann);
  assert.deepEqual(decoded(await registryAuth(programAt(config), 'reg.test:5000/app:v1')), {
    username: 'ann',
    password: 'pa:55',
    serveraddress: 'reg.test:5000',
  });
  assert.deepEqual(decoded(await registryAuth(programAt(config), 'elsewhere.test/app')), {});
  assert.deepEqual(
    [...(await allCredentials(programAt(config)))],
    [
      ['other.test', { username: 'x', password: 'y', identityToken: '' }],
      ['reg.test:5000', ann],
    ],
  );
  await eraseCredentials(programAt(config), 'reg.test:5000');
  assert.equal(await findCredentials(programAt(config), 'reg.test:5000'), undefined);
  assert.deepEqual(await findCredentials(programAt(config), 'other.test'), {
    username: 'x',
    password: 'y',
    identityToken: '',
  });
});

test('an identity token is kept and sent instead of the password', async (t) => {
  const dir = folder(t);
  await storeCredentials(programAt(dir), HUB_SERVER, {
    credentials: { username: 'ann', password: '', identityToken: 'refresh' },
    plainText: true,
  });
  assert.deepEqual(decoded(await registryAuth(programAt(dir), 'busybox')), {
    username: 'ann',
    identitytoken: 'refresh',
    serveraddress: HUB_SERVER,
  });
});

/** Installs a helper that keeps its input in a file. */
function installHelper(t: TestContext, dir: string, name: string): string {
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const kept = join(dir, `${name}.kept`);
  const script = `#!/bin/sh
case $1 in
  store) cat > ${kept} ;;
  get) test -s ${kept} || { printf 'credentials not found in native keychain'; exit 1; }; cat ${kept} ;;
  erase) rm -f ${kept} ;;
esac
`;
  writeFileSync(join(bin, `docker-credential-${name}`), script, { mode: 0o755 });
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${bin}:${path}`;
  t.after(() => {
    process.env['PATH'] = path;
  });
  return kept;
}

test('helpers keep the secrets of their registries, and the file none of them', async (t) => {
  const dir = folder(t);
  const general = installHelper(t, dir, 'general');
  const special = installHelper(t, dir, 'special');
  writeFileSync(join(dir, 'config.json'), '{"credsStore":"general","credHelpers":{"reg.test":"special"}}');
  assert.equal(await findCredentials(programAt(dir), 'reg.test'), undefined);
  assert.deepEqual(await storeCredentials(programAt(dir), 'reg.test', { credentials: ann, plainText: false }), {
    helper: 'special',
  });
  await storeCredentials(programAt(dir), 'other.test', {
    credentials: { username: 'ann', password: '', identityToken: 'refresh' },
    plainText: false,
  });
  assert.deepEqual(JSON.parse(readFileSync(special, 'utf8')), {
    ServerURL: 'reg.test',
    Username: 'ann',
    Secret: 'pa:55',
  });
  assert.deepEqual(JSON.parse(readFileSync(general, 'utf8')), {
    ServerURL: 'other.test',
    Username: '<token>',
    Secret: 'refresh',
  });
  assert.doesNotMatch(readFileSync(join(dir, 'config.json'), 'utf8'), /pa:55|YW5uO|refresh/);
  assert.deepEqual(await findCredentials(programAt(dir), 'reg.test'), ann);
  assert.equal((await findCredentials(programAt(dir), 'other.test'))?.identityToken, 'refresh');
  await eraseCredentials(programAt(dir), 'reg.test');
  assert.equal(existsSync(special), false);
});

test('a helper that is not there is named in the error', async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'config.json'), '{"credsStore":"is-not-there"}');
  await assert.rejects(
    findCredentials(programAt(dir), 'reg.test'),
    /docker-credential-is-not-there: executable file not found/,
  );
  writeFileSync(join(dir, 'config.json'), '{"credsStore":"../../bin/sh"}');
  await assert.rejects(findCredentials(programAt(dir), 'reg.test'), /invalid credential helper/);
});

test('a new config.json is readable for the user alone, made where a link points, and not made to forget something', async (t) => {
  const dir = folder(t);
  await eraseCredentials(programAt(join(dir, 'config')), 'reg.test');
  assert.equal(existsSync(join(dir, 'config')), false);
  mkdirSync(join(dir, 'config'));
  symlinkSync('../dotfiles/docker.json', join(dir, 'config/config.json'));
  await storeCredentials(programAt(join(dir, 'config')), 'reg.test', { credentials: ann, plainText: true });
  assert.equal(statSync(join(dir, 'dotfiles/docker.json')).mode & 0o777, 0o600);
  assert.deepEqual(await findCredentials(programAt(join(dir, 'config')), 'reg.test'), ann);
});

test('plain text can be chosen by config.json, and against its helper for one registry', async (t) => {
  const dir = folder(t);
  const kept = installHelper(t, dir, 'general');
  writeFileSync(join(dir, 'config.json'), '{"plugins":{"gantry":{"logins":"plain-text"}}}');
  assert.deepEqual(await storeCredentials(programAt(dir), 'reg.test', { credentials: ann, plainText: false }), {
    plainTextFile: join(dir, 'config.json'),
  });
  writeFileSync(join(dir, 'config.json'), '{"credsStore":"general"}');
  await storeCredentials(programAt(dir), 'reg.test', { credentials: ann, plainText: true });
  assert.equal(existsSync(kept), false);
  const json = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
  assert.deepEqual([json.credsStore, json.credHelpers], ['general', { 'reg.test': '' }]);
  assert.deepEqual(await findCredentials(programAt(dir), 'reg.test'), ann);
});

test('a helper that fails leaves a pull without credentials, and says so', async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'config.json'), '{"credsStore":"is-not-there"}');
  assert.deepEqual(decoded(await registryAuth(programAt(dir), 'reg.test/app')), {});
});

test('logins of DOCKER_AUTH_CONFIG come first, and are not kept', async (t) => {
  const dir = folder(t);
  await storeCredentials(programAt(dir), 'reg.test', { credentials: ann, plainText: true });
  const bob = { username: 'bob', password: 'x', identityToken: '' };
  const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { 'https://reg.test/v2/': { auth: btoa('bob:x') } } }) };
  assert.deepEqual(await findCredentials(programAt(dir, env), 'reg.test'), bob);
  assert.equal(await findCredentials(programAt(dir, env), 'other.test'), undefined);
  for (const broken of ['{"hunter2', '[]', 'null', '{"auths":{"reg.test":{"auth":"!"}}}']) {
    assert.deepEqual(await findCredentials(programAt(dir, { DOCKER_AUTH_CONFIG: broken }), 'reg.test'), ann, broken);
  }
});

test('a config.json that is broken is as none, with a warning, and is not written over', async (t) => {
  const dir = folder(t);
  for (const broken of ['{"auths":{"reg.test":{"auth":"hunter2', '[]', '"x"']) {
    writeFileSync(join(dir, 'config.json'), broken);
    assert.equal(await findCredentials(programAt(dir), 'reg.test'), undefined);
    await assert.rejects(
      storeCredentials(programAt(dir), 'reg.test', { credentials: ann, plainText: true }),
      (error: Error) => error.message.startsWith('cannot change') && !error.message.includes('hunter2'),
    );
    assert.equal(readFileSync(join(dir, 'config.json'), 'utf8'), broken);
  }
  writeFileSync(join(dir, 'config.json'), '');
  await storeCredentials(programAt(dir), 'reg.test', { credentials: ann, plainText: true });
  assert.deepEqual(await findCredentials(programAt(dir), 'reg.test'), ann);
});
