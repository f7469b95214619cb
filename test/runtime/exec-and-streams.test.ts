import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { supervisorSocket } from '../../src/spec/index.ts';
import { collect, demultiplex, isGone, NO_STDIO, never, TaskHost, until } from '../support/task-host.ts';

const INTERACTIVE = { tty: false, stdin: true, stdinOnce: true };
const TERMINAL = { tty: true, stdin: true, stdinOnce: false };

let host: TaskHost;
let main: string;
before(async () => {
  host = await TaskHost.open();
  main = (await host.start(['sleep', '100000'])).id;
});
after(async () => {
  await host[Symbol.asyncDispose]();
});

test('an exec has its own streams and exit code, and its stdin ends with a half-close', async () => {
  const execId = host.newId();
  const ended = host.exit(execId);
  const stream = await host.attach(main, execId, true);
  const all = collect(stream);
  await host.exec(main, ['sh', '-c', 'cat; echo done >&2; exit 4'], INTERACTIVE, execId);
  stream.end('typed\n');
  assert.equal((await ended).exitCode, 4);
  assert.deepEqual(demultiplex(await all), { stdout: 'typed\n', stderr: 'done\n' });
  await host.runtime.release({ containerId: main, execId });
  await until(() => !existsSync(`${host.execRoot}/tasks/${main}/execs/${execId}`), 'the folder of the exec is removed');
});

test('an exec has three descriptors, and without -i its stdin is /dev/null', async () => {
  const execId = host.newId();
  const all = collect(await host.attach(main, execId));
  await host.exec(main, ['sh', '-c', 'readlink /proc/self/fd/0; ls /proc/self/fd'], NO_STDIO, execId);
  // As seen from the container, the host's /dev is out of sight.
  assert.match(demultiplex(await all).stdout, /^(\/dev)?\/null\n0\n1\n2\n3\n$/);
});

test('an exec of a missing command fails in the words of Docker', async () => {
  const prefix = 'OCI runtime exec failed: exec failed: unable to start container process';
  await assert.rejects(host.exec(main, ['nope']), {
    kind: 'invalid',
    message: `${prefix}: exec: "nope": executable file not found in $PATH`,
  });
  await assert.rejects(host.exec(main, ['/etc']), { kind: 'invalid', message: /is a directory/ });
});

test('an orphan of a failed exec does not keep a killed container from dying', async () => {
  const { id } = await host.start(['sleep', '1000']);
  await assert.rejects(host.exec(id, ['nope']));
  const exec = await host.exec(id, ['sleep', '1000']);
  const ended = host.exit(exec.execId);
  assert.equal((await host.kill(id)).exitCode, 137);
  assert.equal((await ended).exitCode, 137);
});

test('an exec in a container that does not run is a conflict', async () => {
  await assert.rejects(host.exec(host.newId(), ['true']), { kind: 'conflict' });
});

test('an exec that nobody watches runs, and its output goes nowhere', async () => {
  const execId = host.newId();
  const ended = host.exit(execId);
  await host.exec(main, ['sh', '-c', 'seq 1 50000; exit 3'], { ...NO_STDIO, discardOutput: true }, execId);
  assert.equal((await ended).exitCode, 3);
});

test('a background child of an exec does not hold its exit back for ever', async () => {
  const execId = host.newId();
  const ended = host.exit(execId);
  const all = collect(await host.attach(main, execId));
  await host.exec(main, ['sh', '-c', 'sleep 500 & echo started; exit 5'], NO_STDIO, execId);
  assert.equal((await ended).exitCode, 5);
  assert.equal(demultiplex(await all).stdout, 'started\n');
});

test('with stdinOnce the end of the first client ends stdin, without it nobody does', async () => {
  const once = host.newId();
  const first = await host.attach(once, undefined, true);
  const ended = host.exit(once);
  await host.start(['cat'], { id: once, stdio: INTERACTIVE });
  first.destroy();
  assert.equal((await ended).exitCode, 0);
  await host.runtime.release({ containerId: once });

  const { id, pid } = await host.start(['cat'], { stdio: { ...INTERACTIVE, stdinOnce: false } });
  for (const word of ['one', 'two']) {
    const client = await host.attach(id, undefined, true);
    client.end(`${word}\n`);
    await until(() => host.logText(id).includes(word), `${word} has gone through`);
    client.destroy();
  }
  assert.ok(!isGone(pid));
  await host.kill(id);
});

test('several clients see the same bytes', async () => {
  const id = host.newId();
  const clients = [await host.attach(id), await host.attach(id), await host.attach(id)];
  const all = clients.map((client) => collect(client));
  await host.run(['sh', '-c', 'seq 1 30000'], { id });
  const [first, ...others] = (await Promise.all(all)).map((bytes) => demultiplex(bytes).stdout);
  assert.match(first ?? '', /^1\n2\n[\s\S]*\n30000\n$/);
  for (const other of others) assert.equal(other, first);
});

test('a slow client holds the container up while it lives, and lets it go when it vanishes', async () => {
  const id = host.newId();
  const client = await host.attach(id);
  await host.start(['sh', '-c', 'seq 1 3000000; echo end'], { id, log: { ...host.log(id), driver: 'none' } });
  client.once('data', () => client.pause());
  await once(client, 'pause');
  const ended = host.exit(id);
  let gone = false;
  void ended.then(() => {
    gone = true;
  });
  for (let i = 0; i < 20; i++) await host.runtime.processes(id);
  assert.equal(gone, false);
  client.destroy();
  assert.equal((await ended).exitCode, 0);
  await host.runtime.release({ containerId: id });
});

test('a client that comes late sees what comes after; one for a task that has ended is refused when it asks so', async () => {
  const { id } = await host.start(['sh', '-c', 'echo early; cat'], { stdio: INTERACTIVE });
  await until(() => host.logText(id) === 'early\n', 'the first line is out');
  const client = await host.attach(id, undefined, true);
  const all = collect(client);
  const ended = host.exit(id);
  client.end('late\n');
  assert.equal(demultiplex(await all).stdout, 'late\n');
  await ended;
  const streams = { stdin: false, stdout: true, stderr: true, running: true };
  await assert.rejects(host.runtime.attach({ containerId: id }, streams, never), { kind: 'conflict' });
  await host.runtime.release({ containerId: id });
});

test('a shell on a terminal: raw bytes, size, signals from the keyboard', async () => {
  const id = host.newId();
  const client = await host.attach(id, undefined, true);
  let text = '';
  client.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const ended = host.exit(id);
  const closed = once(client, 'end');
  await host.start(['sh'], { id, stdio: { ...TERMINAL, consoleSize: [30, 100] } });
  client.write('test -t 0 && echo is-$((40+2)); stty size\n');
  await until(() => text.includes('is-42\r\n30 100\r\n'), 'the shell answers');
  await host.runtime.resize({ containerId: id }, 45, 132);
  client.write('stty size\n');
  await until(() => text.includes('45 132\r\n'), 'the new size');
  client.write('cat; echo after=$?\n');
  await until(async () => (await host.runtime.processes(id)).length === 2, 'cat runs');
  client.write('echoed twice\n');
  await until(() => text.split('echoed twice').length > 2, 'cat reads the terminal');
  client.write('\x03');
  await until(() => text.includes('^C'), 'the keyboard interrupts');
  // Interrupted, but not yet gone, it would still read the next line.
  await until(async () => (await host.runtime.processes(id)).length === 1, 'cat is gone');
  client.write('exit 3\n');
  assert.equal((await ended).exitCode, 3);
  await closed;
  assert.match(host.logText(id), /is-42\r\n/);
  await assert.rejects(host.runtime.resize({ containerId: id }, 1, 1), { kind: 'conflict' });
  await host.runtime.release({ containerId: id });
});

test('an exec on a terminal, with more input than a pty takes at once', async () => {
  const execId = host.newId();
  const ended = host.exit(execId);
  const client = await host.attach(main, execId, true);
  let text = '';
  client.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const closed = once(client, 'end');
  const script = 'stty raw -echo; echo ready; head -c 200000 | wc -c; exit 6';
  await host.exec(main, ['sh', '-c', script], TERMINAL, execId);
  // Until then the terminal gathers lines, and drops what is beyond 4095 bytes of one.
  await until(() => text.includes('ready'), 'the terminal is raw');
  client.write(Buffer.alloc(200_000, 'x'));
  assert.equal((await ended).exitCode, 6);
  await closed;
  assert.match(text, /200000/);
});

test('what is not a protocol, or comes too long, is dropped without harm', async () => {
  for (const junk of ['hello?\n', '{}\n', '{"kind":"attach"}\n', `{"kind":"${'x'.repeat(3_000_000)}`]) {
    const socket = connect(supervisorSocket(host.execRoot));
    socket.on('error', () => {});
    socket.resume();
    socket.write(junk);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  const old = connect(supervisorSocket(host.execRoot));
  old.write('{"kind":"hello","version":999,"afterSeq":0,"pid":1}\n');
  const [answer] = await once(old, 'data');
  assert.match(String(answer), /protocol 999 is not spoken/);
  old.destroy();
  assert.equal((await host.run(['true'])).exit.exitCode, 0);
});
