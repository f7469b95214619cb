import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/containers/index.ts';

export interface ClockFixture {
  readonly clock: Clock;
  /** Lets timers fire until the promise resolves. */
  pass(ms: number, until: Promise<unknown>): Promise<void>;
}

/** Registers the tests that every clock passes. */
export function clockSuite(name: string, open: () => ClockFixture): void {
  test(`${name}: the time goes on and never back`, async () => {
    const { clock, pass } = open();
    const begin = clock.now();
    const fired = Promise.withResolvers<bigint>();
    clock.after(20, () => fired.resolve(clock.now()));
    await pass(20, fired.promise);
    const end = await fired.promise;
    assert.ok(end > begin);
    assert.ok(clock.now() >= end);
  });

  test(`${name}: timers fire once, the shorter first, and a cancelled one never`, async () => {
    const { clock, pass } = open();
    const fired: string[] = [];
    const last = Promise.withResolvers<void>();
    clock.after(30, () => {
      fired.push('long');
      last.resolve();
    });
    clock.after(1, () => void fired.push('short'));
    clock.after(1, () => void fired.push('cancelled')).cancel();
    await pass(30, last.promise);
    assert.deepEqual(fired, ['short', 'long']);
  });
}
