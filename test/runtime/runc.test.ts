import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { collect, demultiplex, NO_STDIO, TaskHost, until } from '../support/task-host.ts';
import { assertExecFailures } from './exec-failures.ts';

let host: TaskHost;
before(async () => {
  host = await TaskHost.open('runc');
});
after(async () => {
  await host[Symbol.asyncDispose]();
});

test('runc: run, exec, exit codes, descriptors', async () => {
  assert.equal(host.runtime.runtimes.defaultName, 'runc');
  const id = host.newId();
  const all = collect(await host.attach(id));
  const { exit } = await host.run(['sh', '-c', 'ls /proc/self/fd; exit 5'], { id });
  assert.equal(exit.exitCode, 5);
  assert.equal(demultiplex(await all).stdout, '0\n1\n2\n3\n');

  const main = await host.start(['sleep', '1000']);
  const execId = host.newId();
  const ended = host.exit(execId);
  const stream = await host.attach(main.id, execId, true);
  const output = collect(stream);
  await host.exec(main.id, ['cat'], { tty: false, stdin: true, stdinOnce: true }, execId);
  stream.end('typed\n');
  assert.equal((await ended).exitCode, 0);
  assert.equal(demultiplex(await output).stdout, 'typed\n');
  await host.runtime.pause(main.id);
  await host.runtime.resume(main.id);
  await host.runtime.update(main.id, { Memory: 32 * 1024 * 1024, MemorySwap: 32 * 1024 * 1024 });
  assert.equal((await host.runtime.stats(main.id)).memory.limit, 32 * 1024 * 1024);
  assert.equal((await host.kill(main.id)).exitCode, 137);
});

test('runc: failures in the words of Docker', async () => {
  const start =
    'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed';
  await assert.rejects(host.start(['nope']), {
    message: `${start}: unable to start container process: error during container init: exec: "nope": executable file not found in $PATH`,
  });
  const { id } = await host.start(['sleep', '1000']);
  await assert.rejects(host.exec(id, ['nope'], NO_STDIO), {
    message:
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH',
  });
  await host.kill(id);
});

test('runc: a command that cannot be executed says so in the words of Docker', async () => {
  await assertExecFailures(host);
});

test('runc: a terminal', async () => {
  const id = host.newId();
  const client = await host.attach(id, undefined, true);
  let text = '';
  client.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const ended = host.exit(id);
  await host.start(['sh'], { id, stdio: { tty: true, stdin: true, stdinOnce: false, consoleSize: [20, 70] } });
  client.write('stty size; exit 2\n');
  assert.equal((await ended).exitCode, 2);
  await until(() => text.includes('20 70'), 'the size');
  await host.runtime.release({ containerId: id });
});
