import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SecretStore } from '../secret-store.ts';
import { encryptedFileStore } from './encrypted-file.ts';
import type { KeyMemory, PassphraseSource } from './vault-key.ts';

const ANN = { username: 'ann', secret: 'pa:55 \u{1F511}' };

/** Keys as the kernel keeps them, until it restarts. */
function keyMemory(options: { readonly forbidden?: boolean } = {}): KeyMemory & { restart(): void } {
  const keys = new Map<string, Buffer>();
  return {
    put(description, bytes) {
      if (options.forbidden === true) throw new Error('add_key: EPERM');
      keys.set(description, Buffer.from(bytes));
    },
    read: (description) => keys.get(description),
    drop: (description) => void keys.delete(description),
    restart: () => keys.clear(),
  };
}

/** A user who gives these answers in order. Without answers there is no user. */
function typing(...answers: string[]): PassphraseSource {
  const next = async (): Promise<string | undefined> => answers.shift();
  return { fixed: false, existing: next, fresh: next };
}

function fromFile(passphrase: string): PassphraseSource {
  return { fixed: true, existing: async () => passphrase, fresh: async () => passphrase };
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-vault-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'gantry');
}

function open(path: string, memory: KeyMemory, passphrase: PassphraseSource, said: string[] = []): SecretStore {
  return encryptedFileStore(path, { memory, passphrase, say: (text) => said.push(text) });
}

test('what is stored is found by another process, and the file shows none of it', async (t) => {
  const path = folder(t);
  const memory = keyMemory();
  assert.equal(open(path, memory, typing()).present(), false);
  await open(path, memory, fromFile('correct horse')).store('reg.test:5000', ANN);
  const again = open(path, memory, typing());
  assert.deepEqual(await again.get('reg.test:5000'), ANN);
  assert.equal(await again.get('elsewhere.test'), undefined);
  assert.equal(await again.get('__proto__'), undefined);
  assert.deepEqual([...(await again.list())], [['reg.test:5000', 'ann']]);
  const text = readFileSync(join(path, 'credentials.json'), 'utf8');
  assert.doesNotMatch(text, /"ann"|pa:55|correct/);
  assert.equal(statSync(join(path, 'credentials.json')).mode & 0o777, 0o600);
  assert.equal(statSync(path).mode & 0o777, 0o700);
});

test('the passphrase opens it once after a restart, and not with a wrong one', async (t) => {
  const path = folder(t);
  const memory = keyMemory();
  await open(path, memory, fromFile('correct horse')).store('reg.test', ANN);
  memory.restart();
  await assert.rejects(open(path, memory, typing()).get('reg.test'), /the credentials file is locked/);
  await assert.rejects(open(path, memory, fromFile('wrong')).get('reg.test'), /^CredentialError: wrong passphrase/);
  assert.deepEqual(await open(path, memory, typing('wrong', 'correct horse')).get('reg.test'), ANN);
  assert.deepEqual(await open(path, memory, typing()).get('reg.test'), ANN);
  memory.restart();
  await open(path, memory, fromFile('correct horse')).store('other.test', { username: 'bob', secret: 'x' });
  assert.deepEqual(await open(path, memory, typing()).get('reg.test'), ANN);
});

test('without a passphrase a login lasts until the machine restarts, which is said', async (t) => {
  const path = folder(t);
  const memory = keyMemory();
  const said: string[] = [];
  await open(path, memory, typing(), said).store('reg.test', ANN);
  assert.deepEqual(said, ['Without a passphrase, this login is lost when the machine restarts.']);
  assert.deepEqual(await open(path, memory, typing()).get('reg.test'), ANN);
  await open(path, memory, fromFile('later')).store('other.test', ANN);
  memory.restart();
  assert.deepEqual(await open(path, memory, fromFile('later')).get('reg.test'), ANN);

  const bare = folder(t);
  await open(bare, memory, typing()).store('reg.test', ANN);
  memory.restart();
  assert.equal(await open(bare, memory, typing()).get('reg.test'), undefined);
  assert.equal((await open(bare, memory, typing()).list()).size, 0);
  await open(bare, memory, typing()).store('new.test', ANN);
  assert.deepEqual(await open(bare, memory, typing()).get('new.test'), ANN);
  await open(bare, memory, typing()).erase('new.test');
  assert.equal(existsSync(join(bare, 'credentials.json')), false);
});

test('where the kernel keeps no keys the passphrase is needed each time', async (t) => {
  const path = folder(t);
  const memory = keyMemory({ forbidden: true });
  await assert.rejects(
    open(path, memory, typing()).store('reg.test', ANN),
    /the kernel cannot store keys \(add_key: EPERM\), so the credentials file needs a passphrase/,
  );
  await open(path, memory, fromFile('correct horse')).store('reg.test', ANN);
  assert.deepEqual(await open(path, memory, fromFile('correct horse')).get('reg.test'), ANN);
  await assert.rejects(open(path, memory, typing()).get('reg.test'), /locked/);
});

test('an entry that was moved to another registry, or changed, is refused', async (t) => {
  const path = folder(t);
  const memory = keyMemory();
  const store = open(path, memory, typing());
  await store.store('reg.test', ANN);
  const file = join(path, 'credentials.json');
  const vault = JSON.parse(readFileSync(file, 'utf8')) as { entries: Record<string, { sealed: string }> };
  const entry = vault.entries['reg.test'];
  assert.ok(entry !== undefined);
  vault.entries['evil.test'] = entry;
  vault.entries['short.test'] = { ...entry, sealed: '' };
  writeFileSync(file, JSON.stringify(vault));
  await assert.rejects(store.get('evil.test'), /the credentials of evil\.test are damaged/);
  await assert.rejects(store.get('short.test'), /damaged/);
  assert.deepEqual(await store.get('reg.test'), ANN);
  await store.erase('evil.test');
  await store.erase('short.test');
  await store.erase('never.test');
  assert.deepEqual([...(await store.list())], [['reg.test', 'ann']]);
});

test('a file that is not one of ours is refused and kept', async (t) => {
  const path = folder(t);
  mkdirSync(path, { recursive: true });
  const file = join(path, 'credentials.json');
  const key = { id: '0'.repeat(16) };
  const sealed = { nonce: 'AAAAAAAAAAAAAAAA', sealed: 'A'.repeat(64) };
  const scrypt = { kdf: 'scrypt', cost: 1 << 30, blockSize: 8, parallelization: 1, salt: '', ...sealed };
  for (const content of [
    '{',
    '[]',
    '{"version":2}',
    JSON.stringify({ version: 1, key: { id: '../x' }, entries: {} }),
    JSON.stringify({ version: 1, key, entries: { a: 1 } }),
    JSON.stringify({ version: 1, key: { ...key, wrapped: { ...scrypt, kdf: 'md5' } }, entries: {} }),
    JSON.stringify({ version: 1, key: { ...key, wrapped: scrypt }, entries: { 'reg.test': sealed } }),
  ]) {
    writeFileSync(file, content);
    const store = open(path, keyMemory(), fromFile('x'));
    await assert.rejects(store.get('reg.test'), /is damaged. Remove it|invalid scrypt parameters/, content);
    await assert.rejects(store.store('reg.test', ANN), /is damaged. Remove it|invalid scrypt parameters/, content);
    assert.equal(readFileSync(file, 'utf8'), content);
  }
});

test('logins at the same time are all kept', async (t) => {
  const path = folder(t);
  const memory = keyMemory();
  const servers = Array.from({ length: 8 }, (_, index) => `reg${index}.test`);
  await Promise.all(servers.map((server) => open(path, memory, typing()).store(server, ANN)));
  assert.deepEqual([...(await open(path, memory, typing()).list()).keys()].sort(), servers);
});
