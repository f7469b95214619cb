import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/base/logger.ts';
import { memoryRecords } from '../../src/base/records.ts';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { copyTree, removeTree, treeSize } from '../../src/linux/index.ts';
import { createVolumes } from '../../src/volumes/index.ts';
import { type VolumesFixture, volumesSuite } from './volumes.suite.ts';

volumesSuite('volumes', async (): Promise<VolumesFixture> => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'gantry-volumes-suite-'));
  const records = memoryRecords<never>();
  const open = () =>
    createVolumes({
      records,
      dataRoot,
      events: { emit() {} },
      logger: silentLogger,
      trees: {
        copy: async (source, target) => copyTree({ source, target }),
        sizeBytes: async (path) => treeSize(path),
        remove: async (path) => removeTree(path),
      },
    });
  let volumes = open();
  return {
    get volumes() {
      return volumes;
    },
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

volumesSuite('fake volumes', async (): Promise<VolumesFixture> => {
  const host = new FakeHost();
  return {
    volumes: host.daemon().volumes,
    restart: () => host.daemon().volumes,
    async [Symbol.asyncDispose]() {},
  };
});
