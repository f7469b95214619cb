import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogSpec } from '../../src/spec/index.ts';
import { catches } from '../support/catches.ts';
import { cgroupsOf } from '../support/host.ts';
import { isGone, NO_STDIO, TaskHost, textOf, until } from '../support/task-host.ts';

const { SIGUSR1 } = constants.signals;

const COUNTER = ['sh', '-c', 'i=0; while :; do echo line $i; i=$((i+1)); sleep 0.01; done'];

function killSupervisor(host: TaskHost): number {
  const pid = host.supervisorPid;
  process.kill(pid, 'SIGKILL');
  return pid;
}

const NO_LOG: Omit<LogSpec, 'path'> = { driver: 'json-file', maxSizeBytes: 0, maxFiles: 1, compress: false };

function rotatedStart(host: TaskHost, script: string, log: Omit<LogSpec, 'path'>): Promise<{ readonly id: string }> {
  const stdio = { tty: false, stdin: true, stdinOnce: false };
  return host.start(['sh', '-c', script], { stdio, log: { ...log, path: `${host.root}/rotated.log` } });
}

/** Lines `line N` of a log, which must be without gap and repetition. */
function assertUnbroken(text: string, atLeast: number): void {
  const lines = text.split('\n').slice(0, -1);
  assert.ok(lines.length >= atLeast, `${lines.length} lines`);
  lines.forEach((line, i) => {
    assert.equal(line, `line ${i}`);
  });
}

test('a daemon that is killed loses nothing: its successor hears of every exit and goes on', async () => {
  await using host = await TaskHost.open();
  const { id } = await host.start(COUNTER);
  const short = await host.start(['sh', '-c', 'sleep 0.2; exit 9']);
  // As after kill -9: nothing is told to the supervisor.
  await host.runtime[Symbol.asyncDispose]();
  await until(() => readFileSync(`${host.execRoot}/supervisor/supervisor.log`, 'utf8') !== '', 'the supervisor lives');
  const ended = host.exit(short.id);
  await host.connect();
  assert.equal((await ended).exitCode, 9);
  assert.deepEqual(
    host.runtime
      .tasks()
      .map((task) => task.containerId)
      .sort(),
    [id, short.id].sort(),
  );
  const before = host.logText(id).length;
  await until(() => host.logText(id).length > before + 100, 'the container writes on');
  assert.equal((await host.kill(id)).exitCode, 137);
  assertUnbroken(host.logText(id), 10);
});

test('a supervisor that is killed: containers keep running, keep their output, and end with their exit code', async () => {
  await using host = await TaskHost.open();
  const { id, pid } = await host.start(COUNTER);
  const late = await host.start(['sh', '-c', 'trap "echo bye; exit 42" USR1; while :; do sleep 0.05; done']);
  await until(() => catches(late.pid, SIGUSR1), 'it can be told to end');
  await until(() => host.logText(id).split('\n').length > 5, 'it writes');
  const old = killSupervisor(host);
  await until(() => host.supervisorPid !== old, 'there is another');
  const reached = host.logText(id).length;
  await until(() => host.logText(id).length > reached + 100, 'it writes on');
  const ended = host.exit(late.id);
  await host.runtime.kill({ containerId: late.id }, 10);
  assert.equal((await ended).exitCode, 42);
  assert.equal(host.logText(late.id), 'bye\n');
  assert.equal((await host.runtime.processes(id))[0], pid);
  assert.equal((await host.kill(id)).exitCode, 137);
  assertUnbroken(host.logText(id), 10);
  assert.equal((await host.run(['sh', '-c', 'exit 3'])).exit.exitCode, 3);
});

test('what ends while there is no supervisor is told by the next, with its output and exit code', async () => {
  await using host = await TaskHost.open();
  const { id, pid } = await host.start(['sh', '-c', 'trap "echo last; exit 77" USR1; while :; do sleep 0.02; done']);
  await until(() => catches(pid, SIGUSR1), 'it can be told to end');
  const execId = host.newId();
  await host.exec(id, ['sleep', '1000'], NO_STDIO, execId);
  const [ended, execEnded] = [host.exit(id), host.exit(execId)];
  const old = host.supervisorPid;
  process.kill(old, 'SIGSTOP');
  process.kill(pid, 'SIGUSR1');
  process.kill(old, 'SIGKILL');
  assert.equal((await ended).exitCode, 77);
  assert.equal((await execEnded).exitCode, 137);
  assert.equal(host.logText(id), 'last\n');
  await host.runtime.release({ containerId: id });
});

test('a shell on a terminal lives through the death of its supervisor', async () => {
  await using host = await TaskHost.open();
  const { id } = await host.start(['sh'], { stdio: { tty: true, stdin: true, stdinOnce: false } });
  const first = await host.attach(id, undefined, true);
  first.resume();
  first.write('x=kept\n');
  await until(() => host.logText(id).includes('x=kept'), 'it has been typed');
  const closed = once(first, 'end');
  const old = killSupervisor(host);
  await closed;
  await until(() => host.supervisorPid !== old, 'there is another');
  const second = await host.attach(id, undefined, true);
  let text = '';
  second.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  second.write('echo still-$x\n');
  await until(() => text.includes('still-kept'), 'the shell answers with what it knew');
  await host.runtime.resize({ containerId: id }, 50, 90);
  second.write('stty size; exit 8\n');
  const ended = host.exit(id);
  assert.equal((await ended).exitCode, 8);
  assert.match(text, /50 90/);
  await host.runtime.release({ containerId: id });
});

test('an open stdin without a client survives the supervisor', async () => {
  await using host = await TaskHost.open();
  const { id } = await host.start(['cat'], { stdio: { tty: false, stdin: true, stdinOnce: false } });
  const old = killSupervisor(host);
  await until(() => host.supervisorPid !== old, 'there is another');
  const client = await host.attach(id, undefined, true);
  client.write('through\n');
  await until(() => host.logText(id) === 'through\n', 'cat has echoed');
  await host.kill(id);
});

test('a supervisor says of a start what its predecessor said: an end before it would count for an earlier run', async () => {
  await using host = await TaskHost.open();
  const { id } = await host.start(['sleep', '1000']);
  const startedAt = (): string | undefined => host.runtime.tasks()[0]?.startedAt;
  const told = startedAt();
  const old = killSupervisor(host);
  await until(() => host.supervisorPid !== old, 'there is another');
  await host.runtime.kill({ containerId: id }, 0);
  assert.equal(startedAt(), told);
  await host.kill(id);
});

test('the note on an ended process outlives every supervisor that dies before the exit is announced', async () => {
  await using host = await TaskHost.open();
  const { id } = await host.start(['sleep', '1000']);
  // Its child holds the output, so that the announcement waits.
  const { execId, pid } = await host.exec(id, ['sh', '-c', 'sleep 1000 & exit 7']);
  await until(() => existsSync(`${host.execRoot}/supervisor/ended/${pid}`), 'its end is noted');
  for (let deaths = 0; deaths < 2; deaths++) {
    await host.runtime[Symbol.asyncDispose]();
    const supervisor = killSupervisor(host);
    await until(() => isGone(supervisor), 'the supervisor is dead');
    await host.connect();
  }
  assert.equal((await host.exit(execId)).exitCode, 7);
  await host.kill(id);
});

test('both killed at once: containers keep running, and the end of one that died meanwhile is not invented', async () => {
  await using host = await TaskHost.open();
  const { id } = await host.start(COUNTER);
  const dying = await host.start(['sleep', '1000']);
  const supervisor = host.supervisorPid;
  await until(() => host.logText(id).split('\n').length > 5, 'it writes');
  await host.runtime[Symbol.asyncDispose]();
  process.kill(supervisor, 'SIGKILL');
  process.kill(dying.pid, 'SIGKILL');
  const ended = host.exit(dying.id);
  await host.connect();
  const { exitCode } = await ended;
  assert.ok(exitCode === 137 || exitCode === null, `exit code ${exitCode}`);
  const reached = host.logText(id).length;
  await until(() => host.logText(id).length > reached + 100, 'it writes on');
  assert.equal((await host.kill(id)).exitCode, 137);
  assertUnbroken(host.logText(id), 10);
});

test('a start that was never finished is removed by the next supervisor', async () => {
  await using host = await TaskHost.open();
  const starts = Array.from({ length: 5 }, () => host.start(['sleep', '1000']).catch(() => undefined));
  const old = killSupervisor(host);
  const started = (await Promise.all(starts)).filter((one) => one !== undefined);
  await until(() => host.supervisorPid !== old, 'there is another');
  const known = host.runtime.tasks().map((task) => task.containerId);
  for (const { id } of started) assert.ok(known.includes(id));
  assert.equal(known.length, started.length);
});

/** Ends before a successor of the supervisor can be there. */
const BRIEF = ['sh', '-c', 'sleep 0.1; i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done; exit 9'];

test('a supervisor that is killed while it starts a container: the start succeeds, no line and no exit code is lost', async () => {
  await using host = await TaskHost.open();
  for (const milliseconds of [0, 4, 8, 12, 20, 40]) {
    const id = host.newId();
    const ended = host.exit(id);
    const started = host.start(BRIEF, { id });
    await delay(milliseconds);
    const old = killSupervisor(host);
    await started;
    assert.equal((await ended).exitCode, 9, `killed after ${milliseconds} ms`);
    await host.runtime.release({ containerId: id });
    assertUnbroken(host.logText(id), 200);
    await until(() => host.supervisorPid !== old, 'there is another');
  }
});

test('a task whose release the death of a supervisor interrupts is not known again, and its exit is told once', async () => {
  await using host = await TaskHost.open();
  for (const milliseconds of [0, 3, 6, 10]) {
    const id = host.newId();
    const ended = host.exit(id);
    await host.start(['sh', '-c', 'sleep 0.1; exit 9'], { id });
    assert.equal((await ended).exitCode, 9);
    await host.runtime.release({ containerId: id });
    await delay(milliseconds);
    const old = killSupervisor(host);
    await until(() => host.supervisorPid !== old, 'there is another');
    await until(() => host.runtime.tasks().length === 0, `no task is known, killed after ${milliseconds} ms`);
    assert.equal(host.exits.filter(({ containerId }) => containerId === id).length, 1);
  }
});

test('a supervisor that is killed while it starts an exec: the exec runs, or fails without a path of the engine', async () => {
  await using host = await TaskHost.open();
  const { id } = await host.start(['sleep', '1000']);
  for (const milliseconds of [0, 5, 10, 20, 40]) {
    const execId = host.newId();
    const ended = host.exit(execId);
    const started = host.exec(id, ['sh', '-c', 'sleep 0.2; exit 6'], NO_STDIO, execId).then(
      () => undefined,
      (error: Error) => error.message,
    );
    await delay(milliseconds);
    const old = killSupervisor(host);
    const refusal = await started;
    if (refusal === undefined) assert.equal((await ended).exitCode, 6, `killed after ${milliseconds} ms`);
    else assert.ok(!refusal.includes(host.execRoot) && !refusal.includes('.sock'), refusal);
    await until(() => host.supervisorPid !== old, 'there is another');
  }
  await host.kill(id);
});

test('a supervisor that is killed shortly after a start: the exit code is known', async () => {
  await using host = await TaskHost.open();
  for (const milliseconds of [20, 50, 100, 200]) {
    const id = host.newId();
    const ended = host.exit(id);
    await host.start(['sh', '-c', 'sleep 0.1; echo out; exit 5'], { id });
    await delay(milliseconds);
    const old = killSupervisor(host);
    assert.equal((await ended).exitCode, 5, `killed ${milliseconds} ms after the start`);
    await until(() => host.supervisorPid !== old, 'there is another');
    assert.equal(host.logText(id), 'out\n');
    await host.runtime.release({ containerId: id });
  }
});

test('a supervisor that is killed while it starts a terminal: the shell lives and ends with its code', async () => {
  await using host = await TaskHost.open();
  for (const milliseconds of [0, 10, 30]) {
    const id = host.newId();
    const ended = host.exit(id);
    const stdio = { tty: true, stdin: true, stdinOnce: false };
    const started = host.start(['sh', '-c', 'sleep 2; echo over; exit 6'], { id, stdio });
    await delay(milliseconds);
    const old = killSupervisor(host);
    await started;
    assert.equal((await ended).exitCode, 6, `killed after ${milliseconds} ms`);
    await host.runtime.release({ containerId: id });
    assert.equal(host.logText(id), 'over\r\n');
    await until(() => host.supervisorPid !== old, 'there is another');
  }
});

test('an exit code is on disk before the process is reaped, whoever reaps it', async () => {
  await using host = await TaskHost.open();
  const { id, pid } = await host.start(['sh', '-c', 'trap "exit 33" USR1; while :; do sleep 0.02; done']);
  await until(() => catches(pid, SIGUSR1), 'it can be told to end');
  const ended = host.exit(id);
  const folder = `${host.execRoot}/supervisor/ended`;
  const old = host.supervisorPid;
  // The successor is kept from running, so that this process reaps the orphan and then knows it alone.
  process.kill(old, 'SIGSTOP');
  process.kill(pid, 'SIGUSR1');
  process.kill(old, 'SIGKILL');
  await until(() => existsSync(`${folder}/${pid}`), 'the end is noted');
  assert.equal((JSON.parse(readFileSync(`${folder}/${pid}`, 'utf8')) as { exitCode: number }).exitCode, 33);
  assert.equal((await ended).exitCode, 33);
  await host.runtime.release({ containerId: id });
  assert.deepEqual(readdirSync(folder), []);
});

test('what a crash leaves of starts and removals is removed, and only when its owner does not need it', async () => {
  await using host = await TaskHost.open();
  const running = await host.start(['sleep', '1000']);
  const tasks = `${host.execRoot}/tasks`;
  const bundle = (name: string, owner?: object): string => {
    mkdirSync(`${tasks}/${name}`, { recursive: true, mode: 0o700 });
    if (owner !== undefined) writeFileSync(`${tasks}/${name}/owner.json`, JSON.stringify(owner));
    return name;
  };
  const [lost, needed, foreign, bare] = [host.newId(), host.newId(), host.newId(), host.newId()];
  bundle(lost, { kind: 'container', id: lost });
  bundle(needed, { kind: 'container', id: needed });
  bundle(foreign, { kind: 'build', id: 'step-1' });
  bundle(bare);
  bundle(`${running.id}/execs/e1`, { kind: 'exec', id: 'e1' });
  await host.runtime.sweep({ container: (id) => id === needed, exec: () => false });
  assert.deepEqual(readdirSync(tasks).sort(), [running.id, needed, foreign].sort());
  assert.deepEqual(readdirSync(`${tasks}/${running.id}/execs`), []);
  await host.runtime.sweep({ container: () => false, exec: () => false, build: (id) => id !== 'step-1' });
  assert.deepEqual(readdirSync(tasks), [running.id], 'a running task is never swept');
  await host.kill(running.id);
});

test('a supervisor that is killed between an exit and the delete of the runtime leaves neither state nor cgroup', async () => {
  await using host = await TaskHost.open();
  for (let round = 0; round < 4; round++) {
    const { id } = await host.start(['sleep', '0.1']);
    await host.exit(id);
    // The delete of the runtime begins in the turn after the exit is told.
    const old = killSupervisor(host);
    await until(() => host.supervisorPid !== old, 'there is another');
    await host.runtime.release({ containerId: id });
    await until(() => !existsSync(`${host.execRoot}/tasks/${id}`), 'it is released');
    assert.deepEqual(readdirSync(`${host.execRoot}/runtime`), []);
    assert.deepEqual(cgroupsOf([id]), []);
  }
});

test('the log of a container that has ended and is removed is not made again by the next supervisor', async () => {
  await using host = await TaskHost.open();
  const log = { ...NO_LOG, path: `${host.root}/removed/x.log` };
  mkdirSync(`${host.root}/removed`);
  const { id } = await host.start(['true'], { log });
  await host.exit(id);
  rmSync(`${host.root}/removed`, { recursive: true });
  const old = killSupervisor(host);
  await until(() => host.supervisorPid !== old, 'there is another');
  assert.ok(!existsSync(`${host.root}/removed`));
  await host.runtime.release({ containerId: id });
});

test('supervisors that are killed while a container writes as fast as it can lose no line and double none', async () => {
  await using host = await TaskHost.open();
  const spoken = 'i=0; while [ $i -lt 150000 ]; do echo line $i; i=$((i+1)); done; read go; exit 4';
  const stdio = { tty: false, stdin: true, stdinOnce: false };
  const log = { ...NO_LOG, maxSizeBytes: 1_000_000, maxFiles: 20 };
  const [plain, terminal, rotated] = await Promise.all([
    host.start(['sh', '-c', spoken], { stdio }),
    host.start(['sh', '-c', spoken], { stdio: { ...stdio, tty: true } }),
    rotatedStart(host, spoken, log),
  ]);
  for (const milliseconds of [150, 20, 300, 80]) {
    await delay(milliseconds);
    const old = killSupervisor(host);
    await until(() => host.supervisorPid !== old, 'there is another');
  }
  const last = 'line 149999';
  for (const { id } of [plain, terminal]) {
    await until(() => host.logText(id).includes(last), 'all is written');
    const text = host.logText(id).replaceAll('\r\n', '\n');
    assertUnbroken(text, 150_000);
    await host.kill(id);
  }
  const files = (): string[] => readdirSync(host.root).filter((name) => name.startsWith('rotated.log'));
  const number = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 0);
  const rotatedText = (): string =>
    files()
      .sort((a, b) => number(b) - number(a))
      .map((name) => textOf(`${host.root}/${name}`))
      .join('');
  await until(() => rotatedText().includes(last), 'all is written and rotated');
  assertUnbroken(rotatedText(), 150_000);
  await host.kill(rotated.id);
});

test('a supervisor without task and daemon ends, and the next daemon starts one', async () => {
  await using host = await TaskHost.open();
  const first = host.supervisorPid;
  await host.runtime.shutdown();
  await host.runtime[Symbol.asyncDispose]();
  await host.connect();
  assert.notEqual(host.supervisorPid, first);
  assert.equal((await host.run(['true'])).exit.exitCode, 0);
});
