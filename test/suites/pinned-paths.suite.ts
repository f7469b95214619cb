import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PinnedPaths } from '../../src/runtime/index.ts';

export interface PinnedPathsFixture extends AsyncDisposable {
  readonly paths: PinnedPaths;
  /** A folder that has the folder `dir`, and nothing with the name `missing`. */
  readonly volume: string;
  isPinned(path: string): boolean;
}

/** Registers the tests that every implementation passes. */
export function pinnedPathsSuite(name: string, open: () => PinnedPathsFixture): void {
  test(`${name}: each pin has a path of its own until it is disposed`, async () => {
    await using fixture = open();
    const { paths, volume } = fixture;
    const [one, two] = [paths.pin(volume, 'dir', 'a'), paths.pin(volume, 'dir', 'a')];
    assert.notEqual(one.path, two.path);
    assert.ok(one.path.startsWith('/') && fixture.isPinned(one.path) && fixture.isPinned(two.path));
    await one[Symbol.asyncDispose]();
    assert.deepEqual([fixture.isPinned(one.path), fixture.isPinned(two.path)], [false, true]);
    await two[Symbol.asyncDispose]();
    assert.equal(fixture.isPinned(two.path), false);
  });

  test(`${name}: a path that is missing or leads out of its root is refused`, async () => {
    await using fixture = open();
    const { paths, volume } = fixture;
    assert.throws(() => paths.pin(volume, 'missing', 'a'), {
      kind: 'notFound',
      message: `cannot access path ${volume}/missing: lstat ${volume}/missing: no such file or directory`,
    });
    assert.throws(() => paths.pin(volume, 'dir/../../out', 'a'), {
      kind: 'invalid',
      message: `path concatenation escapes the base directory, base: ${volume}, subpath: dir/../../out`,
    });
  });

  test(`${name}: a sweep removes every pin`, async () => {
    await using fixture = open();
    const { paths, volume } = fixture;
    const pins = ['a', 'b'].map((id) => paths.pin(volume, 'dir', id));
    await paths.sweep();
    assert.deepEqual(
      pins.map(({ path }) => fixture.isPinned(path)),
      [false, false],
    );
  });
}
