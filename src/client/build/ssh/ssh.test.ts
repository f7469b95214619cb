import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { keyAgent } from './key-agent.ts';
import { readKey } from './read-key.ts';
import type { SshKey } from './ssh-key.ts';
import { SshReader, sshString, uint32 } from './wire.ts';

// OpenSSH's own programs are the other side.
const skip = spawnSync('ssh-keygen', ['--help']).error === undefined ? false : 'no ssh-keygen on this machine';
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'gantry-ssh-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a key with ssh-keygen. Returns its file. */
async function keyFile(name: string, args: readonly string[]): Promise<string> {
  const file = join(folder, name);
  await run('ssh-keygen', ['-q', '-f', file, '-C', `key ${name}`, ...args]);
  return file;
}

/** Runs a program of OpenSSH with an agent that has a key. */
async function withAgent(key: SshKey, program: string, args: readonly string[]): Promise<string> {
  const socket = join(folder, 'agent');
  const server = createServer((connection) => {
    pipeline(Readable.from(keyAgent([key], connection)), connection).catch(() => connection.destroy());
  });
  server.listen(socket);
  try {
    return (await run(program, args, { env: { ...process.env, SSH_AUTH_SOCK: socket } })).stdout;
  } finally {
    server.close();
  }
}

const KINDS: Readonly<Record<string, readonly string[]>> = {
  ed25519: ['-t', 'ed25519', '-N', ''],
  rsa: ['-t', 'rsa', '-b', '2048', '-N', ''],
  'rsa in PEM': ['-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', ''],
  'rsa in PKCS8': ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8', '-N', ''],
  ecdsa: ['-t', 'ecdsa', '-b', '256', '-N', ''],
  'ecdsa of 521 bits': ['-t', 'ecdsa', '-b', '521', '-N', ''],
  'ecdsa in PEM': ['-t', 'ecdsa', '-b', '384', '-m', 'PEM', '-N', ''],
};

for (const [kind, args] of Object.entries(KINDS)) {
  test(`OpenSSH takes the signatures of a key: ${kind}`, { skip }, async () => {
    const file = await keyFile(kind.replaceAll(' ', '-'), args);
    const key = readKey(readFileSync(file), file);
    const [, publicKey = ''] = readFileSync(`${file}.pub`, 'utf8').split(' ');
    assert.equal(key.publicKey.toString('base64'), publicKey);
    assert.match(await withAgent(key, 'ssh-add', ['-L']), new RegExp(publicKey.replaceAll('+', '\\+')));
    // `-T` asks for a signature of random bytes and checks it, as a login does.
    await withAgent(key, 'ssh-add', ['-T', `${file}.pub`]);
    for (const hash of kind === 'rsa' ? ['sha256', 'sha512'] : ['sha512']) {
      const text = join(folder, `text-${hash}`);
      writeFileSync(text, 'signed');
      // Without the private key the agent signs.
      const alone = join(folder, 'alone.pub');
      writeFileSync(alone, readFileSync(`${file}.pub`));
      await withAgent(key, 'ssh-keygen', ['-Y', 'sign', '-O', `hashalg=${hash}`, '-n', 'test', '-f', alone, text]);
      await run('sh', ['-c', `ssh-keygen -Y check-novalidate -n test -s ${text}.sig < ${text}`]);
      rmSync(`${text}.sig`);
    }
  });
}

test('a key with a passphrase, of another kind, or none at all is refused', { skip }, async () => {
  const read = (file: string) => readKey(readFileSync(file), 'id');
  const message = /^SSH key id: it is protected by a passphrase: add it to an agent by ssh-add/;
  for (const format of ['RFC4716', 'PEM', 'PKCS8']) {
    const file = await keyFile(`protected-${format}`, ['-t', 'rsa', '-b', '2048', '-m', format, '-N', 'secret']);
    assert.throws(() => read(file), { kind: 'invalid', message });
  }
  const file = await keyFile('whole', ['-t', 'ed25519', '-N', '']);
  assert.throws(() => read(`${file}.pub`), { message: 'SSH key id: it is no private key' });
  const text = readFileSync(file, 'utf8').split('\n');
  const cut = Buffer.from([...text.slice(0, 3), ...text.slice(-2)].join('\n'));
  assert.throws(() => readKey(cut, 'id'), { kind: 'invalid', message: /^SSH key id: / });
  const { privateKey } = generateKeyPairSync('x25519');
  const other = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  assert.throws(() => readKey(other, 'id'), { message: 'SSH key id: keys of the kind x25519 are not supported' });
});

test('an agent lists and signs, and refuses everything else', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = readKey(Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' })), 'id');
  const asked = async (...messages: readonly Buffer[]): Promise<readonly Buffer[]> => {
    const answers: Buffer[] = [];
    // Messages come in any pieces.
    const bytes = Buffer.concat(messages.map((message) => sshString(message)));
    const pieces = [bytes.subarray(0, 3), bytes.subarray(3, 7), bytes.subarray(7)];
    for await (const answer of keyAgent([key], Readable.from(pieces))) answers.push(new SshReader(answer).string());
    return answers;
  };
  const sign = (publicKey: Buffer) =>
    Buffer.concat([Buffer.from([13]), sshString(publicKey), sshString('data'), uint32(0)]);
  const [listed, signed, unknown, cut, added, locked, empty] = await asked(
    ...[Buffer.from([11]), sign(key.publicKey), sign(Buffer.from('other')), sign(key.publicKey).subarray(0, 20)],
    ...[Buffer.from([17]), Buffer.from([22]), Buffer.alloc(0)],
  );
  assert.deepEqual(listed?.subarray(0, 5), Buffer.from([12, 0, 0, 0, 1]));
  assert.equal(signed?.[0], 14);
  for (const refused of [unknown, cut, added, locked, empty]) assert.deepEqual(refused, Buffer.from([5]));
  const endless = keyAgent([key], Readable.from([Buffer.from([0x7f, 0, 0, 0])]));
  await assert.rejects(endless.next(), { kind: 'invalid' });
});
