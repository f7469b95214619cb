import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { memoryRecords } from '../../src/base/records.ts';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { createPluginHost } from '../../src/plugins/index.ts';
import { createVolumesByDriver } from '../../src/volumes/index.ts';
import { volumeTrees } from '../support/volume-trees.ts';
import { CalledMethods } from './called-methods.ts';
import { type VolumesFixture, volumesSuite } from './volumes.suite.ts';

volumesSuite('volumes', async (): Promise<VolumesFixture> => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'gantry-volumes-suite-'));
  const records = memoryRecords<never>();
  const pluginRecords = memoryRecords<never>();
  const open = () =>
    createVolumesByDriver({
      records,
      pluginRecords,
      plugins: createPluginHost({ folders: [], logger: silentLogger }),
      dataRoot,
      events: { emit() {} },
      logger: silentLogger,
      trees: volumeTrees(),
    });
  let volumes = open();
  const rootfs = join(dataRoot, 'rootfs');
  mkdirSync(join(rootfs, 'data'), { recursive: true });
  writeFileSync(join(rootfs, 'data/file'), '');
  return {
    get volumes() {
      return volumes;
    },
    rootfs,
    isFilled: (name) => readdirSync(join(dataRoot, 'volumes', name, '_data')).length > 0,
    restart: () => {
      volumes = open();
      return volumes;
    },
    async [Symbol.asyncDispose]() {
      await volumes.swept();
      rmSync(dataRoot, { recursive: true });
    },
  };
});

const called = new CalledMethods();
volumesSuite('fake volumes', async (): Promise<VolumesFixture> => {
  const host = new FakeHost();
  return {
    volumes: called.watch(host.daemon().volumes),
    rootfs: '/',
    isFilled: (name) => host.volumes.get(name)?.filled === true,
    restart: () => called.watch(host.daemon().volumes),
    async [Symbol.asyncDispose]() {},
  };
});
test('fake volumes: its suite uses each of its members', () => called.assertAll());
