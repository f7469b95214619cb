import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { detachMount, MS, mount, parseMountInfo } from '../../linux/index.ts';
import type { RuntimeSpec } from '../../spec/index.ts';
import { cgroupHierarchies, crunMounts } from './crun-mounts.ts';

const spec = (readonlyPaths: readonly string[], options: readonly string[]): RuntimeSpec => ({
  ociVersion: '1.0.2',
  process: { terminal: false, args: ['true'], cwd: '/', env: [], user: { uid: 0, gid: 0 } },
  root: { path: '/roots/c' },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options },
    { destination: '/data', type: 'bind', source: '/data' },
  ],
  linux: { namespaces: [], cgroupsPath: '/gantry/c', readonlyPaths },
});

const line = (root: string, at: string, type: string): string => `30 20 0:25 ${root} ${at} rw - ${type} none rw`;

test('a bind has the flags of its source, which crun would drop', () => {
  const locked = mkdtempSync(join(tmpdir(), 'gantry-flags-'));
  mount({ source: 'tmpfs', target: locked, type: 'tmpfs', flags: MS.RDONLY | MS.NOSUID | MS.NOEXEC });
  using undo = new DisposableStack();
  undo.defer(() => {
    detachMount(locked);
    rmdirSync(locked);
  });
  const bind = (source: string, options: readonly string[]) => {
    const mounts = [{ destination: '/x', type: 'bind', source, options }];
    return crunMounts({ ...spec([], []), mounts }, undefined).mounts?.[0]?.options;
  };
  assert.deepEqual(bind(locked, ['rbind']), ['rbind', 'ro', 'nosuid', 'noexec']);
  assert.deepEqual(bind(locked, ['rbind', 'noexec', 'rro']), ['rbind', 'noexec', 'rro', 'nosuid']);
  assert.deepEqual(bind('/no/such/source', ['rbind']), ['rbind']);
});

test('cgroup v1 is a tmpfs with a bind per hierarchy, with the access that was asked for', () => {
  const hierarchies = [
    { name: 'memory', mountPoint: '/sys/fs/cgroup/memory' },
    { name: 'cpu', mountPoint: '/sys/fs/cgroup/cpu,cpuacct' },
  ];
  const { mounts = [] } = crunMounts(spec([], ['ro', 'nosuid']), hierarchies);
  assert.deepEqual(
    mounts.map(({ destination, type, source }) => `${destination} ${type} ${source}`),
    [
      '/proc proc proc',
      '/sys/fs/cgroup tmpfs tmpfs',
      '/sys/fs/cgroup/memory bind /sys/fs/cgroup/memory/gantry/c',
      '/sys/fs/cgroup/cpu bind /sys/fs/cgroup/cpu,cpuacct/gantry/c',
      '/data bind /data',
    ],
  );
  assert.deepEqual(mounts[1]?.options, ['nosuid', 'nodev', 'noexec', 'mode=755']);
  assert.deepEqual(mounts[2]?.options, ['bind', 'private', 'nosuid', 'nodev', 'noexec', 'ro']);
  const writable = crunMounts(spec([], ['nosuid']), hierarchies).mounts?.[2]?.options;
  assert.equal(writable?.includes('ro'), false);
  assert.deepEqual(crunMounts(spec([], ['ro']), undefined).mounts, spec([], ['ro']).mounts, 'cgroup v2 is crun’s');
});

test('read-only paths of /proc are binds of the container’s own /proc with its flags, others stay', () => {
  const { mounts = [], linux } = crunMounts(spec(['/proc/sys', '/proc/no-such', '/etc'], []), undefined);
  assert.deepEqual(mounts.at(-1), {
    destination: '/proc/sys',
    type: 'bind',
    source: '/roots/c/proc/sys',
    options: ['rbind', 'rprivate', 'ro', 'nosuid', 'nodev', 'noexec'],
  });
  assert.deepEqual(linux.readonlyPaths, ['/proc/no-such', '/etc']);
  assert.equal('readonlyPaths' in crunMounts(spec(['/proc/sys'], []), undefined).linux, false);
});

test('hierarchies are those of cgroup v1, where the engine sees them whole and at their usual places', () => {
  const links = new Map([
    ['cpu', 'cpu,cpuacct'],
    ['foreign', '/elsewhere'],
  ]);
  const found = (...lines: readonly string[]) =>
    cgroupHierarchies(parseMountInfo(lines.join('\n')), links)?.map(({ name, mountPoint }) => `${name} ${mountPoint}`);
  const memory = line('/', '/sys/fs/cgroup/memory', 'cgroup');
  const unified = line('/', '/sys/fs/cgroup/unified', 'cgroup2');
  assert.deepEqual(found(memory, unified), ['memory /sys/fs/cgroup/memory']);
  assert.deepEqual(found(line('/', '/sys/fs/cgroup/cpu,cpuacct', 'cgroup')), [
    'cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct',
    'cpu /sys/fs/cgroup/cpu,cpuacct',
  ]);
  assert.equal(found(line('/', '/sys/fs/cgroup', 'cgroup2')), undefined);
  assert.equal(found(memory, line('/docker/x', '/sys/fs/cgroup/pids', 'cgroup')), undefined);
  assert.equal(found(memory, line('/', '/mnt/pids', 'cgroup')), undefined);
});
