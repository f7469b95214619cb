import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after } from './after.ts';

const DAY_MS = 24 * 3600 * 1000;

test('a delay beyond what a timer takes is waited for in steps', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let calls = 0;
  after(30 * DAY_MS, () => {
    calls += 1;
  });
  for (let day = 0; day < 30; day++) {
    assert.equal(calls, 0, `after ${day} days`);
    t.mock.timers.tick(DAY_MS);
  }
  // The mocked clock counts a timer that is set in another's callback from the end of its tick.
  t.mock.timers.tick(DAY_MS);
  assert.equal(calls, 1);
});

test('a cancelled wait calls nothing, in any of its steps', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const wait = after(30 * DAY_MS, () => assert.fail('called'));
  t.mock.timers.tick(26 * DAY_MS);
  wait.cancel();
  t.mock.timers.tick(30 * DAY_MS);
});
