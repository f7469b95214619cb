import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { command } from '../support/command.ts';
import { useEngine } from '../support/fixture.ts';

/** The engine's own mounts in /proc and /sys. What is expected is what a container of dockerd 28.5 with runc 1.3 shows. */
const engine = useEngine();
const hasHierarchies = / - cgroup /.test(readFileSync('/proc/self/mountinfo', 'utf8'));
/** The runtimes make the parents of a container's cgroup, and leave them, as they do for dockerd. */
const PARENT = 'gantry-mounts';
after(() => {
  const hierarchies = readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}/${PARENT}`);
  for (const folder of new Set([...hierarchies, `/sys/fs/cgroup/${PARENT}`])) if (existsSync(folder)) rmdirSync(folder);
});
const LOCKED = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'].filter((path) =>
  existsSync(path),
);

async function mountsOf(...flags: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const text = await engine().ok('gantry', ['run', '--rm', ...flags, 'busybox', 'cat', '/proc/mounts']);
  const lines = text.split('\n').map((line) => line.split(' '));
  return new Map(lines.map(([, at = '', , options = '']) => [at, options.split(',').slice(0, 4).join()]));
}

for (const runtime of ['crun', 'runc']) {
  test(`${runtime}: read-only parts of /proc keep nosuid, nodev and noexec`, async (t) => {
    if ((await command(runtime, ['--version'])).code !== 0) return t.skip(`no ${runtime} on this machine`);
    const mounts = await mountsOf('--runtime', runtime);
    for (const path of LOCKED) assert.equal(mounts.get(path), 'ro,nosuid,nodev,noexec', path);
    const privileged = await mountsOf('--runtime', runtime, '--privileged');
    for (const path of LOCKED) assert.equal(privileged.has(path), false, path);
    const own = ['--sysctl', 'kernel.msgmax=4097', '--runtime', runtime];
    const run = (...cmd: readonly string[]) => engine().gantry(['run', '--rm', ...own, 'busybox', ...cmd]);
    assert.equal((await run('cat', '/proc/sys/kernel/msgmax')).stdout, '4097\n', 'of the container, not of the host');
    assert.match((await run('sh', '-c', 'echo 1 >/proc/sys/kernel/msgmax')).stderr, /Read-only file system/);
  });

  test(`${runtime}: /sys/fs/cgroup belongs to root alone, and has the container's cgroups`, async (t) => {
    if ((await command(runtime, ['--version'])).code !== 0) return t.skip(`no ${runtime} on this machine`);
    if (!hasHierarchies) return t.skip('this machine has cgroup v2 alone');
    for (const [flags, access] of [
      [[], 'ro'],
      [['--privileged'], 'rw'],
      [['--cgroup-parent', `/${PARENT}`], 'ro'],
    ] as const) {
      const mounts = await mountsOf('--runtime', runtime, ...flags);
      assert.equal(mounts.get('/sys/fs/cgroup'), 'rw,nosuid,nodev,noexec');
      assert.equal(mounts.get('/sys/fs/cgroup/memory'), `${access},nosuid,nodev,noexec`);
      const look = 'stat -c %a /sys/fs/cgroup; cat /sys/fs/cgroup/memory/memory.limit_in_bytes';
      const limited = ['--memory', '64m', '--runtime', runtime, ...flags];
      const seen = await engine().ok('gantry', ['run', '--rm', ...limited, 'busybox', 'sh', '-c', look]);
      // runc 1.1 makes it 555, later ones 755.
      assert.match(seen, runtime === 'crun' ? /^755\n67108864$/ : /^[75]55\n67108864$/);
    }
  });
}
