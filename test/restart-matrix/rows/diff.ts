import assert from 'node:assert/strict';
import type { Row, Subject } from '../row.ts';

const changes = ({ get, id }: Subject): Promise<unknown> => get(`/containers/${id}/changes`);

/** A container without changes has no difference from its image. */
export const emptyDiff: Row = {
  name: 'empty-diff',
  async before(subject) {
    assert.equal(await changes(subject), null);
    return async () => assert.equal(await changes(subject), null);
  },
};

/** A container's changes are shown, and nothing else. */
export const diff: Row = {
  name: 'diff',
  options: () => ['-v', '/data', '--tmpfs', '/scratch'],
  async before(subject) {
    await subject.shell('echo x >/added; rm /etc/group; echo y >>/etc/passwd');
    const before = await changes(subject);
    return async () => assert.deepEqual(await changes(subject), before);
  },
};
