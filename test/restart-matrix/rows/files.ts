import assert from 'node:assert/strict';
import type { Row } from '../row.ts';

const LOOK =
  'stat -c "%n %F %a %u:%g %s %Y" /kept /kept/*; readlink /kept/link; cat /kept/file; stat -c %h /kept/hard; cat /proc/self/fd/0';

/** Files of the writable layer: content, mode, owner, time, links. */
export const files: Row = {
  name: 'files',
  async before({ shell }) {
    await shell(
      'mkdir /kept; echo written >/kept/file; chmod 4750 /kept/file; ln -s file /kept/link; ln /kept/file /kept/hard;' +
        'touch -d "2001-02-03 04:05:06" /kept/old; chown 5:6 /kept/old; mkfifo /kept/pipe; mkdir -m 1777 /kept/sub',
    );
    const before = await shell(LOOK);
    return async () => {
      assert.equal(await shell(LOOK), before);
      await shell('echo more >>/kept/file && rm /kept/link');
      assert.equal(await shell('cat /kept/hard'), 'written\nmore');
    };
  },
};
