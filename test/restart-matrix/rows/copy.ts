import assert from 'node:assert/strict';
import { tarArchive } from '../../support/busybox-image.ts';
import { send } from '../../support/send.ts';
import type { Row } from '../row.ts';

/** `cp` both ways, in the root, in a volume and in a bind. */
export const copy: Row = {
  name: 'copy',
  options: ({ folder }) => ['-v', '/data', '-v', `${folder}/bound:/bound`],
  async before({ engine, id, shell }) {
    return async () => {
      for (const place of ['/root', '/data', '/bound']) {
        const archive = tarArchive([{ name: 'copied', content: `into ${place}` }]);
        const put = await send(engine.socketPath, 'PUT', `/containers/${id}/archive?path=${place}`, archive);
        assert.equal(put?.status, 200, put?.body);
        assert.equal(await shell(`cat ${place}/copied`), `into ${place}`);
        await shell(`echo out of ${place} >${place}/copied`);
        const got = await engine.api('GET', `/containers/${id}/archive?path=${place}/copied`);
        assert.equal(got.status, 200, got.body);
        assert.match(got.body, new RegExp(`^copied\0.*out of ${place}\n`, 's'));
      }
    };
  },
};
