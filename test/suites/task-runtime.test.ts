import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import type { ExecTask } from '../../src/runtime/index.ts';
import { type TaskRef, taskKey, taskLayout } from '../../src/spec/index.ts';
import { minimalSpec } from '../support/minimal-spec.ts';
import { NO_STDIO, never, TaskHost, until } from '../support/task-host.ts';
import { CalledMethods } from './called-methods.ts';
import { type TaskRuntimeFixture, taskRuntimeSuite } from './task-runtime.suite.ts';

const SIGTERM = 15;
const MEMORY_BYTES = 128 * 1024 * 1024;
/**
 * Ends at SIGTERM with the code in /code-KEY, once /ready-KEY exists. It waits for a child, so that it gets the signal
 * at once.
 */
const UNTIL_TOLD = [
  'sh',
  '-c',
  'trap \'exit "$(cat "/code-$0")"\' TERM; touch "/ready-$0"; while :; do sleep 1000 >/dev/null 2>&1 & wait; done',
];

let host: TaskHost;
before(async () => {
  host = await TaskHost.open();
});
after(async () => {
  await host[Symbol.asyncDispose]();
});

taskRuntimeSuite('supervised runtime', realBed);
const called = new CalledMethods();
taskRuntimeSuite('fake runtime', fakeBed());
test('fake runtime: its suite uses each of its members', () => called.assertAll());

function realBed(): TaskRuntimeFixture {
  const { runtime, rootfs, execRoot } = host;
  const exec = (containerId: string, execId: string, args: readonly string[]): ExecTask => {
    const { process } = minimalSpec({ id: containerId, rootfs, args });
    return { containerId, execId, process, runtime: undefined, stdio: NO_STDIO };
  };
  const listens = async (task: TaskRef, exitCode = 128 + SIGTERM): Promise<void> => {
    const key = task.execId ?? task.containerId;
    writeFileSync(join(rootfs, `code-${key}`), `${exitCode}`);
    await until(() => existsSync(join(rootfs, `ready-${key}`)), 'the process listens to SIGTERM');
  };
  return {
    runtime,
    newId: () => host.newId(),
    task: (id, { tty } = { tty: false }) => ({
      containerId: id,
      spec: minimalSpec({
        ...{ id, rootfs, tty, args: [...UNTIL_TOLD, id] },
        resources: { memory: { limit: MEMORY_BYTES, swap: MEMORY_BYTES } },
      }),
      runtime: undefined,
      stdio: { ...NO_STDIO, tty },
      log: host.log(id),
    }),
    exec: (containerId, execId) => exec(containerId, execId, [...UNTIL_TOLD, execId]),
    listens,
    async end(task, exitCode) {
      await listens(task, exitCode);
      await runtime.kill(task, SIGTERM);
    },
    async runOutOfMemory(containerId) {
      await runtime.exec(exec(containerId, host.newId(), ['sh', '-c', 'x=a; while :; do x=$x$x; done']), never);
    },
    terminalSize(task) {
      const { pid } = runtime.tasks().find((known) => taskKey(known) === taskKey(task)) ?? {};
      const [rows, columns] = execFileSync('stty', ['-F', `/proc/${pid}/fd/0`, 'size'], { encoding: 'utf8' }).split(
        ' ',
      );
      return [Number(rows), Number(columns)];
    },
    leave(containerId, owner) {
      const layout = taskLayout(execRoot, { containerId });
      mkdirSync(layout.folder, { mode: 0o700 });
      writeFileSync(layout.owner, JSON.stringify(owner));
    },
    isLeft: (containerId) => existsSync(taskLayout(execRoot, { containerId }).folder),
  };
}

function fakeBed(): () => TaskRuntimeFixture {
  const fake = new FakeHost();
  const runtime = called.watch(fake.daemon().runtime);
  let ids = 0;
  return () => ({
    runtime,
    newId: () => `id${ids++}`,
    task: (containerId, { tty } = { tty: false }) => ({
      containerId,
      spec: minimalSpec({ id: containerId, rootfs: '/', args: [] }),
      runtime: undefined,
      stdio: { ...NO_STDIO, tty },
      log: { driver: 'none', path: '', maxSizeBytes: 0, maxFiles: 1, compress: false },
    }),
    exec: (containerId, execId) => {
      const { process } = minimalSpec({ id: containerId, rootfs: '/', args: [] });
      return { containerId, execId, process, runtime: undefined, stdio: NO_STDIO };
    },
    end: async (task, exitCode) => fake.exit(task, exitCode),
    listens: async () => {},
    runOutOfMemory: async (containerId) => fake.processes.runOutOfMemory(containerId),
    terminalSize(task) {
      const size = fake.processes.sizes.get(taskKey(task));
      assert.ok(size);
      return size;
    },
    leave: (containerId, owner) => void fake.processes.folders.set(containerId, owner),
    isLeft: (containerId) => fake.processes.folders.has(containerId),
  });
}
