import assert from 'node:assert/strict';
import { join } from 'node:path';
import { eventually } from '../../support/fixture.ts';
import { LineReceiver } from '../../support/line-receiver.ts';
import type { Row } from '../row.ts';

const SOCKET = 'syslog.sock';

/** The receiver of a log driver gets every line, also those written meanwhile. What came after the last stored position may come twice. */
export const logForwarding: Row = {
  name: 'log-forwarding',
  options: ({ folder }) => ['--log-driver', 'syslog', '--log-opt', `syslog-address=unix://${join(folder, SOCKET)}`],
  command: ['sh', '-c', 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.1; done'],
  async before(subject) {
    const receiver = await LineReceiver.listen({ path: join(subject.folder, SOCKET) });
    const numbers = (): readonly number[] => receiver.lines.map((line) => Number(/line (\d+)$/.exec(line)?.[1]));
    await eventually(async () => assert.ok(numbers().length > 5));
    subject.meanwhile(() => new Promise((resolve) => setTimeout(resolve, 500)));
    return async () => {
      await using _receiver = receiver;
      const before = receiver.lines.length;
      await eventually(async () => assert.ok(receiver.lines.length > before + 10, `${receiver.lines.length} lines`));
      const came = new Set(numbers());
      const last = Math.max(...came);
      const missing = Array.from({ length: last }, (_, at) => at + 1).filter((number) => !came.has(number));
      assert.deepEqual(missing, [], `up to line ${last}`);
    };
  },
};
