import assert from 'node:assert/strict';
import type { Row } from '../row.ts';

/** Every mount that the container sees, in order, with its options. */
export const mountTable: Row = {
  name: 'mount-table',
  options: ({ folder }) => ['-v', '/data', '-v', `${folder}:/bound`, '--tmpfs', '/scratch', '--shm-size', '1m'],
  async before({ exec }) {
    const lines = await exec('cat', '/proc/self/mountinfo');
    return async ({ containersLive }) => {
      const now = await exec('cat', '/proc/self/mountinfo');
      if (containersLive) assert.equal(now, lines);
      else assert.deepEqual(comparable(now), comparable(lines));
    };
  },
};

/** Mount point, options and file system of each mount: the part that a new mount namespace shares with the last one. */
function comparable(mountinfo: string): readonly string[] {
  return mountinfo.split('\n').map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , , mountPoint, options] = before.split(' ');
    return `${mountPoint} ${options} ${after.split(' ')[0]}`;
  });
}
