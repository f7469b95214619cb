import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createKeychain } from './keychain.ts';
import { type Answer, answer } from './protocol.ts';
import { type Account, CredentialError, type SecretStore } from './secret-store.ts';

interface ScriptedStore extends SecretStore {
  readonly kept: Map<string, Account>;
  obstacleText: string | undefined;
  failure: string | undefined;
}

function scriptedStore(name: string): ScriptedStore {
  const kept = new Map<string, Account>();
  const scripted: ScriptedStore = {
    name,
    kept,
    obstacleText: undefined,
    failure: undefined,
    present: () => true,
    obstacle: async () => scripted.obstacleText,
    async get(server) {
      if (scripted.failure !== undefined) throw new CredentialError(scripted.failure);
      return kept.get(server);
    },
    store: async (server, account) => void kept.set(server, account),
    erase: async (server) => void kept.delete(server),
    list: async () => new Map([...kept].map(([server, { username }]) => [server, username])),
  };
  return scripted;
}

function helper(stores: readonly SecretStore[], only?: string) {
  const keychain = createKeychain({ stores, ...(only === undefined ? {} : { only }) });
  return (verb: string, input = ''): Promise<Answer> =>
    answer({ keychain, version: 'v1', input: async () => input }, verb === '' ? [] : [verb]);
}

const ANN = '{"ServerURL":"reg.test:5000","Username":"ann","Secret":"pa:55"}';

test('stores, gets, lists and erases as docker’s helpers do', async () => {
  const run = helper([scriptedStore('keyring')]);
  assert.deepEqual(await run('store', ANN), { code: 0, text: '' });
  assert.deepEqual(await run('get', 'reg.test:5000\n'), { code: 0, text: `${ANN}\n` });
  assert.deepEqual(await run('list'), { code: 0, text: '{"reg.test:5000":"ann"}\n' });
  assert.deepEqual(await run('erase', 'reg.test:5000'), { code: 0, text: '' });
  assert.deepEqual(await run('erase', 'reg.test:5000'), { code: 0, text: '' });
  assert.deepEqual(await run('list'), { code: 0, text: '{}\n' });
  assert.deepEqual(await run('version'), { code: 0, text: 'docker-credential-gantry (gantry) v1\n' });
});

test('says what clients compare with, on standard output with code 1', async () => {
  const run = helper([scriptedStore('keyring')]);
  const usage = 'Usage: docker-credential-gantry <store|get|erase|list|version>\n';
  const faults: readonly (readonly [string, string, string])[] = [
    ['get', 'reg.test', 'credentials not found in native keychain\n'],
    ['get', ' \n', 'no credentials server URL\n'],
    ['erase', '', 'no credentials server URL\n'],
    ['store', '{"Username":"ann","Secret":"x"}', 'no credentials server URL\n'],
    ['store', '{"ServerURL":"reg.test","Secret":"x"}', 'no credentials username\n'],
    ['store', '{"ServerURL":"reg.test","Username":7}', 'Username is not a string\n'],
    ['store', 'null', 'no credentials server URL\n'],
    ['store', '{"ServerURL":"a\\nb","Username":"ann"}', 'ServerURL is too long or has control characters\n'],
    ['frob', '', 'docker-credential-gantry: unknown action: frob\n'],
    ['', '', usage],
  ];
  for (const [verb, input, text] of faults) assert.deepEqual(await run(verb, input), { code: 1, text }, verb + input);
});

test('a secret that came in damaged JSON is not repeated in the error', async () => {
  const { code, text } = await helper([scriptedStore('keyring')])('store', '{"ServerURL":"reg.test","Secret":"hunter2');
  assert.equal(code, 1);
  assert.doesNotMatch(text, /hunter2/);
});

test('the first store that works keeps a secret, and no other has an older one', async () => {
  const [keyring, pass, file] = [scriptedStore('keyring'), scriptedStore('pass'), scriptedStore('file')];
  const run = helper([keyring, pass, file]);
  keyring.obstacleText = 'there is no D-Bus session';
  file.kept.set('reg.test:5000', { username: 'old', secret: 'old' });
  await run('store', ANN);
  assert.deepEqual([keyring.kept.size, pass.kept.size, file.kept.size], [0, 1, 0]);
  pass.failure = 'gpg: decryption failed';
  keyring.kept.set('other.test', { username: 'bob', secret: 'x' });
  assert.match((await run('get', 'other.test')).text, /"bob"/);
  assert.equal((await run('get', 'reg.test:5000')).text, 'gpg: decryption failed\n');
  pass.obstacleText = 'it is not initialised';
  file.obstacleText = 'x';
  assert.deepEqual(await run('store', ANN), {
    code: 1,
    text: 'no store for secrets is available (keyring: there is no D-Bus session; pass: it is not initialised; file: x)\n',
  });
});

test('a store that was chosen is the only one tried', async () => {
  const [keyring, file] = [scriptedStore('keyring'), scriptedStore('file')];
  await helper([keyring, file], 'file')('store', ANN);
  assert.deepEqual([keyring.kept.size, file.kept.size], [0, 1]);
  assert.equal(
    (await helper([keyring, file], 'cloud')('store', ANN)).text,
    'GANTRY_CREDENTIALS_STORE: there is no cloud, only keyring, file\n',
  );
});

test('the version is the package’s', () => {
  const source = readFileSync(new URL('main.ts', import.meta.url), 'utf8');
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  assert.match(source, new RegExp(`VERSION = 'v${version.replaceAll('.', '\\.')}'`));
});
