import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Volumes } from '../../src/volumes/index.ts';

/** The part of the volumes that `containers` uses. */
export type ContainerVolumes = Pick<
  Volumes,
  'create' | 'remove' | 'reference' | 'release' | 'mountPath' | 'unmount' | 'restore'
>;

export interface VolumesFixture extends AsyncDisposable {
  readonly volumes: ContainerVolumes;
  /** The volumes of the next daemon, on the state of the last one. */
  restart(): ContainerVolumes;
}

/** Registers the tests that every implementation passes. */
export function volumesSuite(name: string, open: () => Promise<VolumesFixture>): void {
  test(`${name}: a volume is made once and keeps its folder`, async () => {
    await using fixture = await open();
    const made = await fixture.volumes.create({ name: 'data' });
    assert.deepEqual([made.Name, made.Driver], ['data', 'local']);
    assert.equal((await fixture.volumes.create({ name: 'data' })).Mountpoint, made.Mountpoint);
    assert.equal(await fixture.volumes.mountPath('data', 'a'), made.Mountpoint);
    await fixture.volumes.unmount('data', 'a');
    await fixture.volumes.unmount('data', 'a');
    await assert.rejects(fixture.volumes.mountPath('nope', 'a'), {
      kind: 'notFound',
      message: 'get nope: no such volume',
    });
  });

  test(`${name}: a volume that a container refers to is not removed, until the last lets go`, async () => {
    await using fixture = await open();
    await fixture.volumes.create({ name: 'data' });
    fixture.volumes.reference('data', 'a');
    fixture.volumes.reference('data', 'b');
    await assert.rejects(fixture.volumes.remove('data', { force: false }), {
      kind: 'conflict',
      message: /volume is in use/,
    });
    fixture.volumes.release('data', 'a');
    await assert.rejects(fixture.volumes.remove('data', { force: true }), { kind: 'conflict' });
    fixture.volumes.release('data', 'b');
    fixture.volumes.release('data', 'b');
    await fixture.volumes.remove('data', { force: false });
    await assert.rejects(fixture.volumes.remove('data', { force: false }), { kind: 'notFound' });
    await fixture.volumes.remove('data', { force: true });
  });

  test(`${name}: the next daemon keeps the references of containers that are still there`, async () => {
    await using fixture = await open();
    await fixture.volumes.create({ name: 'kept' });
    await fixture.volumes.create({ name: 'free' });
    const next = fixture.restart();
    next.reference('kept', 'a');
    next.reference('free', 'gone');
    await next.restore(new Set(['a']));
    await assert.rejects(next.remove('kept', { force: false }), { kind: 'conflict' });
    await next.remove('free', { force: false });
    next.release('kept', 'a');
    await next.remove('kept', { force: false });
  });
}
