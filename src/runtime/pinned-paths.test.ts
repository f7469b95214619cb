import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPinnedPaths, type PinnedPaths } from './pinned-paths.ts';

async function withVolume(use: (volume: string, paths: PinnedPaths, execRoot: string) => Promise<void>): Promise<void> {
  const top = mkdtempSync(join(tmpdir(), 'gantry-pins-'));
  const volume = join(top, 'volume');
  mkdirSync(join(volume, 'dir'), { recursive: true });
  writeFileSync(join(volume, 'dir/file'), 'inside');
  writeFileSync(join(top, 'secret'), 'outside');
  const paths = createPinnedPaths(join(top, 'exec'));
  try {
    await use(volume, paths, join(top, 'exec'));
  } finally {
    await paths.sweep();
    rmSync(top, { recursive: true });
  }
}

test('a folder or file stays what it was when its name is given to something else', async () => {
  await withVolume(async (volume, paths, execRoot) => {
    symlinkSync('dir', join(volume, 'link'));
    await using folder = paths.pin(volume, 'link', 'c');
    const file = paths.pin(volume, 'dir/file', 'c');
    renameSync(join(volume, 'dir'), join(volume, 'moved'));
    symlinkSync('../secret', join(volume, 'dir'));
    assert.deepEqual(readdirSync(folder.path), ['file']);
    assert.equal(readFileSync(file.path, 'utf8'), 'inside');
    await file[Symbol.asyncDispose]();
    assert.equal(readdirSync(join(execRoot, 'pinned')).length, 1);
    assert.equal(readFileSync(join(volume, 'moved/file'), 'utf8'), 'inside');
  });
});

test('what is missing or elsewhere is refused in dockerd’s words, and nothing is left', async () => {
  await withVolume(async (volume, paths, execRoot) => {
    symlinkSync('/etc', join(volume, 'absolute'));
    symlinkSync('../secret', join(volume, 'up'));
    symlinkSync('loop', join(volume, 'loop'));
    const refused = (subpath: string, kind: string, message: string): void =>
      assert.throws(() => paths.pin(volume, subpath, 'c'), { kind, message }, subpath);
    const missing = (path: string) => `cannot access path ${path}: lstat ${path}: no such file or directory`;
    refused('missing', 'notFound', missing(`${volume}/missing`));
    refused('dir/missing', 'notFound', missing(`${volume}/dir/missing`));
    for (const subpath of ['absolute', 'absolute/passwd', 'up', '../secret', 'dir/../../secret', 'loop']) {
      refused(
        subpath,
        'invalid',
        `path concatenation escapes the base directory, base: ${volume}, subpath: ${subpath}`,
      );
    }
    refused(
      'dir/file/x',
      'invalid',
      `error while resolving symlinks in combined path "${volume}/dir/file/x": not a directory`,
    );
    assert.throws(() => readdirSync(join(execRoot, 'pinned')), { code: 'ENOENT' });
  });
});

test('a sweep unmounts without touching the data', async () => {
  await withVolume(async (volume, paths, execRoot) => {
    paths.pin(volume, 'dir', 'c');
    paths.pin(volume, 'dir/file', 'c');
    await createPinnedPaths(execRoot).sweep();
    assert.deepEqual(readdirSync(join(execRoot, 'pinned')), []);
    assert.equal(readFileSync(join(volume, 'dir/file'), 'utf8'), 'inside');
  });
});
