import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { privateHost } from '../../src/network/testing/private-host.ts';
import { BuildHost } from '../support/build-host.ts';
import { makeFullDisk } from '../support/full-disk.ts';
import { until } from '../support/task-host.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());

test('a step that fills the disk fails, and the next one has the space again', async () => {
  using disk = makeFullDisk(64);
  const data = join(disk.path, 'data');
  mkdirSync(data);
  await using host = await BuildHost.open(data);
  await assert.rejects(host.build(host.run('dd if=/dev/zero of=/big bs=1M 2>&1')), { message: /exit code: 1$/ });
  host.assertClean();
  await host.store.snapshots.swept();
  await host.build(host.run('dd if=/dev/zero of=/small bs=1M count=8 2>&1'));
});

test('a full disk is an error of the step that needs it', async () => {
  using disk = makeFullDisk(64);
  const data = join(disk.path, 'data');
  mkdirSync(data);
  await using host = await BuildHost.open(data);
  disk.fill();
  await assert.rejects(host.build(host.run('echo x > /file')), { message: /no space left on device/i });
  host.assertClean();
  disk.empty();
  await host.build(host.run('echo x > /file'));
});

test('a step that forks for ever within limits is killed as a whole', async () => {
  await using host = await BuildHost.open();
  const controller = new AbortController();
  const heard: string[] = [];
  const limits = { metadata: { linux_resources: { memory: 48 << 20 } }, meta: { ulimit: [] } };
  const build = host.build(host.run('echo up; while true; do sleep 1000 & done', limits), {
    signal: controller.signal,
    heard: ({ kind }) => void heard.push(kind),
  });
  const ended = assert.rejects(build);
  await until(() => heard.includes('log'), 'the step runs');
  await new Promise((resolve) => setTimeout(resolve, 300));
  controller.abort();
  await ended;
  await until(() => host.ports.runtime.tasks().length === 0, 'the task is gone');
  await until(() => readdirSync(host.ports.runFolder).length === 0, 'its folder is gone');
  await until(() => host.store.snapshots.writables().length === 0, 'its root is gone');
});
