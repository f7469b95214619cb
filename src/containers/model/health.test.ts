import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration } from '../../base/time.ts';
import type { Health, HealthcheckResult } from '../../spec/index.ts';
import { checkedHealth, nextCheckMs, startingHealth, unwatchedHealth } from './health.ts';
import { probeOf } from './probe.ts';

const startedAt = '2026-01-01T00:00:00Z';
const result = (second: number, ExitCode: number): HealthcheckResult => ({
  Start: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`,
  End: `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z`,
  ExitCode,
  Output: '',
});
const probe = probeOf({ Healthcheck: { Test: ['CMD', 'check'], Retries: 2, StartPeriod: 5e9, Interval: 2e9 } });
assert.ok(probe !== undefined);
const checked = (health: Health, ...results: readonly HealthcheckResult[]): Health =>
  results.reduce((before, next) => checkedHealth(before, next, { probe, startedAt }), health);
const starting: Health = { Status: 'starting', FailingStreak: 0, Log: [] };

test('a check gets the defaults of Docker, its command bare or in a shell', () => {
  assert.deepEqual(probeOf({ Healthcheck: { Test: ['CMD-SHELL', 'curl -f localhost'] } }), {
    command: ['/bin/sh', '-c', 'curl -f localhost'],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5_000,
    retries: 3,
  });
  assert.deepEqual(probeOf({ Healthcheck: { Test: ['CMD-SHELL', 'x'] }, Shell: ['/bin/ash', '-ec'] })?.command, [
    '/bin/ash',
    '-ec',
    'x',
  ]);
  assert.deepEqual(probe.command, ['check']);
});

test('there is no check without a command, with NONE, or of an unknown kind', () => {
  for (const Test of [undefined, [], ['NONE'], ['CMD'], ['FOO', 'x']]) {
    assert.equal(probeOf({ Healthcheck: { ...(Test ? { Test } : {}), Interval: 1e9 } }), undefined);
  }
  assert.equal(probeOf({ Healthcheck: null }), undefined);
  assert.equal(startingHealth({ config: {} }), undefined);
});

test('a success makes healthy, failures in a row unhealthy', () => {
  assert.equal(checked(starting, result(1, 0)).Status, 'healthy');
  const failing = checked(starting, result(1, 0), result(6, 1));
  assert.deepEqual([failing.Status, failing.FailingStreak], ['healthy', 1]);
  assert.equal(checked(failing, result(8, 0)).FailingStreak, 0);
  const unhealthy = checked(failing, result(8, 7));
  assert.deepEqual([unhealthy.Status, unhealthy.FailingStreak], ['unhealthy', 2]);
  assert.equal(checked(unhealthy, result(10, 0)).Status, 'healthy');
});

test('failures in the start period do not count until it was healthy once', () => {
  const young = checked(starting, result(1, 1), result(2, 1), result(4, 1));
  assert.deepEqual([young.Status, young.FailingStreak, young.Log.length], ['starting', 0, 3]);
  assert.equal(checked(young, result(6, 1), result(7, 1)).Status, 'unhealthy');
  assert.equal(checked(starting, result(1, 0), result(2, 1), result(3, 1)).Status, 'unhealthy');
});

test('checks come at the start interval while it starts', () => {
  assert.equal(nextCheckMs(starting, { ...probe, startPeriodMs: 10_000 }, 1000), 5_000);
  assert.equal(nextCheckMs(starting, { ...probe, startIntervalMs: 500 }, 1000), 500);
  // The next check is never later than the end of the start period.
  assert.equal(nextCheckMs(starting, { ...probe, startPeriodMs: 1_500 }, 1000), 500);
  assert.equal(nextCheckMs(starting, probe, 5000), 2_000);
  assert.equal(nextCheckMs({ ...starting, Status: 'healthy' }, probe, 1000), 2_000);
});

test('the last five results stay, also over a new start', () => {
  const after = checked(starting, ...[1, 2, 3, 4, 5, 6, 7].map((second) => result(second, 0)));
  assert.deepEqual(
    after.Log.map(({ Start }) => Start.slice(-3)),
    ['03Z', '04Z', '05Z', '06Z', '07Z'],
  );
  const config = { Healthcheck: { Test: ['CMD', 'check'] } };
  const again = startingHealth({ config, health: unwatchedHealth(after) });
  assert.deepEqual([again?.Status, again?.FailingStreak, again?.Log.length], ['starting', 0, 5]);
});

test('durations are written as Go writes them', () => {
  assert.deepEqual([500, 1500, 3000, 60_000, 90_500, 3_600_000].map(formatDuration), [
    '500ms',
    '1.5s',
    '3s',
    '1m0s',
    '1m30.5s',
    '1h0m0s',
  ]);
});
