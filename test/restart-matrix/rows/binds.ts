import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../row.ts';

/** Folders of the host: each side sees what the other writes, and read-only binds stay read-only. */
export const binds: Row = {
  name: 'binds',
  options: ({ folder }) => ['-v', `${folder}/rw:/rw`, '-v', `${folder}/ro:/ro:ro`],
  async before({ folder, shell }) {
    writeFileSync(join(folder, 'ro/file'), 'of the host');
    await shell('echo of the container >/rw/file');
    return async () => {
      assert.equal(await shell('cat /rw/file /ro/file'), 'of the container\nof the host');
      writeFileSync(join(folder, 'ro/file'), 'changed');
      assert.equal(await shell('cat /ro/file'), 'changed');
      await shell('echo later >>/rw/file');
      assert.equal(readFileSync(join(folder, 'rw/file'), 'utf8'), 'of the container\nlater\n');
      assert.match(await shell('touch /ro/new 2>&1 || true'), /Read-only/);
    };
  },
};
