import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const ok = (...args: string[]): Promise<string> => engine().ok('gantry', args);

interface View {
  /** Mount points with the type of file system and where in it they begin. */
  readonly mounts: readonly string[];
  readonly folders: string;
  readonly diff: string;
}

/** A container's mounts as the kernel knows them, whatever the engine says. */
function mountsOf(pid: string): readonly string[] {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [fields = '', source = ''] = line.split(' - ');
    const [, , , root, point] = fields.split(' ');
    return `${point} ${source.split(' ')[0]} ${root}`;
  });
}

async function viewOf(name: string): Promise<View> {
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', name);
  const folders = await ok('exec', name, 'sh', '-c', 'find / -xdev -type d | sort');
  return { mounts: mountsOf(pid), folders, diff: await ok('diff', name) };
}

test('an engine that is stopped and started leaves a running container every folder, mount and file', async () => {
  const [name, volume] = [unique('whole'), unique('volume')];
  const host = mkdtempSync(join(tmpdir(), 'gantry-bind-'));
  try {
    mkdirSync(join(host, 'sub'));
    writeFileSync(join(host, 'sub/file'), 'of the host');
    const mounts = ['-v', `${volume}:/data`, '-v', '/anonymous', '-v', `${host}:/bind`, '--tmpfs', '/scratch'];
    const folders = 'mkdir -p /empty/folder; echo v >/data/f; echo t >/scratch/f; echo s >/dev/shm/f';
    await ok('run', '-d', '--name', name, ...mounts, 'busybox', 'sh', '-c', `${folders}; exec sleep 1000`);
    await ok('exec', name, 'sh', '-c', 'until [ -s /dev/shm/f ]; do sleep 0.05; done');
    const pid = await ok('inspect', '-f', '{{.State.Pid}}', name);
    const before = await viewOf(name);
    for (const point of ['/proc', '/sys', '/dev/pts', '/dev/shm', '/data', '/anonymous', '/bind', '/scratch'])
      assert.ok(
        before.mounts.some((mount) => mount.startsWith(`${point} `)),
        point,
      );
    for (let round = 0; round < 2; round++) {
      assert.equal(await engine().stop(), 0);
      assert.deepEqual(mountsOf(pid), before.mounts, 'while the engine is away');
      await engine().start();
      assert.deepEqual(await viewOf(name), before);
    }
    const files = await ok('exec', name, 'cat', '/data/f', '/scratch/f', '/dev/shm/f', '/bind/sub/file');
    assert.equal(files, 'v\nt\ns\nof the host');
    await ok('exec', name, 'sh', '-c', 'echo later >/data/later');
    const source = await ok('volume', 'inspect', '-f', '{{.Mountpoint}}', volume);
    assert.equal(readFileSync(join(source, 'later'), 'utf8'), 'later\n', 'the volume itself was written');
    await ok('restart', '-t', '0', name);
    assert.equal(await ok('exec', name, 'cat', '/data/later'), 'later');
    await ok('rm', '-f', '-v', name);
    await ok('volume', 'rm', volume);
  } finally {
    rmSync(host, { recursive: true });
  }
});
