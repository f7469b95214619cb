import assert from 'node:assert/strict';
import type { Row } from '../row.ts';

/** tmpfs and /dev/shm keep their content while the container survives, and are empty after its processes were lost. */
export const memoryMounts: Row = {
  name: 'memory-mounts',
  options: () => ['--tmpfs', '/scratch:size=1m,mode=1770', '--shm-size', '2m', '--ipc', 'shareable'],
  async before({ shell }) {
    await shell('echo tmpfs >/scratch/file; echo shm >/dev/shm/file');
    return async ({ containersLive }) => {
      assert.equal(
        await shell('cat /scratch/file /dev/shm/file 2>/dev/null || true'),
        containersLive ? 'tmpfs\nshm' : '',
      );
      assert.equal(
        await shell('stat -c %a /scratch /dev/shm; df -k /scratch /dev/shm | awk "NR > 1 { print \\$2 }"'),
        '1770\n1777\n1024\n2048',
      );
    };
  },
};
