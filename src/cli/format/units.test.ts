import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binarySize, humanSize, significant } from '../../base/sizes.ts';
import { bytesOf } from '../flags/values.ts';
import { humanDuration, parseDuration } from './units.ts';

test('sizes for people have at most four significant digits', () => {
  assert.deepEqual(
    [0, 1, 999, 1000, 1_983_123, 1e9, 123_456_789_000].map((size) => humanSize(size)),
    ['0B', '1B', '999B', '1kB', '1.983MB', '1GB', '123.5GB'],
  );
  assert.equal(humanSize(1_983_123, 3), '1.98MB');
  assert.deepEqual([0, 1024, 1_589_248, 25_275_924_480].map(binarySize), ['0B', '1KiB', '1.516MiB', '23.54GiB']);
});

test('significant digits follow Go’s %g', () => {
  assert.deepEqual(
    [0.5, 100, 999.96, 0.00001234].map((value) => significant(value, 4)),
    ['0.5', '100', '1000', '1.234e-05'],
  );
  assert.equal(significant(999.96, 3), '1e+03');
});

test('bytes are powers of 1024 with any of the usual endings', () => {
  assert.deepEqual(
    ['64m', '64M', '1g', '1.5k', '512', '10KiB', '2 gb', '.5k'].map(bytesOf),
    [67108864, 67108864, 1073741824, 1536, 512, 10240, 2147483648, 512],
  );
  for (const bad of ['', 'm', '1x', '-1', '1..5k', '1mm'])
    assert.throws(() => bytesOf(bad), { message: `invalid size: '${bad}'` });
});

test('durations are Go’s', () => {
  assert.deepEqual(['0', '1h30m', '1.5s', '-2ms', '10us', '3ns'].map(parseDuration), [0, 5400e9, 1.5e9, -2e6, 10e3, 3]);
  assert.throws(() => parseDuration('5x'), { message: 'time: unknown unit "x" in duration "5x"' });
  assert.throws(() => parseDuration(''), { message: 'time: invalid duration ""' });
});

test('elapsed time is told in the largest unit that fits', () => {
  const day = 86400;
  const expected: readonly (readonly [number, string])[] = [
    [0.4, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [119, 'About a minute'],
    [120, '2 minutes'],
    [3599, '59 minutes'],
    [3600, 'About an hour'],
    [7200, '2 hours'],
    [47 * 3600, '47 hours'],
    [2 * day, '2 days'],
    [14 * day, '2 weeks'],
    [60 * day, '2 months'],
    [3 * 365 * day, '3 years'],
  ];
  for (const [seconds, text] of expected) assert.equal(humanDuration(seconds), text);
});
