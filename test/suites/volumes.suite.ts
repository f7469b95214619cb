import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainersDeps } from '../../src/containers/index.ts';

/** The part of the volumes that `containers` uses. */
export type ContainerVolumes = ContainersDeps['volumes'];

export interface VolumesFixture extends AsyncDisposable {
  readonly volumes: ContainerVolumes;
  /** The root of a container, which has a file in `/data`. */
  readonly rootfs: string;
  /** Whether a volume holds files. */
  isFilled(name: string): boolean;
  /** The volumes of the next daemon, on the state of the last one. */
  restart(): ContainerVolumes;
}

const never = new AbortController().signal;

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

  test(`${name}: a volume without a name gets one of its own, and the label of anonymous ones`, async () => {
    await using fixture = await open();
    const made = [await fixture.volumes.create({ name: '' }), await fixture.volumes.create({ name: '' })];
    assert.equal(new Set(made.map(({ Name }) => Name)).size, 2);
    for (const { Name, Labels } of made) {
      assert.notEqual(Name, '');
      assert.deepEqual(Labels, { 'com.docker.volume.anonymous': '' });
    }
  });

  test(`${name}: an empty volume is filled from the image`, async () => {
    await using fixture = await open();
    const { volumes, rootfs } = fixture;
    await volumes.create({ name: 'data' });
    await volumes.mountPath('data', 'a');
    assert.equal(fixture.isFilled('data'), false);
    for (let time = 0; time < 2; time += 1) {
      await volumes.copyUp('data', { rootfs, path: '/data' }, never);
      assert.equal(fixture.isFilled('data'), true);
    }
    await assert.rejects(volumes.copyUp('nope', { rootfs, path: '/data' }, never), { kind: 'notFound' });
    await volumes.unmount('data', 'a');
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
