import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { exitCodeOfStartError } from '../../src/runtime/index.ts';
import { collect, demultiplex, isGone, NO_STDIO, never, TaskHost, until } from '../support/task-host.ts';
import { assertExecFailures } from './exec-failures.ts';

let host: TaskHost;
before(async () => {
  host = await TaskHost.open();
});
after(async () => {
  await host[Symbol.asyncDispose]();
});

test('an attachment before the start sees every byte of both streams, then the end', async () => {
  const id = host.newId();
  const stream = await host.attach(id);
  const all = collect(stream);
  const { exit } = await host.run(['sh', '-c', 'echo out; echo err >&2; exit 7'], { id });
  assert.equal(exit.exitCode, 7);
  assert.deepEqual(demultiplex(await all), { stdout: 'out\n', stderr: 'err\n' });
  assert.equal([...host.logText(id).split('\n')].sort().join(' '), ' err out');
});

test('the exit is announced after the last byte is in the log', async () => {
  for (let i = 0; i < 5; i++) {
    const id = host.newId();
    const ended = host.exit(id);
    await host.start(['sh', '-c', 'seq 1 20000; echo -n last'], { id });
    await ended;
    assert.match(host.logText(id), /\n20000\nlast$/);
    await host.runtime.release({ containerId: id });
  }
});

test('exit codes are those of the process, 128 and the signal when it was killed', async () => {
  assert.equal((await host.run(['true'])).exit.exitCode, 0);
  assert.equal((await host.run(['sh', '-c', 'exit 255'])).exit.exitCode, 255);
  for (const signal of [9, 15]) {
    const { id } = await host.start(['sh', '-c', 'trap - TERM; exec sleep 1000'], {
      namespaces: [{ type: 'mount' }, { type: 'uts' }],
    });
    const ended = host.exit(id);
    await host.runtime.kill({ containerId: id }, signal);
    assert.equal((await ended).exitCode, 128 + signal);
    await host.runtime.release({ containerId: id });
    await assert.rejects(host.runtime.kill({ containerId: id }, 9), { kind: 'conflict' });
  }
});

test('an exit that cannot be written to the disk is announced all the same', async () => {
  const { id } = await host.start(['sleep', '1000']);
  const reserved = `${host.execRoot}/tasks/${id}/exit.json.tmp`;
  rmSync(reserved);
  mkdirSync(reserved);
  assert.equal((await host.kill(id)).exitCode, 137);
});

test('a failure to handle an exit does not end the connection to the supervisor', async () => {
  using _broken = host.runtime.onExit(() => {
    throw new Error('no');
  });
  const { id } = await host.start(['sleep', '1000']);
  await host.kill(id);
  assert.deepEqual(
    host.messages.filter((message) => message.includes('supervisor')),
    ['an event of the supervisor was not handled'],
  );
});

test('a start that fails says it in the words of Docker and leaves nothing', async () => {
  const start =
    'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed';
  const cases: [string, string, number][] = [
    ['nope', 'exec: "nope": executable file not found in $PATH', 127],
    ['/nope', 'exec: "/nope": stat /nope: no such file or directory', 127],
    ['/etc', 'exec: "/etc": is a directory: permission denied', 126],
    ['/etc/passwd', 'exec: "/etc/passwd": permission denied', 126],
  ];
  for (const [command, text, code] of cases) {
    const id = host.newId();
    await assert.rejects(host.start([command], { id }), (error: Error & { kind?: string }) => {
      assert.equal(error.message, `${start}: unable to start container process: error during container init: ${text}`);
      assert.equal(error.kind, 'invalid');
      assert.equal(exitCodeOfStartError(error), code);
      return true;
    });
    assert.ok(!existsSync(`${host.execRoot}/tasks/${id}`));
    assert.ok(!existsSync(`${host.execRoot}/runtime/${id}`));
    // The id is free: the same container starts when its command is right.
    assert.equal((await host.run(['true'], { id })).exit.exitCode, 0);
  }
});

test('a command that cannot be executed says so in the words of Docker, on stderr and with 255', async () => {
  await assertExecFailures(host);
});

test('clients that wait for a start that failed are let go', async () => {
  const id = host.newId();
  const all = collect(await host.attach(id));
  await assert.rejects(host.start(['nope'], { id }));
  await host.runtime.cancelAttach({ containerId: id });
  assert.equal((await all).length, 0);
});

test('a process has its three streams and no other descriptor', async () => {
  const id = host.newId();
  const all = collect(await host.attach(id));
  await host.run(['sh', '-c', 'ls /proc/self/fd'], { id });
  // 3 is the folder that ls reads.
  assert.equal(demultiplex(await all).stdout, '0\n1\n2\n3\n');
});

test('no signal is blocked or ignored', async () => {
  const { id } = await host.run(['grep', '-E', 'SigBlk|SigIgn', '/proc/self/status']);
  const masks = [...host.logText(id).matchAll(/:\s*([0-9a-f]{16})/g)].map(([, mask]) => BigInt(`0x${mask}`));
  assert.equal(masks.length, 2);
  // Bits 31 and 32 are the C library's own signals.
  for (const mask of masks) assert.equal(mask & ~0x1_8000_0000n, 0n);
});

test('writers get no SIGPIPE, whoever comes and goes', async () => {
  const id = host.newId();
  const stream = await host.attach(id);
  const { pid } = await host.start(['sh', '-c', 'while :; do echo line || exit 9; sleep 0.01; done'], { id });
  stream.destroy();
  const before = host.logText(id).length;
  await until(() => host.logText(id).length > before + 50, 'the container writes on');
  assert.ok(!isGone(pid));
  await host.kill(id);
});

test('fifty containers started at once all run and end with their own code', async () => {
  const runs = Array.from({ length: 50 }, async (_, i) => (await host.run(['sh', '-c', `exit ${i}`])).exit.exitCode);
  assert.deepEqual(
    await Promise.all(runs),
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test('the same container starts again at once: the start waits for what the runtime still has to delete', async () => {
  const id = host.newId();
  for (let i = 0; i < 5; i++) assert.equal((await host.run(['true'], { id })).exit.exitCode, 0);
});

test('no zombie stays: neither the runtime, nor a container, nor orphans of a host pid namespace', async () => {
  await host.run(['sh', '-c', '(sleep 0.05 &) ; true'], { namespaces: [{ type: 'mount' }, { type: 'uts' }] });
  const children = (): string =>
    execFileSync('ps', ['-o', 'stat=,args=', '--ppid', String(host.supervisorPid)], { encoding: 'utf8' }).trim();
  await until(() => {
    try {
      return children() === '';
    } catch {
      return true; // ps fails when there is no process to show.
    }
  }, 'the supervisor has no child');
});

test('a second start of a running container is refused', async () => {
  const { id } = await host.start(['sleep', '1000']);
  await assert.rejects(host.start(['true'], { id }));
  assert.ok(existsSync(`${host.execRoot}/runtime/${id}`));
  await host.kill(id);
});

test('processes, stats, limits, pausing', async () => {
  const { id, pid } = await host.start(['sh', '-c', 'sleep 1000 & exec sleep 2000']);
  await until(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'sleep\x002000\x00', 'both sleep');
  const processes = await host.runtime.processes(id);
  assert.equal(processes.length, 2);
  assert.ok(processes.includes(pid));
  await host.runtime.update(id, { Memory: 64 * 1024 * 1024, PidsLimit: 20 });
  const stats = await host.runtime.stats(id);
  assert.equal(stats.memory.limit, 64 * 1024 * 1024);
  assert.equal(stats.pids.limit, 20);
  assert.equal(stats.pids.current, 2);
  assert.ok(stats.memory.usage > 0 && stats.cpuTotalNanos > 0n && stats.hostCpuNanos > stats.cpuTotalNanos);
  await host.runtime.pause(id);
  await host.runtime.resume(id);
  await host.kill(id);
  await assert.rejects(host.runtime.pause(id), { kind: 'conflict' });
});

test('a container killed for want of memory says so', async () => {
  const eater = ['sh', '-c', 'x=$(head -c 100000000 /dev/zero | tr "\\0" x); echo $x'];
  const ooms: string[] = [];
  using _listening = host.runtime.onOom((containerId) => ooms.push(containerId));
  const limits = { memory: { limit: 16 * 1024 * 1024, swap: 16 * 1024 * 1024 } };
  const { id, exit } = await host.run(eater, { resources: limits });
  assert.equal(exit.oomKilled, true);
  assert.deepEqual(ooms, [id]);
  assert.equal((await host.run(['true'], { resources: limits })).exit.oomKilled, false);
});

test('a process of a living container that is killed for want of memory is told at once', async () => {
  const told = Promise.withResolvers<string>();
  using _listening = host.runtime.onOom((containerId) => told.resolve(containerId));
  const limits = { memory: { limit: 16 * 1024 * 1024, swap: 16 * 1024 * 1024 } };
  // The shell that grows is not ours to reap: only the cgroup tells of its end.
  const script = '(x=a; while :; do x=$x$x; done) 2>/dev/null; sleep 1000';
  const { id } = await host.start(['sh', '-c', script], { resources: limits });
  assert.equal(await told.promise, id);
  assert.equal((await host.kill(id)).oomKilled, true);
});

test('descriptors of the supervisor do not grow', async () => {
  const count = (): number => readdirSync(`/proc/${host.supervisorPid}/fd`).length;
  await host.run(['true']);
  await until(() => readdirSync(`${host.execRoot}/tasks`).length === 0, 'released');
  const before = count();
  for (let i = 0; i < 10; i++) await host.run(['sh', '-c', 'echo hi'], { stdio: { ...NO_STDIO, stdin: true } });
  await until(() => count() <= before, `no more than ${before} descriptors`);
  const mine = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 10; i++) await host.run(['sh', '-c', 'echo hi']);
  await until(() => readdirSync('/proc/self/fd').length <= mine, `no more than ${mine} descriptors in the daemon`);
});

test('an aborted start does not begin', async () => {
  const { runtime } = host;
  const task = { containerId: host.newId(), runtime: undefined, stdio: NO_STDIO };
  const { minimalSpec } = await import('../support/minimal-spec.ts');
  const spec = minimalSpec({ id: task.containerId, rootfs: host.rootfs, args: ['true'] });
  const started = runtime.start({ ...task, spec, log: host.log(task.containerId) }, AbortSignal.abort());
  await assert.rejects(started, { kind: 'cancelled' });
  assert.ok(never.aborted === false && !existsSync(`${host.execRoot}/tasks/${task.containerId}`));
});

test('a full disk under the log neither blocks nor ends the container, and is reported', async () => {
  const full = `${host.root}/full`;
  mkdirSync(full);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full]);
  try {
    const id = host.newId();
    const log = { ...host.log(id), path: `${full}/x.log` };
    const { exit } = await host.run(['sh', '-c', 'seq 1 100000; exit 4'], { id, log });
    assert.equal(exit.exitCode, 4);
    assert.ok(host.messages.includes('container log lines lost'));
    const text = readFileSync(log.path, 'utf8');
    assert.ok(text.endsWith('}\n'), 'no half entry');
    for (const line of text.trimEnd().split('\n')) JSON.parse(line);
  } finally {
    await until(() => readdirSync(`${host.execRoot}/tasks`).length === 0, 'released');
    execFileSync('umount', [full]);
  }
});
