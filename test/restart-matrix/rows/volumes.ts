import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../row.ts';

/** Named and anonymous volumes: the same files in the container and on the host, and the same volume. */
export const volumes: Row = {
  name: 'volumes',
  options: () => ['-v', 'matrix-named:/named', '-v', '/anonymous'],
  async before({ engine, shell, get, inspect }) {
    const look = async (): Promise<readonly unknown[]> => [
      (await inspect())['Mounts'],
      await get('/volumes/matrix-named'),
    ];
    await shell('echo named >/named/file; echo anonymous >/anonymous/file');
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
