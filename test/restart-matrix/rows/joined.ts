import assert from 'node:assert/strict';
import { execIn } from '../../support/exec-in.ts';
import type { Row } from '../row.ts';

/** A container in another's namespaces is still, or again, in them, whichever of both starts first. */
export const joined: Row = {
  name: 'joined',
  options: ({ rowName }) => {
    const other = rowName('memory-mounts');
    return [`--network=container:${other}`, `--ipc=container:${other}`, `--pid=container:${other}`];
  },
  async before({ engine, shell }) {
    const look = 'for kind in net ipc; do readlink /proc/self/ns/$kind; done; hostname -i';
    await shell(look);
    return async () => {
      assert.equal(await shell(look), await execIn(engine, 'row-memory-mounts', ['sh', '-c', look]));
      assert.match(await shell('ps'), /sleep 1000000\n.*sleep 1000000/s, 'it sees the processes of both');
    };
  },
};
