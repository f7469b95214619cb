import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageArchive, type TarEntry, tarArchive } from '../support/busybox-image.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

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

/** 20,000 files in many folders, which take longest to delete. */
function manyFiles(): Buffer {
  const entries: TarEntry[] = [];
  for (let index = 0; index < 10_000; index++)
    entries.push(
      { name: `d${index}`, type: 'directory', mode: 0o755 },
      { name: `d${index}/f`, content: 'x' },
      { name: `d${index}/g`, content: 'y' },
    );
  return tarArchive(entries);
}

/** The folders of removed layers. */
function foldersIn(trash: string): number {
  const trees = readdirSync(trash).filter((name) => existsSync(join(trash, name, 'fs')));
  return trees.reduce((sum, name) => sum + readdirSync(join(trash, name, 'fs')).length, 0);
}

test('an engine that stops right after a prune does not wait until the files are deleted; the next start deletes them', async () => {
  const [cli = 'gantry'] = CLIS;
  const trash = join(engine().dataRoot, 'snapshots/trash');
  const image = imageArchive({ tags: ['large:1'], layers: [manyFiles()], config: { Cmd: ['x'] } });
  await engine().ok(cli, ['load', '-q'], { input: image });
  const pruned = await engine().ok(cli, ['system', 'prune', '-af']);
  assert.match(pruned, /^untagged: large:1$/m);
  assert.equal(await engine().stop(), 0);
  const left = foldersIn(trash);
  assert.ok(left > 0, 'nothing is left in the trash: the stop waited for it');
  await engine().start();
  await eventually(async () => assert.ok(foldersIn(trash) < left, `${left} folders are still there`), 600);
});
