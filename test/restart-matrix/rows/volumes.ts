import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PluginDisk, pluginDisk, startVolumePlugin, type VolumePlugin } from '../../support/volume-plugin.ts';
import type { Row } from '../row.ts';

/** Named and anonymous volumes: the same files in the container and on the host, and the same volume. */
export const volumes: Row = {
  name: 'volumes',
  options: () => ['-v', 'matrix-named:/named', '-v', '/anonymous'],
  async before({ engine, shell, get, post, inspect }) {
    const look = async (): Promise<readonly unknown[]> => [
      (await inspect())['Mounts'],
      await get('/volumes/matrix-named'),
      await get('/gantry/volumes/matrix-named/snapshots'),
    ];
    await shell('echo named >/named/file; echo anonymous >/anonymous/file');
    await post('/gantry/volumes/matrix-named/snapshots?name=before');
    const told = await look();
    return async () => {
      assert.deepEqual(await look(), told);
      assert.equal(await shell('cat /named/file /anonymous/file'), 'named\nanonymous');
      await shell('echo later >>/named/file');
      const onHost = readFileSync(join(engine.dataRoot, 'volumes/matrix-named/_data/file'), 'utf8');
      assert.equal(onHost, 'named\nlater\n', 'the container writes to the volume, not beneath it');
      const used = await engine.api('DELETE', '/volumes/matrix-named');
      assert.match(used.body, /volume is in use/);
    };
  },
};

/** A volume with a file system of its own is still mounted, or mounted again and empty. */
export const mountedVolume: Row = {
  name: 'mounted-volume',
  options: () => [
    '--mount',
    'type=volume,source=matrix-mounted,destination=/mounted,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=1m',
  ],
  async before({ shell }) {
    await shell('echo in memory >/mounted/file');
    return async ({ containersLive }) => {
      assert.match(await shell('mount'), / on \/mounted type tmpfs .*size=1024k/);
      assert.equal(await shell('cat /mounted/file 2>/dev/null || true'), containersLive ? 'in memory' : '');
    };
  },
};

/** A volume with a size keeps its content and its limit. */
export const limitedVolume: Row = {
  name: 'limited-volume',
  options: () => ['--mount', 'type=volume,source=matrix-limited,destination=/limited,volume-opt=size=16m'],
  async before({ shell }) {
    await shell('echo kept >/limited/file');
    return async () => {
      assert.equal(await shell('cat /limited/file'), 'kept');
      const write = 'dd if=/dev/zero of=/limited/big bs=1M count=32 2>&1 || true';
      assert.match(await shell(write), /No space left on device/);
      assert.match(await shell('mount'), / on \/limited type ext4 /);
      await shell('rm /limited/big');
    };
  },
};

/** A root of a limited size keeps its files and its limit. */
export const limitedRoot: Row = {
  name: 'limited-root',
  options: () => ['--storage-opt', 'size=16m'],
  async before({ shell }) {
    await shell('echo kept >/file');
    return async () => {
      assert.equal(await shell('cat /file'), 'kept');
      assert.match(await shell('dd if=/dev/zero of=/big bs=1M count=32 2>&1 || true'), /No space left on device/);
      await shell('rm /big');
    };
  },
};

/** A container that uses another's volumes. */
export const volumesFrom: Row = {
  name: 'volumes-from',
  options: ({ rowName }) => ['--volumes-from', `${rowName('volumes')}:ro`],
  async before({ shell }) {
    return async () => {
      assert.match(await shell('cat /anonymous/file'), /anonymous/);
      assert.match(await shell('touch /anonymous/new 2>&1 || true'), /Read-only/);
    };
  },
};

/** A plugin of each way, by the row's folder: the engine finds it as NAME/NAME.sock below the folder of all rows. */
const plugins = new Map<string, { readonly disk: PluginDisk; readonly first: Promise<VolumePlugin> }>();
const PLUGIN = 'plugin-volume';

/**
 * A volume of a plugin is still mounted, once. The plugin's program ends and begins too, and after a reboot it is later
 * than the engine.
 */
export const pluginVolume: Row = {
  name: PLUGIN,
  options({ folder }) {
    const disk = pluginDisk(join(folder, 'disk'));
    plugins.set(folder, { disk, first: startVolumePlugin(join(folder, `${PLUGIN}.sock`), disk) });
    return ['--volume-driver', PLUGIN, '-v', 'matrix-plugin:/plugin'];
  },
  async before({ folder, id, shell, get, inspect, meanwhile }) {
    const { disk, first } = plugins.get(folder) ?? assert.fail('the plugin of the row');
    let program = await first;
    const look = async (): Promise<readonly unknown[]> => [
      (await inspect())['Mounts'],
      await get('/volumes/matrix-plugin'),
      [...(disk.mounts.get('matrix-plugin') ?? [])],
    ];
    await shell('echo kept >/plugin/file');
    const told = await look();
    assert.deepEqual(told[2], [id]);
    meanwhile(async ({ containersLive }) => {
      await program[Symbol.asyncDispose]();
      const begin = async (): Promise<void> => {
        program = await startVolumePlugin(join(folder, `${PLUGIN}.sock`), disk);
      };
      if (containersLive) await begin();
      else setTimeout(() => void begin(), 2000);
    });
    return async () => {
      assert.deepEqual(await look(), told);
      assert.equal(await shell('cat /plugin/file'), 'kept');
      await shell('echo later >>/plugin/file');
      assert.equal(readFileSync(join(disk.root, 'matrix-plugin/file'), 'utf8'), 'kept\nlater\n');
      await program[Symbol.asyncDispose]();
    };
  },
};
