import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/command.ts';
import { copyProgram } from '../support/copy-program.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// Steps that use SSH agents: one of the client, and files with keys.
const engine = useEngine();
const found = await command('sh', ['-c', 'command -v ssh-add && command -v ssh-agent && command -v ssh-keygen']);
const skip = found.code === 0 ? false : 'no programs of OpenSSH on this machine';

test('a step signs with a key of a file, or of an agent', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-build-ssh-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const context = join(folder, 'context');
  mkdirSync(context);
  await copyProgram((found.stdout.split('\n')[0] ?? '').trim(), join(context, 'root'));
  writeFileSync(join(context, 'passwd'), 'root:x:0:0::/:/bin/sh\n');
  const key = async (name: string, passphrase = ''): Promise<string> => {
    const file = join(folder, name);
    const args = ['-q', '-t', name === 'rsa' ? 'rsa' : 'ed25519', '-N', passphrase, '-f', file];
    assert.equal((await command('ssh-keygen', args)).code, 0);
    writeFileSync(join(context, `${name}.pub`), readFileSync(`${file}.pub`));
    return file;
  };
  const [rsa, other] = [await key('rsa'), await key('other')];
  const base = 'FROM busybox\nCOPY passwd /etc/\nCOPY root /\nCOPY *.pub /\nENV LD_LIBRARY_PATH=/lib\n';
  const build = async (ssh: readonly string[], step: string) => {
    const run = `${base}RUN --mount=type=ssh,required=true ${step}\n`;
    const flags = ssh.flatMap((each) => ['--ssh', each]);
    return await engine().gantry(['build', '--no-cache', '--progress=plain', ...flags, '-f', '-', context], {
      input: run,
    });
  };
  const both = await build(
    [`default=${rsa},${other}`],
    '/ssh-add -T /rsa.pub && /ssh-add -T /other.pub && /ssh-add -L',
  );
  assert.equal(both.code, 0, both.stderr);
  for (const name of ['rsa', 'other']) {
    const [, publicKey = ''] = readFileSync(join(context, `${name}.pub`), 'utf8').split(' ');
    assert.ok(both.stderr.includes(publicKey), `${name} is listed`);
  }
  const missing = await build([`default=${other}`], '/ssh-add -T /rsa.pub');
  assert.notEqual(missing.code, 0);

  const socket = join(folder, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  t.after(() => agent.kill());
  await eventually(async () => {
    const env = { SSH_AUTH_SOCK: socket };
    assert.equal((await command('ssh-add', ['-q', other], { env })).code, 0);
  });
  const served = await build([`default=${socket}`], '/ssh-add -T /other.pub');
  assert.equal(served.code, 0, served.stderr);

  const refused = async (ssh: string): Promise<string> => {
    const { code, stderr } = await build([ssh], 'true');
    assert.equal(code, 1);
    return stderr;
  };
  const secret = await key('secret', 'passphrase');
  assert.match(
    await refused(`default=${secret}`),
    /SSH key .*secret: it is protected by a passphrase: add it to an agent/,
  );
  assert.match(await refused(`default=${secret}.pub`), /it is no private key/);
  assert.match(await refused(`default=${folder}/none`), /SSH key .*none: ENOENT/);
  assert.match(await refused(`default=${socket},${rsa}`), /an SSH agent is one socket, or files with keys/);
});
