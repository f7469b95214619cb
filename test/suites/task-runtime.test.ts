import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { minimalSpec } from '../support/minimal-spec.ts';
import { NO_STDIO, TaskHost, until } from '../support/task-host.ts';
import { type TaskRuntimeFixture, taskRuntimeSuite } from './task-runtime.suite.ts';

const SIGTERM = 15;
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
taskRuntimeSuite('fake runtime', fakeBed());

function realBed(): TaskRuntimeFixture {
  const args = (key: string): readonly string[] => [...UNTIL_TOLD, key];
  return {
    runtime: host.runtime,
    newId: () => host.newId(),
    task: (containerId) => ({
      containerId,
      spec: minimalSpec({ id: containerId, rootfs: host.rootfs, args: args(containerId) }),
      runtime: undefined,
      stdio: NO_STDIO,
      log: host.log(containerId),
    }),
    exec: (containerId, execId) => {
      const { process } = minimalSpec({ id: containerId, rootfs: host.rootfs, args: args(execId) });
      return { containerId, execId, process, runtime: undefined, stdio: NO_STDIO };
    },
    async end(task, exitCode) {
      const key = task.execId ?? task.containerId;
      writeFileSync(join(host.rootfs, `code-${key}`), `${exitCode}`);
      await until(() => existsSync(join(host.rootfs, `ready-${key}`)), 'the process listens to SIGTERM');
      await host.runtime.kill(task, SIGTERM);
    },
  };
}

function fakeBed(): () => TaskRuntimeFixture {
  const fake = new FakeHost();
  const { runtime } = fake.daemon();
  let ids = 0;
  return () => ({
    runtime,
    newId: () => `id${ids++}`,
    task: (containerId) => ({
      containerId,
      spec: minimalSpec({ id: containerId, rootfs: '/', args: [] }),
      runtime: undefined,
      stdio: NO_STDIO,
      log: { driver: 'none', path: '', maxSizeBytes: 0, maxFiles: 1, compress: false },
    }),
    exec: (containerId, execId) => {
      const { process } = minimalSpec({ id: containerId, rootfs: '/', args: [] });
      return { containerId, execId, process, runtime: undefined, stdio: NO_STDIO };
    },
    end: async (task, exitCode) => fake.exit(task, exitCode),
  });
}
