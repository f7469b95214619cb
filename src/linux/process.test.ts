import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wallTimeNanos } from './clock.ts';
import { exitCodeOfStatus, openPidfd, pidfdEnded, pidfdExitCode, signalPidfd, takeDescriptor } from './pidfd.ts';
import { withoutMount } from './private-mounts.ts';
import { killProcess, makeFifo, peekExitedChild, reapChild, spawnProcess, tryLockFile } from './process.ts';
import { setTerminalSize, terminalSize } from './pty.ts';
import { acceptDescriptor, isHungUp, listenUnix, peerCredentials } from './unix-socket.ts';

const { O_CREAT, O_RDONLY, O_WRONLY } = constants;
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'lx-'));
});
after(() => rmSync(folder, { recursive: true }));

async function reaped(pid: number): Promise<number> {
  for (;;) {
    const child = reapChild(pid);
    if (child !== undefined) return child.exitCode;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function shell(script: string, output = '/dev/null'): number {
  return spawnProcess('/bin/sh', ['-c', script], {
    env: ['PATH=/usr/bin:/bin', 'A=b c'],
    files: [
      { fd: 0, path: '/dev/null', flags: O_RDONLY },
      { fd: 1, path: output, flags: O_WRONLY | O_CREAT },
    ],
  });
}

test('a spawned program gets its arguments, environment and files, and no signal ignored or blocked', async () => {
  const path = join(folder, 'out');
  assert.equal(await reaped(shell('echo "$A"; grep -E "Sig(Ign|Blk)" /proc/self/status; exit 7', path)), 7);
  const [words, ...signals] = readFileSync(path, 'utf8').split('\n');
  assert.equal(words, 'b c');
  // Node ignores SIGPIPE. glibc reserves 32 and 33.
  assert.deepEqual(signals, ['SigBlk:\t0000000000000000', 'SigIgn:\t0000000000000000', '']);
});

test('a program that is missing is an error of the call', () => {
  assert.throws(() => spawnProcess('/nope', [], { env: [], files: [] }), { code: 'ENOENT' });
});

test('peeking leaves a child to be reaped, reaping takes it; a death by signal counts from 128', async () => {
  const pid = shell('exec sleep 100');
  assert.equal(peekExitedChild(pid), undefined);
  killProcess(pid, 15);
  while (peekExitedChild(pid) === undefined) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual(peekExitedChild(pid), { pid, exitCode: 143 });
  assert.deepEqual(reapChild(pid), { pid, exitCode: 143 });
  assert.equal(reapChild(pid), undefined);
  assert.throws(() => killProcess(pid, 0), { code: 'ESRCH' });
});

test('a pidfd signals its process, tells its end, and where the kernel keeps it the exit code', async () => {
  const pid = shell('trap "exit 9" TERM; while :; do sleep 0.01; done');
  const pidfd = openPidfd(pid);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(pidfdEnded(pidfd), false);
  assert.equal(pidfdExitCode(pidfd), undefined);
  signalPidfd(pidfd, 15);
  assert.equal(await reaped(pid), 9);
  assert.equal(pidfdEnded(pidfd), true);
  assert.ok([9, undefined].includes(pidfdExitCode(pidfd)));
  assert.throws(() => signalPidfd(pidfd, 15), { code: 'ESRCH' });
  closeSync(pidfd);
  assert.equal(exitCodeOfStatus(0x0300), 3);
  assert.equal(exitCodeOfStatus(11), 139);
});

test('a descriptor is taken from another process', async () => {
  const path = join(folder, 'theirs');
  const child = spawn('sh', ['-c', 'echo hello > "$0"; exec 7< "$0"; echo ready; read x', path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const pidfd = openPidfd(child.pid ?? 0);
  const fd = takeDescriptor(pidfd, 7);
  assert.equal(readFileSync(fd, 'utf8'), 'hello\n');
  assert.throws(() => takeDescriptor(pidfd, 99), { code: 'EBADF' });
  closeSync(fd);
  closeSync(pidfd);
  child.kill();
  await once(child, 'exit');
});

test('fifos, file locks, wall time', () => {
  const path = join(folder, 'fifo');
  makeFifo(path, 0o600);
  assert.ok(statSync(path).isFIFO());
  assert.throws(() => makeFifo(path, 0o600), { code: 'EEXIST' });
  const [first, second] = [openSync(join(folder, 'lock'), 'a'), openSync(join(folder, 'lock'), 'a')];
  assert.equal(tryLockFile(first), true);
  assert.equal(tryLockFile(second), false);
  closeSync(first);
  assert.equal(tryLockFile(second), true);
  closeSync(second);
  assert.ok(Math.abs(Number(wallTimeNanos() / 1_000_000n) - Date.now()) < 1000);
});

test('a terminal has the size it is given', () => {
  const master = openSync('/dev/ptmx', 'r+');
  setTerminalSize(master, 33, 77);
  assert.deepEqual(terminalSize(master), { rows: 33, columns: 77 });
  closeSync(master);
});

test('a unix socket tells its peer, and a close from a half-close', async () => {
  const path = join(folder, 'sock');
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, resolve).listen(path);
  await once(server, 'listening');
  const client = connect({ path, allowHalfOpen: true });
  const ours = await promise;
  assert.deepEqual(peerCredentials(ours), { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  ours.resume();
  client.end();
  await once(ours, 'end');
  assert.equal(isHungUp(ours), false);
  client.destroy();
  await once(client, 'close');
  assert.equal(isHungUp(ours), true);
  ours.destroy();
  server.close();
});

test('nothing waits on a listening socket, or no descriptor comes with the message', async () => {
  const path = join(folder, 'console');
  const listener = listenUnix(path);
  assert.throws(() => acceptDescriptor(listener), { code: 'EAGAIN' });
  const client = connect(path);
  await once(client, 'connect');
  client.write('no descriptor here');
  await new Promise((resolve) => setImmediate(resolve));
  const before = readdirSync('/proc/self/fd').length;
  assert.throws(() => acceptDescriptor(listener), { code: 'EBADMSG' });
  assert.equal(readdirSync('/proc/self/fd').length, before);
  client.destroy();
  closeSync(listener);
  assert.throws(() => listenUnix(`/${'x'.repeat(120)}`), { code: 'ENAMETOOLONG' });
});

test('a mount is hidden from what is spawned, and from nobody else', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async () => {
  const home = openSync('/proc/thread-self/ns/mnt', 'r');
  const path = join(folder, 'seen');
  const mounted = existsSync('/proc/self');
  const pid = withoutMount(home, { parent: '/', target: '/proc' }, () => {
    assert.equal(existsSync('/proc/self'), false);
    return shell('test -e /proc/self && echo yes || echo no', path);
  });
  assert.equal(await reaped(pid), 0);
  assert.equal(readFileSync(path, 'utf8'), 'no\n');
  assert.equal(existsSync('/proc/self'), mounted);
  closeSync(home);
});
