import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNanos } from '../../base/time.ts';
import { untilFilter } from './until.ts';

const now = parseNanos('2026-01-02T03:04:05Z') ?? 0n;
const until = (value: string): bigint | undefined => untilFilter({ until: [value] }, now);

test('until is a time, seconds since the epoch, or a duration back from now', () => {
  assert.equal(untilFilter({}, now), undefined);
  assert.equal(until('1h30m'), now - 5_400_000_000_000n);
  assert.equal(until('1.5s'), now - 1_500_000_000n);
  assert.equal(until('1700000000.25'), 1_700_000_000_250_000_000n);
  assert.equal(until('2024-05-06T07:08:09.5Z'), parseNanos('2024-05-06T07:08:09.5Z'));
  assert.equal(until('2024-05-06T07:08+02:00'), parseNanos('2024-05-06T05:08:00Z'));
  assert.equal(until('2024-05-06'), BigInt(new Date('2024-05-06T00:00:00').getTime()) * 1_000_000n);
  for (const value of ['yesterday', '', '1x', '-5']) assert.throws(() => until(value), { kind: 'invalid' }, value);
  assert.throws(() => untilFilter({ until: ['1h', '2h'] }, now), { message: 'more than one until filter specified' });
});
