import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecTask, StartTask, TaskExit, TaskRuntime } from '../../src/runtime/index.ts';
import type { TaskOwner, TaskRef } from '../../src/spec/index.ts';
import { collect } from '../support/task-host.ts';

/** A runtime to test, and the tasks for it. */
export interface TaskRuntimeFixture {
  readonly runtime: TaskRuntime;
  newId(): string;
  /** A process that runs until it is killed or told to end. */
  task(containerId: string, options?: { readonly tty: boolean }): StartTask;
  exec(containerId: string, execId: string): ExecTask;
  /** Makes the process of a task end by itself. */
  end(task: TaskRef, exitCode: number): Promise<void>;
  /** Resolves when the process of a task ends at SIGTERM, with 128 and the signal. */
  listens(task: TaskRef): Promise<void>;
  /** Makes the kernel kill a process of the container for want of memory. The container goes on. */
  runOutOfMemory(containerId: string): Promise<void>;
  /** The size of a task's terminal. */
  terminalSize(task: TaskRef): readonly [rows: number, columns: number];
  /** Makes what a crash leaves of a task that has no process. */
  leave(containerId: string, owner: TaskOwner): void;
  isLeft(containerId: string): boolean;
}

const never = new AbortController().signal;
const STREAMS = { stdin: false, stdout: true, stderr: true };
const SIGKILL = 9;
const SIGTERM = 15;
const MEGABYTE = 1024 * 1024;

type Fixture = () => TaskRuntimeFixture;

/** Registers the tests that every runtime passes. */
export function taskRuntimeSuite(name: string, fixture: Fixture): void {
  lifeTests(name, fixture);
  execTests(name, fixture);
  attachmentTests(name, fixture);
  changeTests(name, fixture);
  memoryTests(name, fixture);
  sweepTests(name, fixture);
}

/** The announced exits of a task. The promise resolves with the first. */
function exitsOf(
  { runtime }: TaskRuntimeFixture,
  ref: TaskRef,
): { readonly all: TaskExit[]; readonly first: Promise<TaskExit> } {
  const all: TaskExit[] = [];
  const { promise, resolve } = Promise.withResolvers<TaskExit>();
  runtime.onExit((exit) => {
    if (exit.containerId !== ref.containerId || exit.execId !== ref.execId) return;
    all.push(exit);
    resolve(exit);
  });
  return { all, first: promise };
}

function known({ runtime }: TaskRuntimeFixture, { containerId, execId }: TaskRef) {
  return runtime.tasks().find((task) => task.containerId === containerId && task.execId === execId);
}

async function killAndRelease(bed: TaskRuntimeFixture, containerId: string): Promise<TaskExit> {
  const { first } = exitsOf(bed, { containerId });
  await bed.runtime.kill({ containerId }, SIGKILL);
  const exit = await first;
  await bed.runtime.release({ containerId });
  return exit;
}

function lifeTests(name: string, fixture: Fixture): void {
  test(`${name}: a task is known from its start until it is released, its exit is announced once and kept`, async () => {
    const bed = fixture();
    const { runtime, newId, task, end } = bed;
    const ref = { containerId: newId() };
    const exits = exitsOf(bed, ref);
    assert.equal(known(bed, ref), undefined);
    await assert.rejects(runtime.processes(ref.containerId), { kind: 'conflict' });
    await assert.rejects(runtime.kill(ref, SIGKILL), { kind: 'conflict' });
    const { pid, startedAt } = await runtime.start(task(ref.containerId), never);
    assert.ok(pid > 1);
    const running = known(bed, ref);
    assert.deepEqual([running?.pid, running?.startedAt, running?.exit], [pid, startedAt, undefined]);
    assert.ok((await runtime.processes(ref.containerId)).includes(pid));

    await end(ref, 7);
    const exit = await exits.first;
    assert.deepEqual([exit.exitCode, exit.oomKilled], [7, false]);
    assert.ok(exit.exitedAt > startedAt);
    assert.equal(known(bed, ref)?.exit?.exitCode, 7);
    assert.deepEqual(await runtime.processes(ref.containerId), []);
    await assert.rejects(runtime.kill(ref, SIGKILL), { kind: 'conflict' });

    await runtime.release(ref);
    await runtime.release(ref);
    assert.equal(known(bed, ref), undefined);
    assert.equal(exits.all.length, 1);
  });

  test(`${name}: a killed task ends with 128 and the signal, and its id can be started again`, async () => {
    const bed = fixture();
    const { runtime, newId, task } = bed;
    const ref = { containerId: newId() };
    for (let run = 0; run < 2; run += 1) {
      await runtime.start(task(ref.containerId), never);
      await assert.rejects(runtime.start(task(ref.containerId), never), 'it runs already');
      assert.equal((await killAndRelease(bed, ref.containerId)).exitCode, 128 + SIGKILL);
    }
  });
}

function execTests(name: string, fixture: Fixture): void {
  test(`${name}: an exec has an exit of its own, and ends with its container`, async () => {
    const bed = fixture();
    const { runtime, newId, task, exec, end } = bed;
    const containerId = newId();
    const [first, second] = [newId(), newId()];
    await assert.rejects(runtime.exec(exec(containerId, first), never), { kind: 'conflict' });
    await runtime.start(task(containerId), never);
    const ofFirst = exitsOf(bed, { containerId, execId: first });
    await runtime.exec(exec(containerId, first), never);
    assert.equal(known(bed, { containerId, execId: first })?.exit, undefined);
    await end({ containerId, execId: first }, 3);
    assert.equal((await ofFirst.first).exitCode, 3);
    await runtime.release({ containerId, execId: first });
    assert.equal(known(bed, { containerId, execId: first }), undefined);
    assert.equal(known(bed, { containerId })?.exit, undefined);

    const ofSecond = exitsOf(bed, { containerId, execId: second });
    const ofContainer = exitsOf(bed, { containerId });
    await runtime.exec(exec(containerId, second), never);
    await runtime.kill({ containerId }, SIGKILL);
    assert.equal((await ofSecond.first).exitCode, 128 + SIGKILL);
    await ofContainer.first;
    // The release of a container includes its execs.
    await runtime.release({ containerId });
    assert.equal(known(bed, { containerId, execId: second }), undefined);
  });
}

function attachmentTests(name: string, fixture: Fixture): void {
  test(`${name}: an attachment waits for the start and ends with the task`, async () => {
    const bed = fixture();
    const { runtime, newId, task } = bed;
    const ref = { containerId: newId() };
    await assert.rejects(runtime.attach(ref, { ...STREAMS, running: true }, never), { kind: 'conflict' });
    const bytes = collect(await runtime.attach(ref, STREAMS, never));
    await runtime.start(task(ref.containerId), never);
    const further = collect(await runtime.attach(ref, { ...STREAMS, running: true }, never));
    await killAndRelease(bed, ref.containerId);
    for (const each of [bytes, further]) assert.equal((await each).toString(), '');
  });

  test(`${name}: an attachment for a start that failed is let go`, async () => {
    const { runtime, newId } = fixture();
    const ref = { containerId: newId() };
    const bytes = collect(await runtime.attach(ref, STREAMS, never));
    await runtime.cancelAttach(ref);
    assert.equal((await bytes).length, 0);
  });
}

function changeTests(name: string, fixture: Fixture): void {
  test(`${name}: a paused task does nothing until it is resumed`, async () => {
    const bed = fixture();
    const { runtime, newId, task } = bed;
    const ref = { containerId: newId() };
    await assert.rejects(runtime.pause(ref.containerId), { kind: 'conflict' });
    await assert.rejects(runtime.resume(ref.containerId), { kind: 'conflict' });
    const exits = exitsOf(bed, ref);
    await runtime.start(task(ref.containerId), never);
    await bed.listens(ref);
    await runtime.pause(ref.containerId);
    await runtime.kill(ref, SIGTERM);
    assert.equal((await runtime.processes(ref.containerId)).length > 0, true);
    assert.equal(known(bed, ref)?.exit, undefined);
    await runtime.resume(ref.containerId);
    assert.equal((await exits.first).exitCode, 128 + SIGTERM);
    await assert.rejects(runtime.pause(ref.containerId), { kind: 'conflict' });
    await runtime.release(ref);
  });

  test(`${name}: new limits of a running task are in its figures`, async () => {
    const bed = fixture();
    const { runtime, newId, task } = bed;
    const containerId = newId();
    const limits = { Memory: 64 * MEGABYTE, PidsLimit: 20 };
    await assert.rejects(runtime.stats(containerId), { kind: 'conflict' });
    await assert.rejects(runtime.update(containerId, limits), { kind: 'conflict' });
    await runtime.start(task(containerId), never);
    const before = await runtime.stats(containerId);
    assert.ok(before.memory.limit > limits.Memory && before.pids.current > 0);
    await runtime.update(containerId, limits);
    const { memory, pids, readAt } = await runtime.stats(containerId);
    assert.deepEqual([memory.limit, pids.limit], [limits.Memory, limits.PidsLimit]);
    assert.match(readAt, /^\d{4}-\d\d-\d\dT.*Z$/);
    await runtime.update(containerId, { PidsLimit: -1 });
    const after = await runtime.stats(containerId);
    assert.deepEqual([after.memory.limit, after.pids.limit], [limits.Memory, 0]);
    await killAndRelease(bed, containerId);
  });

  test(`${name}: a terminal gets a size, and a task without a terminal is refused`, async () => {
    const bed = fixture();
    const { runtime, newId, task } = bed;
    const [withTerminal, without] = [newId(), newId()];
    await assert.rejects(runtime.resize({ containerId: withTerminal }, 30, 100), { kind: 'conflict' });
    await runtime.start(task(withTerminal, { tty: true }), never);
    await runtime.start(task(without), never);
    await runtime.resize({ containerId: withTerminal }, 30, 100);
    assert.deepEqual(bed.terminalSize({ containerId: withTerminal }), [30, 100]);
    await assert.rejects(runtime.resize({ containerId: without }, 30, 100), { kind: 'invalid' });
    for (const id of [withTerminal, without]) await killAndRelease(bed, id);
  });
}

function memoryTests(name: string, fixture: Fixture): void {
  test(`${name}: a process killed for want of memory is told at once, and with the exit of its container`, async () => {
    const bed = fixture();
    const { runtime, newId, task } = bed;
    const [short, other] = [newId(), newId()];
    for (const id of [short, other]) await runtime.start(task(id), never);
    const told: string[] = [];
    const first = Promise.withResolvers<void>();
    {
      using _listening = runtime.onOom((containerId) => {
        told.push(containerId);
        first.resolve();
      });
      await bed.runOutOfMemory(short);
      await first.promise;
    }
    assert.equal(known(bed, { containerId: short })?.exit, undefined);
    assert.equal((await killAndRelease(bed, short)).oomKilled, true);
    assert.equal((await killAndRelease(bed, other)).oomKilled, false);
    assert.deepEqual([...new Set(told)], [short]);
  });
}

function sweepTests(name: string, fixture: Fixture): void {
  test(`${name}: what a crash left is swept when its owner does not need it, and a running task never`, async () => {
    const bed = fixture();
    const { runtime, newId, task } = bed;
    const [running, lost, needed, foreign] = [newId(), newId(), newId(), newId()];
    await runtime.start(task(running), never);
    for (const id of [lost, needed]) bed.leave(id, { kind: 'container', id });
    bed.leave(foreign, { kind: 'build', id: 'step' });
    const left = (): readonly string[] => [lost, needed, foreign].filter((id) => bed.isLeft(id));
    await runtime.sweep({ container: (id) => id === needed, exec: () => false });
    assert.deepEqual(left(), [needed, foreign]);
    await runtime.sweep({ container: () => false, exec: () => false, build: () => false });
    assert.deepEqual(left(), []);
    assert.equal(known(bed, { containerId: running })?.exit, undefined);
    assert.ok((await runtime.processes(running)).length > 0);
    await killAndRelease(bed, running);
  });
}
