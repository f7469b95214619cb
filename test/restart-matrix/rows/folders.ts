import assert from 'node:assert/strict';
import type { Row } from '../row.ts';

const LIST = 'find / -xdev -type d -exec stat -c "%n %a %u:%g" {} +';

/** Every folder of the root with its mode and owner, especially empty ones and mount points. */
export const folders: Row = {
  name: 'folders',
  options: () => ['-v', '/data', '--tmpfs', '/scratch:mode=1770'],
  async before({ shell }) {
    await shell('mkdir -p -m 700 /made/empty && chown 7:8 /made/empty');
    const listed = await shell(LIST);
    return async () => assert.equal(await shell(LIST), listed);
  },
};
