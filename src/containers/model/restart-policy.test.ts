import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartDelay, wantsRestart, wantsRestartAtBoot } from './restart-policy.ts';

const ended = { exitCode: 0, durationMs: 0, manuallyStopped: false, restartCount: 0 };

test('no policy restarts nothing', () => {
  for (const policy of [undefined, {}, { Name: 'no' }, { Name: '' }] as const) {
    assert.equal(wantsRestart(policy, { ...ended, exitCode: 1 }), false);
  }
});

test('always and unless-stopped restart whatever the code, but not after a stop by hand', () => {
  for (const Name of ['always', 'unless-stopped'] as const) {
    assert.equal(wantsRestart({ Name }, ended), true);
    assert.equal(wantsRestart({ Name }, { ...ended, manuallyStopped: true }), false);
  }
});

test('over a restart of the daemon, always forgets a stop by hand and unless-stopped does not', () => {
  assert.equal(wantsRestartAtBoot({ Name: 'always' }, { ...ended, manuallyStopped: true }), true);
  assert.equal(wantsRestartAtBoot({ Name: 'unless-stopped' }, { ...ended, manuallyStopped: true }), false);
});

test('on-failure restarts failures only, as often as it says', () => {
  const policy = { Name: 'on-failure', MaximumRetryCount: 2 } as const;
  assert.equal(wantsRestart(policy, ended), false);
  assert.equal(wantsRestart(policy, { ...ended, exitCode: 3, restartCount: 1 }), true);
  assert.equal(wantsRestart(policy, { ...ended, exitCode: 3, restartCount: 2 }), false);
  assert.equal(wantsRestart({ Name: 'on-failure' }, { ...ended, exitCode: 3, restartCount: 99 }), true);
});

test('the delay doubles from 100 ms to a minute and starts anew after ten seconds of running', () => {
  const delays: number[] = [];
  let delay = 0;
  for (let i = 0; i < 12; i += 1) {
    delay = restartDelay(delay, 0);
    delays.push(delay);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  assert.equal(restartDelay(60_000, 10_000), 100);
});
