import assert from 'node:assert/strict';
import { eventually } from '../../support/fixture.ts';
import { readStream } from '../../support/hijack.ts';
import type { Row, Subject } from '../row.ts';

/** The log has every line once: earlier ones, those written meanwhile, and new ones. It can be followed. */
export const logs: Row = {
  name: 'logs',
  command: ['sh', '-c', 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.1; done'],
  async before(subject) {
    await eventually(async () => assert.ok((await numbers(subject)).length > 5));
    const before = await numbers(subject);
    subject.meanwhile(() => new Promise((resolve) => setTimeout(resolve, 500)));
    return async ({ containersLive }) => {
      let now: readonly number[] = [];
      await eventually(async () => {
        now = await numbers(subject);
        assert.ok(now.length > before.length + 10, `${before.length} lines before, ${now.length} now`);
      });
      const second = containersLive ? -1 : now.indexOf(1, 1);
      const runs = second === -1 ? [now] : [now.slice(0, second), now.slice(second)];
      assert.equal(runs.length, containersLive ? 1 : 2, `${runs.length} runs`);
      for (const run of runs)
        assert.deepEqual(
          run,
          [...run.keys()].map((index) => index + 1),
          'each line once, in order',
        );
      assert.ok((runs[0]?.length ?? 0) >= before.length, 'no line of before is lost');
      await followed(subject);
    };
  },
};

/** A client that follows gets lines that are not written yet. */
async function followed({ engine, id }: Subject): Promise<void> {
  const path = `/containers/${id}/logs?follow=1&stdout=1&tail=0`;
  using following = await readStream(engine.socketPath, path);
  await following.until(/(?:line \d+\n){3}/);
}

async function numbers({ logs }: Subject): Promise<readonly number[]> {
  const lines = (await logs()).split('\n').slice(0, -1);
  return lines.map((line) => Number(/^line (\d+)$/.exec(line)?.[1]));
}
