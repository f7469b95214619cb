import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { restoreBuilds } from '../../src/build/ops/index.ts';
import { readMountInfo } from '../../src/linux/index.ts';
import { privateHost } from '../../src/network/testing/private-host.ts';
import { BuildHost } from '../support/build-host.ts';
import { isGone, until } from '../support/task-host.ts';

test('steps of a daemon that was killed are ended, and nothing of them is left', async () => {
  using _outside = privateHost();
  await using host = await BuildHost.open();
  const secret = { dest: '/s', mountType: 1, input: -1, output: -1, secretOpt: { ID: 's', mode: 0o400 } };
  const step = host.run('echo up; sleep 1000', { secrets: [secret] });
  const heard: string[] = [];
  const session = { secret: async () => Buffer.from('x') };
  const build = host.build(step, { session, heard: ({ kind }) => void heard.push(kind) });
  // This process plays both daemons: the first one's build ends when the second one has ended the step.
  const failed = assert.rejects(build, { message: /exit code: 137$/ });
  await until(() => heard.includes('log'), 'the step runs');
  const [task] = host.ports.runtime.tasks();
  assert.equal(task?.owner.kind, 'build');
  await restoreBuilds(host.ports);
  assert.deepEqual(host.ports.runtime.tasks(), []);
  assert.ok(isGone(task?.pid ?? 0));
  host.assertClean();
  assert.deepEqual(
    readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(host.ports.runFolder)),
    [],
  );
  await until(() => readdirSync(join(host.tasks.execRoot, 'tasks')).length === 0, 'the task’s folder is gone');
  await failed;
});
