import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecTask, StartTask, TaskExit, TaskRuntime } from '../../src/runtime/index.ts';
import type { TaskRef } from '../../src/spec/index.ts';
import { collect } from '../support/task-host.ts';

/** A runtime to test, and the tasks for it. */
export interface TaskRuntimeFixture {
  readonly runtime: Pick<
    TaskRuntime,
    'start' | 'exec' | 'kill' | 'attach' | 'cancelAttach' | 'release' | 'processes' | 'tasks' | 'onExit'
  >;
  newId(): string;
  /** A process that runs until it is killed or told to end. */
  task(containerId: string): StartTask;
  exec(containerId: string, execId: string): ExecTask;
  /** Makes the process of a task end by itself. */
  end(task: TaskRef, exitCode: number): Promise<void>;
}

const never = new AbortController().signal;
const STREAMS = { stdin: false, stdout: true, stderr: true };
const SIGKILL = 9;

/** Registers the tests that every runtime passes. */
export function taskRuntimeSuite(name: string, fixture: () => TaskRuntimeFixture): void {
  /** The announced exits of a task. The promise resolves with the first. */
  const exitsOf = (ref: TaskRef): { readonly all: TaskExit[]; readonly first: Promise<TaskExit> } => {
    const all: TaskExit[] = [];
    const { promise, resolve } = Promise.withResolvers<TaskExit>();
    fixture().runtime.onExit((exit) => {
      if (exit.containerId !== ref.containerId || exit.execId !== ref.execId) return;
      all.push(exit);
      resolve(exit);
    });
    return { all, first: promise };
  };
  const known = ({ containerId, execId }: TaskRef) =>
    fixture()
      .runtime.tasks()
      .find((task) => task.containerId === containerId && task.execId === execId);

  test(`${name}: a task is known from its start until it is released, its exit is announced once and kept`, async () => {
    const { runtime, newId, task, end } = fixture();
    const ref = { containerId: newId() };
    const exits = exitsOf(ref);
    assert.equal(known(ref), undefined);
    const { pid, startedAt } = await runtime.start(task(ref.containerId), never);
    assert.ok(pid > 1);
    const running = known(ref);
    assert.deepEqual([running?.pid, running?.startedAt, running?.exit], [pid, startedAt, undefined]);
    assert.ok((await runtime.processes(ref.containerId)).includes(pid));

    await end(ref, 7);
    const exit = await exits.first;
    assert.deepEqual([exit.exitCode, exit.oomKilled], [7, false]);
    assert.ok(exit.exitedAt > startedAt);
    assert.equal(known(ref)?.exit?.exitCode, 7);
    await assert.rejects(runtime.kill(ref, SIGKILL), { kind: 'conflict' });

    await runtime.release(ref);
    await runtime.release(ref);
    assert.equal(known(ref), undefined);
    assert.equal(exits.all.length, 1);
  });

  test(`${name}: a killed task ends with 128 and the signal, and its id can be started again`, async () => {
    const { runtime, newId, task } = fixture();
    const ref = { containerId: newId() };
    for (let run = 0; run < 2; run += 1) {
      const exits = exitsOf(ref);
      await runtime.start(task(ref.containerId), never);
      await runtime.kill(ref, SIGKILL);
      assert.equal((await exits.first).exitCode, 128 + SIGKILL);
      await runtime.release(ref);
    }
  });

  test(`${name}: an exec has an exit of its own, and ends with its container`, async () => {
    const { runtime, newId, task, exec, end } = fixture();
    const containerId = newId();
    const [first, second] = [newId(), newId()];
    await assert.rejects(runtime.exec(exec(containerId, first), never), { kind: 'conflict' });
    await runtime.start(task(containerId), never);
    const ofFirst = exitsOf({ containerId, execId: first });
    await runtime.exec(exec(containerId, first), never);
    assert.equal(known({ containerId, execId: first })?.exit, undefined);
    await end({ containerId, execId: first }, 3);
    assert.equal((await ofFirst.first).exitCode, 3);
    await runtime.release({ containerId, execId: first });
    assert.equal(known({ containerId, execId: first }), undefined);
    assert.equal(known({ containerId })?.exit, undefined);

    const ofSecond = exitsOf({ containerId, execId: second });
    const ofContainer = exitsOf({ containerId });
    await runtime.exec(exec(containerId, second), never);
    await runtime.kill({ containerId }, SIGKILL);
    assert.equal((await ofSecond.first).exitCode, 128 + SIGKILL);
    await ofContainer.first;
    // The release of a container includes its execs.
    await runtime.release({ containerId });
    assert.equal(known({ containerId, execId: second }), undefined);
  });

  test(`${name}: an attachment waits for the start and ends with the task`, async () => {
    const { runtime, newId, task } = fixture();
    const ref = { containerId: newId() };
    const bytes = collect(await runtime.attach(ref, STREAMS, never));
    const exits = exitsOf(ref);
    await runtime.start(task(ref.containerId), never);
    await runtime.kill(ref, SIGKILL);
    await exits.first;
    assert.equal((await bytes).toString(), '');
    await runtime.release(ref);
  });

  test(`${name}: an attachment for a start that failed is let go`, async () => {
    const { runtime, newId } = fixture();
    const ref = { containerId: newId() };
    const bytes = collect(await runtime.attach(ref, STREAMS, never));
    await runtime.cancelAttach(ref);
    assert.equal((await bytes).length, 0);
  });
}
