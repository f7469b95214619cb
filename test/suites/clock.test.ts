import { test } from 'node:test';
import { after } from '../../src/base/after.ts';
import { FakeClock } from '../../src/containers/testing/fake-clock.ts';
import { wallTimeNanos } from '../../src/linux/index.ts';
import { CalledMethods } from './called-methods.ts';
import { type ClockFixture, clockSuite } from './clock.suite.ts';

clockSuite('clock', (): ClockFixture => {
  const pass = async (_ms: number, until: Promise<unknown>): Promise<void> => void (await until);
  return { clock: { now: wallTimeNanos, after }, pass };
});

const called = new CalledMethods();
clockSuite('fake clock', (): ClockFixture => {
  const clock = new FakeClock({ nowNanos: 1n }, () => false);
  return {
    clock: called.watch(clock, ['advance', 'pending']),
    pass: async (ms) => clock.advance(ms),
  };
});
test('fake clock: its suite uses each of its members', () => called.assertAll());
