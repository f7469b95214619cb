import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMountPoint } from '../linux/index.ts';
import { detachNetwork, mountNetwork } from './network-mount.ts';

test('a process mounts and detaches, and passes on what the kernel says', async () => {
  const target = mkdtempSync(join(tmpdir(), 'gantry-net-'));
  const request = { source: 'gantry-test', target, type: 'tmpfs' };
  await mountNetwork(request);
  assert.ok(isMountPoint(target));
  await detachNetwork(target);
  assert.ok(!isMountPoint(target));
  rmdirSync(target);
  await assert.rejects(mountNetwork(request), { name: 'SyscallError', code: 'ENOENT' });
});

test('a mount that no server answers is given up, and its process ended', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const command = [process.execPath, '-e', 'setInterval(() => {}, 1e9)'];
  const mounting = mountNetwork({ source: ':/', target: '/nowhere', type: 'nfs' }, { command });
  mounting.catch(() => {});
  t.mock.timers.tick(90_000);
  await assert.rejects(mounting, { code: 'ETIMEDOUT' });
  while (process.getActiveResourcesInfo().includes('ProcessWrap'))
    await new Promise((resolve) => setImmediate(resolve));
});

test('a process that fails without an answer says why', async () => {
  const command = [process.execPath, '-e', 'console.error("no memory"); process.exit(1)'];
  await assert.rejects(mountNetwork({ source: ':/', target: '/nowhere', type: 'nfs' }, { command }), {
    kind: 'internal',
    message: /no memory$/,
  });
  await assert.rejects(mountNetwork({ source: ':/', target: '/nowhere', type: 'nfs' }, { command: ['/nothing'] }), {
    code: 'ENOENT',
  });
});
