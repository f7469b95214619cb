import assert from 'node:assert/strict';
import { eventually } from '../../support/fixture.ts';
import type { Row, Subject } from '../row.ts';

/** Health is known at once where the container survives, and checks continue. */
export const health: Row = {
  name: 'health',
  options: () => ['--health-cmd', 'test ! -e /sick', '--health-interval', '1s', '--health-retries', '1'],
  async before(subject) {
    await becomes(subject, 'healthy');
    return async ({ containersLive }) => {
      if (containersLive) assert.equal((await subject.inspect()).State.Health?.Status, 'healthy');
      await becomes(subject, 'healthy');
      await subject.shell('touch /sick');
      await becomes(subject, 'unhealthy');
    };
  },
};

function becomes({ inspect }: Subject, status: string): Promise<void> {
  return eventually(async () => assert.equal((await inspect()).State.Health?.Status, status));
}
